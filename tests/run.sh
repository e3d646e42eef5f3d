#!/usr/bin/env bash
# Installs what is missing, builds the release preset and runs the whole suite through ctest.
#   tests/run.sh                  the suite
#   tests/run.sh -L unit          options go to ctest: a label, a name (-R), ...
#   tests/run.sh --sanitizers     before that, the parts that pay for it under TSan and under ASan+UBSan
# Safe to run again. Each run ends with ctest's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

# The tests of what runs on several threads: tracker, agent, log, builders, sessions, daemon.
tsan_tests=(tracker_core_test tracker_test device_agent_test agent_test db_test db_integration_test
  builder_pool_test measure_test session_test service_unit_test)
# Benchmarks and rules over the tree gain nothing.
asan_labels='unit|golden|property|refusal|integration'

run_sanitizers() {
  local names
  names=$(IFS='|' && printf '%s' "${tsan_tests[*]}")
  step "ThreadSanitizer: build"
  deploy/build.sh tsan "${tsan_tests[@]}" tuner-tracker tuner-agent
  step "ThreadSanitizer: tests"
  ctest --preset tsan -j "$(nproc)" -R "^($names)\$"
  step "AddressSanitizer and UndefinedBehaviorSanitizer: build"
  deploy/build.sh asan
  step "AddressSanitizer and UndefinedBehaviorSanitizer: tests"
  ctest --preset asan -j "$(nproc)" -L "$asan_labels"
}

step "packages"
deploy/setup.sh
if [ "${1:-}" = --sanitizers ]; then
  shift
  run_sanitizers
fi
step "agents for boards: build"
for board in amd64 arm64 armhf; do deploy/build.sh "$board"; done
step "release: build"
deploy/build.sh release
step "release: tests"
exec ctest --preset release -j "$(nproc)" "$@"
