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
seconds=560
results=
expected=
rehearse=

usage() {
  cat << EOF
usage: tests/gpu.sh [--build FOLDER] [--model FILE] [--data PATH] [--only PARTS] [--results FOLDER]
                    [--expected FOLDER]

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
  --limit SECONDS  longest time of one check (default: $limit)
  --seconds N      longest time of all; what would begin later is left out (default: $seconds)
  --results FOLDER summary.txt, a line for each check as soon as it has ended, and logs.tar.gz, the
                   log of each; summary and logs so far are there whenever it is interrupted
  --expected FOLDER the output of the CPU's run over the same model and data, with the flags that this
                   command gives it, so that it need not be made here (tests/gpu_pack.sh)
  --rehearse       on a machine without a GPU, with stand-ins: the emulated backend and its tests, the
                   demo at 64 pixels, no sanitizer

exit status: 0 all passed, 1 something failed, 2 bad usage, 77 no GPU
EOF
}

while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --rehearse) rehearse=1 && shift ;;
    --build | --model | --data | --only | --limit | --seconds | --results | --expected)
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

if [ -n "$rehearse" ]; then
  gpu="none: a rehearsal with stand-ins"
elif ! gpu=$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2> /dev/null | head -1) || [ -z "$gpu" ]; then
  echo "gpu.sh: no NVIDIA GPU here (nvidia-smi names none): nothing was tested"
  exit 77
fi

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
verify=$(find_program "verify${rehearse:+_emulated}")
if [ -z "$verify" ] && [ -n "$rehearse" ]; then
  echo "gpu.sh: --rehearse: no verify_emulated in $build" >&2
  exit 2
elif [ -z "$verify" ]; then
  bash build.sh --tests --cuda "$build" -DVERIFY_CUDA_ARCHITECTURES=native
  verify=$(find_program verify)
fi
work=$(mktemp -d)
[ -z "$expected" ] || expected=$(realpath "$expected")
if [ -n "$results" ]; then
  mkdir -p "$results" && results=$(realpath "$results") && : > "$results/summary.txt"
fi

# say LINE: on the screen and, at once, in the summary.
say() {
  echo "$1"
  [ -z "$results" ] || echo "$1" >> "$results/summary.txt"
}

keep_logs() {
  [ -z "$results" ] || ! ls "$work"/*.log > /dev/null 2>&1 || (cd "$work" && tar -czf "$results/logs.tar.gz" -- *.log)
}
trap 'keep_logs; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
passed=0 failed=0 skipped=0 checked=0
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

say "GPU: $gpu"
kind=test_gpu_
[ -z "$rehearse" ] || kind=test_emulated_

has_part() { [[ ,$only, == *,$1,* ]]; }

skip() {
  skipped=$((skipped + 1))
  say "skipped: $1"
}

# Seconds that the next check may take.
seconds_left() {
  local left=$((seconds - SECONDS))
  echo $((left < limit ? left : limit))
}

# check NAME COMMAND…: says whether it passed; of its output the figures, all where it did not; exit
# status 77: cases of it were skipped.
check() {
  local name=$1 status=0 start=$SECONDS left log
  shift
  left=$(seconds_left)
  if [ "$left" -lt 1 ]; then
    skip "$name: the time is over"
    return 1
  fi
  checked=$((checked + 1))
  log=$work/$(printf '%02d' $checked)-$(tr -cs 'a-zA-Z0-9\n' '-' <<< "${name##*/}" | cut -c1-60).log
  # A function of this file limits its own programs.
  if [ "$(type -t "$1")" = function ]; then
    "$@" > "$log" 2>&1 || status=$?
  else
    timeout -k 5 "$left" "$@" > "$log" 2>&1 || status=$?
  fi
  if [ $status = 0 ]; then
    passed=$((passed + 1))
    say "passed: $name ($((SECONDS - start)) s)"
    grep -E 'within|matched|same verdict|largest' "$log" | sed 's/^/    /' || true
    return 0
  fi
  # A test program that ran, and whose other cases passed; one that finds no device runs none.
  if [ $status = 77 ] && grep -q 'test(s) run' "$log"; then
    skip "cases of $name ($((SECONDS - start)) s):"
    sed -n 's/^skipped: /    /p' "$log" | sort -u
    return 0
  fi
  failed=$((failed + 1))
  tail -60 "$log" | sed 's/^/    /'
  say "FAILED: $name (status $status, $((SECONDS - start)) s)"
  return 1
}

small=() batch=32
if [ -n "$rehearse" ]; then
  small=(--imgsz 64) batch=2
  mkdir -p "$work/data/images" "$work/data/labels"
  for picture in demo/data/images/*000[1-4].*; do
    name=$(basename "${picture%.*}")
    cp "$picture" "$work/data/images/" && cp "demo/data/labels/$name.txt" "$work/data/labels/"
  done
  model=demo/model.onnx data=$work/data
fi

# run NAME FLAG…: a run of the program whose output is in $work/NAME.
run() {
  local name=$1
  shift
  check "verify $*" "$verify" --model "$model" --data "$data" --output "$work/$name" --place none \
    --save-json --conf 0.05 --quiet "${small[@]}" "$@"
}

# cpu_run: what the others are compared with.
cpu_run() {
  if [ -n "$expected" ]; then
    mkdir "$work/cpu" && cp "$expected"/{verification_records.jsonl,predictions.json} "$work/cpu/"
  else
    run cpu --device cpu
  fi
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
  timeout -k 5 "$(seconds_left)" mpirun -np 2 --oversubscribe "$verify" --model "$model" --data "$data" --output "$work/ranks" --place none \
    --device cuda --batch "$batch" "${small[@]}" > "$work/screen" 2>&1 || { cat "$work/screen"; return 1; }
}

names_in_order() {
  python3 -c 'import json, sys; print(*(json.loads(line)["image"] for line in open(sys.argv[1])), sep="\n")' "$1"
}

part_tests() {
  local name program
  for name in network attention zoo judge tails gates; do
    program=$(find_program "$kind$name")
    if [ -z "$program" ]; then
      skip "test_gpu_$name is not in $build"
    else
      check "test_gpu_$name" "$program" || true
    fi
  done
}

part_sanitizer() {
  local tool name program
  if [ -n "$rehearse" ] || ! command -v compute-sanitizer > /dev/null; then
    skip "compute-sanitizer is not installed"
    return
  fi
  for tool in memcheck racecheck synccheck; do
    for name in attention judge network; do
      program=$(find_program "test_gpu_$name")
      [ -z "$program" ] || check "$tool of test_gpu_$name" \
        compute-sanitizer --tool "$tool" --error-exitcode 1 "$program" || true
    done
  done
}

part_program() {
  if [ ! -e "$model" ] || [ ! -e "$data" ]; then
    skip "$model or $data is not there"
    return
  fi
  cpu_run || return 0
  if run fp16 --device cuda --batch "$batch"; then
    against cpu fp16 "fp16 against the CPU" 0.995 0.005
    if run again --device cuda --batch "$batch"; then
      check "the same run: the same records" cmp "$(records fp16)" "$(records again)" || true
    fi
    if run one --device cuda --batch 1; then
      against fp16 one "batch 1 against batch $batch" 0.995 0.005
    fi
  fi
  if run fp32 --device cuda --no-half --batch "$batch"; then
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
say "gpu.sh: $passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
