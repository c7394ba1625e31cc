# Storage that many runs use and abuse: a directory, or a real S3 server; what is in it, and whether it is right.
# Sourced after lib.sh and pretend.sh.
start_pretend_bed
s3_run=$work/s3
s3_url=$("$top/test/bed/s3" up "$s3_run")
client() { "$top/test/bed/s3-client" "$s3_url" "$@"; }

in_directory() {
  mkdir -p "$work/storage"
  pretend_variables=(HALCYON_STORAGE_DIR="$work/storage")
  objects() { (cd "$work/storage" && find . -type f ! -name '.*.tmp' -printf '%P\n'); }
  object() { cat "$work/storage/$1"; }
}
in_s3() {
  client make shared
  pretend_variables=(HALCYON_S3_ENDPOINT="$s3_url" HALCYON_S3_BUCKET=shared HALCYON_AWS_ACCESS_KEY_ID=test
    HALCYON_AWS_SECRET_ACCESS_KEY=testsecret)
  objects() { client list shared; }
  object() { client get shared "$1"; }
}

# mismatched: the archives that are not what their manifests say, a key a line.
mismatched() {
  local key
  objects >"$work/objects"
  while read -r key; do
    grep -qxF -- "${key%.manifest}" "$work/objects" || continue
    [ "$(object "$key" | sed -n 's/^archive-sha256: //p')" = "$(object "${key%.manifest}" | sha256sum | cut -d' ' -f1)" ] ||
      echo "${key%.manifest}"
  done < <(grep '\.manifest$' "$work/objects")
}

# check_storage WHEN: an archive with a manifest is the one that the manifest speaks of.
check_storage() {
  local wrong
  wrong=$(mismatched)
  [ -z "$wrong" ] || fail "$1: in storage is not what its manifest says: $wrong"
}
