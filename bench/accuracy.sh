#!/usr/bin/env bash
# Measures how well wrong labels are found, beside others: bench/accuracy.sh --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment=$root/build/env-accuracy
build=$root/build
arguments=("$@")

while [ $# -gt 0 ]; do
  case $1 in
    --build) build=${2:?--build needs a folder}; shift ;;
    --build=*) build=${1#*=} ;;
    --help | -h) exec python3 "$root/bench/accuracy/run.py" --help ;;
  esac
  shift
done

if [ ! -d "${VERIFY_FIXTURES:-}" ]; then
  echo "skipped: accuracy: VERIFY_FIXTURES names no folder with pictures, labels and a model"
  exit 77
fi
VERIFY_FIXTURES=$(realpath "$VERIFY_FIXTURES")
export VERIFY_FIXTURES
if [ -f "$build/CMakeCache.txt" ]; then
  cmake --build "$build" --target verify -j "$(nproc)" > /dev/null
else
  bash "$root/build.sh" "$build"
fi

# cleanlab is AGPL: it is measured here, and no part of verify.
python=$environment/bin/python
[ -x "$python" ] || python3 -m venv "$environment" > /dev/null ||
  { echo "accuracy.sh: python3 -m venv does not work here (Debian: python3-venv)" >&2; exit 2; }
"$python" -c 'import cleanlab' 2> /dev/null ||
  "$python" -m pip install -q --disable-pip-version-check cleanlab==2.9.0
"$python" "$root/bench/accuracy/run.py" "${arguments[@]}"
