# What every story uses: the bed, the simulator, assertions that name what they assert.
# Sourced by the stories; each runs alone, in a directory of its own.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
story=$(basename "$0" .test)
work=$(mktemp -d "${TMPDIR:-/tmp}/halcyon-$story.XXXXXX")
chmod 755 "$work"
heroku=$top/test/heroku/heroku
export HEROKU_STATE=$work/heroku
export HALCYON_BUILDPACK=$top/build/halcyon-buildpack.tgz

cleanup() {
  status=$?
  for app in "$HEROKU_STATE"/*; do
    "$heroku" web:stop "$(basename "$app")" >/dev/null 2>&1 || true
  done
  if [ -n "${bed_run:-}" ]; then "$top/test/bed/down" "$bed_run" >/dev/null 2>&1 || true; fi
  if [ -n "${s3_run:-}" ]; then "$top/test/bed/s3" down "$s3_run" >/dev/null 2>&1 || true; fi
  if [ -n "${swift_run:-}" ]; then "$top/test/bed/swift" down "$swift_run" >/dev/null 2>&1 || true; fi
  if [ $status -ne 0 ]; then
    echo "FAILED in $story (status $status); kept: $work"
    [ -f "$work/log" ] && tail -60 "$work/log"
  else
    rm -rf "$work"
  fi
}
trap cleanup EXIT

# A port that nothing listens on.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# The bed's server: GHC, cabal-install, packages, catalog. Every app of a story uses it.
start_bed() {
  bed_run=$work/bed
  bed_url=$("$top/test/bed/up" "$bed_run")
}

use_bed() {
  "$heroku" config:set "$1" HALCYON_CATALOG="$bed_url/catalog.json" \
    HALCYON_CABAL_REPO="bed:$bed_url/hackage/"
}

say() { printf '\n== %s\n' "$*"; }
ok() { printf 'ok: %s\n' "$*"; }
fail() { printf 'NOT OK: %s\n' "$*"; exit 1; }

# expect NAME PATTERN: the last log has a line that matches.
expect() { grep -qE -- "$2" "$work/log" || fail "$1 (no line matches: $2)"; ok "$1"; }
# prints PATTERN COMMAND...: a line of its output matches. The output is read to its end: a pipe
# into grep -q would break under a command that has more to say.
prints() {
  local pattern=$1 text
  shift
  text=$("$@") || return
  grep -qE -- "$pattern" <<<"$text"
}
# refuse NAME PATTERN: it has none.
refuse() { if grep -E -- "$2" "$work/log"; then fail "$1 (a line matches: $2)"; fi; ok "$1"; }

# logged COMMAND...: runs it, output to the log; its status is kept in $status.
logged() {
  status=0
  "$@" >"$work/log" 2>&1 || status=$?
  cat "$work/log" >>"$work/all.log"
}
