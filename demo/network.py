"""A small anchor-free detector: backbone, neck and a decoupled head on strides 8, 16 and 32.

The output has the layout of a YOLOv8 export: (batch, 4 + classes, cells), a box as xc, yc, w, h in
network pixels and then a score for each class; the levels follow each other, each row by row.
heads.py has those that say more of an object than its box.
"""
from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

STRIDES = (8, 16, 32)
BINS = 16       # a box side is a distribution over 0..15 strides from the cell's centre


class Conv(nn.Sequential):
    """Convolution, batch norm, SiLU."""

    def __init__(self, inputs, outputs, kernel=1, stride=1):
        super().__init__(nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
                         nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03), nn.SiLU())


class Mix(nn.Module):
    """Splits the channels in two halves, refines one with a residual, joins all three."""

    def __init__(self, inputs, outputs, residual=True):
        super().__init__()
        half = outputs // 2
        self.residual = residual
        self.enter = Conv(inputs, outputs)
        self.refine = nn.Sequential(Conv(half, half, 3), Conv(half, half, 3))
        self.leave = Conv(3 * half, outputs)

    def forward(self, x):
        a, b = self.enter(x).chunk(2, 1)
        c = self.refine(b)
        return self.leave(torch.cat((a, b, b + c if self.residual else c), 1))


class Pool(nn.Module):
    """Max pooling over 5, 9 and 13 cells, as a chain of pools over 5."""

    def __init__(self, channels):
        super().__init__()
        self.enter = Conv(channels, channels // 2)
        self.pool = nn.MaxPool2d(5, 1, 2)
        self.leave = Conv(2 * channels, channels)

    def forward(self, x):
        views = [self.enter(x)]
        for _ in range(3):
            views.append(self.pool(views[-1]))
        return self.leave(torch.cat(views, 1))


class Branch(nn.Sequential):
    """One half of the head on one level: boxes or classes."""

    def __init__(self, inputs, hidden, outputs):
        super().__init__(Conv(inputs, hidden, 3), Conv(hidden, hidden, 3), nn.Conv2d(hidden, outputs, 1))


def cells(features):
    """The centres (2, cells) of all levels' cells in units of their stride, and the strides (1, cells)."""
    centres, strides = [], []
    for feature, stride in zip(features, STRIDES):
        height, width = feature.shape[2:]
        x = torch.arange(width, dtype=torch.float32) + 0.5
        y = torch.arange(height, dtype=torch.float32) + 0.5
        rows, columns = torch.meshgrid(y, x, indexing="ij")
        centres.append(torch.stack((columns, rows)).view(2, -1))
        strides.append(torch.full((1, height * width), float(stride)))
    return torch.cat(centres, 1), torch.cat(strides, 1)


class Raw(NamedTuple):
    """What the network says of its cells before anything is decoded."""
    features: tuple             # the neck's three maps, finest first
    sides: torch.Tensor         # (n, 4 * BINS, cells) distributions of the distances to the sides
    logits: torch.Tensor        # (n, classes, cells)
    centres: torch.Tensor       # (2, cells) in units of the stride
    strides: torch.Tensor       # (1, cells)


def over(branches, features):
    """The outputs (n, channels, cells) of one branch on each level."""
    return torch.cat([branch(feature).flatten(2) for branch, feature in zip(branches, features)], 2)


class Detector(nn.Module):
    def __init__(self, classes, widths=(16, 32, 32, 48, 64), hidden=32):
        super().__init__()
        w1, w2, w3, w4, w5 = widths
        self.stem = nn.Sequential(Conv(3, w1, 3, 2), Conv(w1, w2, 3, 2), Mix(w2, w2))
        self.down8 = nn.Sequential(Conv(w2, w3, 3, 2), Mix(w3, w3))
        self.down16 = nn.Sequential(Conv(w3, w4, 3, 2), Mix(w4, w4))
        self.down32 = nn.Sequential(Conv(w4, w5, 3, 2), Mix(w5, w5), Pool(w5))
        self.up = nn.Upsample(scale_factor=2)
        self.up16 = Mix(w5 + w4, w4, residual=False)
        self.out8 = Mix(w4 + w3, w3, residual=False)
        self.shrink16 = Conv(w3, w3, 3, 2)
        self.out16 = Mix(w3 + w4, w4, residual=False)
        self.shrink32 = Conv(w4, w4, 3, 2)
        self.out32 = Mix(w4 + w5, w5, residual=False)
        self.box = nn.ModuleList(Branch(w, hidden, 4 * BINS) for w in (w3, w4, w5))
        self.score = nn.ModuleList(Branch(w, hidden, classes) for w in (w3, w4, w5))
        self.register_buffer("bins", torch.arange(float(BINS)).view(1, BINS, 1, 1))
        for box, score in zip(self.box, self.score):
            nn.init.constant_(box[-1].bias, 1.0)
            nn.init.constant_(score[-1].bias, -6.0)

    def features(self, x):
        """The neck's three feature maps, finest first."""
        f8 = self.down8(self.stem(x))
        f16 = self.down16(f8)
        f32 = self.down32(f16)
        n16 = self.up16(torch.cat((self.up(f32), f16), 1))
        p8 = self.out8(torch.cat((self.up(n16), f8), 1))
        p16 = self.out16(torch.cat((self.shrink16(p8), n16), 1))
        p32 = self.out32(torch.cat((self.shrink32(p16), f32), 1))
        return p8, p16, p32

    def raw(self, x):
        features = self.features(x)
        return Raw(features, over(self.box, features), over(self.score, features), *cells(features))

    def distances(self, sides):
        """The expected distances (n, 4, cells) of left, top, right and bottom, in strides."""
        n, _, count = sides.shape
        chance = sides.view(n, 4, BINS, count).transpose(1, 2).softmax(1)
        return F.conv2d(chance, self.bins).view(n, 4, count)

    def shift(self, raw, shift):
        """Where a box's centre lies, from the cell's: for boxes along the picture's axes as it is."""
        return shift

    def decoded(self, raw):
        """Boxes as xc, yc, w, h in network pixels, and the scores: (n, 4 + classes, cells)."""
        left_top, right_bottom = self.distances(raw.sides).chunk(2, 1)
        centres = raw.centres + self.shift(raw, (right_bottom - left_top) / 2)
        boxes = torch.cat((centres, left_top + right_bottom), 1) * raw.strides
        return torch.cat((boxes, raw.logits.sigmoid()), 1)

    def forward(self, x):
        return self.decoded(self.raw(x))
