#!/usr/bin/env bash
# Installs what is missing, builds the release preset and runs the whole suite through ctest.
#   tests/run.sh                    the suite
#   tests/run.sh -L unit            options go to ctest: a label, a name (-R), ...; long ones behind --
#   tests/run.sh --sanitizers       after that, the parts that pay for it under TSan and under ASan+UBSan
#   tests/run.sh --all-sanitizers   the same, with every test that does not measure under ASan+UBSan
# Safe to run again. Each run ends with ctest's own summary.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

# The tests of what runs on several threads: tracker, agent, log.
threaded=(tracker_core_test tracker_test device_agent_test agent_test db_test db_integration_test)
# And what needs the compiler's libraries besides: builders, sessions, daemon.
more_threaded=(builder_pool_test measure_test session_test service_unit_test)
# The tests of what reads bytes from outside: the loader, the wire, the log, the debug port, texts of users.
reading=(proto_test ir_test workload_refusal_test ir_text_refusal_test tracker_test device_agent_test sandbox_test db_test
  emulated_board_model_test mcu_bridge_test elf_fuzz protocol_fuzz)
reading_tests=("${reading[@]/%_fuzz/_fuzz_corpus}")
# Benchmarks and rules over the tree gain nothing.
labels='unit|golden|property|refusal|integration'

# one_of A B: the expression that matches just these tests.
one_of() {
  local IFS='|'
  printf '^(%s)$' "$*"
}

run_sanitizers() {
  step "ThreadSanitizer: build"
  [ "$1" = some ] || threaded+=("${more_threaded[@]}")
  deploy/build.sh tsan "${threaded[@]}" tuner-tracker tuner-agent
  step "ThreadSanitizer: tests"
  ctest --preset tsan -j "$(nproc)" -R "$(one_of "${threaded[@]}")"
  step "AddressSanitizer and UndefinedBehaviorSanitizer: build"
  if [ "$1" = some ]; then deploy/build.sh asan "${reading[@]}"; else deploy/build.sh asan; fi
  step "AddressSanitizer and UndefinedBehaviorSanitizer: tests"
  if [ "$1" = some ]; then
    ctest --preset asan -j "$(nproc)" -R "$(one_of "${reading_tests[@]}")"
  else
    ctest --preset asan -j "$(nproc)" -L "$labels"
  fi
}

sanitizers=none
case ${1:-} in
  --sanitizers) sanitizers=some && shift ;;
  --all-sanitizers) sanitizers=all && shift ;;
  -h | --help) sed -n '2,8{s/^# \{0,1\}//p}' tests/run.sh && exit 0 ;;
  --) shift ;;
  --*) echo "tests/run.sh: $1 is no option of it (--sanitizers, --all-sanitizers); for one of ctest's long ones, -- first" >&2
       exit 2 ;;
esac
step "packages"
deploy/setup.sh
step "agents for boards: build and package"
# Their sysroots come from a Debian mirror; where there is none, the tests that need the agents say that they skip.
if deploy/cross/sysroot.sh amd64 arm64 armhf; then
  deploy/package/build.sh
else
  echo "no sysroots, so no agents for boards: the tests of tests/integration/cross skip"
fi
step "release: build"
deploy/build.sh release
step "release: tests"
ctest --preset release -j "$(nproc)" "$@"
[ "$sanitizers" = none ] || run_sanitizers "$sanitizers"
