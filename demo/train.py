#!/usr/bin/env python3
"""Trains one of the demo's networks on pictures drawn on the fly and writes it as ONNX.

usage: train.py [--task TASK] [--steps N] [--batch N] [--seed N] [--output FILE]
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

from network import BINS
from tasks import TASKS, rows

POSITIVES = 10      # cells that learn one object
GRAY = 114 / 255    # of the letterbox


def letterbox(picture, side):
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
    """Endless training samples: the input, and its objects' rows as tasks.py has them."""

    def __init__(self, task, seed):
        self.task, self.seed = task, seed

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((self.seed, worker.id if worker else 0))
        while True:
            picture, objects = self.task.draw(rng, rng.uniform(0, 0.03))
            if rng.random() < 0.5:
                picture = compress(rng, picture)
            if rng.random() < 0.05:
                picture = np.repeat(picture.mean(2, keepdims=True).astype(np.uint8), 3, 2)
            image, scale, offset = letterbox(picture, self.task.size)
            yield image, rows(self.task, objects, scale, offset)


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


def reaches(objects, points, turned):
    """The distances from points (cells, 2) to the sides of objects (n, most, 5 or more), along their own axes where
    they are turned: left, top, right, bottom (n, most, cells, 4), below 0 where the point is outside."""
    low, high = objects[:, :, None, 1:3], objects[:, :, None, 3:5]
    if turned:
        away = points - (low + high) / 2
        c, s = torch.cos(objects[:, :, 5:6]), torch.sin(objects[:, :, 5:6])
        points = torch.stack((away[..., 0] * c + away[..., 1] * s, away[..., 1] * c - away[..., 0] * s), -1)
        points = points + (low + high) / 2
    return torch.cat((points - low, high - points), -1)


def around(distances):
    """The box (..., 4) as x1 y1 x2 y2 about a point at the origin, with these distances to its sides."""
    return torch.cat((-distances[..., :2], distances[..., 2:]), -1)


@torch.no_grad()
def assign(distances, scores, reach, names):
    """Task-aligned assignment: which object each cell learns, and how strongly.

    distances (n, cells, 4) predicted and reach (n, most, cells, 4) true ones, scores (n, cells, classes), names
    (n, most) the objects' classes, -1 for none.
    A cell whose centre is inside an object competes for it with score^0.5 * IoU^6; the best POSITIVES win.
    Returns the object's index (n, cells) and the target score (n, cells), 0 where the cell is background.
    """
    inside = (reach.amin(-1) > 0) & (names >= 0)[..., None]
    iou = overlap(around(distances)[:, None], around(reach))[0] * inside
    name = names.long().clamp(0)[..., None].expand(-1, -1, scores.shape[1])
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
    """The training loss of a batch: classes, boxes, side distributions, and what the model learns beside these."""
    raw = model.raw(images)
    strides = raw.strides.t()
    distances = model.distances(raw.sides).transpose(1, 2)
    logits = raw.logits.transpose(1, 2)
    names = objects[..., 0]
    reach = reaches(objects, raw.centres.t() * strides, hasattr(model, "angles"))
    owner, target = assign(distances * strides, logits.sigmoid(), reach, names)
    total = target.sum().clamp(1)
    wanted = F.one_hot(names.gather(1, owner).long().clamp(0), logits.shape[2]) * target[..., None]
    classes = F.binary_cross_entropy_with_logits(logits, wanted, reduction="sum") / total
    image, cell = (target > 0).nonzero(as_tuple=True)
    mine, weight = owner[image, cell], target[image, cell]
    truth = reach[image, mine, cell] / strides[cell]
    iou, rest = overlap(around(distances[image, cell]), around(truth))
    place = ((1 - iou + rest) * weight).sum() / total
    learned = raw.sides.transpose(1, 2)[image, cell].view(-1, 4, BINS)
    spread = (side_loss(learned, truth).mean(-1) * weight).sum() / total
    parts = [classes, 3 * place, 0.5 * spread]
    if hasattr(model, "learn"):
        parts.append((model.learn(raw, image, cell, objects[image, mine]) * weight).sum() / total)
    return parts


def rate(step, steps, peak):
    """Learning rate: a short climb, then half a cosine down."""
    climb = min(1, 15 * (step + 1) / steps)
    return peak * climb * (0.01 + 0.99 * (1 + math.cos(math.pi * step / steps)) / 2)


@torch.no_grad()
def follow(average, model, step, steps):
    """Moves the averaged weights towards the model's."""
    keep = min(1 - 6 / steps, (step + 1) / (step + 10))
    for a, b in zip(average.state_dict().values(), model.state_dict().values()):
        if a.dtype.is_floating_point:
            a.lerp_(b, 1 - keep)


def train(task, samples, steps, seed):
    """A task's model trained on batches (images, objects) from an iterator: the running average of its weights."""
    torch.manual_seed(seed)
    model = task.network().train().to(memory_format=torch.channels_last)
    average = copy.deepcopy(model).eval()
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.02},
                                   {"params": others, "weight_decay": 0.0}])
    begin, seen = time.time(), 0
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, 4e-3)
        images, objects = next(samples)
        parts = loss(model, images.to(memory_format=torch.channels_last), objects)
        optimizer.zero_grad()
        sum(parts).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 10)
        optimizer.step()
        follow(average, model, step, steps)
        seen = 0.98 * seen + 0.02 * np.array([p.item() for p in parts])
        if (step + 1) % 100 == 0:
            print("step %d/%d " % (step + 1, steps),
                  *("%s %.3f " % part for part in zip(("classes", "boxes", "sides", "more"), seen)),
                  "%.0f s" % (time.time() - begin), flush=True)
    return average


def shorten(graph):
    """Gives the tensors inside the graph short names, and nodes none: a third of a small file is names."""
    kept = {value.name for value in (*graph.input, *graph.output)}
    short = {"": ""}
    for tensor in graph.initializer:
        tensor.name = short.setdefault(tensor.name, "w%d" % len(short))
    for node in graph.node:
        node.name = ""
        for names in (node.input, node.output):
            names[:] = [name if name in kept else short.setdefault(name, "t%d" % len(short)) for name in names]


def export(task, model, path, side):
    """Writes the model as ONNX, with the properties that Ultralytics' exports carry."""
    free = {"images": {0: "batch", 2: "height", 3: "width"}, "output0": {0: "batch", 2: "anchors"},
            "output1": {0: "batch", 2: "mask_height", 3: "mask_width"}}
    torch.onnx.export(model, (torch.zeros(1, 3, side, side),), str(path), dynamo=False, opset_version=17,
                      input_names=["images"], output_names=list(task.outputs),
                      dynamic_axes={name: free[name] for name in ("images", *task.outputs)})
    graph = onnx.load(path)
    shorten(graph.graph)
    onnx.helper.set_model_props(graph, {
        "description": task.description + ", the demo model of verify", "author": "verify demo",
        "license": task.license, "stride": "32", "task": task.task, "batch": "1", "imgsz": str([side, side]),
        "names": str(dict(enumerate(task.names))), **task.properties})
    onnx.save(graph, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--task", choices=TASKS, default="detect")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    task = TASKS[options.task]()
    loader = DataLoader(Pictures(task, options.seed), options.batch, num_workers=1, prefetch_factor=4)
    model = train(task, iter(loader), options.steps, options.seed)
    export(task, model, options.output or Path(__file__).parent / task.file, task.size)


if __name__ == "__main__":
    main()
