#!/usr/bin/env bash
# Builds the image of packaging/Containerfile and runs it on the demo's pictures, as root and without a
# registry: the base is a Debian 12 made by debootstrap. Needs debootstrap and buildah (else status 77).
#   tests/container.sh [MIRROR]     of Debian's packages; default: where debootstrap takes them
# $APT_CONFIG_FILE: a file for the base's /etc/apt/apt.conf.d, where apt needs one to reach its packages.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
for tool in debootstrap buildah; do
  command -v $tool > /dev/null || { echo "skipped: container: $tool is not installed" && exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: container: only root can make a system" && exit 77; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/verify-container-XXXXXX")
trap 'rm -rf --one-file-system "$folder"' EXIT
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs # no daemon, no name spaces, no overlays
image() { buildah --root "$folder/store" --runroot "$folder/run" "$@"; }

debootstrap --variant=minbase bookworm "$folder/base" ${1:+"$1"} > "$folder/log" 2>&1 ||
  { tail -5 "$folder/log" && exit 1; }
[ -z "${APT_CONFIG_FILE:-}" ] || cp "$APT_CONFIG_FILE" "$folder/base/etc/apt/apt.conf.d/"
bare=$(image from scratch)
image add -q "$bare" "$folder/base" / > /dev/null
image commit -q "$bare" localhost/base > /dev/null
git clone -q "$root" "$folder/source"
commit=$(git -C "$root" rev-parse --short HEAD)
image build -f packaging/Containerfile --build-arg BUILD_IMAGE=localhost/base \
  --build-arg RUN_IMAGE=localhost/base --build-arg COMMIT="$commit" -t localhost/verify-labels \
  "$folder/source" > "$folder/log" 2>&1 || { tail -30 "$folder/log" && exit 1; }

cp -r "$root/demo" "$folder/demo"
made=$(image from localhost/verify-labels)
inside() { image run -v "$folder/demo:/data" --workingdir /data "$made" -- "$@"; }
inside verify --version | tee "$folder/version"
grep -q "commit: $commit" "$folder/version"
inside mpirun -np 2 --oversubscribe verify --model model.onnx --data data/data.yaml --imgsz 256 --output output |
  tail -4
grep -q '"status": *"complete"' "$folder/demo/output/verification_report.json"
echo "container: built, and it verified the demo's pictures on two ranks"
