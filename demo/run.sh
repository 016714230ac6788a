#!/usr/bin/env bash
# Builds verify, runs it on the demo pictures with two processes, and says what it found of what was
# planted: demo/run.sh [--cuda] [CMAKE OPTION...]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
bash ./build.sh "$@"

. slurm/mpi_env.sh
# That of the MPI that it was built with.
mpirun=$(sed -n 's/^MPIEXEC_EXECUTABLE:[A-Z]*=//p' build/CMakeCache.txt)
"$mpirun" -np 2 build/verify --model demo/model.onnx --data demo/data/data.yaml --imgsz 256 \
    --output demo/output --overwrite

python3 demo/summary.py demo/output demo/data/truth.json
echo
echo "Look at the findings, decide, and go on: $root/demo/output/review/index.html"
