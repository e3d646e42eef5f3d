#!/usr/bin/env bash
# Installs what is missing, builds the release preset and runs the whole suite through ctest.
#   tests/run.sh                  the suite
#   tests/run.sh -L unit          options go to ctest: a label, a name (-R), ...
#   tests/run.sh --sanitizers     first the parts that pay for it under ASan+UBSan and TSan, then the suite
# Safe to run again. Each run ends with ctest's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

# What is run under a sanitizer, as ctest's regular expressions over labels and names.
asan_labels='unit|golden|property|refusal'
tsan_names='^(tracker|device_agent|agent|sandboxed_runner|db|write_queue|tuning_log|service|task_).*'

# Builds and runs a selection of the tests under a sanitizer's preset.
run_sanitizer() {
  local preset=$1
  shift
  step "$preset: build"
  deploy/build.sh "$preset"
  step "$preset: tests"
  ctest --preset "$preset" -j "$(nproc)" "$@"
}

step "packages"
deploy/setup.sh
if [ "${1:-}" = --sanitizers ]; then
  shift
  run_sanitizer asan -L "$asan_labels"
  run_sanitizer tsan -R "$tsan_names"
fi
step "release: build"
deploy/build.sh release
step "release: tests"
exec ctest --preset release -j "$(nproc)" "$@"
