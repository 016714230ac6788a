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
bash packages/install.sh run build test
mkdir -p build
outcomes=$root/build/outcomes # a line of each suite and check: how many passed, failed, were skipped
: > "$outcomes"
# Four builds of nearly the same sources: what was compiled before, here or in another clone, is taken from
# ccache.
if command -v ccache > /dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache CMAKE_CUDA_COMPILER_LAUNCHER=ccache
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
fi

# suite PRESET CTEST-OPTION…: builds that configuration of CMakePresets.json, unless it is the one that
# is built first of all, runs its tests and notes what ctest says; names what was skipped, and why.
# tests/CMakeLists.txt says how many of the preset's slots a test takes.
suite() {
  local preset=$1 log=build/$1-tests.log folder=build/$1 failed
  shift
  echo "== $preset"
  if [ "$preset" = dev ]; then
    folder=build
  else
    bash build.sh --preset "$preset" || { echo "0 1 0" >> "$outcomes" && return; }
  fi
  ctest --preset "$preset" "$@" 2>&1 | tee "$log" | grep -Ev '^ *(Start|Test project|Internal ctest)' || true
  grep -h '^skipped: ' "$folder/Testing/Temporary/LastTest.log" || true
  failed=$(grep -cE '^ *[0-9]+/[0-9]+ .*\*\*\*(Failed|Timeout|Exception|Not Run)' "$log" || true)
  grep -q 'tests passed' "$log" || failed=$((failed + 1))
  echo "$(grep -c ' Passed ' "$log" || true) $failed $(grep -cE '\*\*\*Skipped' "$log" || true)" >> "$outcomes"
}

# check NAME COMMAND…: one test that is a command; exit status 77: skipped.
check() {
  local name=$1 status=0
  shift
  echo "== $name"
  "$@" || status=$?
  case $status in
    0) echo "1 0 0" ;;
    77) echo "0 0 1" ;;
    *) echo "$name failed" >&2 && echo "0 1 0" ;;
  esac >> "$outcomes"
}

# What only computes, while the end-to-end tests mostly wait; those go first.
beside() {
  renice -n 19 "$BASHPID" > build/renice.log
  check tidy python3 tests/tidy.py
  suite asan
  suite tsan
  check hostile bash tests/hostile/run.sh
}

bash build.sh --preset dev
if [ "${1:-}" = --quick ]; then
  suite dev
else
  check format bash tests/format.sh
  beside > build/beside.log 2>&1 &
  suite dev --label-exclude sanitized # those run beside
  check faults bash tests/faults.sh
  wait
  cat build/beside.log
  check fuzz bash tests/fuzz/run.sh # for a time: with the processors for itself
fi
read -r passed failed skipped < <(awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' "$outcomes")
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
