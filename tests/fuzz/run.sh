#!/usr/bin/env bash
# Fuzzes the readers of model files, of pictures, of annotations, of records and of sketches, and what
# becomes of Darknet's models, with libFuzzer, ASan and UBSan:
#   bash tests/fuzz/run.sh [--seconds N] [TARGET...]
# --seconds: for each target (12), one on each core at a time. Targets: pickle torch model onnx
# darknet image record coco voc sketches. Builds in build/fuzz, or in $FUZZ_BUILD; the corpora grow
# there from run to run.
# Prints executions and findings; status 1 where there are findings, 77 without clang.
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=12
targets=()
while [ $# -gt 0 ]; do
  case $1 in
  --seconds) seconds=$2; shift ;;
  pickle | torch | model | onnx | darknet | image | record | coco | voc | sketches) targets+=("$1") ;;
  *) sed -n '2,8p' "$0"; exit 2 ;;
  esac
  shift
done
[ ${#targets[@]} -gt 0 ] || targets=(pickle torch model onnx darknet image record coco voc sketches)
mkdir -p "${FUZZ_BUILD:-build/fuzz}"
build=$(realpath -m "${FUZZ_BUILD:-build/fuzz}")

if ! echo 'int LLVMFuzzerTestOneInput(const unsigned char *d, unsigned long n){return d && n > 9;}' |
  clang -x c -fsanitize=fuzzer -o /dev/null - 2>/dev/null; then
  echo "skipped: clang or libFuzzer is not installed"
  exit 77
fi
cmake --preset fuzz -B "$build" >"$build/build.log"
cmake --build "$build" -j "${JOBS:-2}" --target "${targets[@]/#/fuzz_}" >>"$build/build.log" ||
  { tail -30 "$build/build.log"; exit 1; }
python3 tests/fuzz/make_seeds.py "$build/seeds"

# fuzz TARGET: until its time is over, or a finding ends it; fails where there is one.
fuzz() {
  local target=$1 corpus=$build/corpus/$1 findings=$build/findings/$1 extra=() failed=0
  mkdir -p "$corpus" "$findings"
  [ ! -f "tests/fuzz/$target.dict" ] || extra+=(-dict="tests/fuzz/$target.dict")
  local outcome="no findings" executions
  "$build/fuzz_$target" "$corpus" "$build/seeds/$target" "${extra[@]}" \
    -max_total_time="$seconds" -max_len=65536 -timeout=300 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$findings/" >"$build/$target.log" 2>&1 ||
    { outcome="FOUND: see $build/$target.log and $findings"; failed=1; }
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log")
  echo "$target: ${executions:-?} executions in $seconds s, $outcome"
  return $failed
}

failed=0 running=0
finish_one() {
  wait -n || failed=1
  running=$((running - 1))
}
for target in "${targets[@]}"; do
  [ "$running" -lt "$(nproc)" ] || finish_one
  fuzz "$target" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do finish_one; done
exit $failed
