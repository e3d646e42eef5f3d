#!/usr/bin/env bash
# Configures and builds one preset, with progress on the way and the compiler's words only where something fails.
#   deploy/build.sh PRESET [TARGET...]      PRESET: release, dev, asan or tsan; no TARGET: everything
#                                           amd64, arm64, armhf: tuner-agent alone, static, for that processor
# Safe to repeat: builds what has changed.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -ge 1 ] || { sed -n 2,5p "$0" >&2; exit 2; }
preset=$1
shift

say() { printf 'build: %s\n' "$*"; }
fail() { printf 'build: %s\n' "$*" >&2; exit 1; }

[ ! -e "deploy/cross/$preset.cmake" ] || deploy/cross/sysroot.sh "$preset"
log=build/$preset-build.log
mkdir -p build
say "configuring $preset"
if ! cmake --preset "$preset" >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  fail "configuring failed; all of its output is in $log (packages missing? deploy/setup.sh)"
fi

# Every 25th of ninja's progress lines, and all that is not progress.
thin_out() {
  awk '/^\[[0-9]+\/[0-9]+\]/ { if (++lines % 25 == 0) { print; fflush() } ; next } { print; fflush() }'
}
targets=()
[ $# -eq 0 ] || targets=(--target "$@")
say "building $preset${*:+: $*} (some minutes the first time on 2 cores)"
start=$SECONDS
if [ -t 1 ]; then  # Ninja redraws one line on a terminal.
  cmake --build --preset "$preset" "${targets[@]}" || fail "building $preset failed"
else
  cmake --build --preset "$preset" "${targets[@]}" 2>&1 | thin_out || fail "building $preset failed"
fi
say "$preset is built ($((SECONDS - start)) s)"
