#!/bin/bash
# Reads what `verify export` writes by the tools' own packages, of these versions, in environments
# that are thrown away. Run by hand: it needs pip's index, and some minutes.
#   bash tests/export_validate.sh [BUILD]
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "${1:-$root/build}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. "$root/slurm/mpi_env.sh"

# The demo's pictures, and some of names that are hard to write down.
cp -r "$root/demo/data" "$work/data"
cd "$work/data/images"
odd() {
    for suffix in jpg png; do
        [ -e "$1.$suffix" ] || continue
        mv "$1.$suffix" "$2.$suffix"
        mv "../labels/$1.txt" "../labels/$2.txt"
    done
}
odd 0005 'two words.and.dots'
odd 0014 'quo"te'\''s <b> & %41'
odd 0019 'größe 量 «x»'
cd "$work"
"$build/verify" --model "$root/demo/model.onnx" --data data/data.yaml --imgsz 256 > run.log
status=0
while read -r format module requirement; do
    "$build/verify" export output --format "$format" --quiet
    python3 -m venv "environment-$format"
    # shellcheck disable=SC2086 # several packages
    "environment-$format/bin/pip" install --quiet ${requirement//,/ }
    HOME=$work "environment-$format/bin/python" -c "import $module"
    HOME=$work "environment-$format/bin/python" "$root/tests/export_validate.py" "$format" output ||
        status=1
    rm -rf "environment-$format"
done <<'TOOLS'
label-studio label_studio_sdk label-studio-sdk==2.1.2
cvat datumaro datumaro==1.13.12
coco pycocotools pycocotools==2.0.11
x-anylabeling anylabeling x-anylabeling-cvhub[cpu]==4.2.1
fiftyone fiftyone fiftyone==1.22.1
TOOLS
exit $status
