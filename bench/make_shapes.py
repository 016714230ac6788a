#!/usr/bin/env python3
"""Writes networks in the shape of YOLOv8 n, s, m, l and x with random weights, to measure with.

usage: make_shapes.py FOLDER [SIZE…]    FOLDER/yolov8{n,s,m,x}-random.onnx; SIZE: n s m l x

Needs nothing but Python. Layers, widths and depths are YOLOv8's (docs.ultralytics.com/models/yolov8),
for 80 classes and pictures of 640 x 640; the weights keep what goes through them at a like size, and
class scores low, as a trained network's are.
"""
import array
import math
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data"))
import make_onnx  # noqa: E402

# depth, width, most channels
SIZES = {"n": (0.33, 0.25, 1024), "s": (0.33, 0.5, 1024), "m": (0.67, 0.75, 768), "l": (1.0, 1.0, 512),
         "x": (1.0, 1.25, 512)}
SIZE, CLASSES, BINS = 640, 80, 16
STRIDES = (8, 16, 32)
POOL = 1048573      # random numbers, reused; a prime, so that no two rows of weights are the same
GAIN = 1.3          # of weights: below the square root of two, so that SiLU lets nothing grow
RESIDUAL = 0.5      # of that, before an addition
BIAS = 0.5          # deviation of biases: without any, values would fade
SCORE_BIAS = -7.0


class Network(make_onnx.Net):
    """Net with many weights."""

    def __init__(self, **metadata):
        super().__init__(17, **metadata)
        normal = random.Random(1)
        self.pool = [normal.gauss(0, 1) for _ in range(POOL)]
        self.scaled, self.at, self.parameters = {}, 0, 0

    def tensor(self, dims, packed):
        self.count += 1
        name = "c%d" % self.count
        head = b"".join(make_onnx.number(1, d) for d in dims) + make_onnx.number(2, make_onnx.FLOAT)
        self.constants.append(head + make_onnx.data(8, name) + make_onnx.data(9, packed))
        self.parameters += math.prod(dims)
        return name

    def random(self, dims, deviation):
        """Normally distributed."""
        if deviation not in self.scaled:
            self.scaled[deviation] = array.array("f", [deviation * v for v in self.pool]).tobytes()
        pool, size = self.scaled[deviation], 4 * math.prod(dims)
        begin = self.at
        self.at = (self.at + size) % len(pool)
        return self.tensor(dims, (pool * ((begin + size) // len(pool) + 1))[begin:begin + size])

    def conv(self, x, i, o, k=3, stride=1, bias=None, gain=GAIN):
        weights = self.random([o, i, k, k], round(gain / math.sqrt(i * k * k), 6))
        biases = (self.random([o], BIAS) if bias is None else
                  self.tensor([o], array.array("f", [bias] * o).tobytes()))
        return self.op("Conv", [x, weights, biases], kernel_shape=[k, k], strides=[stride] * 2,
                       pads=[k // 2] * 4)

    def layer(self, x, i, o, k=3, stride=1, gain=GAIN):
        x = self.conv(x, i, o, k, stride, gain=gain)
        return self.op("Mul", [x, self.op("Sigmoid", [x])])

    def c2f(self, x, i, o, depth, residual):
        half = o // 2
        parts = make_onnx.split(self, self.layer(x, i, o, 1), [half, half])
        for _ in range(depth):
            last = self.layer(parts[-1], half, half)
            last = self.layer(last, half, half, gain=GAIN * RESIDUAL if residual else GAIN)
            parts.append(self.op("Add", [parts[-1], last]) if residual else last)
        return self.layer(self.op("Concat", parts, axis=1), (2 + depth) * half, o, 1)

    def sppf(self, x, channels):
        parts = [self.layer(x, channels, channels // 2, 1)]
        for _ in range(3):
            parts.append(self.op("MaxPool", [parts[-1]], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4))
        return self.layer(self.op("Concat", parts, axis=1), 2 * channels, channels, 1)

    def double(self, x):
        return self.op("Resize", [x, "", self.floats([4], [1.0, 1.0, 2.0, 2.0])], mode="nearest",
                       coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def join(self, x, y):
        return self.op("Concat", [x, y], axis=1)


def features(n, depth, width, most):
    """The neck's maps at strides 8, 16 and 32, and their channels."""
    w = [8 * math.ceil(min(c, most) * width / 8) for c in (64, 128, 256, 512, 1024)]
    d = [max(round(times * depth), 1) for times in (3, 6)]
    x = n.layer("images", 3, w[0], 3, 2)
    x = n.c2f(n.layer(x, w[0], w[1], 3, 2), w[1], w[1], d[0], True)
    f8 = n.c2f(n.layer(x, w[1], w[2], 3, 2), w[2], w[2], d[1], True)
    f16 = n.c2f(n.layer(f8, w[2], w[3], 3, 2), w[3], w[3], d[1], True)
    f32 = n.sppf(n.c2f(n.layer(f16, w[3], w[4], 3, 2), w[4], w[4], d[0], True), w[4])
    n16 = n.c2f(n.join(n.double(f32), f16), w[4] + w[3], w[3], d[0], False)
    p8 = n.c2f(n.join(n.double(n16), f8), w[3] + w[2], w[2], d[0], False)
    p16 = n.c2f(n.join(n.layer(p8, w[2], w[2], 3, 2), n16), w[2] + w[3], w[3], d[0], False)
    p32 = n.c2f(n.join(n.layer(p16, w[3], w[3], 3, 2), f32), w[3] + w[4], w[4], d[0], False)
    return (p8, p16, p32), w[2:]


def head(n, maps, channels):
    """(1, 4 + classes, anchors), boxes as centre and size."""
    hidden = max(16, channels[0] // 4, 4 * BINS), max(channels[0], min(CLASSES, 100))
    last = (4 * BINS, 1.0), (CLASSES, SCORE_BIAS)
    sides, scores = [], []
    for x, c in zip(maps, channels):
        for h, (outputs, bias), flat in zip(hidden, last, (sides, scores)):
            end = n.conv(n.layer(n.layer(x, c, h), h, h), h, outputs, 1, bias=bias)
            flat.append(n.op("Reshape", [end, n.ints(1, outputs, -1)]))
    sides, scores = (n.op("Concat", flat, axis=2) for flat in (sides, scores))
    xs, ys, strides = make_onnx.centres(SIZE, STRIDES)
    near, far = make_onnx.split(n, make_onnx.softmax_mean(n, sides, BINS, len(xs)), [2, 2])
    middle = n.floats([1, 2, len(xs)], xs + ys)
    one, two = n.op("Sub", [middle, near]), n.op("Add", [middle, far])
    centre = n.op("Div", [n.op("Add", [one, two]), n.floats([], [2.0])])
    boxes = n.op("Concat", [centre, n.op("Sub", [two, one])], axis=1)
    boxes = n.op("Mul", [boxes, n.floats([1, len(xs)], strides)])
    out = n.op("Concat", [boxes, n.op("Sigmoid", [scores])], axis=1, name="output0")
    n.outputs.append(make_onnx.value_info(out, [1, 4 + CLASSES, len(xs)]))


def make(size):
    n = Network(stride="32", task="detect", description="random weights in the shape of YOLOv8" + size,
                names=str({i: "class%d" % i for i in range(CLASSES)}))
    n.inputs.append(make_onnx.value_info("images", [1, 3, SIZE, SIZE]))
    head(n, *features(n, *SIZES[size]))
    return n


def main():
    folder, sizes = (sys.argv[1:2] or [""])[0], sys.argv[2:] or ["n", "s", "m", "x"]
    if not folder or folder.startswith("-") or set(sizes) - set(SIZES):
        sys.exit(__doc__.strip())
    os.makedirs(folder, exist_ok=True)
    for size in sizes:
        network = make(size)
        path = os.path.join(folder, "yolov8%s-random.onnx" % size)
        with open(path, "wb") as file:
            file.write(network.bytes())
        print("%s: %.1f M parameters" % (path, network.parameters / 1e6))


if __name__ == "__main__":
    main()
