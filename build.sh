#!/usr/bin/env bash
# Builds the program, and installs what it needs for that; see --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat << EOF
usage: build.sh [--tests | --preset NAME] [--cuda] [FOLDER] [CMAKE OPTION...]

Installs the Debian packages that are missing, configures and builds: FOLDER/verify, nothing else.
FOLDER is build unless given; one that was configured before keeps its options.

  --tests        the tests and benchmarks, too, with warnings as errors; the same as --preset dev
  --preset NAME  a configuration of CMakePresets.json, in its own folder unless FOLDER is given
  --cuda         the CUDA backend for all GPUs; without it, it is compiled where an NVIDIA GPU is
                 visible, and for that one
  CMAKE OPTION   such as -DVERIFY_CUDA=OFF; they begin with a dash
EOF
}

fail() {
  echo "build.sh: $*" >&2
  exit 2
}

folder= preset= options=()
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --tests) preset=dev ;;
    --preset)
      [ $# -gt 1 ] || fail "--preset needs a name"
      preset=$2
      shift
      ;;
    --cuda) options+=(-DVERIFY_CUDA=ON) ;;
    --*) fail "unknown option $1; see --help" ;;
    -*) options+=("$1") ;;
    *)
      [ -z "$folder" ] || fail "two folders: $folder and $1"
      folder=$1
      ;;
  esac
  shift
done
cd "$root"

packages=(run build)
case $preset in
  '' | user | cuda) ;; # the program alone
  *) packages+=(test) ;;
esac
bash packages/install.sh "${packages[@]}"

configure=(cmake -S .) build=(cmake --build)
if [ -n "$preset" ]; then
  configure+=(--preset "$preset")
  build+=(--preset "$preset")
  if [ -n "$folder" ]; then
    configure+=(-B "$folder")
    build=(cmake --build "$folder")
  fi
else
  folder=${folder:-build}
  configure+=(-B "$folder")
  build+=("$folder")
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# step WHAT COMMAND…: shows how far it is; all that it said, in a file that stays, where it fails.
step() {
  local what=$1 kept=${folder:-build/$preset}.log
  shift
  "$@" 2>&1 | bash cmake/progress.sh "$what" "$log" || {
    tail -40 "$log" >&2
    mkdir -p "$(dirname "$kept")" && cp "$log" "$kept"
    echo "build.sh: the build failed; all of it is in $kept" >&2
    exit 1
  }
}

SECONDS=0
step Configuring "${configure[@]}" "${options[@]}"
sed -n 's/^-- \(CUDA backend: .*\)/\1/p' "$log"
step Compiling "${build[@]}" -j "$(nproc)"
echo "Built in $SECONDS s"
