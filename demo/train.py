#!/usr/bin/env python3
"""Trains the demo's detector on pictures drawn on the fly and writes model.onnx.

usage: train.py [--steps N] [--batch N] [--seed N] [--output FILE]
"""
import argparse
import copy
import io
import math
import time
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

import digits
from network import BINS, Detector

SIZE = 256          # of the square network input
MOST = 7            # objects in a picture
POSITIVES = 10      # cells that learn one object
GRAY = 114 / 255    # of the letterbox


def letterbox(picture, side=SIZE):
    """The picture (h, w, 3) as a centred (3, side, side) input; also its scale and offset (x, y)."""
    height, width = picture.shape[:2]
    scale = min(side / height, side / width)
    size = round(height * scale), round(width * scale)
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    small = F.interpolate(pixels, size, mode="bilinear", align_corners=False)[0]
    top, left = round((side - size[0]) / 2 - 0.1), round((side - size[1]) / 2 - 0.1)
    canvas = torch.full((3, side, side), GRAY)
    canvas[:, top:top + size[0], left:left + size[1]] = small
    return canvas, scale, (left, top)


def compress(rng, picture):
    """The picture after a trip through JPEG."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=int(rng.integers(60, 96)))
    return np.array(Image.open(stream))


class Pictures(IterableDataset):
    """Endless training samples: the input, and MOST rows of class x1 y1 x2 y2 (class -1: no object)."""

    def __init__(self, seed):
        self.seed = seed
        self.digits, self.classes = digits.for_training()

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        while True:
            picture, objects = digits.draw(rng, self.digits, self.classes, rng.uniform(0, 0.03))
            if rng.random() < 0.5:
                picture = compress(rng, picture)
            if rng.random() < 0.05:
                picture = np.repeat(picture.mean(2, keepdims=True).astype(np.uint8), 3, 2)
            image, scale, offset = letterbox(picture)
            rows = torch.full((MOST, 5), -1.0)
            for row, (name, box) in zip(rows, objects):
                row[0] = name
                row[1:] = torch.tensor(box) * scale + torch.tensor(offset * 2)
            yield image, rows


def overlap(a, b):
    """IoU, and the terms of CIoU that it lacks, of boxes (..., 4) as x1 y1 x2 y2."""
    wide = (torch.minimum(a[..., 2], b[..., 2]) - torch.maximum(a[..., 0], b[..., 0])).clamp(0)
    high = (torch.minimum(a[..., 3], b[..., 3]) - torch.maximum(a[..., 1], b[..., 1])).clamp(0)
    (aw, ah), (bw, bh) = (((x[..., 2:] - x[..., :2]).clamp(1e-3)).unbind(-1) for x in (a, b))
    shared = wide * high
    iou = shared / (aw * ah + bw * bh - shared)
    span = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    apart = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]) / 2
    distance = apart.square().sum(-1) / (span.square().sum(-1) + 1e-6)
    shape = (4 / math.pi ** 2) * (torch.atan(bw / bh) - torch.atan(aw / ah)).square()
    with torch.no_grad():
        weight = shape / (1 - iou + shape + 1e-6)
    return iou, distance + weight * shape


@torch.no_grad()
def assign(boxes, scores, points, objects):
    """Task-aligned assignment: which object each cell learns, and how strongly.

    boxes (n, cells, 4) and points (cells, 2) in pixels, scores (n, cells, classes), objects (n, MOST, 5).
    A cell whose centre is inside an object competes for it with score^0.5 * IoU^6; the best POSITIVES win.
    Returns the object's index (n, cells) and the target score (n, cells), 0 where the cell is background.
    """
    real = objects[..., 0] >= 0
    corners = objects[:, :, None, 1:]
    inside = torch.cat((points - corners[..., :2], corners[..., 2:] - points), -1).amin(-1) > 0
    inside &= real[..., None]
    iou = overlap(boxes[:, None], corners)[0] * inside
    name = objects[..., 0].long().clamp(0)[..., None].expand(-1, -1, scores.shape[1])
    fit = scores.transpose(1, 2).gather(1, name).sqrt() * iou ** 6
    best = torch.zeros_like(inside).scatter_(2, fit.topk(POSITIVES, 2).indices, True) & inside
    owner = (iou * best).argmax(1, keepdim=True)
    best &= torch.zeros_like(best).scatter_(1, owner, True)
    fit, iou = fit * best, iou * best
    target = fit * iou.amax(2, keepdim=True) / (fit.amax(2, keepdim=True) + 1e-9)
    return owner[:, 0], target.amax(1)


def side_loss(sides, distances):
    """Cross entropy (cells, 4) of side distributions (cells, 4, BINS) with the two bins around each distance."""
    distances = distances.clamp(0, BINS - 1.01)
    low = distances.long()
    upper = distances - low
    chance = sides.log_softmax(-1)
    return -(chance.gather(-1, low[..., None])[..., 0] * (1 - upper) +
             chance.gather(-1, low[..., None] + 1)[..., 0] * upper)


def loss(model, images, objects):
    """The training loss of a batch: classes, boxes, side distributions."""
    sides, logits, centres, strides = model.raw(images)
    centres, strides = centres.t(), strides.t()
    distances = model.distances(sides).transpose(1, 2)
    boxes = torch.cat((centres - distances[..., :2], centres + distances[..., 2:]), -1)
    logits = logits.transpose(1, 2)
    owner, target = assign(boxes * strides, logits.sigmoid(), centres * strides, objects)
    total = target.sum().clamp(1)
    mine = objects.gather(1, owner[..., None].expand(-1, -1, 5))
    wanted = F.one_hot(mine[..., 0].long().clamp(0), logits.shape[2]) * target[..., None]
    classes = F.binary_cross_entropy_with_logits(logits, wanted, reduction="sum") / total
    hit = target > 0
    truth, weight = (mine[..., 1:] / strides)[hit], target[hit]
    iou, rest = overlap(boxes[hit], truth)
    place = ((1 - iou + rest) * weight).sum() / total
    point = centres.expand(*hit.shape, 2)[hit]
    truth_sides = torch.cat((point - truth[:, :2], truth[:, 2:] - point), -1)
    learned = sides.transpose(1, 2)[hit].view(-1, 4, BINS)
    spread = (side_loss(learned, truth_sides).mean(-1) * weight).sum() / total
    return classes, 3 * place, 0.5 * spread


def rate(step, steps, peak):
    """Learning rate: a short climb, then half a cosine down."""
    climb = min(1, (step + 1) / 200)
    return peak * climb * (0.01 + 0.99 * (1 + math.cos(math.pi * step / steps)) / 2)


@torch.no_grad()
def follow(average, model, step):
    """Moves the averaged weights towards the model's."""
    keep = min(0.998, (step + 1) / (step + 10))
    for a, b in zip(average.state_dict().values(), model.state_dict().values()):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - keep)


def train(samples, steps, seed):
    """A model trained on batches (images, objects) from an iterator: the running average of its weights."""
    torch.manual_seed(seed)
    model = Detector(len(digits.NAMES)).train().to(memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval()
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02},
                                   {"params": others, "weight_decay": 0.0}])
    begin, seen = time.time(), np.zeros(3)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, 4e-3)
        images, objects = next(samples)
        parts = loss(model, images.to(memory_format=torch.channels_last), objects)
        optimizer.zero_grad()
        sum(parts).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        follow(average, model, step)
        seen = 0.98 * seen + 0.02 * np.array([p.item() for p in parts])
        if (step + 1) % 100 == 0:
            print("step %d/%d  classes %.3f  boxes %.3f  sides %.3f  %.0f s" %
                  (step + 1, steps, *seen, time.time() - begin), flush=True)
    return average


def export(model, path, side=SIZE):
    """Writes the model as ONNX, with the properties that Ultralytics' exports carry."""
    torch.onnx.export(model, (torch.zeros(1, 3, side, side),), str(path), dynamo=False, opset_version=17,
                      input_names=["images"], output_names=["output0"],
                      dynamic_axes={"images": {0: "batch", 2: "height", 3: "width"},
                                    "output0": {0: "batch", 2: "anchors"}})
    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, {
        "description": "Handwritten digits, the demo model of verify", "author": "verify demo",
        "license": "MIT; trained on UCI optical digits (CC BY 4.0)",
        "stride": "32", "task": "detect", "batch": "1", "imgsz": str([side, side]),
        "names": str(dict(enumerate(digits.NAMES)))})
    onnx.save(graph, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("model.onnx"))
    options = parser.parse_args()
    loader = DataLoader(Pictures(options.seed), options.batch, num_workers=1, prefetch_factor=4)
    model = train(iter(loader), options.steps, options.seed)
    export(model, options.output)


if __name__ == "__main__":
    main()
