#!/usr/bin/env python3
"""Writes to tests/data/onnx quantised networks (pairs of QuantizeLinear and DequantizeLinear, ONNX
Runtime's own operators on integers, quantisation by each picture's own range) and one of grey
pictures. Needs nothing but Python. Run from the project's root: tests/data/make_onnx_more.py"""
import math
import struct

from make_onnx import SIZE, centres, write
from onnx_file import FLOAT, Net, data, number, value_info

UINT8, INT8, INT32 = 2, 3, 6
PACKED = {UINT8: "B", INT8: "b", INT32: "i"}


class Quantised(Net):
    def integers(self, kind, dims, values):
        self.count += 1
        body = b"".join(number(1, d) for d in dims) + number(2, kind) + data(8, "q%d" % self.count)
        if self.count % 2:
            body += data(9, struct.pack("<%d%s" % (len(values), PACKED[kind]), *values))
        else:
            body += b"".join(number(5, v) for v in values)
        self.constants.append(body)
        return "q%d" % self.count

    def random(self, kind, low, high, *dims):
        out = []
        for _ in range(math.prod(dims)):
            self.seed = (self.seed * 1103515245 + 12345) % (1 << 31)
            out.append((self.seed >> 16) % (high - low + 1) + low)
        return self.integers(kind, dims, out)

    def scale(self, value):
        """Scales of no simple ratio: sums half way between two integers round as chance has it."""
        return self.floats([], [value])

    def microsoft(self, kind, inputs, **attributes):
        name = self.op(kind, inputs, **attributes)
        self.nodes[-1] += data(7, "com.microsoft")
        return name

    def bytes(self, ir=8):
        return super().bytes(ir) + data(8, data(1, "com.microsoft") + number(2, 1))


def pairs(n, x, scale, zero, kind=UINT8):
    """A tensor as it is after its quantisation."""
    scheme = [n.scale(scale), n.integers(kind, [], [zero])]
    return n.op("DequantizeLinear", [n.op("QuantizeLinear", [x] + scheme)] + scheme)


def paired_conv(n, x, i, o, k, stride, x_scale, trained=False):
    """int8 weights, a scale for each channel; its bias in 32 bits. trained: the weights are in floats,
    as training that knows of the quantisation leaves them."""
    scales = [0.004 + 0.001 * (c % 3) for c in range(o)]
    scheme = [n.floats([o], scales), n.integers(INT8, [o], [0] * o)]
    whole = (n.op("QuantizeLinear", [n.weights(o, i, k, k)] + scheme, axis=0) if trained
             else n.random(INT8, -127, 127, o, i, k, k))
    w = n.op("DequantizeLinear", [whole] + scheme, axis=0)
    b = n.op("DequantizeLinear", [n.random(INT32, -1000, 1000, o),
                                  n.floats([o], [s * x_scale for s in scales]),
                                  n.integers(INT32, [o], [0] * o)], axis=0)
    return n.op("Conv", [x, w, b], kernel_shape=[k, k], strides=[stride, stride], pads=[k // 2] * 4)


def tail(n, levels, classes=2):
    """Boxes by distances, one bin, in floats: what exporters leave out of the quantisation."""
    xs, ys, strides = centres(SIZE)
    anchors = len(xs)
    boxes = [n.op("Reshape", [b, n.ints(1, 4, -1)]) for b, _ in levels]
    scores = [n.op("Reshape", [s, n.ints(1, classes, -1)]) for _, s in levels]
    b, s = n.op("Concat", boxes, axis=2), n.op("Concat", scores, axis=2)
    near, far = n.op("Split", [b, n.ints(2, 2)], 2, axis=1)
    middle = n.floats([1, 2, anchors], xs + ys)
    one, two = n.op("Sub", [middle, near]), n.op("Add", [middle, far])
    size = n.op("Sub", [two, one])
    one = n.op("Div", [n.op("Add", [one, two]), n.floats([], [2.0])])
    b = n.op("Mul", [n.op("Concat", [one, size], axis=1), n.floats([1, anchors], strides)])
    out = n.op("Concat", [b, n.op("Sigmoid", [s])], axis=1, name="output0")
    n.outputs.append(value_info(out, [1, 4 + classes, anchors]))


def start(channels=3):
    n = Quantised(13)
    n.inputs.append(value_info("images", [1, channels, SIZE, SIZE]))
    return n


def paired_net():
    n = start()
    x = pairs(n, "images", 1 / 255, 0)
    for i, o, scale, zero in ((3, 4, 0.02037, 120), (4, 4, 0.02037, 100), (4, 8, 0.02973, 130)):
        x = pairs(n, paired_conv(n, x, i, o, 3, 2, 0.01), scale, zero)
        gate = pairs(n, n.op("Sigmoid", [x]), 1 / 255, 0)
        x = pairs(n, n.op("Mul", [x, gate]), 0.02037, 30)
    eight = x
    x = pairs(n, paired_conv(n, eight, 8, 8, 3, 1, 0.02037), 0.02973, -10, INT8)
    eight = pairs(n, n.op("Add", [eight, x]), 0.04117, 90)
    sixteen = pairs(n, n.op("MaxPool", [eight], kernel_shape=[2, 2], strides=[2, 2]), 0.04117, 90)
    levels = []
    for x in (eight, sixteen):
        box = paired_conv(n, x, 8, 4, 1, 1, 0.04117, True)
        score = paired_conv(n, x, 8, 2, 1, 1, 0.04117)
        levels.append((n.op("Relu", [box]), score))
    tail(n, levels)
    return n


def q_conv(n, x, scheme, i, o, k, stride, to):
    w = n.random(INT8, -127, 127, o, i, k, k)
    return n.op("QLinearConv", [x] + scheme + [w, n.floats([o], [0.005 + 0.001 * (c % 2) for c in range(o)]),
                                               n.integers(INT8, [o], [0] * o)] + to +
                [n.random(INT32, -2000, 2000, o)],
                kernel_shape=[k, k], strides=[stride, stride], pads=[k // 2] * 4)


def linear_net():
    """Integers from the first convolution to the head's maps."""
    n = start()

    def scheme(scale, zero):
        return [n.scale(scale), n.integers(UINT8, [], [zero])]
    now = scheme(1 / 255, 0)
    x = n.op("QuantizeLinear", ["images"] + now)
    for i, o in ((3, 4), (4, 4), (4, 8)):
        to, gate, then = scheme(0.02037, 110), scheme(1 / 255, 0), scheme(0.01531, 40)
        x = q_conv(n, x, now, i, o, 3, 2, to)
        s = n.microsoft("QLinearSigmoid", [x] + to + gate)
        x = n.microsoft("QLinearMul", [x] + to + [s] + gate + then)
        now = then
    to, then = scheme(0.02973, 128), scheme(0.04117, 100)
    y = n.microsoft("QLinearLeakyRelu", [q_conv(n, x, now, 8, 8, 3, 1, to)] + to + to, alpha=0.1)
    eight = n.microsoft("QLinearAdd", [x] + now + [y] + to + then)
    both = scheme(0.05219, 90)
    levels = []
    for x in (eight, n.op("MaxPool", [eight], kernel_shape=[2, 2], strides=[2, 2])):
        mean = n.microsoft("QLinearGlobalAveragePool", [x] + then + then)
        x = n.microsoft("QLinearConcat", both + [x] + then + [n.microsoft(
            "QLinearAdd", [x] + then + [mean] + then + then)] + then, axis=1)
        box, score = scheme(0.09871, 128), scheme(0.05219, 128)
        levels.append(tuple(n.op("DequantizeLinear", [q_conv(n, x, both, 16, c, 1, 1, s)] + s)
                            for c, s in ((4, box), (2, score))))
    tail(n, levels)
    return n


def dynamic_conv(n, x, i, o, k, stride):
    q = n.op("DynamicQuantizeLinear", [x], 3)
    w = n.random(UINT8, 0, 255, o, i, k, k)
    y = n.op("ConvInteger", [q[0], w, q[2], n.integers(UINT8, [], [125])],
             kernel_shape=[k, k], strides=[stride, stride], pads=[k // 2] * 4)
    y = n.op("Mul", [n.op("Cast", [y], to=FLOAT), n.op("Mul", [q[1], n.scale(0.004)])])
    return n.op("Add", [y, n.weights(1, o, 1, 1)])


def dynamic_net():
    n = start()
    x = "images"
    for i, o in ((3, 4), (4, 4), (4, 8)):
        x = dynamic_conv(n, x, i, o, 3, 2)
        x = n.op("Mul", [x, n.op("Sigmoid", [x])])
    rows = n.op("Transpose", [n.op("Reshape", [x, n.ints(1, 8, 64)])], perm=[0, 2, 1])
    q = n.op("DynamicQuantizeLinear", [rows], 3)
    y = n.op("MatMulInteger", [q[0], n.random(INT8, -127, 127, 8, 8), q[2], n.integers(INT8, [8], list(range(8)))])
    y = n.op("Mul", [n.op("Cast", [y], to=FLOAT), n.op("Mul", [q[1], n.scale(0.003)])])
    y = n.op("Reshape", [n.op("Transpose", [y], perm=[0, 2, 1]), n.ints(1, 8, 8, 8)])
    eight = n.op("Add", [x, y])
    sixteen = n.op("MaxPool", [eight], kernel_shape=[2, 2], strides=[2, 2])
    tail(n, [(dynamic_conv(n, x, 8, 4, 1, 1), dynamic_conv(n, x, 8, 2, 1, 1)) for x in (eight, sixteen)])
    return n


def grey_net():
    n = start(1)
    x = "images"
    for i, o in ((1, 4), (4, 4), (4, 8)):
        x = n.op("LeakyRelu", [n.conv(x, i, o, 3, 2)], alpha=0.1)
    sixteen = n.op("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    tail(n, [(n.conv(y, 8, 4, 1), n.conv(y, 8, 2, 1)) for y in (x, sixteen)])
    return n


if __name__ == "__main__":
    write("", "pairs.onnx", paired_net().bytes())
    write("", "integers.onnx", linear_net().bytes())
    write("", "ranges.onnx", dynamic_net().bytes())
    write("", "grey.onnx", grey_net().bytes())
