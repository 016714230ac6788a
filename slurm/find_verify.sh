# The command that runs verify, for the scripts beside this file. Sourced by them:
#   find_verify [HOME]     sets the array `verify`, or says what is missing and returns 2
# VERIFY wins: a program, or a command with its arguments ("apptainer exec --nv verify.sif verify").
# Without it: HOME/build/verify where HOME is given, else the build or the installation that the
# scripts belong to.
# shellcheck shell=bash
find_verify() {
  local here program
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  if [ -n "${VERIFY:-}" ]; then
    verify=("$VERIFY")
    # A path with blanks in it is one; else blanks separate words.
    if [ ! -x "$VERIFY" ]; then read -ra verify <<< "$VERIFY"; fi
  else
    for program in ${1:+"$1/build/verify"} "$here/../build/verify" "$here/../../../bin/verify"; do
      verify=("$program")
      if [ -x "$program" ]; then break; fi
    done
    if [ ! -x "${verify[0]}" ]; then verify=("${1:-$(dirname "$here")}/build/verify"); fi
  fi
  if ! command -v "${verify[0]:-}" > /dev/null; then
    echo "${0##*/}: ${verify[0]:-VERIFY}: no such program; run build.sh first, or set VERIFY_HOME to the project's folder" >&2
    return 2
  fi
}
