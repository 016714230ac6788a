#!/usr/bin/env bash
# clang-tidy over the program's C files, with the options that build/ compiles them with. Older clangs
# know half floats on x86 by another name only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sed -n 's/^ *"file": "\(.*\)".*/\1/p' build/compile_commands.json | sort -u | grep -E "^$PWD/(src|mpi|cuda|packaging)/.*\.c$" |
  xargs -P "$(nproc)" -n 8 clang-tidy -p build --quiet --warnings-as-errors='*' --extra-arg=-D_Float16=__fp16 2> >(grep -v 'warnings\? generated' >&2)
