#!/usr/bin/env bash
# Shows how far a command is whose output it reads, which it writes to LOG:
#   COMMAND 2>&1 | cmake/progress.sh WHAT LOG
# One line that changes where standard output is a terminal, else a line every few seconds. It knows
# the percentages of make, ninja and apt (with APT::Status-Fd).
set -euo pipefail
what=$1 log=$2
terminal=false every=4
if [ -t 1 ]; then terminal=true every=0; fi
doing=$what percent= shown=0 line=

show() {
  local text="$doing${percent:+ $percent%} ($SECONDS s)"
  if $terminal; then printf '\r\033[K%s' "$text"; else echo "$text"; fi
  shown=$SECONDS
}

SECONDS=0
: > "$log"
if $terminal; then show; fi
while true; do
  status=0
  part=
  IFS= read -r -t 1 part || status=$?
  line+=$part # what a time-out leaves is the beginning of a line
  if [ "$status" = 0 ]; then
    printf '%s\n' "$line" >> "$log"
    if [[ $line =~ ^\[\ *([0-9]+)%\] ]]; then
      percent=${BASH_REMATCH[1]}
    elif [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      percent=$((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
    elif [[ $line =~ ^(dl|pm)status:[^:]*:([0-9]+) ]]; then
      percent=${BASH_REMATCH[2]}
      if [ "${BASH_REMATCH[1]}" = dl ]; then doing="Downloading packages"; else doing=$what; fi
    fi
    line=
  elif [ "$status" -le 128 ]; then
    break
  fi
  if [ $((SECONDS - shown)) -ge "$every" ] && { ! $terminal || [ "$status" = 0 ] || [ "$SECONDS" -gt "$shown" ]; }; then
    show
  fi
done
printf '%s' "$line" >> "$log"
if $terminal; then printf '\r\033[K'; fi
