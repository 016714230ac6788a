#!/usr/bin/env bash
# Installs the Debian packages that are missing, configures and builds: build.sh [FOLDER [CMAKE OPTION…]]
# FOLDER is `build` unless given. Quiet unless something fails.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
folder=${1:-build}
[ $# -gt 0 ] && shift

missing=()
while read -r package; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done < "$root/packages.txt"

if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]}"
  as_root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo > /dev/null || { echo "build.sh: not root and no sudo: install ${missing[*]} first" >&2; exit 1; }
    as_root=(sudo)
  fi
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  { "${as_root[@]}" apt-get update -q &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } > "$log" 2>&1 ||
    { tail -20 "$log" >&2; echo "build.sh: could not install ${missing[*]}" >&2; exit 1; }
fi

cd "$root"
log=$folder.log
mkdir -p "$(dirname "$folder")"
{ cmake -S . -B "$folder" "$@" && cmake --build "$folder" -j "$(nproc)"; } > "$log" 2>&1 ||
  { tail -40 "$log" >&2; echo "build.sh: the build failed; all of it is in $log" >&2; exit 1; }
rm -f "$log"
