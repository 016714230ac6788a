"""Draws pictures of shapes, each with what a label of its task says of it.

    segment  triangles, squares, stars, crosses and arrows, turned and stretched: their outlines
    obb      bars, arrows, wedges and bow ties, long ones at any angle: the corners of their rectangles
    pose     figures with a round head and robots with a square one: head, left and right hand, left and right
             foot. The left ones end in a light ball, the right ones in a dark one, for some are seen from behind;
             of some a hand is not drawn, and the label does not place it.
"""
import itertools
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

import canvas

SIDE = (150, 230)       # of a picture, in pixels
MOST = 5                # objects in a picture
FINE = 4                # an object is drawn that many times as large, and made small smoothly
POINTS = ("head", "left_hand", "right_hand", "left_foot", "right_foot")
MIRRORED = (0, 2, 1, 4, 3)      # which point each is in a mirror
HIDDEN = 0.08           # the share of hands that are not drawn


class Shape(NamedTuple):
    """An object as it is labelled, in pixels."""
    name: int               # its class
    box: tuple              # x1 y1 x2 y2, around all that is drawn of it
    points: np.ndarray      # (n, 2) outline or corners in order; (n, 3) keypoints x y and 2: seen, 0: not


class Drawing(NamedTuple):
    """An object about the origin: what is drawn, one part over the other, and what a label has."""
    parts: list             # [(tone, polygon (n, 2))]; a tone is None for the object's own ink, else its brightness
    points: np.ndarray


def ring(corners, radius=1.0, start=-90.0):
    """A regular polygon; `radius` may be several that take turns."""
    angles = np.radians(start + 360 * np.arange(corners) / corners)
    radii = np.resize(radius, corners)
    return np.stack((radii * np.cos(angles), radii * np.sin(angles)), 1)


def turned(points, angle):
    """The points turned about the origin by an angle in radians, from x to y."""
    c, s = np.cos(angle), np.sin(angle)
    return points @ np.array([[c, s], [-s, c]])


ARROW = np.array([[-1, -0.35], [0.2, -0.35], [0.2, -1], [1, 0], [0.2, 1], [0.2, 0.35], [-1, 0.35]])
OUTLINES = {
    "triangle": ring(3),
    "square": ring(4, start=45),
    "star": ring(10, (1, 0.45)),
    "cross": np.array([[-.3, -1], [.3, -1], [.3, -.3], [1, -.3], [1, .3], [.3, .3], [.3, 1], [-.3, 1], [-.3, .3],
                       [-1, .3], [-1, -.3], [-.3, -.3]]),
    "arrow": ARROW,
}
LONG = {
    "bar": np.array([[-1, -1], [1, -1], [1, 1], [-1, 1.0]]),
    "arrow": ARROW,
    "wedge": np.array([[-1, -1], [1, 0], [-1, 1.0]]),
    "tie": np.array([[-1, -1], [0, -0.25], [1, -1], [1, 1], [0, 0.25], [-1, 1.0]]),
}
CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1.0]])
NAMES = {"segment": tuple(OUTLINES), "obb": tuple(LONG), "pose": ("figure", "robot")}


def outlined(rng, name, size):
    """A shape by its outline."""
    outline = tuple(OUTLINES.values())[name] * rng.uniform(0.7, 1, 2) * size / 2
    outline = turned(outline, rng.uniform(0, 2 * np.pi))
    return Drawing([(None, outline)], outline)


def oriented(rng, name, size):
    """A long shape by the corners of its rectangle."""
    half = np.array((size, size / rng.uniform(2, 3.5))) / 2
    angle = rng.uniform(0, 2 * np.pi)
    return Drawing([(None, turned(tuple(LONG.values())[name] * half, angle))], turned(CORNERS * half, angle))


def limb(start, end, width):
    """A straight line of some width, as a polygon."""
    along = (end - start) / (np.linalg.norm(end - start) + 1e-6) * width / 2
    across = np.array((-along[1], along[0]))
    return np.array([start + across, end + across, end - across, start - across])


def jointed(rng, name, size):
    """A figure by its keypoints."""
    mirror = rng.choice((-1, 1))
    side = np.array((mirror, 1))

    def reach(start, length, low, high):
        angle = np.radians(rng.uniform(low, high))
        return start + np.array((np.sin(angle), -np.cos(angle))) * length * side

    head, neck, hip = np.array((0, -0.75)), np.array((0, -0.5)), np.array((0, 0.1))
    ends = [reach(neck, 0.65, -150, -35), reach(neck, 0.65, 35, 150),
            reach(hip, 0.75, -178, -150), reach(hip, 0.75, 150, 178)]
    shown = np.array([True] + [rng.random() >= HIDDEN for _ in range(2)] + [True] * 2)
    parts = [(None, limb(neck, hip, 0.16)), (None, limb(head, neck, 0.12))]
    drawn = [joint for joint in zip((neck, neck, hip, hip), ends, (1.0, 0.0) * 2, shown[1:]) if joint[-1]]
    parts += [(None, limb(start, end, 0.11)) for start, end, _, _ in drawn]
    parts += [(tone, ring(12, 0.13) + end) for _, end, tone, _ in drawn]
    parts.append((None, (ring(16, 0.26) if name == 0 else ring(4, 0.34, 45)) + head))
    angle = np.radians(rng.uniform(-25, 25))
    parts = [(tone, turned(polygon, angle) * size / 2) for tone, polygon in parts]
    points = turned(np.array([head, *ends]), angle) * size / 2 * shown[:, None]
    return Drawing(parts, np.column_stack((points, 2 * shown)))


MAKERS = {"segment": outlined, "obb": oriented, "pose": jointed}


def paint(picture, box, parts, origin, ink):
    """Draws the parts of an object, whose origin is at `origin`, into a box of the picture."""
    x1, y1, x2, y2 = box
    for tone, alike in itertools.groupby(parts, key=lambda part: part[0]):
        mask = Image.new("L", ((x2 - x1) * FINE, (y2 - y1) * FINE))
        pen = ImageDraw.Draw(mask)
        for _, polygon in alike:
            pen.polygon([tuple(p) for p in (polygon + origin - (x1, y1)) * FINE - 0.5], fill=255)
        alpha = np.asarray(mask.reduce(FINE), np.float32)[..., None] / 255
        colour = ink if tone is None else np.float32(tone)
        picture[y1:y2, x1:x2] += alpha * (colour - picture[y1:y2, x1:x2])


def draw(rng, task, grain=0.0):
    """A picture (height, width, 3) of bytes, and its objects as Shape."""
    width, height = rng.integers(SIDE[0], SIDE[1] + 1, 2)
    picture, ink = canvas.background(rng, width, height)
    wanted = rng.integers(2, MOST + 1)
    largest = min(110, 0.75 * np.sqrt(width * height / wanted))
    objects = []
    while len(objects) < wanted:
        name = int(rng.integers(len(NAMES[task])))
        drawing = MAKERS[task](rng, name, rng.uniform(0.55, 1) * largest)
        every = np.concatenate([polygon for _, polygon in drawing.parts] + [drawing.points[:, :2]])
        low = every.min(0)
        box = canvas.place(rng, (width, height), np.ceil(every.max(0) - low).astype(int) + 1, [o.box for o in objects])
        if box is None:
            wanted = max(2, wanted - 1)
            continue
        origin = np.array(box[:2]) - low + 0.5
        paint(picture, box, drawing.parts, origin, ink())
        points = drawing.points.copy()
        points[:, :2] += origin if points.shape[1] == 2 else origin * (points[:, 2:] > 0)
        objects.append(Shape(name, (*(every.min(0) + origin), *(every.max(0) + origin)), points))
    return canvas.finish(picture, rng, grain), objects


def numbers(shape, size):
    """What a label line of the shape says behind its class, relative to the picture's size (width, height)."""
    size = np.array(size, float)
    if shape.points.shape[1] == 2:
        return (shape.points / size).ravel().tolist()
    low, high = np.array(shape.box[:2]) / size, np.array(shape.box[2:]) / size
    points = shape.points / (*size, 1)
    return [*((low + high) / 2), *(high - low), *points.ravel()]
