#!/usr/bin/env bash
# How long `verify rejudge` takes on a large run, there and back: bench/rejudge.sh [IMAGES [RANKS]]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
images=${1:-258180}
ranks=${2:-2}
build=${BUILD:-$root/build}
# shellcheck source=slurm/mpi_env.sh
. "$root/slurm/mpi_env.sh"
folder=$(mktemp -d "${TMPDIR:-/tmp}/verify-rejudge-XXXXXX")
trap 'rm -rf "$folder"' EXIT

cp -r "$root/demo/data" "$folder/data"
"$build/verify" --model "$root/demo/model.onnx" --data "$folder/data/data.yaml" --imgsz 256 \
  --output "$folder/small" --quiet
python3 "$root/bench/grow_output.py" "$folder/small" "$folder/large" "$images"
sync

before=$(sha256sum < "$folder/large/verification_records.jsonl")
bytes() { stat -c %s "$folder/large/$1"; }
echo "$images images: records $(bytes verification_records.jsonl) bytes, evidence $(bytes .verify/evidence)"
for flags in "--max-margin 2" "--max-margin 3.5" "--min-own 1" \
  "--min-own 0.15"; do
  start=$(date +%s.%N)
  # shellcheck disable=SC2086
  moved=$(mpirun -np "$ranks" "$build/verify" rejudge "$folder/large" $flags | grep Moved)
  printf '%-36s %5.1f s, %s\n' "$flags" "$(awk "BEGIN { print $(date +%s.%N) - $start }")" "${moved#  }"
done
[ "$before" = "$(sha256sum < "$folder/large/verification_records.jsonl")" ] ||
  { echo "rejudge.sh: the records are not what they were" >&2; exit 1; }
