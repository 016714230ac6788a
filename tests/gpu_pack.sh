#!/usr/bin/env bash
# One archive with all that tests/gpu.sh needs on a machine that has nothing but a GPU. See --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build
megabytes=60
rehearse=
output=

usage() {
  cat << EOF
usage: tests/gpu_pack.sh [--build FOLDER] [--rehearse] OUTPUT.tar.xz (or .tar.gz, which is larger)

Packs the programs of a finished build, stripped, their libraries but glibc's, the driver's, CUDA's
and cuDNN's, Open MPI's files, the demo, and what VERIFY_FIXTURES names of yolov8n and coco128, with the
CPU's records and predictions of it. There:

    tar -xf OUTPUT.tar.xz && bash verify-gpu/run.sh [FLAGS OF tests/gpu.sh]

cuDNN is found where LD_LIBRARY_PATH or the system has it, or among Python's packages. Results are
in verify-gpu/results: summary.txt and logs.tar.gz.

  --build FOLDER  with -DVERIFY_CUDA=ON -DVERIFY_CUDA_ARCHITECTURES for that GPU (default: build)
  --rehearse      pack the emulated programs instead, for run.sh --rehearse

exit status: 0 packed, 1 something is missing or the archive is larger than $megabytes MB, 2 bad usage
EOF
}

while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --rehearse) rehearse=1 && shift ;;
    --build)
      [ $# -gt 1 ] || { echo "gpu_pack.sh: $1 needs a value" >&2; exit 2; }
      build=$(realpath "$2") && shift 2
      ;;
    -*) echo "gpu_pack.sh: unknown argument '$1'; see --help" >&2 && exit 2 ;;
    *) output=$1 && shift ;;
  esac
done
[ -n "$output" ] || { usage >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pack=$work/verify-gpu
mkdir -p "$pack"/{bin,lib,mpi,tests,bench}

if [ -n "$rehearse" ]; then
  programs=("$build"/tests/verify_emulated "$build"/tests/test_emulated_{network,attention})
else
  programs=("$build"/verify "$build"/libverify_cuda.so "$build"/tests/test_gpu_*)
  for name in bench_backend bench_layers; do
    for program in "$build/$name" "$build/bench/$name"; do
      [ ! -x "$program" ] || programs+=("$program")
    done
  done
fi
for program in "${programs[@]}"; do
  [ -e "$program" ] || { echo "gpu_pack.sh: $program is not built" >&2; exit 1; }
  cp "$program" "$pack/bin/"
done
find "$pack/bin" -type f -exec strip {} +

# Open MPI's files, each where it is below the prefix, so that OPAL_PREFIX finds them.
mpi_path() { ompi_info --path "$1" --parsable | cut -d: -f3; }
prefix=$(mpi_path prefix)
for path in "$(mpi_path pkglibdir)" "$(mpi_path pkgdatadir)"; do
  mkdir -p "$pack/mpi/$(dirname "${path#"$prefix"/}")"
  cp -rL "$path" "$pack/mpi/${path#"$prefix"/}"
done
mkdir -p "$pack/mpi/bin"
for name in mpirun orted; do
  cp -L "$(command -v $name)" "$pack/mpi/bin/"
done

find "$pack" -type f \( -perm -u+x -o -name '*.so*' \) -exec ldd {} + 2> /dev/null |
  awk '$2 == "=>" && $3 ~ /^\// {print $3}' | sort -u |
  grep -vE '/(ld-linux[^/]*|lib(c|m|dl|rt|pthread|resolv|util|cuda|cudnn[^/]*|cublas[^/]*|nvrtc[^/]*))\.so[^/]*$' |
  xargs -r cp -Lt "$pack/lib/"

cp "$root"/tests/{gpu.sh,compare_records.py,compare_predictions.py} "$pack/tests/"
cp "$root"/bench/gpu.sh "$root"/bench/*.py "$pack/bench/"
cp -r "$root/demo" "$pack/demo"
if [ -n "${VERIFY_FIXTURES:-}" ]; then
  mkdir -p "$pack/fixtures/models"
  cp "$VERIFY_FIXTURES/models/yolov8n.onnx" "$pack/fixtures/models/"
  cp -rL "$VERIFY_FIXTURES/coco128" "$pack/fixtures/coco128"
fi
if [ -d "$pack/fixtures" ] && [ -z "$rehearse" ]; then
  # As tests/gpu.sh runs it.
  "$pack/bin/verify" --model "$pack/fixtures/models/yolov8n.onnx" --data "$pack/fixtures/coco128/data.yaml" \
    --output "$work/cpu" --place none --save-json --conf 0.05 --quiet --device cpu
  mkdir "$pack/expected"
  cp "$work"/cpu/{verification_records.jsonl,predictions.json} "$pack/expected/"
fi

cat > "$pack/run.sh" << 'END'
#!/usr/bin/env bash
# Runs tests/gpu.sh with what is packed beside this file; flags are handed on.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cudnn=$(python3 -c 'import glob, site
print(":".join(glob.glob(site.getsitepackages()[0] + "/nvidia/*/lib")))' 2> /dev/null || true)
export LD_LIBRARY_PATH=$here/lib:${LD_LIBRARY_PATH:-}${cudnn:+:$cudnn}
export PATH=$here/mpi/bin:$PATH OPAL_PREFIX=$here/mpi
export VERIFY_PLUGIN_DIR=$here/bin VERIFY_CUDNN_CANDIDATES=${VERIFY_CUDNN_CANDIDATES:-1}
[ ! -d "$here/fixtures" ] || export VERIFY_FIXTURES=$here/fixtures
expected=()
[ ! -d "$here/expected" ] || [[ " $*" == *\ --@(model|data)* ]] || expected=(--expected "$here/expected")
exec bash "$here/tests/gpu.sh" --build "$here" --results "$here/results" "${expected[@]}" "$@"
END

tar -C "$work" -caf "$output" verify-gpu
size=$(($(stat -c %s "$output") / 1000000))
echo "gpu_pack.sh: $output, $size MB"
[ $size -le $megabytes ] || { echo "gpu_pack.sh: more than $megabytes MB" >&2; exit 1; }
