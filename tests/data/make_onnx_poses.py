#!/usr/bin/env python3
"""Writes to tests/data/onnx/poses networks whose boxes have keypoints behind them, as Ultralytics and
as YOLOv7's pose branch export them. Needs nothing but Python. Run from the project's root:
tests/data/make_onnx_poses.py. To tests/data/onnx/masks it writes the same with coefficients of masks."""
from make_onnx import SIZE, anchor_net, backbone, centres, narrow, softmax_mean, split, with_prototypes, write
from onnx_file import Net, value_info

BINS = 4


def places(n, points, k, d, xs, ys, strides):
    """(1, k * d, anchors) of Ultralytics' keypoints: two numbers of place, perhaps one of certainty."""
    anchors = len(xs)
    y = n.op("Reshape", [points, n.ints(1, k, d, anchors)])
    at = n.floats([1, 1, 2, anchors], [v - 0.5 for v in xs + ys])
    a = n.op("Mul", [narrow(n, y, 2, 0, 2), n.floats([], [2.0])])
    a = n.op("Mul", [n.op("Add", [a, at]), n.floats([anchors], strides)])
    if d == 3:
        a = n.op("Concat", [a, n.op("Sigmoid", [narrow(n, y, 2, 2, 3)])], axis=2)
    return n.op("Reshape", [a, n.ints(1, k * d, anchors)])


def pose_net(k, d, classes, ends=False, masks=False, **metadata):
    """An anchor-free detector with keypoints. ends: the best of its boxes alone, with their class. masks:
    coefficients of masks in the keypoints' place, as they are, and prototypes."""
    n = Net(13, **metadata)
    n.divide = 0.0
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE]))
    xs, ys, strides = centres(SIZE)
    anchors, maps = len(xs), [[], [], []]
    levels = backbone(n, SIZE)
    for x in levels:
        for kind, channels in enumerate((4 * BINS, classes, k * d)):
            maps[kind].append(n.op("Reshape", [n.conv(x, 8, channels, 1), n.ints(1, channels, -1)]))
    b, s, points = (n.op("Concat", m, axis=2) for m in maps)
    near, far = split(n, softmax_mean(n, b, BINS, anchors), [2, 2])
    middle = n.floats([1, 2, anchors], xs + ys)
    one, two = n.op("Sub", [middle, near]), n.op("Add", [middle, far])
    if not ends:
        one, two = n.op("Div", [n.op("Add", [one, two]), n.floats([], [2.0])]), n.op("Sub", [two, one])
    b = n.op("Mul", [n.op("Concat", [one, two], axis=1), n.floats([1, anchors], strides)])
    s = n.op("Sigmoid", [s])
    more = points if masks else places(n, points, k, d, xs, ys, strides)
    out = n.op("Concat", [b, s, more], axis=1)
    if not ends:
        n.op("Identity", [out], name="output0")
        n.outputs.append(value_info("output0", [1, 4 + classes + k * d, anchors]))
        return with_prototypes(n, levels[0], k * d) if masks else n
    rows = n.op("Transpose", [out], perm=[0, 2, 1])
    best = n.op("ReduceMax", [narrow(n, rows, 2, 4, 4 + classes)], axes=[2], keepdims=0)
    _, index = n.op("TopK", [best, n.ints(10)], 2, axis=1)
    index = n.op("Expand", [n.op("Unsqueeze", [index, n.ints(2)]), n.ints(1, 10, 4 + classes + k * d)])
    n.op("GatherElements", [rows, index], name="output0", axis=1)
    n.outputs.append(value_info("output0", [1, 10, 4 + classes + k * d]))
    return with_prototypes(n, levels[0], k * d) if masks else n


def rows_net(k, d, classes, **metadata):
    """An anchor-based detector, a row a box: box, objectness, classes, keypoints."""
    n = Net(12, **metadata)
    n.divide = 0.0
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE]))
    front, width, levels = 5 + classes, 5 + classes + k * d, []
    for x, stride in zip(backbone(n, SIZE), (8, 16)):
        cells = SIZE // stride
        x = n.op("Reshape", [n.conv(x, 8, width, 1), n.ints(1, 1, width, cells, cells)])
        x = n.op("Transpose", [x], perm=[0, 1, 3, 4, 2])
        box = n.op("Sigmoid", [narrow(n, x, 4, 0, front)])
        at = n.floats([1, 1, cells, cells, 2], [float(v) - 0.5 for p in range(cells * cells)
                                                for v in (p % cells, p // cells)])
        two, each = n.floats([], [2.0]), n.floats([], [float(stride)])
        xy = n.op("Mul", [n.op("Add", [n.op("Mul", [narrow(n, box, 4, 0, 2), two]), at]), each])
        wh = n.op("Mul", [narrow(n, box, 4, 2, 4), two])
        wh = n.op("Mul", [n.op("Mul", [wh, wh]), n.floats([], [3.0 * stride])])
        parts = [xy, wh, narrow(n, box, 4, 4, front)]
        for i in range(front, width, d):
            place = n.op("Add", [n.op("Mul", [narrow(n, x, 4, i, i + 2), two]), at])
            parts.append(n.op("Mul", [place, each]))
            if d == 3:
                parts.append(n.op("Sigmoid", [narrow(n, x, 4, i + 2, i + 3)]))
        levels.append(n.op("Reshape", [n.op("Concat", parts, axis=4), n.ints(1, -1, width)]))
    n.op("Concat", levels, axis=1, name="output0")
    n.outputs.append(value_info("output0", [1, 64 + 16, width]))
    return n


def main():
    pose = {"task": "pose", "names": "{0: 'a', 1: 'b'}"}
    one = {"task": "pose", "names": "{0: 'a'}"}
    for name, net in (("three", pose_net(3, 3, 2, kpt_shape="[3, 3]", **pose)),
                      ("two", pose_net(3, 2, 2, kpt_shape="[3, 2]", **pose)),
                      ("single", pose_net(1, 3, 1, kpt_shape="[1, 3]", **one)),
                      ("ends", pose_net(3, 3, 2, True, kpt_shape="[3, 3]", **pose)),
                      ("rows", rows_net(3, 3, 2, kpt_shape="[3, 3]", **pose)),
                      ("rows_two", rows_net(4, 2, 1, kpt_shape="[4, 2]", **one)),
                      ("rows_single", rows_net(1, 3, 1, kpt_shape="[1, 3]", **one)),
                      ("rows_nameless", rows_net(3, 3, 2, task="pose", kpt_shape="[3, 3]")),
                      ("rows_named", rows_net(3, 3, 2, **pose)),
                      ("rows_bare", rows_net(3, 3, 2)),
                      ("rows_other", rows_net(3, 3, 2, kpt_shape="[4, 3]", **pose)),
                      ("rows_turned", rows_net(3, 3, 2, kpt_shape="[4, 2]", **pose))):
        write("poses", name + ".onnx", net.bytes())
    segment = {"task": "segment", "names": "{0: 'a', 1: 'b'}"}
    for name, net in (("free", pose_net(6, 1, 2, masks=True, **segment)),
                      ("bare", pose_net(6, 1, 2, masks=True)),
                      ("ends", pose_net(6, 1, 2, True, True, **segment)),
                      ("anchors", anchor_net(12, masks=6, **segment))):
        write("masks", name + ".onnx", net.bytes())


if __name__ == "__main__":
    main()
