#!/usr/bin/env bash
# Runs verify on this machine without Slurm, one process a GPU:
#   slurm/run_local.sh N [FLAG...]      N GPUs; the flags are verify's
#   slurm/run_local.sh N                the flags come from ./config.json
set -eu

if ! [[ ${1:-} =~ ^[1-9][0-9]*$ ]]; then
  echo "usage: run_local.sh N [FLAG...]: N processes, then verify's flags (none: --config config.json)" >&2
  exit 2
fi
n=$1
shift
if [ $# -eq 0 ]; then
  [ -f config.json ] || { echo "run_local.sh: no flags, and no config.json in $PWD" >&2; exit 2; }
  set -- --config config.json
fi
# shellcheck source=slurm/find_verify.sh
. "$(dirname "${BASH_SOURCE[0]}")/find_verify.sh"
find_verify "${VERIFY_HOME:-}" || exit 2
# shellcheck source=slurm/mpi_env.sh
. "$(dirname "${BASH_SOURCE[0]}")/mpi_env.sh"
exec mpirun -np "$n" "${verify[@]}" "$@"
