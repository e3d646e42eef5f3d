#!/usr/bin/env bash
# From a bare Debian 12 machine to a tuned kernel: installs what is missing, builds, then tunes a layer of ResNet-18 for
# this machine's processor with a tracker and an agent on loopback, and asks the log for the winner.
#   deploy/demo.sh             TRIALS=200 deploy/demo.sh for a longer search
# Safe to run again: nothing is built twice, and the log keeps the results of all runs.
set -euo pipefail
cd "$(dirname "$0")/.."
workload='conv2d/f32/nhwc/1x56x56x64/o64k3x3s1x1p1x1/bias+relu'
log=build/demo/tuner.db
tuner=build/release/bin/tuner

step() { printf '\n== %s\n' "$*"; }
# Shows a command as one would type it, then runs it.
run() {
  local words
  words=$(printf '%q ' "$@")
  printf '$ %s\n' "${words% }"
  "$@"
}

step "1/4  packages"
deploy/setup.sh
step "2/4  build"
deploy/build.sh release tuner tuner-tracker tuner-agent
step "3/4  tuning ResNet-18's 3x3 convolution, 56x56, 64 channels, for this processor"
mkdir -p "$(dirname "$log")"
run "$tuner" tune "$workload" --target native --trials "${TRIALS:-64}" --db "$log"
step "4/4  the best schedule, as the log has it"
run "$tuner" query best --workload "$workload" --target native --db "$log"
