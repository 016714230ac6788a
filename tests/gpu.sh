#!/usr/bin/env bash
# The tests that need an NVIDIA GPU; exit status 77 where there is none. See --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=build
model=../shared/fixtures/models/yolov8n.onnx
data=../shared/fixtures/coco128/data.yaml

usage() {
  cat << EOF
usage: tests/gpu.sh [--build FOLDER] [--model FILE] [--data PATH]

Checks the CUDA backend on the first GPU:
  - the unit tests that need a GPU (ctest -L gpu), once more under compute-sanitizer where it is found
  - verify --device cuda, in fp16 and with --no-half, against --device cpu: the same verdict for at
    least 99.5% (fp16) and 99.9% (fp32) of the labels

  --build FOLDER   a finished build, or where to make one (default: $build)
  --model FILE     default: $model
  --data PATH      default: $data

exit status: 0 all passed, 1 something failed, 2 bad usage, 77 no GPU
EOF
}

while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --build | --model | --data)
      [ $# -gt 1 ] || { echo "gpu.sh: $1 needs a value" >&2; exit 2; }
      declare "${1#--}=$2"
      shift 2
      ;;
    *) echo "gpu.sh: unknown argument '$1'; see --help" >&2 && exit 2 ;;
  esac
done
cd "$root"

if ! gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2> /dev/null | head -1) || [ -z "$gpu" ]; then
  echo "gpu.sh: no NVIDIA GPU here (nvidia-smi names none): nothing was tested"
  exit 77
fi
echo "GPU: $gpu"

[ -x "$build/verify" ] || bash build.sh "$build" -DVERIFY_CUDA=ON
[ -f "$build/CTestTestfile.cmake" ] || { echo "gpu.sh: $build has no tests" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# check NAME COMMAND…: says whether it passed; its output only where it did not.
check() {
  local name=$1
  shift
  if "$@" > "$work/log" 2>&1; then
    echo "passed: $name"
    return 0
  fi
  failed=$((failed + 1))
  cat "$work/log"
  echo "FAILED: $name"
  return 1
}

check "unit tests" ctest --test-dir "$build" -L gpu --output-on-failure --no-tests=error || true
if command -v compute-sanitizer > /dev/null; then
  for program in $(ctest --test-dir "$build" -L gpu --show-only=json-v1 |
    python3 -c 'import json, sys; print(*sorted({t["command"][0] for t in json.load(sys.stdin)["tests"] if "command" in t}))'); do
    check "memcheck of ${program##*/}" compute-sanitizer --tool memcheck --error-exitcode 1 "$program" || true
  done
else
  echo "skipped: compute-sanitizer is not installed"
fi

# run NAME FLAG…: a run of the program whose records are $work/NAME/verification_records.jsonl.
run() {
  local name=$1
  shift
  check "verify $*" "$build/verify" --model "$model" --data "$data" --output "$work/$name" --place none --quiet "$@"
}

# compare NAME SHARE: with the run on the CPU.
compare() {
  python3 tests/compare_records.py --least "$2" "$work/cpu/verification_records.jsonl" \
    "$work/$1/verification_records.jsonl" && echo "passed: $1 against cpu" && return
  failed=$((failed + 1))
  echo "FAILED: $1 against cpu"
}

if [ -e "$model" ] && [ -e "$data" ]; then
  if run cpu --device cpu; then
    if run cuda-fp16 --device cuda; then compare cuda-fp16 0.995; fi
    if run cuda-fp32 --device cuda --no-half; then compare cuda-fp32 0.999; fi
    if run cuda-batch-1 --device cuda --batch 1; then compare cuda-batch-1 0.995; fi
  fi
else
  echo "skipped: $model or $data is not there"
fi

[ "$failed" = 0 ] || { echo "gpu.sh: $failed failed"; exit 1; }
echo "gpu.sh: all passed"
