"""Draws pictures of handwritten digits: the material of the demo and of the training of its model.

A picture is a background of our own (gradient, stripes, checks or clouds) with 2 to 7 digits on it.
The digits are scikit-learn's `load_digits`: 8x8 pixels, enlarged smoothly, turned, stretched, coloured.
"""
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.svm import SVC

import canvas

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
HELD_OUT = 3        # one digit in so many is kept for the demo pictures, the others train the model
CLEAR = 1.02        # lead in votes of a legible digit's class; about one in ten has less
MARGIN = 2          # empty source pixels around a digit
SIDE = (200, 360)   # of a picture, in pixels


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
    alpha = canvas.smooth_step(np.asarray(image), 0.35, 0.55)
    rows, columns = np.nonzero((alpha > 0.5).any(1))[0], np.nonzero((alpha > 0.5).any(0))[0]
    return alpha[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]


def draw(rng, digits, classes, grain=0.0):
    """A picture (height, width, 3) of bytes, and its objects [(class, (x1, y1, x2, y2))] in pixels."""
    width, height = rng.integers(SIDE[0], SIDE[1] + 1, 2)
    picture, ink = canvas.background(rng, width, height)
    wanted = rng.integers(2, 8)
    largest = min(115, 0.7 * np.sqrt(width * height / wanted))
    objects = []
    while len(objects) < wanted:
        pick = rng.integers(len(digits))
        alpha = glyph(rng, digits[pick], rng.uniform(36, largest))
        box = canvas.place(rng, (width, height), alpha.shape[::-1], [b for _, b in objects])
        if box is None:
            wanted = max(2, wanted - 1)
            continue
        x1, y1, x2, y2 = box
        picture[y1:y2, x1:x2] += alpha[..., None] * (ink() - picture[y1:y2, x1:x2])
        objects.append((int(classes[pick]), box))
    return canvas.finish(picture, rng, grain), objects
