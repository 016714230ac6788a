#!/usr/bin/env bash
# Compiles the program and the unit tests with each gcc and clang that is installed, warnings as
# errors, and prints a line for each; runs a few tests of each.
#   tests/compilers.sh [COMPILER...]      default: gcc-12 to gcc-15, clang-14 to clang-21
# Builds in build/compilers/; status 1 where one fails, 77 where none is installed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
compilers=("$@")
[ $# -gt 0 ] || compilers=(gcc-{12,13,14,15} clang-{14,15,16,17,18,19,20,21})
tried=0 failed=0
mkdir -p build/compilers

# openmp COMPILER: what CMake must know where a clang has no OpenMP of its own, since Debian's packages
# for several clangs exclude each other: another one's header, alone in a folder, and its library.
openmp() {
  local header library include=$PWD/build/compilers/include
  if echo '#include <omp.h>' | "$1" -fopenmp -fsyntax-only -x c - 2> /dev/null; then return 0; fi
  header=$(ls /usr/lib/llvm-*/lib/clang/*/include/omp.h 2> /dev/null | head -1)
  library=$(ls /usr/lib/llvm-*/lib/libomp.so* 2> /dev/null | head -1)
  [ -n "$header" ] && [ -n "$library" ] || return 0
  mkdir -p "$include"
  ln -sf "$header" "$include/omp.h"
  echo "-DCMAKE_C_FLAGS=-isystem $include"
  echo "-DOpenMP_C_FLAGS=-fopenmp=libomp"
  echo "-DOpenMP_C_LIB_NAMES=omp"
  echo "-DOpenMP_omp_LIBRARY=$library"
}

for compiler in "${compilers[@]}"; do
  command -v "$compiler" > /dev/null || continue
  tried=$((tried + 1))
  build=build/compilers/$compiler log=build/compilers/$compiler.log start=$SECONDS
  version=$("$compiler" -dumpfullversion 2> /dev/null || "$compiler" -dumpversion)
  mapfile -t openmp < <(openmp "$compiler")
  if cmake --preset dev -B "$build" -DCMAKE_C_COMPILER="$compiler" -DVERIFY_CUDA=OFF -DVERIFY_BENCH=OFF \
    "${openmp[@]}" > "$log" 2>&1 &&
    cmake --build "$build" -j "$(nproc)" --target verify unit_tests >> "$log" 2>&1 &&
    (cd "$build" && ctest -R '^(cpu_|judge|letterbox|queue)' -LE release --output-on-failure --no-tests=error) >> "$log" 2>&1; then
    echo "passed: $compiler $version ($((SECONDS - start)) s)"
  else
    failed=$((failed + 1))
    grep -E 'error|warning' "$log" | head -20 || true
    echo "FAILED: $compiler $version: all of it is in $log"
  fi
done
if [ "$tried" = 0 ]; then echo "skipped: none of ${compilers[*]} is installed" && exit 77; fi
[ "$failed" = 0 ]
