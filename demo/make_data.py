#!/usr/bin/env python3
"""Draws the demo data set: pictures of digits, YOLO labels with planted errors, and truth.json.

usage: make_data.py [--seed N] [--output FOLDER]
"""
import argparse
import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

import canvas
import digits

PICTURES = 200
ERRORS = {"swap": 40, "moved": 12, "spurious": 10, "dropped": 15}
MOST_ERRORS = 2                                     # planted in one picture
SPECIAL = ["gray", "gray", "progressive", "palette", "rgba"] + ["turned"] * 15
LOSSLESS = ("png", "palette", "rgba")
TURNS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
ORIENTATION = 0x0112                                # the EXIF tag


def formats(rng):
    """How each picture is stored: the special kinds at random places, a quarter PNG, the rest JPEG."""
    png = PICTURES // 4 - SPECIAL.count("palette") - SPECIAL.count("rgba")
    kinds = SPECIAL + ["png"] * png
    kinds += ["jpeg"] * (PICTURES - len(kinds))
    return [str(kind) for kind in rng.permutation(kinds)]


def save(rng, pixels, kind, stem):
    """Writes one picture; returns its file name. A turned one is stored so that EXIF sets it upright."""
    picture, options = Image.fromarray(pixels), {}
    if kind in LOSSLESS:
        picture = ImageOps.posterize(picture, 6)    # a smaller file, and no difference to the eye
    if kind == "palette":
        picture = picture.quantize(64, dither=Image.Dither.NONE)
    elif kind == "rgba":
        picture.putalpha(200)
    elif kind == "gray":
        picture = picture.convert("L")
    elif kind == "progressive":
        options["progressive"] = True
    elif kind == "turned":
        orientation = int(rng.choice(list(TURNS)))
        picture = picture.transpose(TURNS[orientation])
        options["exif"] = Image.Exif()
        options["exif"][ORIENTATION] = orientation
    if kind in LOSSLESS:
        path = stem.with_suffix(".png")
        picture.save(path, optimize=True)
    else:
        path = stem.with_suffix(".jpg")
        picture.save(path, quality=85, optimize=True, **options)
    return path.name


def moved(rng, box, size):
    """The box shifted and resized so that it still touches its object (IoU 0.2 to 0.5)."""
    box = np.array(box, float)
    extent = np.tile(box[2:] - box[:2], 2)
    while True:
        shift = np.tile(rng.uniform(-0.6, 0.6, 2), 2)
        new = np.round(box + extent * (shift + rng.uniform(-0.15, 0.15, 4)))
        inside = (new >= 0).all() and (new <= np.tile(size, 2)).all()
        if inside and 0.2 <= iou(box, new) <= 0.5:
            return tuple(int(x) for x in new)


def iou(a, b):
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return shared / sum([(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)], -shared)


def spurious(rng, objects, size):
    """A box of common size where there is no digit, or None."""
    for _ in range(200):
        width, height = rng.integers(30, 70), rng.integers(45, 90)
        x, y = rng.integers(0, size[0] - width), rng.integers(0, size[1] - height)
        box = tuple(int(v) for v in (x, y, x + width, y + height))
        if all(canvas.covered(box, other) < 0.05 for _, other in objects):
            return box
    return None


def relative(box, size):
    """A pixel box as YOLO's xc yc w h, rounded as it is written."""
    (x1, y1, x2, y2), (width, height) = box, size
    numbers = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
    return [round(n, 6) for n in numbers]


def plan(rng):
    """The kinds of error planted in each picture: most have none, some one, a few two."""
    kinds = rng.permutation(np.repeat(list(ERRORS), list(ERRORS.values())))
    wanted = [[] for _ in range(PICTURES)]
    for kind in kinds:
        free = [w for w in wanted if len(w) < MOST_ERRORS and kind not in w]
        busy = [w for w in free if w]
        pool = busy if busy and rng.random() < 0.25 else [w for w in free if not w]
        pool[rng.integers(len(pool))].append(str(kind))
    return wanted


def label(rng, objects, size, kinds):
    """Label lines (class, box) with the errors planted, and the truth about these."""
    lines = list(objects)
    truth = []
    for kind, pick in zip(kinds, rng.permutation(len(objects))):
        name, box = objects[pick]
        entry = {"line": None, "kind": kind, "true_class": name}
        if kind == "swap":
            entry["given_class"] = int((name + rng.integers(1, len(digits.NAMES))) % len(digits.NAMES))
            lines[pick] = new = (entry["given_class"], box)
        elif kind == "moved":
            entry["true_box"] = relative(box, size)
            lines[pick] = new = (name, moved(rng, box, size))
        elif kind == "dropped":
            entry["box"] = relative(box, size)
            lines[pick] = new = None
        else:
            new = (int(rng.integers(len(digits.NAMES))), spurious(rng, objects, size))
            entry = {"line": None, "kind": kind, "given_class": new[0]}
            lines.append(new)
        truth.append((entry, new))
    lines = [line for line in lines if line]
    lines = [lines[i] for i in rng.permutation(len(lines))]
    for entry, new in truth:
        if new:
            entry["line"] = lines.index(new) + 1
    return lines, [entry for entry, _ in truth]


def suits(rng, objects, size, kinds):
    """Whether these errors can be planted here and leave the picture a label."""
    room = "spurious" not in kinds or spurious(rng, objects, size) is not None
    return room and len(objects) > len(kinds)


def make(folder, seed):
    """Writes the whole data set."""
    rng = np.random.default_rng(seed)
    shapes, classes = digits.for_demo()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    truth = {}
    for number, (kind, errors) in enumerate(zip(formats(rng), plan(rng)), 1):
        grain = 0 if kind in LOSSLESS else rng.uniform(0, 0.006)
        while True:
            pixels, objects = digits.draw(rng, shapes, classes, grain)
            size = pixels.shape[1::-1]
            if suits(rng, objects, size, errors):
                break
        lines, planted = label(rng, objects, size, errors)
        name = save(rng, pixels, kind, folder / "images" / f"{number:04d}")
        rows = ["%d %.6f %.6f %.6f %.6f\n" % (c, *relative(box, size)) for c, box in lines]
        (folder / "labels" / f"{number:04d}.txt").write_text("".join(rows))
        truth[name] = planted
    rows = [f"  {json.dumps(name)}: {json.dumps(planted)}" for name, planted in truth.items()]
    (folder / "truth.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")
    names = "".join(f"  {i}: {name}\n" for i, name in enumerate(digits.NAMES))
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames:\n{names}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("data"))
    options = parser.parse_args()
    make(options.output, options.seed)


if __name__ == "__main__":
    main()
