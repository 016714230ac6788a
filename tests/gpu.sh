#!/usr/bin/env bash
# The tests that need an NVIDIA GPU; exit status 77 where there is none. See --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=build
model=demo/model.onnx
data=demo/data/data.yaml
if [ -n "${VERIFY_FIXTURES:-}" ]; then
  VERIFY_FIXTURES=$(realpath "$VERIFY_FIXTURES") && export VERIFY_FIXTURES
  model=$VERIFY_FIXTURES/models/yolov8n.onnx
  data=$VERIFY_FIXTURES/coco128/data.yaml
fi
only=tests,program,sanitizer
limit=300

usage() {
  cat << EOF
usage: tests/gpu.sh [--build FOLDER] [--model FILE] [--data PATH] [--only PARTS]

Checks the CUDA backend on the first GPU, a line for each gate:
  tests      the test programs test_gpu_*: kernels, network, attention on its own, the zoo, and the
             gates: every step in fp16 within a relative L2 of 2e-3 of fp32; boxes p99.9 within
             0.5 px of the plain-C operators; scores within 5e-3 (fp16), 1e-3 (fp32)
  program    verify --device cuda against --device cpu: the same verdict for at least 99.5% (fp16)
             and 99.9% (fp32) of the labels, predictions within the gates above; batches 1 and 32;
             the same records from the same run, and from two ranks that share the GPU and say so
  sanitizer  compute-sanitizer over the test programs: memcheck, racecheck, synccheck

  --build FOLDER   a finished build, also a copy of its programs and libverify_cuda.so in FOLDER or
                   FOLDER/bin, which needs neither cmake nor ctest; or where to make one
                   (default: $build)
  --model FILE     default: $model (yolov8n.onnx below the folder that VERIFY_FIXTURES names)
  --data PATH      default: $data (coco128 there)
  --only PARTS     of $only, by commas
  --limit SECONDS  longest time of one test program (default: $limit)

exit status: 0 all passed, 1 something failed, 2 bad usage, 77 no GPU
EOF
}

while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --build | --model | --data | --only | --limit)
      [ $# -gt 1 ] || { echo "gpu.sh: $1 needs a value" >&2; exit 2; }
      declare "${1#--}=$2"
      shift 2
      ;;
    *) echo "gpu.sh: unknown argument '$1'; see --help" >&2 && exit 2 ;;
  esac
done
for part in ${only//,/ }; do
  [[ $part =~ ^(tests|program|sanitizer)$ ]] || { echo "gpu.sh: --only: no part '$part'; see --help" >&2; exit 2; }
done
cd "$root"

if ! gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2> /dev/null | head -1) || [ -z "$gpu" ]; then
  echo "gpu.sh: no NVIDIA GPU here (nvidia-smi names none): nothing was tested"
  exit 77
fi
echo "GPU: $gpu"

# find_program NAME: its path in the build, empty where it is not.
find_program() {
  local folder
  for folder in "$build" "$build/bin" "$build/tests"; do
    if [ -x "$folder/$1" ]; then
      (cd "$folder" && echo "$PWD/$1")
      return
    fi
  done
}
verify=$(find_program verify)
if [ -z "$verify" ]; then
  bash build.sh --tests --cuda "$build" -DVERIFY_CUDA_ARCHITECTURES=native
  verify=$(find_program verify)
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

has_part() { [[ ,$only, == *,$1,* ]]; }

skip() {
  skipped=$((skipped + 1))
  echo "skipped: $1"
}

# check NAME COMMAND…: says whether it passed; of its output the figures, all where it did not; exit
# status 77: cases of it were skipped.
check() {
  local name=$1 status=0 start=$SECONDS
  shift
  "$@" > "$work/log" 2>&1 || status=$?
  if [ $status = 0 ]; then
    passed=$((passed + 1))
    echo "passed: $name ($((SECONDS - start)) s)"
    grep -E 'within|matched|same verdict|largest' "$work/log" | sed 's/^/    /' || true
    return 0
  fi
  # A test program that ran, and whose other cases passed; one that finds no device runs none.
  if [ $status = 77 ] && grep -q 'test(s) run' "$work/log"; then
    skip "cases of $name ($((SECONDS - start)) s):"
    sed -n 's/^skipped: /    /p' "$work/log" | sort -u
    return 0
  fi
  failed=$((failed + 1))
  tail -60 "$work/log" | sed 's/^/    /'
  echo "FAILED: $name (status $status, $((SECONDS - start)) s)"
  return 1
}

# run NAME FLAG…: a run of the program whose output is in $work/NAME.
run() {
  local name=$1
  shift
  check "verify $*" "$verify" --model "$model" --data "$data" --output "$work/$name" --place none \
    --save-json --conf 0.05 --quiet "$@"
}

records() { echo "$work/$1/verification_records.jsonl"; }
predictions() { echo "$work/$1/predictions.json"; }

# against A B WHAT SHARE SCORES: two runs' verdicts and predictions.
against() {
  check "$3: the same verdict for $4 of the labels" \
    python3 tests/compare_records.py --least "$4" "$(records "$1")" "$(records "$2")" || true
  check "$3: boxes p99.9 within 0.5 px, scores within $5" \
    python3 tests/compare_predictions.py --scores "$5" "$(predictions "$1")" "$(predictions "$2")" || true
}

two_ranks() {
  mpirun -np 2 --oversubscribe "$verify" --model "$model" --data "$data" --output "$work/ranks" --place none \
    --device cuda --batch 32 > "$work/screen" 2>&1 || { cat "$work/screen"; return 1; }
}

names_in_order() {
  python3 -c 'import json, sys; print(*(json.loads(line)["image"] for line in open(sys.argv[1])), sep="\n")' "$1"
}

part_tests() {
  local name program
  for name in network attention zoo judge tails gates; do
    program=$(find_program "test_gpu_$name")
    if [ -z "$program" ]; then
      skip "test_gpu_$name is not in $build"
    else
      check "test_gpu_$name" timeout "$limit" "$program" || true
    fi
  done
}

part_sanitizer() {
  local tool name program
  if ! command -v compute-sanitizer > /dev/null; then
    skip "compute-sanitizer is not installed"
    return
  fi
  for tool in memcheck racecheck synccheck; do
    for name in attention judge network; do
      program=$(find_program "test_gpu_$name")
      [ -z "$program" ] || check "$tool of test_gpu_$name" timeout "$limit" \
        compute-sanitizer --tool "$tool" --error-exitcode 1 "$program" || true
    done
  done
}

part_program() {
  if [ ! -e "$model" ] || [ ! -e "$data" ]; then
    skip "$model or $data is not there"
    return
  fi
  run cpu --device cpu || return 0
  if run fp16 --device cuda --batch 32; then
    against cpu fp16 "fp16 against the CPU" 0.995 0.005
    if run again --device cuda --batch 32; then
      check "the same run: the same records" cmp "$(records fp16)" "$(records again)" || true
    fi
    if run one --device cuda --batch 1; then
      against fp16 one "batch 1 against batch 32" 0.995 0.005
    fi
  fi
  if run fp32 --device cuda --no-half --batch 32; then
    against cpu fp32 "fp32 against the CPU" 0.999 0.001
  fi
  if ! command -v mpirun > /dev/null; then
    skip "mpirun is not installed"
  elif check "two ranks on one GPU" two_ranks; then
    check "two ranks on one GPU: a warning says so" grep -q "WARNING: shares " "$work/screen" || true
    if [ -e "$(records fp16)" ]; then
      check "two ranks on one GPU: the same verdicts as one rank" \
        python3 tests/compare_records.py --least 0.995 "$(records fp16)" "$(records ranks)" || true
      names_in_order "$(records fp16)" > "$work/one.txt"
      names_in_order "$(records ranks)" > "$work/two.txt"
      check "two ranks on one GPU: the records in the same order" cmp "$work/one.txt" "$work/two.txt" || true
    fi
  fi
}

for part in ${only//,/ }; do
  "part_$part"
done
echo "gpu.sh: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
