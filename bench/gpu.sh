#!/usr/bin/env bash
# Times the CUDA backend: forward with judging in fp16 and fp32 at batches 1 to 64, and the whole
# program end to end, for each model given.
#   bench/gpu.sh MODEL.onnx… [--data DATA]      FOLDER=build by default holds the programs
#   bench/gpu.sh --help
# Prints a table for bench/results, with GPU and driver. Exits 77 where there is no GPU.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${FOLDER:-$root/build}
models=() data=
while [ $# -gt 0 ]; do
  case $1 in
    --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    --data) data=$2; shift 2 ;;
    *) models+=("$1"); shift ;;
  esac
done
[ ${#models[@]} -gt 0 ] || models=("$root/demo/model.onnx")
command -v nvidia-smi > /dev/null && nvidia-smi -L | grep -q GPU || { echo "bench/gpu.sh: no GPU here: nothing was measured"; exit 77; }
[ -x "$folder/bench_backend" ] || bash "$root/build.sh" "$folder"

echo "date: $(date -u +%F)"
nvidia-smi --query-gpu=name,driver_version,clocks.max.sm --format=csv,noheader | sed 's/^/GPU: /'
for model in "${models[@]}"; do
  for batch in 1 8 16 32 64; do
    for precision in "" fp32; do
      echo "$(basename "$model") ${precision:-fp16} $("$folder/bench_backend" cuda "$model" 640 $batch "$(nproc)" 100 $precision)"
    done
  done
  if [ -n "$data" ]; then
    out=$(mktemp -d)
    "$folder/verify" --model "$model" --data "$data" --device cuda --place none --quiet --output "$out/o"
    echo "$(basename "$model") end to end: $(grep -o '"images_per_second": [0-9.]*' "$out/o/verification_report.json")"
    rm -rf "$out"
  fi
done
