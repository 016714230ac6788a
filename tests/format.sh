#!/usr/bin/env bash
# Fails where clang-format would change a file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
git ls-files '*.c' '*.h' '*.cu' '*.cpp' | xargs clang-format --dry-run --Werror
