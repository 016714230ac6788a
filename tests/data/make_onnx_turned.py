#!/usr/bin/env python3
"""Writes to tests/data/onnx/turned networks for oriented boxes, as Ultralytics exports them: boxes
that are turned around their cells, their angles behind the scores. Needs nothing but Python. Run from
the project's root: tests/data/make_onnx_turned.py"""
import math

from make_onnx import SIZE, backbone, centres, narrow, softmax_mean, split, write
from onnx_file import Net, value_info


def turned_net(bins, classes, raw, ends=False):
    """raw: the angle is what the map holds, else (sigmoid - 1/4) pi. ends: the best boxes alone."""
    n = Net(13, task="obb", names=str({i: chr(ord("a") + i) for i in range(classes)}))
    n.divide = 0.0
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE]))
    xs, ys, strides = centres(SIZE)
    anchors, maps = len(xs), [[], [], []]
    for x in backbone(n, SIZE):
        for kind, channels in enumerate((4 * bins, classes, 1)):
            maps[kind].append(n.op("Reshape", [n.conv(x, 8, channels, 1), n.ints(1, channels, -1)]))
    b, s, angle = (n.op("Concat", m, axis=2) for m in maps)
    if not raw:
        angle = n.op("Sub", [n.op("Sigmoid", [angle]), n.floats([], [0.25])])
        angle = n.op("Mul", [angle, n.floats([], [math.pi])])
    near, far = split(n, softmax_mean(n, b, bins, anchors) if bins > 1 else b, [2, 2])
    cos, sin = n.op("Cos", [angle]), n.op("Sin", [angle])
    off = n.op("Div", [n.op("Sub", [far, near]), n.floats([], [2.0])])
    x, y = split(n, off, [1, 1])
    right = n.op("Sub", [n.op("Mul", [x, cos]), n.op("Mul", [y, sin])])
    down = n.op("Add", [n.op("Mul", [x, sin]), n.op("Mul", [y, cos])])
    centre = n.op("Add", [n.op("Concat", [right, down], axis=1), n.floats([1, 2, anchors], xs + ys)])
    b = n.op("Concat", [centre, n.op("Add", [near, far])], axis=1)
    b = n.op("Mul", [b, n.floats([1, anchors], strides)])
    out = n.op("Concat", [b, n.op("Sigmoid", [s]), angle], axis=1)
    width = 4 + classes + 1
    if not ends:
        n.op("Identity", [out], name="output0")
        n.outputs.append(value_info("output0", [1, width, anchors]))
        return n
    rows = n.op("Transpose", [out], perm=[0, 2, 1])
    best = n.op("ReduceMax", [narrow(n, rows, 2, 4, 4 + classes)], axes=[2], keepdims=0)
    _, index = n.op("TopK", [best, n.ints(10)], 2, axis=1)
    index = n.op("Expand", [n.op("Unsqueeze", [index, n.ints(2)]), n.ints(1, 10, width)])
    n.op("GatherElements", [rows, index], name="output0", axis=1)
    n.outputs.append(value_info("output0", [1, 10, width]))
    return n


def main():
    for name, net in (("sigmoid", turned_net(4, 2, False)), ("raw", turned_net(1, 2, True)),
                      ("single", turned_net(4, 1, False)), ("ends", turned_net(1, 2, True, True))):
        write("turned", name + ".onnx", net.bytes())


if __name__ == "__main__":
    main()
