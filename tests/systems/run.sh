#!/usr/bin/env bash
# Builds and runs verify on systems other than this one: tests/systems/run.sh --help.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
folder=${SYSTEMS_FOLDER:-${TMPDIR:-/tmp}/verify-systems}
steps=demo,quick keep=false
known=(debian-12 debian-13 ubuntu-22.04 ubuntu-24.04 arm64)

usage() {
  cat << EOF
usage: run.sh [--steps STEPS] [--keep] [SYSTEM...]

Makes a system of its own in a folder, clones the last commit into it and runs there, as root:
  demo       bash demo/run.sh
  compilers  bash tests/compilers.sh, with all compilers that the system has and we say to support
  mpich      the demo with MPICH in place of Open MPI
  quick      bash tests/run.sh --quick
Systems: ${known[*]} (all unless given). arm64 is Debian 12 with a cross
compiler, whatever the steps: the program and the unit tests are compiled for aarch64 and run under
qemu-user.

  --steps STEPS  of these, by commas (default: $steps)
  --keep         leave the systems in \$SYSTEMS_FOLDER (default: $folder): the next start takes them
                 as they are

Needs root, debootstrap, and for arm64 an x86-64 machine. Packages come from \$DEBIAN_MIRROR and
\$UBUNTU_MIRROR, or from where debootstrap takes them; \$DEBOOTSTRAP_OPTIONS are more options for it,
such as --keyring=FILE. A system that cannot be had is skipped.
Exit status: 0 all passed, 1 something failed, 77 all were skipped.
EOF
}

fail() {
  echo "run.sh: $*" >&2
  exit 2
}

systems=()
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage && exit 0 ;;
    --keep) keep=true ;;
    --steps) steps=${2:?} && shift ;;
    -*) fail "unknown option $1; see --help" ;;
    *)
      [[ " ${known[*]} " == *" $1 "* ]] || fail "no system $1; see --help"
      systems+=("$1")
      ;;
  esac
  shift
done
[ ${#systems[@]} -gt 0 ] || systems=("${known[@]}")
[ "$(id -u)" = 0 ] || fail "only root can make a system"
command -v debootstrap > /dev/null || fail "debootstrap is not installed"
mkdir -p "$folder"
passed=0 failed=0 skipped=0 mounted=

leave() { # what is mounted below the system in use
  [ -n "$mounted" ] || return 0
  local at
  for at in dev/shm dev/pts dev sys proc; do
    if mountpoint -q "$mounted/$at"; then umount "$mounted/$at" || umount -l "$mounted/$at"; fi
  done
  mounted=
}
trap leave EXIT

enter() {
  local system=$1
  mounted=$system
  mount -t proc proc "$system/proc"
  mount -t sysfs -o ro sys "$system/sys"
  mount -t tmpfs -o mode=755 devices "$system/dev"
  mkdir "$system/dev/pts" "$system/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=666 terminals "$system/dev/pts"
  mount -t tmpfs shared "$system/dev/shm"
  ln -s pts/ptmx "$system/dev/ptmx"
  ln -s /proc/self/fd "$system/dev/fd"
  local name
  for name in null zero full random urandom tty; do
    cp -a "/dev/$name" "$system/dev/$name"
  done
  cp /etc/resolv.conf /etc/hosts "$system/etc/"
}

# make_system NAME: the bare system; what has been made before is kept.
make_system() {
  local name=$1 system=$folder/$1 suite mirror=${DEBIAN_MIRROR:-} components=main
  if [ -e "$system/etc/os-release" ] && [ ! -d "$system/debootstrap" ]; then return 0; fi
  case $name in
    debian-12 | arm64) suite=bookworm ;;
    debian-13) suite=trixie ;;
    ubuntu-22.04) suite=jammy ;;
    ubuntu-24.04) suite=noble ;;
  esac
  if [[ $name == ubuntu-* ]]; then mirror=${UBUNTU_MIRROR:-} components=main,universe; fi
  rm -rf "$system"
  local scripts=${DEBOOTSTRAP_DIR:-/usr/share/debootstrap}
  if [ ! -e "$scripts/scripts/$suite" ]; then # a system younger than debootstrap is made as its elders
    mkdir -p "$folder/debootstrap"
    cp -a "$scripts/." "$folder/debootstrap/"
    scripts=$folder/debootstrap
    case $name in
      debian-*) ln -sf sid "$scripts/scripts/$suite" ;;
      ubuntu-*) ln -sf gutsy "$scripts/scripts/$suite" ;;
    esac
  fi
  # shellcheck disable=SC2086 # options are several words; no mirror: no argument
  DEBOOTSTRAP_DIR=$scripts debootstrap --variant=minbase --components=$components ${DEBOOTSTRAP_OPTIONS:-} \
    "$suite" "$system" $mirror > "$folder/$name.log" 2>&1 || {
    echo "skipped: $name: $(tail -1 "$folder/$name.log")"
    return 1
  }
}

# inside NAME STEP COMMAND: runs it in the clone, says how it went and how long it took.
inside() {
  local name=$1 step=$2 command=$3 log=$folder/$1-$2.log status=0 start=$SECONDS
  chroot "$folder/$name" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
    bash -c "cd /verify && $command" > "$log" 2>&1 < /dev/null || status=$?
  if [ $status = 0 ]; then
    passed=$((passed + 1))
    echo "passed: $name: $step ($((SECONDS - start)) s): $(grep -v '^$' "$log" | tail -1)"
  else
    failed=$((failed + 1))
    tail -30 "$log" | sed 's/^/    /'
    echo "FAILED: $name: $step ($((SECONDS - start)) s, status $status; all of it is in $log)"
  fi
}

clone() {
  rm -rf "$folder/$1/verify"
  git clone --quiet --no-hardlinks "$root" "$folder/$1/verify"
}

run_steps() {
  local name=$1 step
  if [ "$name" = arm64 ]; then
    inside "$name" unit "bash tests/systems/arm64.sh"
    return
  fi
  for step in ${steps//,/ }; do
    case $step in
      demo) inside "$name" demo "bash demo/run.sh" ;;
      compilers)
        inside "$name" compilers "bash packages/install.sh run build test &&
          DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
            \$(apt-cache search --names-only '^(gcc-1[2-4]|clang-1[4-9])\$' | cut -d' ' -f1) &&
          bash tests/compilers.sh"
        ;;
      mpich)
        inside "$name" mpich "DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends mpich libmpich-dev &&
          rm -rf build && bash demo/run.sh -DMPI_C_COMPILER=mpicc.mpich"
        ;;
      quick) inside "$name" quick "bash tests/run.sh --quick" ;;
      *) fail "no step $step; see --help" ;;
    esac
  done
}

for name in "${systems[@]}"; do
  echo "== $name"
  make_system "$name" || {
    skipped=$((skipped + 1))
    continue
  }
  enter "$folder/$name"
  clone "$name"
  run_steps "$name"
  leave
  if ! $keep; then rm -rf --one-file-system "${folder:?}/$name"; fi
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] || exit 1
[ "$passed" != 0 ] || exit 77
