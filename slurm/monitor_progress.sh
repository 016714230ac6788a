#!/usr/bin/env bash
# One live table of all ranks of a run, from its logs, for another terminal:
#   slurm/monitor_progress.sh OUTPUT [--once] [--interval SECONDS]
# Ends with the run; --once prints one table and ends. Needs bash and awk, and only reads.
set -eu

usage() {
  echo "usage: monitor_progress.sh OUTPUT [--once] [--interval SECONDS]" >&2
  exit 2
}

output= once=false interval=5
while [ $# -gt 0 ]; do
  case $1 in
    --once) once=true ;;
    --interval)
      [[ ${2:-} =~ ^[0-9]*\.?[0-9]+$ ]] || usage
      interval=$2
      shift
      ;;
    -*) usage ;;
    *)
      [ -z "$output" ] || usage
      output=$1
      ;;
  esac
  shift
done
[ -n "$output" ] || usage
program=$(dirname "${BASH_SOURCE[0]}")/monitor_progress.awk
report=$output/verification_report.json
terminal=false
if [ -t 1 ]; then terminal=true; fi
shopt -s nullglob

# Where a run was interrupted, its report is younger than its ranks' logs, until it is resumed.
interrupted() {
  local log
  grep -q '"status": *"interrupted"' "$report" 2> /dev/null || return 1
  for log in "$output"/logs/gpu*.log; do
    if [ "$log" -nt "$report" ]; then return 1; fi
  done
}

# Prints the table; 10 where the run has ended.
table() {
  local logs=("$output"/logs/gpu*.log) room=0 stopped=0
  if interrupted; then stopped=1; fi
  if $terminal; then
    room=$(($(tput lines 2> /dev/null || echo 40) - 20)) # the rest of the table, and 5 + 5 last lines
    if [ "$room" -lt 4 ]; then room=4; fi
  fi
  FOLDER=$output AGES=$(stat -c '%Y %n' "${logs[@]}" /dev/null) NOW=$(date +%s) CLOCK=$(date +%T) \
    ROOM=$room INTERRUPTED=$stopped awk -f "$program" "$output/logs/verify.log" "${logs[@]}"
}

if $once && [ ! -r "$output/logs/verify.log" ]; then
  echo "monitor_progress.sh: $output/logs/verify.log: no such log; is this verify's --output?" >&2
  exit 2
fi
while [ ! -r "$output/logs/verify.log" ]; do
  echo "Waiting for $output/logs/verify.log" >&2
  sleep "$interval"
done
while :; do
  code=0
  shown=$(table) || code=$?
  if $terminal; then printf '\033[H\033[J'; fi
  printf '%s\n' "$shown"
  if [ "$code" = 10 ] || $once; then break; fi
  [ "$code" = 0 ] || exit 1
  sleep "$interval"
done
