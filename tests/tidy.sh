#!/usr/bin/env bash
# clang-tidy over our C files, with the options they are built with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
git ls-files 'src/*.c' 'mpi/*.c' 'cuda/*.c' |
  xargs -P "$(nproc)" -n 8 clang-tidy -p build --quiet --warnings-as-errors='*' 2> >(grep -v 'warnings generated' >&2)
