#!/usr/bin/env bash
# Times verify on the CPU beside other engines: bench/run.sh --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
driver=$root/bench/peers/run.py
environment=
build=$root/build
arguments=("$@")

while [ $# -gt 0 ]; do
  case $1 in
    --help | -h) exec python3 "$driver" --help ;;
    --env | --build)
      [ $# -gt 1 ] || { echo "run.sh: $1 needs a folder" >&2; exit 2; }
      [ "$1" = --env ] && environment=$2 || build=$2
      shift
      ;;
    --networks | --networks=*) driver=$root/bench/peers/networks.py ;;
    --env=*) environment=${1#*=} ;;
    --build=*) build=${1#*=} ;;
  esac
  shift
done

# Also says what is wrong with the arguments, and leaves with 77 where there is nothing to measure with.
packages=$(python3 "$driver" --packages "${arguments[@]}") || { status=$?; echo "$packages"; exit $status; }

if [ -f "$build/CMakeCache.txt" ]; then
  cmake --build "$build" --target verify bench_worker bench_cpu_layers -j "$(nproc)" > /dev/null
else
  bash "$root/build.sh" "$build" -DVERIFY_BENCH=ON -DVERIFY_CUDA=OFF
fi
grep -q '^CMAKE_BUILD_TYPE:[A-Z]*=Release' "$build/CMakeCache.txt" ||
  { echo "run.sh: $build is not a Release build" >&2; exit 2; }

if [ -z "$environment" ]; then
  environment=$(mktemp -d "${TMPDIR:-/tmp}/verify-peers-XXXXXX")
  trap 'rm -rf "$environment"' EXIT
fi
python=$environment/bin/python
[ -x "$python" ] || python3 -m venv "$environment" > /dev/null ||
  { echo "run.sh: python3 -m venv does not work here (Debian: python3-venv)" >&2; exit 2; }
install() {
  "$python" -m pip install -q --disable-pip-version-check "$@" > "$environment/pip.log" 2>&1
}
# All at once; else one by one: what cannot be had is left out, and the driver says so.
echo "run.sh: installing" $packages >&2
# shellcheck disable=SC2086
if ! install $packages; then
  for package in $packages; do
    install "$package" ||
      { grep -v '^ *$' "$environment/pip.log" | tail -1 | sed "s/^/run.sh: not installed: $package: /" >&2; }
  done
fi
# Another package may have brought the OpenCV that needs a desktop's libraries.
"$python" -c 'import cv2' 2> /dev/null ||
  install --force-reinstall --no-deps opencv-python-headless || true
echo "run.sh: installed after $SECONDS s" >&2

"$python" "$driver" "${arguments[@]}" --build "$build"
