#!/usr/bin/env python3
"""Plants errors into sound labels of outlines, oriented boxes or keypoints, and writes down what it did.

usage: plant_tasks.py segment|obb|pose LABELS IMAGES OUTPUT --classes N [--seed N] [--kpt-shape K,D] [--flip 0,2,1,...]

Of the labels of each picture in IMAGES a tenth gets another class and a tenth an error of the task:

    outline  of a segment: shifted, or cut off straight, so that 20 to 35% of its area is not where it was
    angle    of an oriented box: turned about its centre by 15 to 45 degrees
    point    of a pose: one keypoint that is seen lies elsewhere, by 15 to 40% of the object's width and height
    side     of a pose: left and right are swapped (with --flip, the data set's flip_idx)

OUTPUT/labels gets all label files, OUTPUT/truth.json {picture: [{line, kind, …}]}: of a swapped class true_class and
given_class, of the others `was`, the numbers behind the class as they were. A picture's errors depend on its name and
the seed alone. Oriented boxes need Pillow, for the pictures' sizes.
"""
import argparse
import json
import math
import random
import sys
from pathlib import Path

KINDS = {"segment": ("outline",), "obb": ("angle",), "pose": ("point", "side")}
CLASS, TASK = 0.1, 0.1      # the shares of the labels that get another class, and an error of the task
OFF = (0.20, 0.35)          # of an outline's area
TURN = (15, 45)             # degrees
MOVED = (0.15, 0.40)        # of an object's width and height
GRID = 40                   # an area is counted on so many by so many points
TRIES = 60


def pairs(numbers):
    """Numbers x y x y … as points."""
    return list(zip(numbers[::2], numbers[1::2]))


def flat(points):
    """Points as numbers x y x y …"""
    return [number for point in points for number in point]


def covers(polygon, x, y):
    """Whether a point lies in a polygon: a ray from it crosses the outline an odd number of times."""
    inside = False
    for (ax, ay), (bx, by) in zip(polygon, polygon[1:] + polygon[:1]):
        if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
            inside = not inside
    return inside


def samples(polygon):
    """Points of a grid that lie in the polygon."""
    xs, ys = zip(*polygon)
    steps = [(i + 0.5) / GRID for i in range(GRID)]
    grid = [(min(xs) + a * (max(xs) - min(xs)), min(ys) + b * (max(ys) - min(ys))) for a in steps for b in steps]
    return [point for point in grid if covers(polygon, *point)]


def cut(polygon, direction, limit):
    """The part of a polygon on the near side of a straight line: where x, y along the direction is below the limit."""
    far = [x * direction[0] + y * direction[1] - limit for x, y in polygon]
    kept = []
    for at, (a, b) in enumerate(zip(polygon, polygon[1:] + polygon[:1])):
        p, q = far[at], far[(at + 1) % len(far)]
        if p <= 0:
            kept.append(a)
        if (p <= 0) != (q <= 0):
            kept.append(tuple(u + (v - u) * p / (p - q) for u, v in zip(a, b)))
    return kept


def share_lost(inside, polygon):
    """The share of sampled points that a polygon no longer covers."""
    return 1 - sum(covers(polygon, *point) for point in inside) / len(inside)


def outline(rng, numbers, size, options):
    polygon = pairs(numbers)
    inside = samples(polygon)
    if len(inside) < GRID:
        return None
    xs, ys = zip(*polygon)
    extent = max(xs) - min(xs), max(ys) - min(ys)
    for _ in range(TRIES):
        angle, by = rng.uniform(0, 2 * math.pi), rng.uniform(0.05, 0.4)
        along = math.cos(angle) / extent[0], math.sin(angle) / extent[1]
        if rng.random() < 0.5:
            new = [(x + math.cos(angle) * by * extent[0], y + math.sin(angle) * by * extent[1]) for x, y in polygon]
        else:
            far = sorted(x * along[0] + y * along[1] for x, y in inside)
            new = cut(polygon, along, far[int((1 - by) * (len(far) - 1))])
        if len(new) > 2 and OFF[0] <= share_lost(inside, new) <= OFF[1] and within(flat(new)):
            return flat(new)
    return None


def within(numbers):
    """Whether all of it lies in the picture."""
    return all(0 <= n <= 1 for n in numbers)


def angle(rng, numbers, size, options):
    corners = [(x * size[0], y * size[1]) for x, y in pairs(numbers)]
    cx, cy = (sum(values) / len(corners) for values in zip(*corners))
    for _ in range(TRIES):
        turn = math.radians(rng.uniform(*TURN) * rng.choice((-1, 1)))
        c, s = math.cos(turn), math.sin(turn)
        new = flat([((cx + (x - cx) * c - (y - cy) * s) / size[0], (cy + (x - cx) * s + (y - cy) * c) / size[1])
                    for x, y in corners])
        if within(new):
            return new
    return None


def seen(numbers, dims):
    """Which keypoints a label places."""
    points = [numbers[at:at + dims] for at in range(4, len(numbers), dims)]
    return [at for at, point in enumerate(points) if any(point[:2]) and (dims == 2 or point[2] > 0)]


def point(rng, numbers, size, options):
    dims = options.kpt_shape[1]
    placed = seen(numbers, dims)
    for _ in range(TRIES if placed else 0):
        at = 4 + dims * rng.choice(placed)
        towards, by = rng.uniform(0, 2 * math.pi), rng.uniform(*MOVED)
        new = list(numbers)
        new[at] += math.cos(towards) * by * numbers[2]
        new[at + 1] += math.sin(towards) * by * numbers[3]
        if within(new[at:at + 2]):
            return new
    return None


def side(rng, numbers, size, options):
    dims = options.kpt_shape[1]
    new = numbers[:4]
    for at in options.flip:
        new += numbers[4 + dims * at:4 + dims * (at + 1)]
    return new if new != numbers else None


ERRORS = {"outline": outline, "angle": angle, "point": point, "side": side}


def plant(name, rows, size, options):
    """The rows [class, numbers] of one picture with errors, and the truth about these."""
    rng = random.Random("%s %s" % (options.seed, name))
    kinds = [kind for kind in KINDS[options.task] if kind != "side" or options.flip]
    rows, truth = [list(row) for row in rows], []
    for line, row in enumerate(rows, 1):
        chance = rng.random()
        if chance < CLASS and options.classes > 1:
            given = (row[0] + rng.randrange(1, options.classes)) % options.classes
            truth.append({"line": line, "kind": "swap", "true_class": row[0], "given_class": given})
            row[0] = given
        elif CLASS <= chance < CLASS + TASK:
            kind = rng.choice(kinds)
            new = ERRORS[kind](rng, row[1], size, options)
            if new:
                truth.append({"line": line, "kind": kind, "was": row[1]})
                row[1] = new
    return rows, truth


def read(path):
    """A label file's rows [class, numbers]."""
    words = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [[int(float(row[0])), [float(word) for word in row[1:]]] for row in words if row]


def picture_size(path):
    """A picture's width and height, as they are shown."""
    from PIL import Image, ImageOps
    with Image.open(path) as picture:
        return ImageOps.exif_transpose(picture).size


def plant_folder(labels, images, output, options):
    """Plants into all label files of the pictures; returns the truth that it wrote."""
    truth = {}
    (output / "labels").mkdir(parents=True, exist_ok=True)
    for image in sorted(path for path in images.iterdir() if (labels / (path.stem + ".txt")).is_file()):
        rows = read(labels / (image.stem + ".txt"))
        size = picture_size(image) if options.task == "obb" else None
        rows, truth[image.name] = plant(image.name, rows, size, options)
        text = "".join("%d %s\n" % (name, " ".join("%.6g" % n for n in numbers)) for name, numbers in rows)
        (output / "labels" / (image.stem + ".txt")).write_text(text)
    lines = ["  %s: %s" % (json.dumps(name), json.dumps(planted)) for name, planted in truth.items()]
    (output / "truth.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return truth


def integers(text):
    return [int(word) for word in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", choices=KINDS)
    for name in ("labels", "images", "output"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kpt-shape", type=integers, metavar="K,D", help="as in data.yaml: 17,3")
    parser.add_argument("--flip", type=integers, default=[], metavar="0,2,1", help="flip_idx, as in data.yaml")
    options = parser.parse_args()
    if options.task == "pose" and not options.kpt_shape:
        parser.error("poses need --kpt-shape")
    if options.output.resolve() == options.labels.resolve().parent:
        parser.error("OUTPUT would replace LABELS: name another folder")
    truth = plant_folder(options.labels, options.images, options.output, options)
    if not truth:
        sys.exit("plant_tasks.py: no picture of %s has a label file in %s" % (options.images, options.labels))
    kinds = [entry["kind"] for planted in truth.values() for entry in planted]
    counts = ("%d %s" % (kinds.count(kind), kind) for kind in sorted(set(kinds)))
    print("%d pictures; %s" % (len(truth), ", ".join(counts)))


if __name__ == "__main__":
    main()
