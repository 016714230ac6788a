#!/usr/bin/env bash
# What the batch scripts beside this file have in common: runs verify with the flags given to it, as
# one step over all tasks of a Slurm job. The batch scripts have Slurm send SIGUSR1 some time before
# the time limit: verify then stops in order, and the job goes back to the queue to continue.
set -u

# shellcheck source=slurm/find_verify.sh
. "$(dirname "${BASH_SOURCE[0]}")/find_verify.sh"
find_verify "${VERIFY_HOME:-}" || exit 2
cpus=${SLURM_CPUS_PER_TASK:-}
tasks=${SLURM_NTASKS_PER_NODE:-0}
gpus=${SLURM_GPUS_ON_NODE:-0}
if [ "$tasks" -lt "$gpus" ]; then
  echo "job.sh: WARNING: $gpus GPUs a node, tasks: $tasks; give --ntasks-per-node=$gpus to use them all" >&2
fi

# verify makes this file once its run has begun in the output folder. A later start then resumes;
# before that it has to do as the first one was told, or results of an earlier run that are still in
# the folder would pass for this one's. SLURM_RESTART_COUNT alone does not tell.
begun=$PWD/.verify-job-$SLURM_JOB_ID
started=$begun-started # made by a task just before verify
rm -f "$started"
flags=(${cpus:+--threads "$cpus"})
if [ "${SLURM_RESTART_COUNT:-0}" != 0 ] && [ -e "$begun" ]; then
  for flag in "$@"; do
    if [ "$flag" != --overwrite ] && [ "$flag" != --resume ]; then flags+=("$flag"); fi
  done
  flags+=(--resume)
else
  rm -f "$begun"
  flags+=("$@")
fi

stopping=false terminated=false
trap 'stopping=true' USR1
trap 'terminated=true' TERM # the tasks get one too: wait for them

# A node that died may still have the socket by which PMIx knew this job's step 0, and would refuse
# another step 0: steps that do nothing take the numbers of the earlier starts.
for ((i = 0; i < ${SLURM_RESTART_COUNT:-0}; i++)); do
  srun --mpi=none --nodes=1 --ntasks=1 true
done

# In Slurm 22.05 a fence over the tree of PMIx servers spans no more than a node where a job has fewer
# nodes than TreeWidth. MPI_Init's last fence is one: tasks would leave it early, and die of messages
# for which they are not ready yet. Over the ring it spans all nodes.
export SLURM_PMIX_FENCE=${SLURM_PMIX_FENCE:-ring}

# shellcheck disable=SC2016 # the tasks' shells are to expand it
# --kill-on-bad-exit: when a task dies, the others get SIGTERM and write down what they have.
srun --mpi="${SLURM_MPI_TYPE:-pmix}" --kill-on-bad-exit=1 ${cpus:+--cpus-per-task="$cpus"} \
  bash -c '[ "$SLURM_PROCID" != 0 ] || : > "$0-started"; VERIFY_BEGUN_FILE=$0 exec "$@"' \
  "$begun" "${verify[@]}" "${flags[@]}" &
step=$!

trap 'stopping=true; kill -USR1 "$step"' USR1 # srun hands it on to the tasks
if $stopping; then kill -USR1 "$step"; fi

# A signal ends `wait` early.
while
  wait "$step"
  code=$?
  kill -0 "$step" 2> /dev/null
do :; done

if [ "$code" = 0 ] && [ ! -e "$started" ]; then
  echo "job.sh: Slurm could not start the tasks" >&2 # srun's exit status may be 0 all the same
  code=1
fi
rm -f "$started"
# 143: stopped in order; 138: the signal came before verify was ready for it.
if $stopping && { [ "$code" = 143 ] || [ "$code" = 138 ]; }; then
  echo "job.sh: stopped before the time limit: job $SLURM_JOB_ID goes back to the queue" >&2
  if scontrol requeue "$SLURM_JOB_ID"; then exit "$code"; fi
  if [ -e "$begun" ]; then how='with --resume to continue'; else how='again'; fi
  echo "job.sh: it could not; submit the same command $how" >&2
fi
# Slurm sends SIGTERM to end the job for good, but also to put it back into the queue.
if ! $terminated; then rm -f "$begun"; fi
exit "$code"
