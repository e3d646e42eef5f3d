#!/usr/bin/env bash
# Makes the sysroots that agents are cross-built against: Debian 12's libraries and headers for another processor,
# unpacked below the cache folder. Nothing of the machine's own packages changes, no foreign architecture is added to dpkg.
#   deploy/cross/sysroot.sh [amd64|arm64|armhf]...      no argument: all three
#   deploy/cross/sysroot.sh --renew ARCH...             makes them anew (Debian's updates)
#   deploy/cross/sysroot.sh --path ARCH                 prints where that sysroot is, or will be
# The place is $TUNEFARM_SYSROOTS, else $XDG_CACHE_HOME/tunefarm/sysroots, else ~/.cache/tunefarm/sysroots.
# Safe to repeat: a sysroot that is there and was made from the same list of packages is left alone. About 10 s and
# 220 MB each; downloads 45 MB. Needs mmdebstrap; as another user than root also newuidmap (package uidmap).
set -euo pipefail

packages=libc6-dev,libstdc++-12-dev,libgrpc++-dev,libprotobuf-dev,libssl-dev,libspdlog-dev,libcli11-dev,nlohmann-json3-dev
suite=bookworm
root=${TUNEFARM_SYSROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/tunefarm/sysroots}

say() { printf 'sysroot: %s\n' "$*"; }
fail() { printf 'sysroot: %s\n' "$*" >&2; exit 1; }

known() {
  case $1 in
    amd64 | arm64 | armhf) ;;
    *) fail "no such architecture: $1 (amd64, arm64, armhf)" ;;
  esac
}

# Links to absolute paths would lead the linker to the machine's own libraries.
make_links_relative() {
  local link target
  while IFS= read -r link; do
    target=$(readlink "$link")
    [ -e "$1$target" ] && ln -sfnr "$1$target" "$link"
  done < <(find "$1/usr" "$1/lib" -type l -lname '/*')
  return 0
}

# Unpacks into a fresh folder $2, from the suite's own mirrors (updates and security included) or from those given.
bootstrap() {
  local arch=$1 directory=$2 log=$3
  shift 3
  rm -rf "$directory"
  mmdebstrap --architectures="$arch" --variant=extract --include="$packages" "$suite" "$directory" "$@" >"$log" 2>&1
}

make_sysroot() {
  local arch=$1 directory=$root/$1 wanted="$suite $packages" start=$SECONDS
  local half=$directory.half log=$directory.log
  exec 9>"$root/.$arch.lock"
  flock 9  # Two builds at once: the second one finds what the first one made.
  if [ "$(cat "$directory/.made-from" 2>/dev/null)" = "$wanted" ]; then
    say "$arch is there ($directory)"
    [ ! -e "$directory/.without-security" ] || say "$arch: without security updates; --renew tries again"
    return
  fi
  say "$arch: fetching and unpacking Debian packages into $directory"
  rm -rf "$directory"
  if ! bootstrap "$arch" "$half" "$log"; then
    # A mirror that is being updated has indexes that do not fit each other, for hours at times.
    say "$arch: the security mirror does not answer as it should ($log); doing without it"
    bootstrap "$arch" "$half" "$log" "deb http://deb.debian.org/debian $suite main" || {
      tail -n 15 "$log" >&2
      fail "$arch: mmdebstrap failed; all of its output is in $log"
    }
    touch "$half/.without-security"
  fi
  make_links_relative "$half"
  rm -rf "$half/usr/share/doc" "$half/usr/share/man" "$half/usr/share/locale" "$half/var" "$half/dev"
  printf '%s\n' "$wanted" >"$half/.made-from"
  mv "$half" "$directory"
  say "$arch is made ($(du -sm "$directory" | cut -f1) MB, $((SECONDS - start)) s)"
}

if [ "${1:-}" = --path ]; then
  known "${2:?which architecture?}"
  printf '%s\n' "$root/$2"
  exit 0
fi
renew=0
if [ "${1:-}" = --renew ]; then
  renew=1
  shift
fi
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing (deploy/setup.sh installs it)"
[ $# -gt 0 ] || set -- amd64 arm64 armhf
for arch in "$@"; do known "$arch"; done
mkdir -p "$root"
for arch in "$@"; do
  [ "$renew" = 0 ] || rm -f "$root/$arch/.made-from"
  make_sysroot "$arch"
done
