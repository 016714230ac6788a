#!/usr/bin/env bash
# Ends runs of verify at many points, resumes them at another number of ranks, and compares with a
# run that nothing ended: no image lost, none doubled, every byte the same.
#   bash tests/faults.sh [--points N] [--seed S] [--jobs J] [--folder DIR]
# 24 points take about a minute; 1000 are the real thing. VERIFY: the program (build/verify).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
for tool in strace mpirun "${CC:-cc}"; do
  command -v "$tool" > /dev/null || { echo "skipped: no $tool"; exit 77; }
done
if ! strace -qq -o /dev/null true 2> /dev/null; then
  echo "skipped: processes may not be traced here"
  exit 77
fi
exec python3 "$root/tests/faults/sweep.py" "$@"
