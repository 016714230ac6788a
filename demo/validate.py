#!/usr/bin/env python3
"""Says how well a network of train.py sees pictures that it has not been trained on: needs ONNX Runtime.

usage: validate.py segment|obb|pose [--model FILE] [--pictures N] [--seed N]

An object is confirmed where a box of its class with a score of at least 0.25 has an IoU of at least 0.5 with it. Of
these: the mean IoU of the masks, the mean error of the angle, or the mean OKS with a sigma of 1 / points. Exit status
1 where that falls short of GOALS.
"""
import argparse
import math
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageDraw

import shapes
from tasks import TASKS
from train import letterbox

SCORE, OVERLAP = 0.25, 0.5
GOALS = {"segment": ("mask IoU", 0.85, True), "obb": ("angle error, degrees", 5, False), "pose": ("OKS", 0.9, True)}


def iou(box, boxes):
    """Of a box with others (n, 4), as x1 y1 x2 y2."""
    wide, high = (np.minimum(box[i + 2], boxes[:, i + 2]) - np.maximum(box[i], boxes[:, i]) for i in (0, 1))
    shared = np.clip(wide, 0, None) * np.clip(high, 0, None)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return shared / ((box[2] - box[0]) * (box[3] - box[1]) + areas - shared)


def filled(polygon, size):
    """A polygon's pixels as a map of truth values."""
    mask = Image.new("1", size)
    ImageDraw.Draw(mask).polygon([tuple(p) for p in polygon - 0.5], fill=1)
    return np.asarray(mask)


def mask_iou(extra, shape, truth, outputs, side):
    """Of the mask where its logits, enlarged to the network's input, are above 0 inside the box."""
    logits = np.tensordot(extra, outputs[1][0], 1)
    mask = np.asarray(Image.fromarray(logits).resize((side, side), Image.Resampling.BILINEAR)) > 0
    x1, y1, x2, y2 = (int(round(v)) for v in truth[1:5].clip(0, side))
    box = np.zeros_like(mask)
    box[y1:y2, x1:x2] = True
    drawn = filled(shape, (side, side))
    return (mask & box & drawn).sum() / ((mask & box) | drawn).sum()


def angle_error(extra, shape, truth, outputs, side):
    """Between two directions without an end, in degrees."""
    away = (extra[0] - truth[5]) % math.pi
    return math.degrees(min(away, math.pi - away))


def oks(extra, shape, truth, outputs, side):
    """Object keypoint similarity: mean of exp(-d^2 / (2 * area * (2 * sigma)^2)) over the points that are seen."""
    said, true = extra.reshape(-1, 3), truth[5:].reshape(-1, 3)
    seen = true[:, 2] > 0
    away = np.square(said[seen, :2] - true[seen, :2]).sum(1)
    area = (truth[3] - truth[1]) * (truth[4] - truth[2])
    return np.exp(-away / (2 * area * (2 / len(true)) ** 2)).mean()


FIGURES = {"segment": mask_iou, "obb": angle_error, "pose": oks}


def judge(session, task, rng):
    """Of a drawn picture's objects: how many there are, and the figure of each that is confirmed."""
    picture, objects = task.draw(rng, rng.uniform(0, 0.006))
    image, scale, offset = letterbox(picture, task.size)
    outputs = session.run(None, {"images": image.numpy()[None]})
    rows, figures = outputs[0][0].T, []
    scores = rows[:, 4:4 + len(task.names)]
    boxes = np.concatenate((rows[:, :2] - rows[:, 2:4] / 2, rows[:, :2] + rows[:, 2:4] / 2), 1)
    for thing in objects:
        truth = np.array(task.row(thing, scale, offset), np.float32)
        own = (iou(truth[1:5], boxes) >= OVERLAP) * scores[:, thing.name]
        best = own.argmax()
        if own[best] >= SCORE and scores[best].argmax() == thing.name:
            shape = thing.points[:, :2] * scale + offset
            figures.append(FIGURES[task.task](rows[best, 4 + len(task.names):], shape, truth, outputs, task.size))
    return len(objects), figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("task", choices=GOALS)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args()
    task = TASKS[options.task]()
    model = options.model or Path(__file__).with_name("tasks") / options.task / "model.onnx"
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(options.seed)
    counts, figures = zip(*(judge(session, task, rng) for _ in range(options.pictures)))
    every = np.array([figure for some in figures for figure in some])
    if not len(every):
        sys.exit("validate.py: none of %d objects is confirmed" % sum(counts))
    what, goal, higher = GOALS[options.task]
    print("%s: %d of %d objects confirmed (%.3f); %s: mean %.3f, median %.3f" % (
        options.task, len(every), sum(counts), len(every) / sum(counts), what, every.mean(), np.median(every)))
    sys.exit(0 if (every.mean() >= goal if higher else every.mean() <= goal) else 1)


if __name__ == "__main__":
    main()
