#!/bin/sh
# What verify.sh runs in the fresh root, with the package at /tuner-agent.deb; what it says goes to descriptor 3.
set -eux
say() { printf 'verify: %s\n' "$*" >&3; }
unit=/lib/systemd/system/tuner-agent.service

# systemd-analyze looks at executables through /proc.
if [ ! -e /proc/self ]; then
  mount -t proc proc /proc
  trap 'umount /proc' EXIT
fi
dpkg -i /tuner-agent.deb
test "$(stat -c %U:%G:%a /etc/tunefarm/agent.toml)" = root:root:644
say "user: $(id tuner-agent)"
say "program: $(tuner-agent --version)"
systemctl --root=/ is-enabled tuner-agent.service
systemd-analyze verify "$unit"
exposure=$(SYSTEMD_COLORS=0 systemd-analyze security --offline=true "$unit" | tail -n 1)
say "unit: verified; ${exposure#* }"
# Without a tracker the agent says so and ends with 2, which the unit does not start again.
code=0
tuner-agent --config /etc/tunefarm/agent.toml || code=$?
test "$code" = 2

echo 'tag = ["lab=attic"]' >>/etc/tunefarm/agent.toml
dpkg -i /tuner-agent.deb
grep -q lab=attic /etc/tunefarm/agent.toml
say "configuration: kept by an upgrade"
dpkg --purge tuner-agent
for path in /etc/tunefarm /usr/bin/tuner-agent /var/lib/tunefarm \
  /etc/systemd/system/multi-user.target.wants/tuner-agent.service; do
  test ! -e "$path"
done
say "purged: nothing is left"
