#!/usr/bin/env bash
# Measures the CUDA backend on the first GPU. See --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
models=()
data=
copies=16
batches=1,8,16,32,64
only=forward,layers,end-to-end,baseline
variants=eager,graph,compile,autotune
seconds=540
rounds=200
output=
python=python3

usage() {
  cat << EOF
usage: bench/gpu.sh [MODEL.onnx…] [flags]

Measures the CUDA backend on the first GPU and writes Markdown to bench/results/gpu-NAME-DATE.md, a
section for each part; later calls of the day add theirs. No part starts anything new once the time
is over, and says what it left out.

  forward     the forward from pictures in memory to findings (bench_backend), and the network alone
              (bench_layers), fp16 and fp32
  layers      each step's time and bound, fp16, the largest batch up to 32 (bench_layers)
  end-to-end  the program over DATA's pictures, each --copies times by links: images a second
  baseline    PyTorch on the same network, alternating with ours (torch_baseline.py)

  MODEL            default: the demo's; make_shapes.py FOLDER writes YOLOv8 n, s, m, x
  --only PARTS     default: $only
  --quick          batches 1 and 32, fewer rounds, no max-autotune
  --batches LIST   default: $batches
  --variants LIST  of PyTorch, see torch_baseline.py --help (default: $variants)
  --data PATH      a folder of images/ and labels/ (default: the demo's data)
  --copies N       of each picture (default: $copies)
  --seconds N      when to stop starting new measurements (default: $seconds)
  --build FOLDER   where the programs are, also as FOLDER/bin (default: build)
  --output FILE    instead of the one in bench/results
  --python FILE    with torch and numpy (default: $python)

exit status: 0 all measured, 1 something failed or was left out, 2 bad usage, 77 no GPU
EOF
}

bad() {
  echo "gpu.sh: $1; see --help" >&2
  exit 2
}
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --quick)
      batches=1,32 rounds=50 variants=eager,graph,compile copies=4
      shift
      ;;
    --only | --batches | --variants | --data | --copies | --seconds | --build | --output | --python)
      [ $# -gt 1 ] || bad "$1 needs a value"
      declare "${1#--}=$2"
      shift 2
      ;;
    -*) bad "unknown flag '$1'" ;;
    *)
      models+=("$1")
      shift
      ;;
  esac
done
for part in ${only//,/ }; do
  [[ $part =~ ^(forward|layers|end-to-end|baseline)$ ]] || bad "--only: no part '$part'"
done
[ ${#models[@]} -gt 0 ] || models=("$root/demo/model.onnx")
data=${data:-$root/demo/data}

if ! gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader 2> /dev/null | head -1) || [ -z "$gpu" ]; then
  echo "gpu.sh: no NVIDIA GPU here (nvidia-smi names none): nothing was measured"
  exit 77
fi
for folder in "$build/bin" "$build"; do
  [ ! -x "$folder/verify" ] || programs=$folder
done
if [ -z "${programs:-}" ]; then
  bash "$root/build.sh" --cuda "$build" -DVERIFY_BENCH=ON
  programs=$build
fi
if [ -z "$output" ]; then
  mkdir -p "$root/bench/results"
  output=$root/bench/results/gpu-$(tr -cs 'A-Za-z0-9\n' - <<< "$gpu")-$(date -u +%F).md
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

say() { printf '%s\n' "$*" | tee -a "$output"; }
fail() {
  failed=1
  say "$1"
}
# in_time WHAT: whether there is time left to begin it.
in_time() {
  [ $SECONDS -lt "$seconds" ] && return
  fail "- not measured, out of time: $1"
  return 1
}
name_of() { basename "$1" .onnx; }
# imgsz_of MODEL: the demo's network is made for 256, all others are measured at 640.
imgsz_of() { [ "$(realpath "$1")" = "$root/demo/model.onnx" ] && echo 256 || echo 640; }
smi() { nvidia-smi --query-gpu="$1" --format=csv,noheader | head -1; }
json() { "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }

header() {
  [ -s "$output" ] || say "# verify on $gpu, $(date -u +%F)"
  say ""
  say "$(date -u +%FT%TZ); GPU, driver, highest SM clock: $(smi name,driver_version,clocks.max.sm)"
  say "Processor: $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) threads. CUDA and cuDNN of PyTorch:" \
    "$("$python" -c 'import torch; print(torch.version.cuda, torch.backends.cudnn.version())' 2> /dev/null || echo "not installed")"
}
clocks() {
  say ""
  say "Clocks of SM and memory, power, temperature now: $(smi clocks.sm,clocks.mem,power.draw,temperature.gpu)"
}

# network_ms MODEL BATCH PRECISION: the network alone, in ms.
network_ms() {
  "$programs/bench_layers" "$1" --imgsz "$(imgsz_of "$1")" --batch "$2" --rounds "$rounds" --json \
    $([ "$3" = fp16 ] || echo "--$3") > "$work/forward.json" 2> "$work/log" && json "$work/forward.json" forward_ms
}

part_forward() {
  local model batch precision ms whole
  say "| model | precision | batch | network ms | network img/s | bench_backend |"
  say "| --- | --- | --: | --: | --: | --- |"
  for model in "${models[@]}"; do
    for precision in fp16 fp32; do
      for batch in ${batches//,/ }; do
        in_time "$(name_of "$model") $precision, batch $batch" || return 0
        if ! ms=$(network_ms "$model" "$batch" "$precision"); then
          fail "| $(name_of "$model") | $precision | $batch | failed | | $(tail -1 "$work/log") |"
          continue
        fi
        whole=$("$programs/bench_backend" cuda "$model" "$(imgsz_of "$model")" "$batch" "$(nproc)" "$rounds" \
          $([ "$precision" = fp16 ] || echo "$precision") 2> "$work/log") ||
          { failed=1 whole="failed: $(tail -1 "$work/log")"; }
        say "| $(name_of "$model") | $precision | $batch | $(printf %.3f "$ms") |" \
          "$("$python" -c 'import sys; print(round(1e3 * float(sys.argv[1]) / float(sys.argv[2])))' "$batch" "$ms") |" \
          "${whole#*: } |"
      done
    done
  done
  clocks
}

part_layers() {
  local model batch=1 b
  for b in ${batches//,/ }; do
    [ "$b" -gt 32 ] || [ "$b" -lt "$batch" ] || batch=$b
  done
  for model in "${models[@]}"; do
    in_time "layers of $(name_of "$model")" || return 0
    say "### $(name_of "$model")"
    say ""
    if "$programs/bench_layers" "$model" --imgsz "$(imgsz_of "$model")" --batch "$batch" --rounds "$rounds" > "$work/table" 2> "$work/log"; then
      say "$(cat "$work/table")"
    else
      fail "- bench_layers: $(tail -1 "$work/log")"
    fi
    say ""
  done
  clocks
}

# The pictures many times over, so that starting up does not count for much.
make_data() {
  local file folder i
  folder=$(cd "$data" && pwd)
  mkdir -p "$work/data/images" "$work/data/labels"
  for ((i = 0; i < copies; i++)); do
    for file in "$folder"/images/*; do
      ln -s "$file" "$work/data/images/$i-$(basename "$file")"
    done
    for file in "$folder"/labels/*.txt; do
      ln -s "$file" "$work/data/labels/$i-$(basename "$file")"
    done
  done
}

part_end-to-end() {
  local model batch precision report
  report=$work/output/verification_report.json
  [ -d "$data/images" ] || { fail "- $data has no folder images"; return 0; }
  make_data
  say "$(find "$work/data/images" -name '*.*' | wc -l) pictures."
  say ""
  say "| model | precision | batch | img/s |"
  say "| --- | --- | --: | --: |"
  for model in "${models[@]}"; do
    for precision in fp16 fp32; do
      for batch in ${batches//,/ }; do
        in_time "$(name_of "$model") $precision end to end, batch $batch" || return 0
        rm -rf "$work/output"
        if "$programs/verify" --model "$model" --data "$work/data" --device cuda --batch "$batch" --place none --quiet \
          --imgsz "$(imgsz_of "$model")" --output "$work/output" $([ "$precision" = fp16 ] || echo --no-half) > "$work/log" 2>&1; then
          say "| $(name_of "$model") | $precision | $batch | $(sed -n 's/.*"images_per_second": *\([0-9.]*\).*/\1/p' "$report" | head -1) |"
        else
          fail "| $(name_of "$model") | $precision | $batch | failed: $(tail -1 "$work/log") |"
        fi
      done
    done
  done
  clocks
}

part_baseline() {
  local model
  for model in "${models[@]}"; do
    in_time "PyTorch on $(name_of "$model")" || return 0
    "$python" "$root/bench/torch_baseline.py" "$model" --imgsz "$(imgsz_of "$model")" --batches "$batches" \
      --variants "$variants" --times "$rounds" --seconds $((seconds - SECONDS)) --program "$programs/bench_layers" \
      --json "$work/$(name_of "$model").json" > "$work/table" 2> "$work/log" || failed=1
    say "$(cat "$work/table")"
    say "$(grep -E '^[^ ]+, batch' "$work/log" | sed 's/^/- /' || true)"
    [ -s "$work/table" ] || fail "- torch_baseline.py: $(tail -1 "$work/log")"
    [ ! -e "$work/$(name_of "$model").json" ] || cp "$work/$(name_of "$model").json" "${output%.md}-$(name_of "$model").json"
  done
  clocks
}

header
for part in ${only//,/ }; do
  say ""
  say "## $part"
  say ""
  "part_$part"
done
echo "gpu.sh: written to $output"
exit $failed
