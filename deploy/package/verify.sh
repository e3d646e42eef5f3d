#!/usr/bin/env bash
# Installs a package of tuner-agent for this machine's processor into a fresh Debian root, checks what it left there,
# installs it once more over a changed configuration, purges it, and throws the root away.
#   deploy/package/verify.sh build/packages/tuner-agent_*_amd64.deb
# About half a minute; downloads 40 MB. Needs no root where users may have namespaces.
set -euo pipefail
deb=$(readlink -f "${1:?which package?}")
log=$(mktemp "${TMPDIR:-/tmp}/tunefarm-verify.XXXXXX")
trap 'rm -f "$log"' EXIT

# Runs in the fresh root.
checks='
set -eu
say() { printf "verify: %s\n" "$*" >&3; }
dpkg -i /tuner-agent.deb
test "$(stat -c %U:%G:%a /etc/tunefarm/agent.toml)" = root:root:644
id tuner-agent
say "user: $(id tuner-agent)"
say "program: $(tuner-agent --version)"
! ldd /usr/bin/tuner-agent
systemctl --root=/ is-enabled tuner-agent.service
systemd-analyze verify /lib/systemd/system/tuner-agent.service
say "unit: verified, $(systemd-analyze security --offline=true tuner-agent.service | tail -n 1 | tr -cd "[:print:]" | sed "s/^[^O]*//")"
# Without a tracker the agent says so and ends with 2, which the unit does not start again.
code=0
tuner-agent --config /etc/tunefarm/agent.toml || code=$?
test "$code" = 2
echo "tag = [\"lab=attic\"]" >>/etc/tunefarm/agent.toml
dpkg -i /tuner-agent.deb
grep -q lab=attic /etc/tunefarm/agent.toml
say "configuration: kept by an upgrade"
dpkg --purge tuner-agent
test ! -e /etc/tunefarm -a ! -e /usr/bin/tuner-agent -a ! -e /var/lib/tunefarm
test ! -e /etc/systemd/system/multi-user.target.wants/tuner-agent.service
say "purged: nothing is left"
'
if ! mmdebstrap --variant=apt --include=systemd,init-system-helpers,libc-bin --format=null \
  --customize-hook="copy-in $deb /" \
  --customize-hook="mv \"\$1/$(basename "$deb")\" \"\$1/tuner-agent.deb\"" \
  --customize-hook="chroot \"\$1\" sh -xc '${checks//\'/\'\\\'\'}'" \
  bookworm /dev/null 3>&1 >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  printf 'verify: %s does not pass, or the root could not be made (see above)\n' "$deb" >&2
  exit 1
fi
