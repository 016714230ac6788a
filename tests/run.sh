#!/usr/bin/env bash
# Builds and runs every test: unit and end-to-end tests, the same unit tests under AddressSanitizer
# and UBSan and the queues under ThreadSanitizer, clang-format and clang-tidy, a minute of fuzzing,
# a minute of kill points, hostile data sets and outputs.
#   tests/run.sh            all of it
#   tests/run.sh --quick    unit and end-to-end tests only
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
passed=0 failed=0 skipped=0

# suite PRESET: builds that configuration of CMakePresets.json, runs its tests and adds up what ctest
# says. Four slots: tests/CMakeLists.txt says how many a test takes.
suite() {
  local preset=$1 log=build/$1-tests.log
  echo "== $preset"
  bash build.sh --preset "$preset" || { failed=$((failed + 1)) && return; }
  ctest --preset "$preset" 2>&1 | tee "$log" | grep -Ev '^ *(Start|Test project|Internal ctest)' || true
  passed=$((passed + $(grep -c ' Passed ' "$log" || true)))
  skipped=$((skipped + $(grep -cE '\*\*\*Skipped' "$log" || true)))
  failed=$((failed + $(grep -cE '^ *[0-9]+/[0-9]+ .*\*\*\*(Failed|Timeout|Exception|Not Run)' "$log" || true)))
  grep -q 'tests passed' "$log" || failed=$((failed + 1))
}

# check NAME COMMAND…: one test that is a command; exit status 77: skipped.
check() {
  local name=$1
  shift
  echo "== $name"
  local status=0
  "$@" || status=$?
  case $status in
    0) passed=$((passed + 1)) ;;
    77) skipped=$((skipped + 1)) ;;
    *) failed=$((failed + 1)) && echo "$name failed" ;;
  esac
}

suite dev
if [ "${1:-}" != --quick ]; then
  check format bash tests/format.sh
  check tidy bash tests/tidy.sh
  check fuzz bash tests/fuzz/run.sh
  check faults bash tests/faults.sh
  check hostile bash tests/hostile/run.sh
  suite asan
  suite tsan
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
