#!/usr/bin/env python3
"""Compares two runs' verification_records.jsonl, label by label.

    compare_records.py EXPECTED ACTUAL [--least 0.995]

Both must list the same images and label lines. Prints the share of labels with the same verdict, each
label whose verdict differs, and how far the evidence is apart. Exit status: 0 where the share is at
least --least, 1 where it is not, 2 where the runs cannot be compared.
"""

import argparse
import json
import sys

EVIDENCE = ["own", "rival", "contest", "near", "margin", "shift", "ghost", "dup", "location"]
SHOWN = 20


def fail(message):
    print(f"compare_records.py: {message}", file=sys.stderr)
    sys.exit(2)


def read_labels(path):
    """{(image, line): box}, and the images that have an error instead."""
    labels, errors = {}, set()
    try:
        with open(path, encoding="utf-8") as file:
            for number, text in enumerate(file, 1):
                record = json.loads(text)
                if record["error"]:
                    errors.add(record["image"])
                for box in record["boxes"]:
                    labels[record["image"], box["line"]] = box
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"{path}: {error!r}")
    return labels, errors


def largest_difference(expected, actual, key):
    differences = [
        abs(expected[at][key] - actual[at][key])
        for at in expected
        if expected[at].get(key) is not None and actual[at].get(key) is not None
    ]
    return max(differences, default=0.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("expected")
    parser.add_argument("actual")
    parser.add_argument("--least", type=float, default=0.995, help="share of equal verdicts (default 0.995)")
    options = parser.parse_args()

    expected, expected_errors = read_labels(options.expected)
    actual, actual_errors = read_labels(options.actual)
    if not expected:
        fail(f"{options.expected}: no labels")
    if expected.keys() != actual.keys():
        image, line = min(expected.keys() ^ actual.keys())
        fail(f"line {line} of the label of {image} is in one run only")
    if expected_errors != actual_errors:
        fail(f"{min(expected_errors ^ actual_errors)} failed in one run only")

    different = [at for at in sorted(expected) if expected[at]["verdict"] != actual[at]["verdict"]]
    for image, line in different[:SHOWN]:
        print(f"{image} line {line}: {expected[image, line]['verdict']}, {actual[image, line]['verdict']}")
    if len(different) > SHOWN:
        print(f"and {len(different) - SHOWN} more")
    share = 1.0 - len(different) / len(expected)
    print(f"{len(expected)} labels, {share:.2%} with the same verdict")
    print("largest differences:", ", ".join(f"{key} {largest_difference(expected, actual, key):.4g}" for key in EVIDENCE))
    return 0 if share >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
