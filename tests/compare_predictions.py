#!/usr/bin/env python3
"""Compares two runs' predictions.json (--save-json), box by box.

    compare_predictions.py EXPECTED ACTUAL [--scores 0.005] [--boxes 0.5] [--least 0.995] [--conf 0.25]

A box is matched by the one of the same image and class that overlaps it most, if by an IoU above 0.9.
Prints how many boxes have a match, both ways, and how far matched scores and corners are apart. Exit
status: 0 where the shares are at least --least, the 99.9th percentile of the corners' differences is
at most --boxes pixels and the largest score difference at most --scores; 1 where not; 2 where a file
cannot be read. Only boxes with a score from --conf on are looked up; they may match lower ones.
"""

import argparse
import json
import sys

SAME = 0.9


def fail(message):
    print(f"compare_predictions.py: {message}", file=sys.stderr)
    sys.exit(2)


def read_boxes(path):
    """{(image, class): [(score, x1, y1, x2, y2)]}"""
    boxes = {}
    try:
        with open(path, encoding="utf-8") as file:
            for item in json.load(file):
                x, y, width, height = item["bbox"]
                image = item.get("file_name") or item["image_id"]
                boxes.setdefault((image, item["category_id"]), []).append(
                    (item["score"], x, y, x + width, y + height)
                )
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"{path}: {error!r}")
    return boxes


def iou(a, b):
    wide = min(a[3], b[3]) - max(a[1], b[1])
    high = min(a[4], b[4]) - max(a[2], b[2])
    if wide <= 0 or high <= 0:
        return 0.0
    shared = wide * high
    return shared / ((a[3] - a[1]) * (a[4] - a[2]) + (b[3] - b[1]) * (b[4] - b[2]) - shared)


def match(wanted, others, low):
    """How many boxes there are, how many have a match, and the matches' differences of scores and corners."""
    count, scores, corners = 0, [], []
    for key, boxes in wanted.items():
        for box in boxes:
            if box[0] < low:
                continue
            count += 1
            best = max(others.get(key, []), key=lambda other: iou(box, other), default=None)
            if best and iou(box, best) > SAME:
                scores.append(abs(box[0] - best[0]))
                corners += [abs(p - q) for p, q in zip(box[1:], best[1:])]
    return count, scores, corners


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("expected")
    parser.add_argument("actual")
    parser.add_argument("--scores", type=float, default=5e-3, help="largest difference (default 0.005)")
    parser.add_argument("--boxes", type=float, default=0.5, help="pixels, 99.9th percentile (default 0.5)")
    parser.add_argument("--least", type=float, default=0.995, help="share with a match (default 0.995)")
    parser.add_argument("--conf", type=float, default=0.25, help="lowest score looked up (default 0.25)")
    options = parser.parse_args()

    expected, actual = read_boxes(options.expected), read_boxes(options.actual)
    count, scores, corners = match(expected, actual, options.conf)
    back, back_scores, _ = match(actual, expected, options.conf)
    if not scores:
        fail("no boxes to compare")
    share = min(len(scores) / count, len(back_scores) / back)
    corners.sort()
    corner = corners[int(0.999 * (len(corners) - 1))]
    print(f"{count} boxes, {len(scores)} matched; {back} back, {len(back_scores)} matched: at least {share:.2%}")
    print(f"scores within {max(scores):.2g}; corners p99.9 {corner:.2g} px, at most {corners[-1]:.2g} px")
    return 0 if share >= options.least and max(scores) <= options.scores and corner <= options.boxes else 1


if __name__ == "__main__":
    sys.exit(main())
