#!/usr/bin/env python3
"""How much of a set's real errors the network's output says anything about: what no order of the
labels can do better than.

usage: ceiling.py OUTPUT audit.json [OUTPUT audit.json ...]

OUTPUT: of a run with --save-json --conf 0.05. audit.json: {image's file name: {"labels": [{"line":
n, "level": "real"|...}], "missing": [{"class": name, "box": [x1, y1, x2, y2] in fractions, "level":
...}]}}, what people found in the labels.

A label is clearly shown where one of its numbers is higher than for 98 of 100 labels that nobody
doubts, partly where than for 90 of 100. Sound labels are so by chance, too: their share is beside.
"""
import bisect
import json
import os
import sys

NUMBERS = {
    "margin": lambda b: b["margin"],
    "shift": lambda b: b["shift"] * (b["near"] > 0.25),
    "ghost": lambda b: b["ghost"],
    "own": lambda b: -b["own"],
    "location": lambda b: -b["location"],
    "dup": lambda b: b["dup"],
}
LIMITS = {"clearly": 0.98, "partly": 0.90}


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def shown(boxes, doubted):
    """For each box the highest place, 0 to 1, that one of its numbers has among sound labels."""
    highest = [0.0] * len(boxes)
    for number in NUMBERS.values():
        sound = sorted(number(b) for b, d in zip(boxes, doubted) if not d)
        for i, box in enumerate(boxes):
            highest[i] = max(highest[i], bisect.bisect_left(sound, number(box)) / len(sound))
    return highest


def overlap(a, b):
    width, height = (min(a[i + 2], b[i + 2]) - max(a[i], b[i]) for i in range(2))
    if width <= 0 or height <= 0:
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return width * height / (area(a) + area(b) - width * height)


def seen_objects(output, records, audit):
    """The best score of a prediction of each real missing object's class at its place; 0: none."""
    with open(os.path.join(output, "predictions.json"), encoding="utf-8") as file:
        predictions = json.load(file)
    by_image, best = {}, []
    for p in predictions:
        by_image.setdefault(os.path.basename(p["file_name"]), []).append(p)
    names = {b["class"]: b["name"] for r in records for b in r["boxes"] + r["missing"]}
    for record in records:
        name = os.path.basename(record["image"])
        width, height = record["width"], record["height"]
        for object_ in audit[name]["missing"]:
            if object_["level"] != "real":
                continue
            box = [x * side for x, side in zip(object_["box"], [width, height] * 2)]
            scores = [0.0]
            for p in by_image.get(name, []):
                x, y, w, h = p["bbox"]
                same = names.get(p["category_id"]) == object_["class"]
                if same and overlap(box, [x, y, x + w, y + h]) > 0.3:
                    scores.append(p["score"])
            best.append(max(scores))
    return best


def main():
    for output, path in zip(sys.argv[1::2], sys.argv[2::2]):
        with open(path, encoding="utf-8") as file:
            audit = json.load(file)
        records = read_lines(os.path.join(output, "verification_records.jsonl"))
        boxes, levels = [], []
        for record in records:
            found = {e["line"]: e["level"] for e in audit[os.path.basename(record["image"])]["labels"]}
            boxes += record["boxes"]
            levels += [found.get(box["line"], "") for box in record["boxes"]]
        places = shown(boxes, [level != "" for level in levels])
        for what, level in (("real errors", "real"), ("sound labels", "")):
            mine = [p for p, l in zip(places, levels) if l == level]
            clearly = sum(p >= LIMITS["clearly"] for p in mine) / len(mine)
            partly = sum(p >= LIMITS["partly"] for p in mine) / len(mine) - clearly
            print("%s: %d, shown clearly %.2f, partly %.2f, not %.2f" % (
                what, len(mine), clearly, partly, 1 - clearly - partly))
        best = seen_objects(output, records, audit)
        print("missing objects: %d, seen at 0.5 %.2f, at 0.25 %.2f, at 0.05 %.2f" % (
            len(best), *(sum(s >= x for s in best) / len(best) for x in (0.5, 0.25, 0.05))))


main()
