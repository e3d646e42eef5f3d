#!/usr/bin/env bash
# Builds tuner-agent's Debian packages into build/packages.
#   deploy/package/build.sh [amd64|arm64|armhf]...     no argument: all three
# Safe to repeat. The agents are built first, where something has changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- amd64 arm64 armhf
for arch in "$@"; do
  deploy/build.sh "$arch"
  log=build/$arch-package.log
  if ! cpack --config "build/$arch/CPackConfig.cmake" -B build/packages >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    printf 'package: cpack failed for %s; all of its output is in %s\n' "$arch" "$log" >&2
    exit 1
  fi
  printf 'package: %s\n' "$(ls build/packages/tuner-agent_*_"$arch".deb)"
done
