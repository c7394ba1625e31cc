# What the bed's scripts share; sourced. Sets: bed, root, cache, suite, machine.
# Every product is a directory of the cache, named after its content's key; making it is atomic and happens once.
# shellcheck shell=bash
# shellcheck disable=SC2034  # used by those who source this
set -euo pipefail
shopt -s inherit_errexit
export LC_ALL=C.UTF-8
umask 022

bed=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$bed/../.." && pwd)
cache=${HALCYON_TEST_CACHE:-$root/build/bed}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
machine=$(uname -m)
suite=${HALCYON_TEST_SUITE:-$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")}

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

# running PID_FILE PROGRAM: whether the process of the file is there and still that program.
running() {
  [[ -e $1 ]] && tr '\0' ' ' <"/proc/$(cat "$1")/cmdline" 2>/dev/null | grep -qF -- "$2"
}

tell() { echo "$(basename "$0"): $*" >&2; }

# mirror: the address that this machine's apt gets Debian from.
mirror() {
  if [[ -n ${HALCYON_TEST_MIRROR:-} ]]; then
    echo "$HALCYON_TEST_MIRROR"
    return
  fi
  # shellcheck disable=SC2016  # apt's own names
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v own="$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")" '
      $3 == "main" && ($2 == own || $2 ~ /^(oldstable|stable|testing|unstable)$/) { print $1; found = 1; exit }
      END { exit !found }' ||
    fail "apt on this machine has no Debian mirror; set HALCYON_TEST_MIRROR"
}

# apt_dir: a private apt configuration for the suite, binary and source packages, with lists not older than a day.
apt_dir() {
  local dir=$cache/apt-$suite
  (
    mkdir -p "$dir"/{lists/partial,archives/partial,parts}
    exec 9>"$dir/lock"
    flock 9
    if [[ -z $(find "$dir/updated" -mtime -1 2>/dev/null) ]]; then
      local keyring=/usr/share/keyrings/debian-archive-keyring.gpg uri
      uri=$(mirror)
      printf '%s [signed-by=%s] %s %s main\n' deb "$keyring" "$uri" "$suite" deb-src "$keyring" "$uri" "$suite" \
        >"$dir/sources.list"
      : >"$dir/status"
      cat >"$dir/apt.conf" <<END
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "$dir/parts";
Dir::State::lists "$dir/lists";
Dir::State::status "$dir/status";
Dir::Cache "$dir";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
END
      if APT_CONFIG=$dir/apt.conf apt-get -qq update >&2; then
        touch "$dir/updated"
      elif [[ ! -e $dir/updated ]]; then
        fail "cannot read the package lists of $suite"
      fi
    fi
  )
  echo "$dir"
}

# debian_version PACKAGE: its version in the suite, nothing if it has none.
debian_version() {
  APT_CONFIG=$(apt_dir)/apt.conf apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -1
}

# debian_package PACKAGE DIR: fetches the .deb of the suite and unpacks it into DIR.
debian_package() {
  local conf
  conf=$(apt_dir)/apt.conf
  mkdir -p "$2"
  (cd "$2" && APT_CONFIG=$conf apt-get -qq download "$1" >&2 && dpkg-deb -x ./"$1"_*.deb . && rm ./"$1"_*.deb)
}

# key WORD...: a short digest of the words and of the running script.
key() {
  { printf '%s\n' "$suite" "$machine" "$@" && cat "$0"; } | sha256sum | cut -c1-16
}

# product KIND KEY FUNCTION: prints the directory of a product. If it is not there, FUNCTION makes it in the directory
# that it is given.
product() {
  local made=$cache/$1-$suite-$2
  if [[ ! -d $made ]]; then
    (
      exec 9>"$cache/.lock-$1-$suite"
      flock 9
      [[ ! -d $made ]] || exit 0
      tell "making $1 for $suite"
      SECONDS=0
      # Remains of a run that was interrupted.
      rm -rf "$cache/.new-$1-$suite"
      mkdir "$cache/.new-$1-$suite"
      "$3" "$cache/.new-$1-$suite" >&2
      mv "$cache/.new-$1-$suite" "$made"
      tell "made $1 for $suite in $SECONDS s"
      # Products that nobody used for a week.
      find "$cache" -maxdepth 1 -name "$1-$suite-*" -mtime +7 -exec rm -rf {} +
    )
  fi
  touch "$made" 2>/dev/null || true
  echo "$made"
}

# free_port: a port that nobody listens on now.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# install PACKAGE...: installs on this machine what is missing of these.
install() {
  local package missing=() sudo=()
  for package; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  ((EUID == 0)) || sudo=(sudo)
  tell "installing ${missing[*]}"
  "${sudo[@]}" apt-get -qq -o DPkg::Lock::Timeout=300 update >&2
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 \
    install --yes --no-install-recommends "${missing[@]}" >&2
}
