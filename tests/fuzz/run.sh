#!/usr/bin/env bash
# Fuzzes what reads bytes of strangers in the agent: its kernel reader and its protocol.
#   tests/fuzz/run.sh [SECONDS] [TARGET]...     default: 600 seconds for each of elf and protocol, one after the other
# New inputs are kept in build/fuzz/corpus; a finding is left in build/fuzz/findings and ends the run with 1.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-600}
[ $# -le 1 ] || shift
[ $# -gt 0 ] && [[ ! $1 =~ ^[0-9]+$ ]] || set -- elf protocol
deploy/build.sh fuzz "${@/%/_fuzz}"
mkdir -p build/fuzz/findings
for target in "$@"; do
  mkdir -p "build/fuzz/corpus/$target"
  printf 'fuzz: %s for %s s\n' "$target" "$seconds"
  # Debian's libraries are built without the bounds that containers tell AddressSanitizer.
  ASAN_OPTIONS=detect_container_overflow=0 nice "build/fuzz/tests/${target}_fuzz" -max_total_time="$seconds" \
    -max_len=65536 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix=build/fuzz/findings/ "build/fuzz/corpus/$target" "tests/fuzz/corpus/$target"
done
