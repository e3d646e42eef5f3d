#!/usr/bin/env bash
# Installs the Debian packages that Tunefarm needs: those of deploy/packages.txt that are missing, and nothing else.
#   deploy/setup.sh            as root, or as a user who may use sudo; asks nothing
#   deploy/setup.sh --check    installs nothing; exit 1 if something is missing
# Safe to repeat: where everything is there it does nothing and needs no rights.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

wanted_packages() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$here/packages.txt"; }

missing_packages() {
  local package
  while read -r package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done < <(wanted_packages)
}

# Runs a command of the system's, as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  else
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  fi
}

# apt-get with its words in a log and its progress in a line; shows the log's end where it fails.
apt_quietly() {
  local log=$1
  shift
  if ! as_root apt-get -q -y -o Dpkg::Use-Pty=0 "$@" 2>&1 | tee "$log" | show_progress; then
    tail -n 20 "$log" >&2
    fail "'apt-get $*' failed; its last words are above, all of them in $log"
  fi
}

# Counts what apt-get does: one line that is redrawn on a terminal, a line every now and then elsewhere.
show_progress() {
  local terminal=0
  if [ -t 1 ]; then terminal=1; fi
  awk -v terminal="$terminal" '
    function show(end) {
      if (!fetched && !unpacked && !ready) return
      line = sprintf("setup:   fetched %d, unpacked %d, set up %d", fetched, unpacked, ready)
      printf "%s%s%s", (terminal ? "\r" : ""), line, (terminal && !end ? "" : "\n")
      fflush()
    }
    /^Get:/ { fetched++; seen = 1 }
    /^Unpacking / { unpacked++; seen = 1 }
    /^Setting up / { ready++; seen = 1 }
    seen { seen = 0; if (terminal || (fetched + unpacked + ready) % 100 == 0) show(0) }
    END { show(1) }'
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this is no Debian system: install what deploy/packages.txt lists by hand"
fi

mapfile -t missing < <(missing_packages)
if [ "${#missing[@]}" -eq 0 ]; then
  say "all $(wanted_packages | wc -l) packages are installed"
  exit 0
fi
if [ "${1:-}" = --check ]; then
  fail "missing: ${missing[*]} (deploy/setup.sh installs them)"
fi
if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
  fail "installing packages needs root, and there is no sudo: run 'apt-get install ${missing[*]}' as root"
fi

log_dir=$(mktemp -d "${TMPDIR:-/tmp}/tunefarm-setup.XXXXXX")
say "${#missing[@]} of $(wanted_packages | wc -l) packages are missing: ${missing[*]}"
say "reading the package lists"
apt_quietly "$log_dir/update.log" update
say "installing (downloads up to 400 MB; the log is $log_dir/install.log)"
apt_quietly "$log_dir/install.log" install --no-install-recommends "${missing[@]}"
mapfile -t missing < <(missing_packages)
[ "${#missing[@]}" -eq 0 ] || fail "still missing after the installation: ${missing[*]}"
say "done"
