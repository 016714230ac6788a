#!/usr/bin/env bash
# What a network that learned wrong labels by heart still says of them, and what folds mend:
# bench/learned_by_heart.sh --help. Half an hour on two idle cores.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment=$root/build/env-train
build=$root/build
arguments=("$@")

while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2:?--build needs a folder}; shift ;;
    --build=*) build=${1#*=} ;;
  esac
  shift
done

if [ -f "$build/CMakeCache.txt" ]; then
  cmake --build "$build" --target verify -j "$(nproc)" > /dev/null
else
  bash "$root/build.sh" "$build"
fi
# Several GB: PyTorch from PyPI brings what it has for GPUs.
python=$environment/bin/python
[ -x "$python" ] || python3 -m venv "$environment" > /dev/null ||
  { echo "learned_by_heart.sh: python3 -m venv does not work here (Debian: python3-venv)" >&2; exit 2; }
"$python" -c 'import torch, sklearn, PIL, onnx' 2> /dev/null ||
  "$python" -m pip install -q --disable-pip-version-check torch scikit-learn pillow numpy onnx
"$python" "$root/bench/learned_by_heart.py" "${arguments[@]}"
