#!/usr/bin/env bash
# What axe-core says of the review page (WCAG 2.2 AA): in light and dark, with 400 classes, in each
# of its views. axe-core comes from PyPI into an environment that is thrown away; run by hand.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q install --no-deps axe-playwright-python
# The system's Python, which has the system's selenium.
/usr/bin/python3 "$here/axe.py" "$(find "$work/venv" -name axe.min.js)"
