#!/usr/bin/env bash
# Builds the tarball and the Debian packages and tries them: packages.sh [--cuda] [FOLDER]
#   --cuda   with the CUDA backend, and so with the package verify-labels-cuda
#   FOLDER   of the build (default: build/packages); the packages stay there
# The tarball is unpacked elsewhere and run; the packages are installed with apt into a new system of
# this machine's release, run, and removed. Needs root, debootstrap and a Debian mirror (MIRROR, or
# debootstrap's own). Exit status 77 where a tool for that is missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cuda=OFF
if [ "${1:-}" = --cuda ]; then cuda=ON && shift; fi
folder=${1:-build/packages}

for tool in debootstrap dpkg-deb dpkg-shlibdeps file unshare; do
  command -v "$tool" > /dev/null || { echo "packages.sh: skipped: $tool is not installed"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "packages.sh: skipped: a system to install into needs root"; exit 77; }

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1

# check WHAT COMMAND…: one line; all that the command says where it fails.
check() {
  local what=$1
  shift
  if "$@" > "$work/log" 2>&1; then
    echo "passed: $what"
  else
    cat "$work/log"
    echo "FAILED: $what"
    exit 1
  fi
}

build() {
  rm -f "$folder"/*.deb "$folder"/*.tar.gz
  cmake -S . -B "$folder" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DVERIFY_CUDA=$cuda \
    -DVERIFY_TESTS=OFF -DVERIFY_BENCH=OFF &&
    cmake --build "$folder" -j "$(nproc)" &&
    (cd "$folder" && cpack -G DEB && cpack -G TGZ)
}
check "the packages are made" build
ls -l "$folder"/*.deb "$folder"/*.tar.gz

check_lintian() { lintian --fail-on error,warning "$folder"/*.deb; }
if command -v lintian > /dev/null; then
  check "lintian" check_lintian
else
  echo "skipped: lintian is not installed"
fi

mkdir -p "$work/another place"
tar -xzf "$folder"/*.tar.gz -C "$work/another place" --strip-components=1
mv "$work/another place" "$work/moved"
program=$(find "$work/moved" -path '*/bin/verify')
demo() {
  mpirun -np 2 "$1" --model demo/model.onnx --data demo/data/data.yaml --imgsz 256 --place none \
    --output "$2"
}
check "the tarball runs from another place" demo "$program" "$work/output"
check "the tarball's scripts find it" "$(dirname "$program")/../share/verify-labels/slurm/run_local.sh" 2 --version

# The rest inside of a system that has nothing of this machine's.
. /etc/os-release
system=$work/system
components=main
if [ "$ID" = ubuntu ]; then components=main,universe; fi
check "a new $VERSION_CODENAME" debootstrap --variant=minbase --components=$components "$VERSION_CODENAME" "$system" \
  ${MIRROR:+"$MIRROR"}
mkdir "$system/trial"
cp "$folder"/*.deb "$system/trial"
cp -r demo "$system/trial/demo"
cp /etc/resolv.conf "$system/etc/resolv.conf"
cat > "$system/trial/run.sh" << 'END'
set -euo pipefail
cd /trial
export DEBIAN_FRONTEND=noninteractive OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 HOME=/root LC_ALL=C.UTF-8
quietly() { "$@" > log 2>&1 || { cat log; echo "FAILED: $*"; exit 1; }; }
quietly apt-get update
quietly apt-get install -y --no-install-recommends man-db zsh bash-completion
find / -xdev -not -path '/trial/*' | sort > before
quietly apt-get install -y ./*.deb # with what it recommends: mpirun
echo "passed: apt installs them: $(ls ./*.deb | tr '\n' ' ')"
verify --version
verify --version | grep -qE '^commit: [0-9a-f]{7,}' || { echo "FAILED: the commit"; exit 1; }
quietly mpirun -np 2 verify --model demo/model.onnx --data demo/data/data.yaml --imgsz 256 --output output
grep -q '"status": "complete"' output/verification_report.json
echo "passed: the demo set with mpirun -np 2"
quietly man -w verify
quietly man --warnings verify
[ "$(zsh -c 'autoload -Uz compinit; compinit -D -u; print -r -- $_comps[verify]')" = _verify ]
bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader verify; complete -p verify' |
  grep -q -- '-F _verify verify'
echo "passed: manual page, completions of bash and zsh"
quietly /usr/share/verify-labels/slurm/run_local.sh 2 --version
names=$(for deb in ./*.deb; do dpkg-deb -f "$deb" Package; done)
files=$(dpkg -L $names | sort -u)
quietly apt-get purge -y $names
for file in $files; do
  if [ -e "$file" ] && ! grep -qxF "$file" before && ! dpkg -S "$file" > /dev/null 2>&1; then
    echo "FAILED: $file remains"
    exit 1
  fi
done
rest=$(find / -xdev -not -path '/trial*' -iname '*verify-labels*')
[ -z "$rest" ] || { echo "FAILED: remains: $rest"; exit 1; }
echo "passed: nothing remains of the packages"
END
# Mounts of its own, which end with it.
# shellcheck disable=SC2016
unshare --mount --propagation private bash -c '
  mount -t proc proc "$1/proc" && mount -t sysfs sysfs "$1/sys" && mount -t tmpfs tmpfs "$1/dev/shm" &&
    exec chroot "$1" bash /trial/run.sh' bash "$system"
echo "packages.sh: all passed"
