"""Runs the attacks whose names contain one of the arguments; all of them without."""

import importlib
import sys

import table

# What is attacked; each of them puts its attacks into the table.
for part in (
    "output",
    "finished",
    "interrupted",
    "meanwhile",
    "lists",
    "labels",
    "images",
    "tiles",
    "yaml",
    "models",
    "environment",
):
    importlib.import_module("attacks_" + part)

if __name__ == "__main__":
    sys.exit(table.main(sys.argv[1:]))
