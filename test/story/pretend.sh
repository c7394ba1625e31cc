# A bed of seconds: a GHC and a cabal-install that only pretend, for stories about archives, caches and storage. What
# they build is the constraints, and a program that says its name.
# Sourced after lib.sh.
tree=${HALCYON_BUILD_TREE:-$top/build/release}
halcyon=$tree/bin/halcyon
pretend_ghc=9.9.9 pretend_cabal=3.9.9

# pack_original DIRECTORY FILE: a distribution; its catalog entry is left beside it.
pack_original() {
  local archive=$bed_run/www/original/$2
  tar -C "$1" --owner=0 --group=0 --sort=name --mtime=@0 -czf "$archive" .
  echo "[{\"os\": \"linux-x64\", \"url\": \"$bed_url/original/$2\", \"sha256\": \"$(sha256sum <"$archive" | cut -d' ' -f1)\"}]" \
    >"$archive.dists"
}

make_pretend_ghc() {
  local dir=$1/ghc-$pretend_ghc
  mkdir -p "$dir"
  printf '#!/bin/sh\necho "prefix=${1#--prefix=}" >config.mk\n' >"$dir/configure"
  printf '#!/bin/sh\necho %s\n' "$pretend_ghc" >"$dir/ghc"
  printf '#!/bin/sh\n' >"$dir/ghc-pkg"
  printf 'include config.mk\ninstall:\n\tinstall -D -t $(DESTDIR)$(prefix)/bin ghc ghc-pkg\n' >"$dir/Makefile"
  chmod 755 "$dir"/{configure,ghc,ghc-pkg}
}

make_pretend_cabal() {
  mkdir -p "$1"
  echo "version=$pretend_cabal" | cat <(echo '#!/bin/sh') - "$top/test/story/pretend-cabal" >"$1/cabal"
  chmod 755 "$1/cabal"
}

# Starts the server: $bed_url and $bed_run as start_bed sets them.
start_pretend_bed() {
  bed_run=$work/bed
  mkdir -p "$bed_run/www/original" "$bed_run/www/hackage"
  setsid "$top/test/bed/server" "$bed_run/www" "$bed_run/requests.log" 0 "$bed_run/port" </dev/null \
    >"$bed_run/server.log" 2>&1 &
  echo $! >"$bed_run/pid"
  until [ -e "$bed_run/port" ]; do sleep 0.05; done
  bed_url=http://127.0.0.1:$(cat "$bed_run/port")
  make_pretend_ghc "$work/ghc"
  pack_original "$work/ghc" "ghc-$pretend_ghc-pretend.tar.gz"
  make_pretend_cabal "$work/cabal"
  pack_original "$work/cabal" "cabal-install-$pretend_cabal-pretend.tar.gz"
  cat >"$bed_run/www/catalog.json" <<END
{"recommended": {"ghc": "$pretend_ghc", "cabal": "$pretend_cabal"},
 "ghc": [{"version": "$pretend_ghc", "base": "4.99.0.0", "dists": $(cat "$bed_run/www/original"/ghc-*.dists)}],
 "cabal": [{"version": "$pretend_cabal", "dists": $(cat "$bed_run/www/original"/cabal-*.dists)}]}
END
}

# pretend_app NAME-VERSION PACKAGE==VERSION...: its source in $work/apps, with these dependencies.
pretend_app() {
  local label=$1 dir=$work/apps/$1 constraint
  shift
  mkdir -p "$dir"
  printf 'cabal-version: 2.4\nname: %s\nversion: %s\nbuild-type: Simple\n\nexecutable %s\n  main-is: Main.hs\n' \
    "${label%-*}" "${label##*-}" "${label%-*}" >"$dir/${label%-*}.cabal"
  echo 'main = pure ()' >"$dir/Main.hs"
  {
    echo 'constraints: any.base ==4.99.0.0'
    for constraint; do echo "           , any.${constraint%%==*} ==${constraint##*==}"; done
  } >"$dir/cabal.project.freeze"
}

# do_halcyon [NAME=VALUE]... ARGUMENT...: on the machine $machine, with pretend_variables; output to the log, what is
# printed to $work/out.
pretend_variables=()
do_halcyon() {
  local variables=()
  while [[ $1 == *=* ]]; do
    variables+=("$1")
    shift
  done
  status=0
  env -i PATH=/usr/bin:/bin HOME="$work/home" HALCYON_APP_DIR="$machine" HALCYON_CACHE_DIR="$machine.cache" \
    HALCYON_CATALOG="$bed_url/catalog.json" HALCYON_CABAL_REPO="pretend:$bed_url/hackage/" \
    ${pretend_variables[@]+"${pretend_variables[@]}"} ${variables[@]+"${variables[@]}"} \
    "$halcyon" "$@" >"$work/out" 2>"$work/log" || status=$?
  cat "$work/log" >>"$work/all.log"
}
expect_status() {
  [ "$status" = "$1" ] || fail "$2 (status $status, not $1)"
  ok "$2"
}
# fresh_machine: another one, with nothing on it.
fresh_machine() {
  rm -rf "$work/machine" "$work/machine.cache"
  machine=$work/machine
}
# deploys NAME=VALUE... DIRECTORY: that it works, and what it installs.
deploys() {
  local app=${*: -1}
  do_halcyon "${@:1:$#-1}" deploy "$work/apps/$app"
  expect_status 0 "deploy $app"
  [ "$("$machine/bin/${app%-*}")" = "I am ${app%-*}" ] || fail "$app is installed"
}
