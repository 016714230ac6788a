#!/usr/bin/env bash
# Builds verify, runs it on the demo pictures with two processes, and says what it found of what was planted.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
bash ./build.sh

# Two processes wherever this runs: as root in a container, on a single core.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1
mpirun -np 2 build/verify --model demo/model.onnx --data demo/data/data.yaml --imgsz 256 \
    --output demo/output --overwrite

python3 demo/summary.py demo/output demo/data/truth.json
