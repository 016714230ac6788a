#!/usr/bin/env bash
# Builds and runs every test: unit and end-to-end tests, the same unit tests under AddressSanitizer
# and UBSan and the queues under ThreadSanitizer, clang-format and clang-tidy, a minute of fuzzing,
# a minute of kill points, hostile data sets and outputs.
#   tests/run.sh            all of it
#   tests/run.sh --quick    unit and end-to-end tests only
# VERIFY_FIXTURES names a folder of models and pictures that are not the project's; what needs them
# is skipped without it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
if [ -n "${VERIFY_FIXTURES:-}" ]; then
  VERIFY_FIXTURES=$(realpath "$VERIFY_FIXTURES") && export VERIFY_FIXTURES
fi
passed=0 failed=0 skipped=0
bash packages/install.sh run build test
# Four builds of nearly the same sources: what was compiled before, here or in another clone, is taken from
# ccache.
if command -v ccache > /dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_CUDA_COMPILER_LAUNCHER=ccache
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
fi

# suite PRESET CTEST-OPTION…: builds that configuration of CMakePresets.json, runs its tests and adds
# up what ctest says; names what was skipped, and why. Four slots: tests/CMakeLists.txt says how many
# a test takes.
suite() {
  local preset=$1 log=build/$1-tests.log folder=build/$1
  [ "$preset" != dev ] || folder=build
  shift
  echo "== $preset"
  bash build.sh --preset "$preset" || { failed=$((failed + 1)) && return; }
  ctest --preset "$preset" "$@" 2>&1 | tee "$log" | grep -Ev '^ *(Start|Test project|Internal ctest)' || true
  grep -h '^skipped: ' "$folder/Testing/Temporary/LastTest.log" || true
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

# What the compilers do while the end-to-end tests mostly wait; the tests go first.
beside() {
  nice -n 19 python3 tests/tidy.py > build/tidy.log 2>&1 && echo 0 > build/tidy.status || echo $? > build/tidy.status
  local preset
  for preset in asan tsan fuzz; do
    nice -n 19 bash build.sh --preset "$preset" > "build/$preset-beside.log" 2>&1 || true # `suite` says so
  done
}

# The outcome of clang-tidy, which ran beside the tests.
tidy() {
  cat build/tidy.log
  return "$(cat build/tidy.status)"
}

if [ "${1:-}" = --quick ]; then
  suite dev
else
  bash build.sh --preset dev
  check format bash tests/format.sh
  rm -f build/tidy.status
  beside &
  suite dev --label-exclude sanitized # those run below
  wait
  check tidy tidy
  suite asan
  suite tsan
  check fuzz bash tests/fuzz/run.sh
  check faults bash tests/faults.sh
  check hostile bash tests/hostile/run.sh
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
