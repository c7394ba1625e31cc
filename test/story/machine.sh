# For stories that happen on a machine of one's own (test/heroku/machine), with the layers of the test apps at hand.
# Sourced instead of lib.sh.
if ((EUID != 0)); then
  exec sudo env HALCYON_BUILD_TREE="${HALCYON_BUILD_TREE:-}" HALCYON_TEST_CACHE="${HALCYON_TEST_CACHE:-}" "$0"
fi
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

tree=${HALCYON_BUILD_TREE:-$top/build/release}
unset HALCYON_BUILD_TREE
[ -n "${HALCYON_TEST_CACHE:-}" ] || unset HALCYON_TEST_CACHE
test_cache=${HALCYON_TEST_CACHE:-$top/build/bed}

# The bed at a port that stays the same: its URL is in the layers' tags. A full copy of the layers becomes
# $work/storage, for the story to use and to damage.
start_bed_with_layers() {
  local port=$test_cache/story-port layers
  [ -s "$port" ] || free_port >"$port"
  bed_run=$work/bed
  bed_url=$(BED_PORT=$(cat "$port") "$top/test/bed/up" "$bed_run")
  layers=$("$top/test/bed/layers" "$tree" "$bed_url")
  cp -a "$layers" "$work/storage"
  machine_format=(HALCYON_ARCHIVE_FORMAT=zstd) # that of the layers
}

# on_machine [NAME=VALUE]... COMMAND...: with /app, /tmp and /storage of the story, and /source, a directory of apps.
machine=$work/machine
mkdir "$work/source"
on_machine() {
  "$top/test/heroku/machine" "$tree" "$machine" "$work/storage:/storage:rw" "$work/source:/source:ro" \
    ${machine_binds[@]+"${machine_binds[@]}"} -- HALCYON_STORAGE_DIR=/storage HALCYON_CACHE_DIR=/tmp/cache \
    HALCYON_CATALOG="$bed_url/catalog.json" HALCYON_CABAL_REPO="bed:$bed_url/hackage/" \
    ${machine_format[@]+"${machine_format[@]}"} "$@"
}
halcyon=/opt/halcyon/bin/halcyon

# do_halcyon ARGUMENT...: runs it there, output to the log; its status is kept in $status.
do_halcyon() { logged on_machine "$halcyon" "$@"; }

# expect_status STATUS NAME: that of the last command.
expect_status() {
  [ "$status" = "$1" ] || fail "$2 (status $status, not $1)"
  ok "$2"
}

# one_message: the last log has one error, and nothing of a crash.
one_message() {
  [ "$(grep -c '^ !     Error:' "$work/log")" = 1 ] || fail "one message"
  refuse "no crash and no internal error" 'Internal error|terminate called|core dumped'
}

# layer_dirs: the names of the directories of layers that are there.
layer_dirs() {
  local name
  for name in ghc cabal sandbox app toolchain; do
    if [ -e "$machine/app/.halcyon/$name" ]; then echo "$name"; fi
  done
}

# nothing_half_done: what is there is complete, and nothing is temporary.
nothing_half_done() {
  local name
  for name in $(layer_dirs); do
    [ -f "$machine/app/.halcyon/$name/tag" ] || fail "nothing half-done is left: $name has no tag"
  done
  [ ! -e "$machine/app/.halcyon/tmp" ] || fail "nothing temporary is left: $(find "$machine/app/.halcyon/tmp" | head)"
  if find "$machine/app/.halcyon" "$work/storage" "$machine/tmp" -name '.*.tmp' 2>/dev/null | grep .; then
    fail "no temporary file is left"
  fi
  ok "nothing half-done is left"
}

# answers PROGRAM PATTERN: PROGRAM, started there, serves a page that matches.
answers() {
  local port
  port=$(free_port)
  on_machine env -i PATH=/usr/bin:/bin PORT="$port" bash -c '
    "$0" & pid=$!
    for _ in $(seq 50); do
      if curl -fsS "http://127.0.0.1:$PORT/" 2>/dev/null; then kill $pid; exit 0; fi
      sleep 0.1
    done
    kill $pid; exit 1' "$1" >"$work/page" || fail "$1 answers"
  grep -q -- "$2" "$work/page" || fail "$1 answers with $2 ($(cat "$work/page"))"
  grep -qF -- "$(head -1 "$top/test/apps/hello-web/data/motd.txt")" "$work/page" || fail "$1 finds its data file"
  ok "$1 answers over HTTP, with its data file"
}
