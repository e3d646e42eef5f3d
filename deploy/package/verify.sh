#!/usr/bin/env bash
# Installs a package of tuner-agent for this machine's processor into a fresh Debian root, checks what it left there,
# installs it once more over a changed configuration, purges it, and throws the root away.
#   deploy/package/verify.sh build/packages/tuner-agent_*_amd64.deb
# Less than a minute; downloads 40 MB. Needs no root where users may have namespaces.
set -euo pipefail
deb=$(readlink -f "${1:?which package?}")
inside=$(readlink -f "$(dirname "$0")/verify-inside.sh")
log=$(mktemp "${TMPDIR:-/tmp}/tunefarm-verify.XXXXXX")
trap 'rm -f "$log"' EXIT

if ! mmdebstrap --variant=apt --include=systemd,init-system-helpers --format=null \
  --customize-hook="cp '$deb' \"\$1/tuner-agent.deb\"" --customize-hook="cp '$inside' \"\$1/verify.sh\"" \
  --customize-hook='chroot "$1" /verify.sh' bookworm /dev/null 3>&1 >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  printf 'verify: %s does not pass, or the root could not be made (see above)\n' "$deb" >&2
  exit 1
fi
