"""The demo's networks, one a task: what each is trained on, and what a picture's objects are to it.

A row of `rows` is an object in network pixels: class, x1 y1 x2 y2 and, of other tasks than detection, what the
network's third branch learns. Where the object stands at an angle, x1 y1 x2 y2 are its box before it was turned
about its centre. The class of a row without an object is -1.
"""
import math

import numpy as np
import torch
from PIL import Image, ImageDraw

import digits
import heads
import shapes
from network import Detector


class Detect:
    """Handwritten digits by their boxes."""
    task, file = "detect", "model.onnx"
    names, size, most, more = digits.NAMES, 256, 7, 0
    description, license = "Handwritten digits", "MIT; trained on UCI optical digits (CC BY 4.0)"
    outputs = ("output0",)
    properties = {}

    def __init__(self):
        self.digits, self.classes = digits.for_training()

    def network(self):
        return Detector(len(self.names))

    def draw(self, rng, grain):
        return digits.draw(rng, self.digits, self.classes, grain)

    def row(self, thing, scale, offset):
        """An object as a list: its class, its box, and what else there is to learn."""
        name, box = thing
        return [name, *(np.array(box) * scale + offset * 2)]


class Shapes:
    """What the tasks on drawn shapes share."""
    size, most, license = 160, shapes.MOST, "MIT"
    outputs = ("output0",)
    properties = {}

    def __init__(self):
        self.names = shapes.NAMES[self.task]
        self.file = "tasks/%s/model.onnx" % self.task

    def network(self):
        return self.head(len(self.names))

    def draw(self, rng, grain):
        return shapes.draw(rng, self.task, grain)

    def row(self, thing, scale, offset):
        points = thing.points.copy()
        points[:, :2] = points[:, :2] * scale + offset
        box = np.array(thing.box) * scale + offset * 2
        return [thing.name, *self.learned(box, points)]


class Segment(Shapes):
    """Shapes by their outlines; the third branch learns the mask at the prototypes' resolution."""
    task, head, description = "segment", heads.Outlines, "Shapes by their outlines"
    outputs = ("output0", "output1")
    side = Shapes.size // heads.GRID
    more = side * side

    def learned(self, box, points):
        fine = 4
        mask = Image.new("L", (self.side * fine,) * 2)
        ImageDraw.Draw(mask).polygon([tuple(p) for p in points * fine / heads.GRID - 0.5], fill=255)
        return [*box, *(np.asarray(mask.reduce(fine)).ravel() / 255)]


class Obb(Shapes):
    """Long shapes by their rectangles; the third branch learns the angle of the long side."""
    task, head, description, more = "obb", heads.Oriented, "Long shapes at any angle", 1

    def learned(self, box, points):
        along, across, centre = points[1] - points[0], points[2] - points[1], points.mean(0)
        half = np.array((np.hypot(*along), np.hypot(*across))) / 2
        angle = (math.atan2(along[1], along[0]) + math.pi / 4) % math.pi - math.pi / 4
        return [*(centre - half), *(centre + half), angle]


class Pose(Shapes):
    """Figures by their keypoints."""
    task, description, more = "pose", "Figures by their keypoints", 3 * len(shapes.POINTS)
    properties = {"kpt_shape": str([len(shapes.POINTS), 3])}

    def network(self):
        return heads.Jointed(len(self.names), len(shapes.POINTS))

    def learned(self, box, points):
        return [*box, *points.ravel()]


TASKS = {"detect": Detect, "segment": Segment, "obb": Obb, "pose": Pose}


def rows(task, objects, scale, offset):
    """The objects of a picture (most, 5 + more), as it is after letterboxing by `scale` and `offset` (x, y)."""
    table = torch.full((task.most, 5 + task.more), -1.0)
    for line, thing in zip(table, objects):
        line[:] = torch.tensor(np.array(task.row(thing, scale, offset), np.float32))
    return table
