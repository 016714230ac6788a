#!/usr/bin/env bash
# Hostile data sets, outputs, lists, models, configs and environments: whatever verify is given, nothing
# of the user's is harmed and nothing goes wrong in silence.
#   tests/hostile/run.sh [NAME...]    the attacks whose names contain one of these; default: all
# VERIFY: the program; HOSTILE_JOBS: how many at a time; HOSTILE_ALL=1: those that did nothing, too.
set -euo pipefail
exec python3 -B "$(dirname "${BASH_SOURCE[0]}")/attacks.py" "$@"
