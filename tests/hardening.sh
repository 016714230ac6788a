#!/usr/bin/env bash
# Whether a program is built with the guards of cmake/hardening.cmake: hardening.sh PROGRAM
# Reads the file alone. 77 where readelf and nm are not there.
set -euo pipefail
program=$1
for tool in readelf nm; do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
headers=$(readelf -hlW "$program") dynamic=$(readelf -dW "$program")
symbols=$(nm -D --undefined-only "$program" | sed 's/^ *[Uw] *//; s/@.*//')
failed=0

# check WHAT TEXT PATTERN: the text has a line like the pattern.
check() {
  grep -qE "$3" <<<"$2" || { echo "$program: $1 is missing"; failed=1; }
}
check "a place of its own at each start (PIE)" "$headers" 'Type: +DYN \(Position-Independent'
check "a table of addresses that is read only (RELRO)" "$headers" '^ *GNU_RELRO '
check "the binding of all symbols before the start (BIND_NOW)" "$dynamic" 'BIND_NOW|Flags:.*NOW'
check "a stack that is not executable" "$headers" '^ *GNU_STACK .* RW +0x'
check "the stack protector" "$symbols" '^__stack_chk_fail$'
for call in snprintf vsnprintf; do
  check "the checked $call (FORTIFY)" "$symbols" "^__${call}_chk\$"
done
exit $failed
