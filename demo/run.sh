#!/usr/bin/env bash
# Builds verify, runs it on the demo pictures with two processes, and says what it found of what was
# planted: demo/run.sh [--task detect|segment|obb|pose] [--cuda] [CMAKE OPTION...]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
model=demo/model.onnx data=demo/data imgsz=256 output=demo/output
if [ "${1-}" = --task ]; then
  case ${2-} in
    detect) ;;
    segment | obb | pose)
      model=demo/tasks/$2/model.onnx data=demo/tasks/$2 imgsz=160 output=demo/output-$2
      ;;
    *)
      echo "run.sh: --task takes detect, segment, obb or pose" >&2
      exit 2
      ;;
  esac
  shift 2
fi
[ -f "$model" ] || {
  echo "run.sh: $model is not there: demo/README.md says how to train it" >&2
  exit 2
}
bash ./build.sh "$@"

. slurm/mpi_env.sh
# That of the MPI that it was built with.
mpirun=$(sed -n 's/^MPIEXEC_EXECUTABLE:[A-Z]*=//p' build/CMakeCache.txt)
"$mpirun" -np 2 build/verify --model "$model" --data "$data/data.yaml" --imgsz "$imgsz" \
    --output "$output" --overwrite

python3 demo/summary.py "$output" "$data/truth.json"
echo
echo "Look at the findings, decide, and go on: $root/$output/review/index.html"
