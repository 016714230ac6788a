#!/usr/bin/env python3
"""Draws the data sets of the demo's other tasks, with the label errors that bench/plant_tasks.py plants.

usage: make_tasks.py [--pictures N] [--seed N] [--output FOLDER] [TASK...]
"""
import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

import shapes

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "bench"))

import plant_tasks


def sheet(task):
    """The text of data.yaml."""
    lines = ["path: .", "train: images"]
    if task == "pose":
        lines += ["kpt_shape: [%d, 3]" % len(shapes.POINTS), "flip_idx: %s" % list(shapes.MIRRORED)]
    lines += ["names:"] + ["  %d: %s" % pair for pair in enumerate(shapes.NAMES[task])]
    return "\n".join(lines) + "\n"


def make(task, folder, pictures, seed):
    """Writes a task's pictures, labels, data.yaml and truth.json."""
    rng = np.random.default_rng((seed, list(shapes.NAMES).index(task)))
    for part in ("images", "labels"):
        shutil.rmtree(folder / part, ignore_errors=True)
        (folder / part).mkdir(parents=True)
    options = argparse.Namespace(task=task, seed=seed, classes=len(shapes.NAMES[task]),
                                 kpt_shape=[len(shapes.POINTS), 3], flip=shapes.MIRRORED)
    with tempfile.TemporaryDirectory() as sound:
        for number in range(1, pictures + 1):
            pixels, objects = shapes.draw(rng, task, rng.uniform(0, 0.006))
            name = "%04d" % number
            Image.fromarray(pixels).save(folder / "images" / (name + ".jpg"), quality=85, optimize=True)
            lines = ["%d %s\n" % (o.name, " ".join("%.6g" % n for n in shapes.numbers(o, pixels.shape[1::-1])))
                     for o in objects]
            (Path(sound) / (name + ".txt")).write_text("".join(lines))
        plant_tasks.plant_folder(Path(sound), folder / "images", folder, options)
    (folder / "data.yaml").write_text(sheet(task))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=", ".join(shapes.NAMES))
    parser.add_argument("--pictures", type=int, default=80)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=HERE / "tasks")
    options = parser.parse_args()
    for task in options.tasks or shapes.NAMES:
        if task not in shapes.NAMES:
            parser.error("no task %s: %s" % (task, ", ".join(shapes.NAMES)))
        make(task, options.output / task, options.pictures, options.seed)


if __name__ == "__main__":
    main()
