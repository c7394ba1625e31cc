# The main story, on whatever storage the caller has configured: a push says what is missing, a
# one-off dyno builds it, a push deploys it; then what each later change costs.
# Sourced, after lib.sh. Expects, of the storage: `configure APP`, which sets its config vars;
# `stored`, which prints its keys; `storage_away` and `storage_back`, between which it must not be
# asked; `secrets`, an array of what must be found nowhere; and the formats of archives that are made
# once, `thorough`, or often, `quick`.

app_dir=$work/hello-web
"$top/test/apps/checkout" hello-web "$app_dir"
"$top/test/apps/checkout" hello-again "$work/hello-again"

now() { date +%s%3N; }

# serves REGEX WHAT: the deployed app answers from its slug alone; the page is in `page`.
serves() {
  "$heroku" web hello "$port"
  page=$(curl -fsS "http://127.0.0.1:$port/")
  "$heroku" web:stop hello
  grep -q "$1" <<<"$page" || fail "$2 ($page)"
}

say "a. first push, empty storage: the slug holds the buildpack and the source only"
"$heroku" create hello
configure hello
logged "$heroku" push hello "$app_dir"
[ $status -eq 0 ] || fail "the push succeeds"
ok "the push succeeds"
expect "it says what is missing" 'GHC .*none like it in cache or storage'
expect "it names the next command" 'heroku run -x halcyon build'
"$heroku" slug:ls hello >"$work/slug"
grep -q '^\.halcyon/bin/halcyon$' "$work/slug" || fail "the slug has the helper"
grep -q '^\.halcyon/source.tar.gz$' "$work/slug" || fail "the slug has the source archive"
grep -q '^hello-web.cabal$' "$work/slug" || fail "the slug has the source"
if grep -qE '^bin/hello-web$|^\.halcyon/(ghc|cabal|sandbox|app|toolchain|tmp)/' "$work/slug"; then
  fail "the slug has no app and no layer"
fi
ok "the slug has the helper, the source and nothing else"

say "b. without usable storage, halcyon build refuses at once"
"$heroku" create bare
logged "$heroku" push bare "$app_dir"
[ $status -eq 0 ] || fail "a push without storage succeeds"
expect "it tells how to set up storage" 'heroku config:set HALCYON_S3_BUCKET='
logged "$heroku" run bare halcyon build
[ $status -eq 1 ] || fail "halcyon build fails without storage (status $status)"
expect "it refuses with the config:set lines" 'heroku config:set HALCYON_AWS_ACCESS_KEY_ID='
refuse "it has not built anything" 'Building the'

say "b. halcyon build on a one-off dyno: every layer from originals"
logged "$heroku" run hello -- bash -c 'command -v gcc; ls /usr/include/stdio.h; echo "stack=[${STACK-unset}]"'
refuse "the dyno has no compiler and no headers" '^/usr'
expect "the dyno has no STACK" 'stack=\[unset\]'
logged "$heroku" run hello halcyon build
[ $status -eq 0 ] || fail "halcyon build (status $status)"
for layer in 'GHC' 'updated Cabal' 'sandbox' 'app'; do
  expect "the $layer layer is built" "Building the $layer.* layer"
done
expect "the C toolchain is restored" 'Restoring the C toolchain layer'
expect "each layer is uploaded" 'Uploading .*halcyon-sandbox-.*done'
stored >"$work/stored"
for name in "halcyon-ghc-[0-9.]+\.tar\.$thorough" "halcyon-cabal-[0-9.]+\.tar\.$thorough" \
  "halcyon-cabal-[0-9.]+-[0-9]{14}\.tar\.$thorough" \
  "halcyon-sandbox-[0-9.]+-hello-web-1\.0-[0-9a-f]{40}\.tar\.$quick" \
  'halcyon-sandbox-[0-9.]+-hello-web-1\.0-[0-9a-f]{40}\.cabal\.config' \
  "halcyon-app-[0-9.]+-hello-web-1\.0\.tar\.$quick" 'halcyon-toolchain-[0-9a-f]{40}\.tar\.zst'; do
  grep -qE "^linux-[a-z0-9-]+/$name\$" "$work/stored" || fail "storage has $name"
done
grep -qE '^original/ghc-' "$work/stored" || fail "storage has the original GHC"
grep -qE '^original/cabal-install-' "$work/stored" || fail "storage has the original cabal-install"
ok "storage has every archive, companion and original"

say "c. second push: restores and deploys; the app answers from the slug alone"
logged "$heroku" push hello "$app_dir"
[ $status -eq 0 ] || fail "the second push (status $status)"
expect "it deploys" 'App deployed: hello-web-1.0'
refuse "nothing is compiled that is there already" 'Building the (GHC|updated|sandbox)'
expect "a Procfile is chosen and told" 'web: bin/hello-web'
for name in ghc cabal sandbox app; do
  ls "$("$heroku" cache:path hello)"/halcyon/cache/linux-*/halcyon-$name-*.tar.* >/dev/null || fail "the compile cache has $name"
done
ok "the compile cache has every layer"
"$heroku" slug:ls hello >"$work/slug"
grep -q '^bin/hello-web$' "$work/slug" || fail "the slug has the app"
if grep -qE '^\.halcyon/(ghc|cabal|sandbox|app|toolchain|tmp|cache)/' "$work/slug"; then
  fail "the slug has no GHC, Cabal or sandbox"
fi
ok "the slug has the app, and no GHC, Cabal or sandbox"
port=$(free_port)
serves 'Hello' "the app answers"
grep -qF "$(head -1 "$app_dir/data/motd.txt")" <<<"$page" || fail "the app finds its data file ($page)"
ok "the app answers over HTTP, with its data file"

say "d. third push, nothing changed: from the compile cache alone"
storage_away
start=$(now)
logged "$heroku" push hello "$app_dir"
[ $status -eq 0 ] || fail "the third push"
took=$(($(now) - start))
expect "it says that nothing changed" 'did not change'
refuse "no compiler, no download" 'Compiling|Building the|Downloading|Listing'
storage_back
ok "nothing is read from storage ($took ms)"

say "e. one module changed: only that and what depends on it is recompiled"
sed -i 's/Hello, /Hello again, /' "$app_dir/src/Greeting.hs"
asked_bed=$(grep -c /package/ "$bed_run/requests.log" || true)
logged "$heroku" push hello "$app_dir"
[ $status -eq 0 ] || fail "the push with a changed module"
expect "the changed module is compiled" 'Compiling Greeting'
[ "$(grep -c /package/ "$bed_run/requests.log" || true)" = "$asked_bed" ] || fail "the package server is not asked"
ok "the package server is not asked"
refuse "an unchanged module is not" 'Compiling Page'
refuse "the layers come from the cache" 'Building the (GHC|updated|sandbox)|Downloading +/'
serves 'Hello again' "the changed app answers"
ok "the changed app answers"

say "f. a second app with the same dependencies uses the first one's sandbox"
"$heroku" create again
configure again
logged "$heroku" push again "$work/hello-again"
[ $status -eq 0 ] || fail "the second app's push (status $status)"
expect "it deploys without a build of dependencies" 'App deployed: hello-again-'
expect "the sandbox is the first app's" 'Downloading .*halcyon-sandbox-[0-9.]+-hello-web-1\.0-'

say "g. one dependency added: the sandbox is grown"
old_sandbox=$(stored | grep -E "halcyon-sandbox-.*\.tar\.$quick\$")
"$top/test/apps/checkout" hello-web-more "$app_dir"
logged "$heroku" push hello "$app_dir"
[ $status -ne 0 ] || fail "the push with a new dependency is rejected"
expect "it says what is missing" 'sandbox .*packages are in'
expect "it says that the release stays" 'the release that is running stays'
expect "it names the next command" 'heroku run -x halcyon build'
expect "the push is rejected" 'Push rejected'
serves 'Hello again' "the old release is running"
grep -q '^result: "rejected"$' "$HEROKU_STATE/hello/report" || fail "the report says so: $(cat "$HEROKU_STATE/hello/report")"
prints '^requests/[0-9a-f]{32}/source\.tar\.gz$' stored || fail "the source is in storage"
ok "the old release is running, and the source is in storage"
logged "$heroku" run hello halcyon build
[ $status -eq 0 ] || fail "halcyon build with a new dependency (status $status)"
expect "the rejected source is taken" 'Taking the source of the push that was rejected: hello-web-1\.0'
expect "the best-scoring sandbox is extended" 'Extending the sandbox .* layer: [0-9]+ of [0-9]+ packages are in hello-web-1.0'
expect "the new package is built" 'Completed +Diff-'
refuse "no other package is" 'Starting +(network|HTTP|split)-'
refuse "GHC is not built again" 'Building the GHC'
expect "the sandbox that it replaces is removed" 'Removing the out-of-date .*halcyon-sandbox-'
new_sandbox=$(stored | grep -E "halcyon-sandbox-.*\.tar\.$quick\$")
[ "$(wc -l <<<"$new_sandbox")" = 1 ] || fail "storage has one sandbox of the app: $new_sandbox"
[ "$new_sandbox" != "$old_sandbox" ] || fail "it is the new one"
if stored | grep '^requests/'; then fail "the request is gone"; fi
ok "the new sandbox is in storage in place of the old one"
logged "$heroku" push hello "$app_dir"
expect "the push deploys" 'App deployed: hello-web-1.0'

say "h. the cache is lost: storage gives the same result"
"$heroku" cache:purge hello
logged "$heroku" push hello "$app_dir"
[ $status -eq 0 ] || fail "the push after the cache was lost"
expect "it restores from storage" 'Downloading .*halcyon-app-'
refuse "nothing is built" 'Compiling|Building the'
serves 'letters from the World' "the app answers"
ok "the app answers"

say "secrets are nowhere"
for secret in "${secrets[@]}"; do
  if grep -qF -- "$secret" "$work/all.log"; then fail "a secret is in a log"; fi
  for app in hello again; do
    slug=$("$heroku" slug:path "$app")
    if tar -xOf "$slug" | grep -aF -- "$secret" >/dev/null; then fail "a secret is in a slug"; fi
    if grep -raqF -- "$secret" "$("$heroku" cache:path "$app")"; then fail "a secret is in a cache"; fi
  done
done
ok "no secret is in a log, a slug or a cache"
