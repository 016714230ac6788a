"""Draws pictures of handwritten digits: the material of the demo and of the training of its model.

A picture is a background of our own (gradient, stripes, checks or clouds) with 2 to 7 digits on it.
The digits are scikit-learn's `load_digits`: 8x8 pixels, enlarged smoothly, turned, stretched, coloured.
"""
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.svm import SVC

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
HELD_OUT = 3        # one digit in so many is kept for the demo pictures, the others train the model
CLEAR = 1.02        # lead in votes of a legible digit's class; about one in ten has less
MARGIN = 2          # empty source pixels around a digit
SIDE = (200, 360)   # of a picture, in pixels
COVERED = 0.1       # at most this much of the smaller of two boxes is under the other


def split():
    """The digits (n, 8, 8) in 0..1 and classes (n,) of both parts: for training, held out."""
    data = load_digits()
    images = data.images.astype(np.float32) / 16
    held = np.arange(len(images)) % HELD_OUT == 0
    return (images[~held], data.target[~held]), (images[held], data.target[held])


def for_training():
    """The digits that train the model, and their classes."""
    return split()[0]


def for_demo():
    """The held-out digits that are legible, and their classes.

    Some are not, even to people. They are left out by a judge that is not the demo's model: a support
    vector machine trained on the training digits must read them right, and clearly so.
    """
    (known, known_classes), (images, classes) = split()
    judge = SVC(C=10, gamma=0.25).fit(known.reshape(len(known), -1), known_classes)
    votes = np.sort(judge.decision_function(images.reshape(len(images), -1)), 1)
    right = judge.predict(images.reshape(len(images), -1)) == classes
    legible = right & (votes[:, -1] - votes[:, -2] > CLEAR)
    return images[legible], classes[legible]


def smooth_step(x, low, high):
    """0 below low, 1 above high, an S-shaped ramp between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def glyph(rng, digit, height):
    """The digit about `height` pixels tall, turned and stretched: opacity 0..1, cropped to the ink."""
    source = np.pad(digit, MARGIN)
    angle, shear = np.radians(rng.uniform(-14, 14)), rng.uniform(-0.2, 0.2)
    scale = height / len(digit)
    stretch = np.diag([scale * rng.uniform(0.8, 1.25), scale])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    forward = turn @ np.array([[1, shear], [0, 1]]) @ stretch
    size = np.ceil(np.abs(forward).sum(1) * len(source)).astype(int)
    back = np.linalg.inv(forward)
    offset = len(source) / 2 - back @ (size / 2)
    matrix = (*back[0], offset[0], *back[1], offset[1])
    image = Image.fromarray(source).transform(tuple(size), Image.Transform.AFFINE, matrix,
                                              Image.Resampling.BICUBIC)
    alpha = smooth_step(np.asarray(image), 0.35, 0.55)
    rows, columns = np.nonzero((alpha > 0.5).any(1))[0], np.nonzero((alpha > 0.5).any(0))[0]
    return alpha[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def pattern(rng, width, height):
    """A map (height, width) in 0..1 of how two colours mix in the background."""
    x, y = np.arange(width, dtype=np.float32) / 300, np.arange(height, dtype=np.float32)[:, None] / 300
    angle = rng.uniform(0, np.pi)
    along = np.float32(np.cos(angle)) * x + np.float32(np.sin(angle)) * y
    kind = rng.choice(["gradient", "stripes", "checks", "clouds"])
    if kind == "gradient":
        return (along - along.min()) / np.ptp(along)
    if kind == "stripes":
        return smooth_step(np.sin(along * np.float32(rng.uniform(20, 120))), -0.5, 0.5)
    if kind == "checks":
        across = np.float32(np.cos(angle)) * y - np.float32(np.sin(angle)) * x
        waves = np.float32(rng.uniform(15, 60))
        return smooth_step(np.sin(along * waves) * np.sin(across * waves), -0.3, 0.3)
    coarse = rng.random(rng.integers(3, 14, 2), dtype=np.float32)
    clouds = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(clouds), 0, 1)


def luma(colour):
    """How bright a colour looks, 0..1."""
    return colour @ (0.299, 0.587, 0.114)


def colours(rng):
    """Two background colours that are alike, and a function that draws inks that stand out from both."""
    first = rng.uniform(0.1, 0.9) + rng.uniform(-0.25, 0.25, 3).astype(np.float32)
    second = first + rng.uniform(-0.2, 0.2, 3).astype(np.float32)

    def ink():
        while True:
            colour = rng.random(3, dtype=np.float32)
            if min(abs(luma(colour) - luma(first)), abs(luma(colour) - luma(second))) > 0.28:
                return colour

    return first, second, ink


def covered(box, other):
    """The share of the smaller box that lies in both."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (box, other))
    return max(width, 0) * max(height, 0) / smaller


def place(rng, size, box_size, taken):
    """A free place for a box in a picture, as x1 y1 x2 y2, or None."""
    room = np.array(size) - box_size - 2
    if room.min() <= 0:
        return None
    for _ in range(40):
        x, y = 1 + rng.integers(0, room)
        box = (int(x), int(y), int(x + box_size[0]), int(y + box_size[1]))
        if all(covered(box, other) <= COVERED for other in taken):
            return box
    return None


def draw(rng, digits, classes, grain=0.0):
    """A picture (height, width, 3) of bytes, and its objects [(class, (x1, y1, x2, y2))] in pixels."""
    width, height = rng.integers(SIDE[0], SIDE[1] + 1, 2)
    first, second, ink = colours(rng)
    mix = pattern(rng, width, height)[..., None]
    canvas = first * (1 - mix) + second * mix
    wanted = rng.integers(2, 8)
    largest = min(115, 0.7 * np.sqrt(width * height / wanted))
    objects = []
    while len(objects) < wanted:
        pick = rng.integers(len(digits))
        alpha = glyph(rng, digits[pick], rng.uniform(36, largest))
        box = place(rng, (width, height), alpha.shape[::-1], [b for _, b in objects])
        if box is None:
            wanted = max(2, wanted - 1)
            continue
        x1, y1, x2, y2 = box
        canvas[y1:y2, x1:x2] += alpha[..., None] * (ink() - canvas[y1:y2, x1:x2])
        objects.append((int(classes[pick]), box))
    if grain:
        canvas += grain * rng.standard_normal(canvas.shape[:2] + (1,), dtype=np.float32)
    return (np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8), objects
