"""Backgrounds of our own (gradient, stripes, checks or clouds), inks that stand out, places that are free."""
import numpy as np
from PIL import Image

COVERED = 0.1       # at most this much of the smaller of two boxes is under the other


def smooth_step(x, low, high):
    """0 below low, 1 above high, an S-shaped ramp between."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


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


def background(rng, width, height):
    """A picture (height, width, 3) of floats 0..1 without objects, and a function that draws inks for it."""
    first, second, ink = colours(rng)
    mix = pattern(rng, width, height)[..., None]
    return first * (1 - mix) + second * mix, ink


def finish(canvas, rng, grain):
    """The picture as bytes, with noise where grain is not 0."""
    if grain:
        canvas = canvas + grain * rng.standard_normal(canvas.shape[:2] + (1,), dtype=np.float32)
    return (np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8)
