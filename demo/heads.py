"""Networks that say more of an object than its box, in the layout of YOLOv8's exports of these tasks.

Each has a third branch, whose channels stand behind the scores: coefficients of masks, an angle, or keypoints.
`learn` is what training adds for the cells that learn an object: `image` (k,) and `cell` (k,) say which these are,
`rows` (k, 5 + more) what they should say, in network pixels, as tasks.py has it.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

from network import Branch, Conv, Detector, over

WIDTHS = (8, 12, 16, 16, 16)
HIDDEN = 12
MASKS = 8           # prototypes
GRID = 4            # network pixels to one of a prototype


class Extended(Detector):
    """A small detector with a third branch of `extras` channels."""

    def __init__(self, classes, extras):
        super().__init__(classes, WIDTHS, HIDDEN)
        self.extra = nn.ModuleList(Branch(w, HIDDEN, extras) for w in WIDTHS[2:])

    def extras(self, raw):
        """The third branch's outputs (n, extras, cells)."""
        return over(self.extra, raw.features)


class Outlines(Extended):
    """Segmentation: an object's mask is where the sum of the prototypes, by its coefficients, is above 0.

    The prototypes are a second output, (n, MASKS, height / GRID, width / GRID).
    """

    def __init__(self, classes):
        super().__init__(classes, MASKS)
        width = WIDTHS[2]
        self.prototypes = nn.Sequential(Conv(width, width, 3), nn.ConvTranspose2d(width, width, 2, 2),
                                        Conv(width, width, 3), Conv(width, MASKS))

    def forward(self, x):
        raw = self.raw(x)
        return torch.cat((self.decoded(raw), self.extras(raw)), 1), self.prototypes(raw.features[0])

    def learn(self, raw, image, cell, rows):
        """Cross entropy of the mask inside the object's box."""
        prototypes = self.prototypes(raw.features[0])
        weights = self.extras(raw).transpose(1, 2)[image, cell]
        logits = torch.einsum("km,kmhw->khw", weights, prototypes[image])
        truth = rows[:, 5:].view_as(logits)
        x, y = (torch.arange(n) * GRID + GRID / 2 for n in (logits.shape[2], logits.shape[1]))
        left, top, right, bottom = rows[:, 1:5, None].unbind(1)
        inside = ((x > left) & (x < right))[:, None, :] & ((y > top) & (y < bottom))[:, :, None]
        wrong = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * inside
        return 2 * wrong.sum((1, 2)) / inside.sum((1, 2)).clamp(1)


class Oriented(Extended):
    """Boxes at any angle, from -45 degrees up to 135: the distances are those along the box's own axes."""

    def __init__(self, classes):
        super().__init__(classes, 1)

    def angles(self, raw):
        """Of each cell's box (n, 1, cells), in radians."""
        return (self.extras(raw).sigmoid() - 0.25) * math.pi

    def shift(self, raw, shift):
        x, y = shift.chunk(2, 1)
        c, s = torch.cos(self.angles(raw)), torch.sin(self.angles(raw))
        return torch.cat((x * c - y * s, x * s + y * c), 1)

    def forward(self, x):
        raw = self.raw(x)
        return torch.cat((self.decoded(raw), self.angles(raw)), 1)

    def learn(self, raw, image, cell, rows):
        """How far the angle is off; half a turn makes no difference."""
        return 2 * torch.sin(self.angles(raw)[image, 0, cell] - rows[:, 5]).square()


class Jointed(Extended):
    """Keypoints: x, y from the cell's centre in half strides, and whether a point is seen."""

    def __init__(self, classes, points):
        super().__init__(classes, 3 * points)
        self.points = points

    def placed(self, raw):
        """The keypoints (n, points, 3, cells): x, y in network pixels and the logit of being seen."""
        said = self.extras(raw).unflatten(1, (self.points, 3))
        corner = raw.centres - 0.5
        return torch.cat(((said[:, :, :2] * 2 + corner) * raw.strides, said[:, :, 2:]), 2)

    def forward(self, x):
        raw = self.raw(x)
        points = self.placed(raw)
        points = torch.cat((points[:, :, :2], points[:, :, 2:].sigmoid()), 2)
        return torch.cat((self.decoded(raw), points.flatten(1, 2)), 1)

    def learn(self, raw, image, cell, rows):
        """How far points are off, as a share of the object's size, and whether they are seen."""
        said = self.placed(raw).permute(0, 3, 1, 2)[image, cell]
        truth = rows[:, 5:].view_as(said)
        seen = (truth[..., 2] > 0).float()
        size = (rows[:, 3:5] - rows[:, 1:3]).prod(1).sqrt()[:, None]
        off = (said[..., :2] - truth[..., :2]).norm(dim=-1) / size
        place = (off * seen).sum(1) / seen.sum(1).clamp(1)
        return 8 * place + 0.3 * F.binary_cross_entropy_with_logits(said[..., 2], seen, reduction="none").mean(1)
