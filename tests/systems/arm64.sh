#!/usr/bin/env bash
# In a Debian of its own on x86-64: compiles the program and the unit tests for aarch64 and runs them
# under qemu-user. It adds arm64 to the system's architectures: not for a system that is used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export DEBIAN_FRONTEND=noninteractive
dpkg --add-architecture arm64
apt-get update -q
apt-get install -y -q --no-install-recommends git make cmake pkg-config python3 python3-numpy protobuf-c-compiler \
  qemu-user-static gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev:arm64 libgomp1:arm64 \
  libcmocka-dev:arm64 libdnnl-dev:arm64 libprotobuf-c-dev:arm64 libyaml-dev:arm64 libjson-c-dev:arm64 \
  libjpeg-dev:arm64 libpng-dev:arm64 libzip-dev:arm64 zlib1g-dev:arm64 libmpich12:arm64
# MPI's headers without its compilers, which would be another architecture's.
(cd /tmp && apt-get download -q libmpich-dev:arm64 && dpkg -x libmpich-dev_*_arm64.deb /)

cmake -S . -B build/arm64 -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/aarch64.cmake" -DVERIFY_TESTS=ON -DVERIFY_WERROR=ON \
  -DMPI_SKIP_COMPILER_WRAPPER=ON -DMPI_C_LIB_NAMES=mpich -DMPI_mpich_LIBRARY=/usr/lib/aarch64-linux-gnu/libmpich.so \
  -DMPI_C_HEADER_DIR=/usr/include/aarch64-linux-gnu/mpich
cmake --build build/arm64 -j "$(nproc)" --target verify unit_tests
# The time limit is ten times the usual one: what computes much is some forty times as slow.
ctest --test-dir build/arm64 --output-on-failure -j "$(nproc)" --no-tests=error --timeout 15000 \
  -E '^(e2e_|emulated_|emulation)' -LE release
