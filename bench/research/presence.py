#!/usr/bin/env python3
"""Makes the table of src/judge/presence.c: how much a network sees where labels are, by their size.

usage: presence.py verification_records.jsonl [verification_records.jsonl ...] --imgsz N

Prints, for sizes of 8 * sqrt(3)^i network pixels and amounts of evidence at equal steps of its
logit, the share of labels of about that size with no more evidence (the higher of own and contest).
Each set counts alike; labels of like size are weighted by exp(-(d ln size / 0.35)^2 / 2).
"""
import argparse
import json
import math

STEPS, FLOOR, WIDTH = 8, 1e-4, 0.35
SIZES = [8 * 3 ** (i / 2) for i in range(STEPS)]


def logit(seen):
    return math.log((seen + FLOOR) / (1 + FLOOR - seen))


COLUMNS = [logit(0) + i * (logit(1) - logit(0)) / (STEPS - 1) for i in range(STEPS)]


def read(path, imgsz):
    """(ln size, logit) of each label that was judged."""
    labels = []
    with open(path, encoding="utf-8") as file:
        for record in map(json.loads, file):
            longest = max(record["width"], record["height"], 1)
            for box in record["boxes"]:
                if box["reason"] == "unknown_class":
                    continue
                area = record["width"] * box["xywhn"][2] * record["height"] * box["xywhn"][3]
                size = math.sqrt(area) * imgsz / longest
                seen = min(1, max(0, box["own"], box["contest"]))
                labels.append((math.log(max(size, 1)), logit(seen)))
    return labels


def shares(labels, size):
    weights = [math.exp(-(((x - math.log(size)) / WIDTH) ** 2) / 2) for x, _ in labels]
    return [sum(w for w, (_, q) in zip(weights, labels) if q <= column + 1e-9) / sum(weights)
            for column in COLUMNS]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("records", nargs="+")
    parser.add_argument("--imgsz", type=float, required=True)
    options = parser.parse_args()
    sets = [read(path, options.imgsz) for path in options.records]
    for size in SIZES:
        rows = [shares(labels, size) for labels in sets]
        mean = [sum(column) / len(sets) for column in zip(*rows)]
        print("    {%s}, /* %.0f px */" % (", ".join("%.3f" % x for x in mean), size))


main()
