#!/usr/bin/env bash
# Installs those Debian packages of packages/NAME.txt that are missing: packages/install.sh NAME...
# Quiet where none is. As another user than root it asks sudo.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

is_installed() { dpkg-query -W -f='${Status}' "$1" 2> /dev/null | grep -q 'ok installed'; }
is_known() { apt-cache show "$1" > /dev/null 2>&1; }
# APT_LISTS: where apt keeps its lists, of another system in tests.
has_lists() { compgen -G "${APT_LISTS:-/var/lib/apt/lists}/*_Packages*" > /dev/null; }

if ! command -v dpkg-query > /dev/null; then
  echo "install.sh: not a Debian or Ubuntu system: what is needed must be installed already (packages/*.txt)"
  exit 0
fi
missing=() # a line each, with its alternatives
for name in "$@"; do
  while read -r line; do
    for package in ${line//[|?]/ }; do
      if is_installed "$package"; then continue 2; fi
    done
    if [[ $line == *\? ]] && has_lists && ! is_known "${line%% *}"; then continue; fi
    missing+=("$line")
  done < <(sed -e 's/#.*//' -e '/^ *$/d' "$here/$name.txt")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo > /dev/null; then
    echo "install.sh: not root and no sudo: install first: ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
  sudo -v # asks for the password here, not where the output is a log
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# step WHAT COMMAND…: shows how far it is; what it said where it fails.
step() {
  local what=$1
  shift
  "${as_root[@]}" "$@" 2>&1 | bash "$here/../cmake/progress.sh" "$what" "$log" || {
    tail -20 "$log" >&2
    echo "install.sh: could not install ${missing[*]}" >&2
    exit 1
  }
}

step "Reading the list of packages" apt-get update -q
packages=()
for line in "${missing[@]}"; do # the first that this system has
  for package in ${line//[|?]/ }; do
    if is_known "$package"; then packages+=("$package") && continue 2; fi
  done
  if [[ $line != *\? ]]; then packages+=("${line%% *}"); fi # apt says what is wrong
done
[ ${#packages[@]} -gt 0 ] || exit 0
echo "Installing ${packages[*]}"
step "Installing packages" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -q --no-install-recommends -o APT::Status-Fd=1 "${packages[@]}"
