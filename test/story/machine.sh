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
}

# on_machine [NAME=VALUE]... COMMAND...: with /app, /tmp and /storage of the story, and /source, a directory of apps.
machine=$work/machine
mkdir "$work/source"
on_machine() {
  "$top/test/heroku/machine" "$tree" "$machine" "$work/storage:/storage:rw" "$work/source:/source:ro" \
    ${machine_binds[@]+"${machine_binds[@]}"} -- HALCYON_STORAGE_DIR=/storage HALCYON_CACHE_DIR=/tmp/cache \
    HALCYON_CATALOG="$bed_url/catalog.json" HALCYON_CABAL_REPO="bed:$bed_url/hackage/" "$@"
}
halcyon=/opt/halcyon/bin/halcyon
