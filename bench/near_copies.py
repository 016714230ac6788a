#!/usr/bin/env python3
"""A set of pictures in which copies are planted, to see how many of them near_duplicates finds.

    python3 bench/near_copies.py FOLDER PICTURES... [--pictures 10000] [--copies 500] [--seed 1]
    verify --model MODEL --data FOLDER/data.yaml --output OUT --review 0
    python3 bench/near_copies.py FOLDER --score OUT/verification_report.json

The set's pictures are cut out of the PICTURES (JPEG files, or folders of them): regions of 80 to
280 pixels, of which no two of one picture have more than a quarter of their union in common, a third
of them turned by a quarter. They are the split train. Of the first of them --copies copies of each
kind are the split val: written again at quality 40, at half the size, without 3% of a side's
length (at one side, at both, or half of it at both, in turn), a third brighter. --score says how
many copies are in a group with their picture, and how many pairs of other pictures are in one.

Needs Pillow.
"""
import argparse
import json
import os
import random
import sys

KINDS = ("again", "half", "crop", "bright")


def overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    area = lambda r: (r[2] - r[0]) * (r[3] - r[1])
    return both / (area(a) + area(b) - both)


def regions(size, count, draw):
    """At most `count` regions of a picture of this size."""
    found = []
    for _ in range(100 * count):
        width = draw.randint(80, min(280, size[0]))
        height = draw.randint(80, min(280, size[1]))
        left, top = draw.randint(0, size[0] - width), draw.randint(0, size[1] - height)
        region = (left, top, left + width, top + height)
        if all(overlap(region, other) <= 0.25 for other in found):
            found.append(region)
        if len(found) == count:
            break
    return found


def crop(picture, turn):
    """Without 3% of a side: at the left and top; at all sides; or half of it at all sides."""
    width, height = picture.size
    x, y = 0.03 * width, 0.03 * height
    if turn % 3 == 0:
        box = (x, y, width, height)
    elif turn % 3 == 1:
        box = (x, y, width - x, height - y)
    else:
        box = (x / 2, y / 2, width - x / 2, height - y / 2)
    return picture.crop(tuple(round(v) for v in box))


def copy_of(picture, kind, turn):
    """The copy and its JPEG quality."""
    if kind == "again":
        return picture, 40
    if kind == "half":
        return picture.resize((max(1, picture.width // 2), max(1, picture.height // 2))), 85
    if kind == "crop":
        return crop(picture, turn), 85
    return picture.point(lambda level: min(255, round(level * 4 / 3))), 85


def sources(paths):
    for path in paths:
        if os.path.isdir(path):
            yield from (os.path.join(path, name) for name in sorted(os.listdir(path))
                        if name.lower().endswith((".jpg", ".jpeg")))
        else:
            yield path


def save(picture, folder, split, name, quality):
    picture.save(os.path.join(folder, "images", split, name + ".jpg"), quality=quality)
    with open(os.path.join(folder, "labels", split, name + ".txt"), "w") as label:
        label.write("0 0.5 0.5 0.5 0.5\n")


def make(options):
    from PIL import Image
    draw = random.Random(options.seed)
    files = list(sources(options.pictures_from))
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            os.makedirs(os.path.join(options.folder, kind, split), exist_ok=True)
    made = 0
    for turn, path in enumerate(files):
        picture = Image.open(path).convert("RGB")
        wanted = -(-(options.pictures - made) // (len(files) - turn))
        if min(picture.size) < 80:
            continue
        for region in regions(picture.size, wanted, draw):
            cut = picture.crop(region)
            if draw.random() < 1 / 3:
                cut = cut.transpose(Image.Transpose.ROTATE_90)
            name = f"{made:07d}"
            save(cut, options.folder, "train", name, 92)
            if made % max(1, options.pictures // options.copies) == 0:
                for kind in KINDS:
                    copy, quality = copy_of(cut, kind, made // max(1, options.pictures
                                                                    // options.copies))
                    save(copy, options.folder, "val", f"{name}_{kind}", quality)
            made += 1
    with open(os.path.join(options.folder, "data.yaml"), "w") as out:
        out.write(f"path: {os.path.abspath(options.folder)}\ntrain: images/train\nval: images/val\n"
                  "names:\n  0: c0\n")
    print(f"{made} pictures cut out of {len(files)}")


def score(options):
    with open(options.score) as file:
        groups = json.load(file)["near_duplicates"]["list"]
    stem = lambda image: os.path.basename(image["image"]).split(".")[0]
    copies = [name.split(".")[0] for name in os.listdir(os.path.join(options.folder, "images/val"))]
    found = dict.fromkeys(KINDS, 0)
    wrong = 0
    for group in groups:
        names = [stem(image) for image in group["images"]]
        origins = [name.split("_")[0] for name in names]
        for name in names:
            if "_" in name and name.split("_")[0] in names:
                found[name.split("_")[1]] += 1
        wrong += sum(a != b for i, a in enumerate(origins) for b in origins[:i])
    for kind in KINDS:
        planted = sum(name.endswith(kind) for name in copies)
        print(f"{kind}: {found[kind]} of {planted} found")
    print(f"pairs of other pictures in a group: {wrong}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("pictures_from", nargs="*")
    parser.add_argument("--pictures", type=int, default=10000)
    parser.add_argument("--copies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--score")
    options = parser.parse_args()
    if options.score:
        score(options)
    elif options.pictures_from:
        make(options)
    else:
        parser.error("PICTURES or --score is needed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
