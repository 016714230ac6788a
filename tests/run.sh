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

# suite NAME FOLDER [CTEST OPTION…]: runs ctest there and adds up what it says.
# Four slots: tests/CMakeLists.txt says how many a test takes.
suite() {
  local name=$1 folder=$2 log
  shift 2
  log=$folder/$name.log
  echo "== $name"
  ctest --test-dir "$folder" --output-on-failure -j 4 --no-tests=error "$@" 2>&1 | tee "$log" | grep -Ev '^ *(Start|Test project|Internal ctest)' || true
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

bash build.sh build
suite release build
if [ "${1:-}" != --quick ]; then
  check format bash tests/format.sh
  check tidy bash tests/tidy.sh
  check fuzz bash tests/fuzz/run.sh
  check faults bash tests/faults.sh
  check hostile bash tests/hostile/run.sh
  bash build.sh build/asan -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG='-g -O1' -DCMAKE_CXX_FLAGS_DEBUG='-g -O1' \
    -DVERIFY_SANITIZE=address,undefined -DVERIFY_CUDA=OFF
  suite asan build/asan -LE release
  cmake -S . -B build/tsan -DCMAKE_BUILD_TYPE=Debug -DVERIFY_SANITIZE=thread -DVERIFY_CUDA=OFF > build/tsan.log
  cmake --build build/tsan -j "$(nproc)" --target threads >> build/tsan.log 2>&1 || tail -40 build/tsan.log
  suite tsan build/tsan -L threads
fi
echo
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
