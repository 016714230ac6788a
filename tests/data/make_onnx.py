#!/usr/bin/env python3
"""Writes tests/data/onnx: tiny networks in every spelling of ONNX that the importer knows, and
damaged files. Needs nothing but Python. Run from the project's root: tests/data/make_onnx.py"""
import os

from onnx_file import FLOAT, INT64, HALF, Net, data, external, number, tensor, value_info

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "onnx")
SIZE = 64  # of the pictures that the static files are for


# --- the spellings of one network -------------------------------------------------------------

def split(n, x, sizes):
    if n.opset >= 18 and len(set(sizes)) == 1:
        return n.op("Split", [x], len(sizes), axis=1, num_outputs=len(sizes))
    if n.opset >= 13:
        return n.op("Split", [x, n.ints(*sizes)], len(sizes), axis=1)
    return n.op("Split", [x], len(sizes), axis=1, split=list(sizes))


def clip(n, x, low, high):
    if n.opset >= 11:
        return n.op("Clip", [x, n.floats([], [low]), n.floats([], [high])])
    return n.op("Clip", [x], min=low, max=high)


def unsqueeze(n, x, *axes):
    return n.op("Unsqueeze", [x, n.ints(*axes)]) if n.opset >= 13 else n.op("Unsqueeze", [x], axes=list(axes))


def mean(n, x, *axes):
    if n.opset >= 18:
        return n.op("ReduceMean", [x, n.ints(*axes)], keepdims=0)
    return n.op("ReduceMean", [x], axes=list(axes), keepdims=0)


def pad(n, x, pads):
    return n.op("Pad", [x, n.ints(*pads)], mode="constant") if n.opset >= 11 else n.op("Pad", [x], pads=pads)


def narrow(n, x, axis, start, end):
    if n.opset >= 10:
        return n.op("Slice", [x, n.ints(start), n.ints(end), n.ints(axis), n.ints(1)])
    return n.op("Slice", [x], axes=[axis], starts=[start], ends=[end])


def double(n, x, height, width):
    """Nearest-neighbour upsampling by two, of a map whose doubled size is height x width."""
    scales = [1.0, 1.0, 2.0, 2.0]
    if n.opset < 9:
        return n.op("Upsample", [x], mode="nearest", scales=scales)
    if n.opset < 10:
        return n.op("Upsample", [x, n.floats([4], scales)], mode="nearest")
    if n.opset < 11:
        return n.op("Resize", [x, n.floats([4], scales)], mode="nearest")
    if n.opset < 13:
        return n.op("Resize", [x, n.floats([0], []), n.floats([4], scales)], mode="nearest",
                    coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    if n.opset < 18 and height:
        return n.op("Resize", [x, "", "", n.ints(1, 8, height, width)], mode="nearest",
                    coordinate_transformation_mode="half_pixel", nearest_mode="round_prefer_floor")
    return n.op("Resize", [x, "", n.floats([4], scales)], mode="nearest",
                coordinate_transformation_mode="asymmetric", nearest_mode="floor")


def softmax_mean(n, x, bins, anchors):
    """(1, 4 * bins, anchors) to the mean of each side's distribution, (1, 4, anchors)."""
    x = n.op("Reshape", [x, n.ints(1, 4, bins, anchors)])
    ramp = [float(b) for b in range(bins)]
    if n.opset >= 13:  # over an inner axis, then a convolution
        x = n.op("Softmax", [n.op("Transpose", [x], perm=[0, 2, 1, 3])], axis=1)
        x = n.op("Conv", [x, n.floats([1, bins, 1, 1], ramp)], kernel_shape=[1, 1])
    else:  # over the last axis, then a matrix product
        x = n.op("Softmax", [n.op("Transpose", [x], perm=[0, 1, 3, 2])], axis=3)
        x = n.op("MatMul", [x, n.floats([bins, 1], ramp)])
    return n.op("Reshape", [x, n.ints(1, 4, anchors)])


def backbone(n, size):
    """Maps of 8 channels at strides 8 and 16, through most of the operators that have spellings."""
    x = "images"
    if n.half:
        x = n.op("Cast", [x], to=HALF)
    if n.divide:
        x = n.op("Div", [n.op("Sub", [x, n.floats([1, 3, 1, 1], [123.0, 117.0, 104.0])]),
                         n.floats([], [n.divide])])
    x = n.conv(x, 3, 4, 3, 2)
    x = n.op("Mul", [x, n.op("Sigmoid", [x])])
    x = clip(n, n.conv(x, 4, 4, 3, 2), 0.0, 6.0)
    x = n.op("LeakyRelu", [n.conv(x, 4, 8, 3, 2)], alpha=0.1)
    a, b = split(n, x, [4, 4])
    x = n.op("Concat", [a, n.op("Add", [b, n.op("Relu", [n.conv(b, 4, 4)])])], axis=1)
    gate = n.op("Sigmoid", [unsqueeze(n, mean(n, x, 2, 3), 2, 3)])
    eight = n.op("Identity", [n.op("Mul", [x, gate])])
    x = n.op("MaxPool", [pad(n, eight, [0, 0, 1, 1, 0, 0, 0, 0])], kernel_shape=[3, 3],
             strides=[2, 2], pads=[0, 0, 1, 1])
    sixteen = n.op("Tanh", [n.conv(x, 8, 8, 1)])
    up = double(n, sixteen, size // 8, size // 8)
    eight = n.conv(n.op("Concat", [narrow(n, eight, 1, 2, 8), narrow(n, up, -3, -6, 1000)], axis=1),
                   12, 8, 1)
    return eight, sixteen


def centres(size, strides=(8, 16)):
    xs, ys, each = [], [], []
    for s in strides:
        cells = size // s
        xs += [p % cells + 0.5 for p in range(cells * cells)]
        ys += [p // cells + 0.5 for p in range(cells * cells)]
        each += [float(s)] * (cells * cells)
    return xs, ys, each


def distance_net(opset, bins=4, classes=2, corners=False, rows=False, one_map=False, half=False,
                 external=None, divide=0.0, **metadata):
    """An anchor-free detector. corners: boxes as two corners; rows: an anchor a row;
    one_map: boxes and scores of a level in one map, scores first."""
    n = Net(opset, half, external, **metadata)
    n.divide = divide
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE], HALF if half else FLOAT))
    xs, ys, strides = centres(SIZE)
    anchors, boxes, scores = len(xs), [], []
    for x in backbone(n, SIZE):
        if one_map:
            both = n.conv(x, 8, classes + 4 * bins, 1)
            s, b = split(n, both, [classes, 4 * bins])
        else:
            b, s = n.conv(x, 8, 4 * bins, 1), n.conv(x, 8, classes, 1)
        boxes.append(n.op("Reshape", [b, n.ints(1, 4 * bins, -1)]))
        scores.append(n.op("Reshape", [s, n.ints(0, classes, -1)]))
    b = n.op("Concat", boxes, axis=2)
    if bins > 1:
        b = softmax_mean(n, b, bins, anchors)
    near, far = split(n, b, [2, 2])
    middle = n.floats([1, 2, anchors], xs + ys)
    one = n.op("Sub", [middle, near])
    two = n.op("Add", [middle, far])
    if not corners:
        size = n.op("Sub", [two, one])
        one = n.op("Div", [n.op("Add", [one, two]), n.floats([], [2.0])])
        two = size
    b = n.op("Mul", [n.op("Concat", [one, two], axis=1), n.floats([1, anchors], strides)])
    s = n.op("Sigmoid", [n.op("Concat", scores, axis=-1)])
    if rows:
        b, s = (n.op("Transpose", [t], perm=[0, 2, 1]) for t in (b, s))
    out = n.op("Concat", [b, s], axis=2 if rows else 1, name="output0")
    dims = [1, 4 + classes, anchors]
    n.outputs.append(value_info(out, [dims[0], dims[2], dims[1]] if rows else dims,
                                HALF if half else FLOAT))
    return n


def with_prototypes(n, x, count):
    """Adds the output of prototypes of masks, on twice as many cells as the finest level's, x."""
    n.op("Identity", [n.conv(double(n, x, SIZE // 4, SIZE // 4), 8, count)], name="output1")
    n.outputs.append(value_info("output1", [1, count, SIZE // 4, SIZE // 4]))
    return n


def anchor_net(opset, classes=2, power=2.0, masks=0, **metadata):
    """An anchor-based detector: (1, rows, 5 + classes); of a kind of its own where power is not 2. masks:
    coefficients behind the classes, and as many prototypes as an output of their own."""
    n = Net(opset, **metadata)
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE]))
    anchors = {8: [(10, 13), (16, 30), (33, 23)], 16: [(30, 61), (62, 45), (59, 119)]}
    scores, width, levels = 5 + classes, 5 + classes + masks, []
    maps = backbone(n, SIZE)
    for x, stride in zip(maps, (8, 16)):
        cells = SIZE // stride
        x = n.op("Reshape", [n.conv(x, 8, 3 * width, 1), n.ints(1, 3, width, cells, cells)])
        raw = n.op("Transpose", [x], perm=[0, 1, 3, 4, 2])
        x = n.op("Sigmoid", [narrow(n, raw, 4, 0, scores) if masks else raw])
        xy, wh, rest = (narrow(n, x, 4, *r) for r in ((0, 2), (2, 4), (4, scores)))
        grid = [v - 0.5 for _ in range(3) for p in range(cells * cells) for v in (p % cells, p // cells)]
        two = n.floats([], [2.0])
        xy = n.op("Add", [n.op("Mul", [xy, two]), n.floats([1, 3, cells, cells, 2], grid)])
        xy = n.op("Mul", [xy, n.floats([], [float(stride)])])
        sizes = [float(v) for a in anchors[stride] for v in a]
        wh = n.op("Mul", [n.op("Pow", [n.op("Mul", [wh, two]), n.floats([], [power])]), n.floats([1, 3, 1, 1, 2], sizes)])
        more = [narrow(n, raw, 4, scores, width)] if masks else []
        x = n.op("Concat", [xy, wh, rest] + more, axis=-1)
        levels.append(n.op("Reshape", [x, n.ints(1, -1, width)]))
    out = n.op("Concat", levels, axis=1, name="output0")
    n.outputs.append(value_info(out, [1, 3 * (64 + 16), width]))
    return with_prototypes(n, maps[0], masks) if masks else n


def own_tail_net(boxes="Exp", scores="Sigmoid", beside=False, turned=False, **metadata):
    """A detector whose boxes are decoded in a way of its own: twice the usual distances. boxes,
    scores: what is made of their logits; None: nothing. beside: the picture itself is part of the
    tail, too. turned: each box has an angle, behind its scores."""
    n = Net(13, **metadata)
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE]))
    eight, _ = backbone(n, SIZE)
    width = 7 if turned else 6
    x = n.op("Reshape", [n.conv(eight, 8, width, 1), n.ints(1, width, 64)])
    b, s, *angle = split(n, x, [4, 2, 1][:width - 4])
    if boxes == "corners":
        xs, ys, _ = centres(SIZE, (8,))
        middle = n.floats([1, 2, 64], [8 * v for v in xs + ys])
        near, far = split(n, n.op("Exp", [b]), [2, 2])
        b = n.op("Concat", [n.op("Sub", [middle, near]), n.op("Add", [middle, far])], axis=1)
    elif boxes:
        b = n.op("Mul", [n.op(boxes, [b]), n.floats([], [2.0 if boxes == "Exp" else 1.0])])
    if beside:
        mean = n.op("Reshape", [n.op("GlobalAveragePool", ["images"]), n.ints(1, 3, 1)])
        s = n.op("Add", [s, n.op("Mul", [narrow(n, mean, 1, 0, 1), n.floats([], [0.5])])])
    s = n.op(scores, [s]) if scores else s
    n.outputs.append(value_info(n.op("Concat", [b, s] + angle, axis=1, name="output0"), [1, width, 64]))
    return n


def yolox_net(decoded=False, focus=True, height=SIZE, width=SIZE, classes=2):
    """Rows of YOLOX's head, as Megvii's exporter has them: boxes are made of them where asked for.
    focus: its stem, for pixels from 0 to 255; else a plain one, for 0 to 1."""
    n = Net(11)
    n.inputs.append(value_info("images", [1, 3, height, width]))
    x = "images"
    if focus:
        cells = [n.op("Slice", [n.op("Slice", [x, n.ints(r), n.ints(9999), n.ints(2), n.ints(2)]),
                                n.ints(c), n.ints(9999), n.ints(3), n.ints(2)])
                 for c in (0, 1) for r in (0, 1)]
        small = n.floats([4, 12, 3, 3], [(i * 37 % 64 - 30) / 16384 for i in range(432)])
        x = n.op("Conv", [n.op("Concat", cells, axis=1), small, n.weights(4)], kernel_shape=[3, 3],
                 strides=[1, 1], pads=[1] * 4)
    else:
        x = n.conv(x, 3, 4, 3, 2)
    x = n.conv(n.op("Mul", [x, n.op("Sigmoid", [x])]), 4, 4, 3, 2)
    levels, grid, strides = [], [], []
    for stride in (8, 16, 32):
        x = n.op("Tanh", [n.conv(x, 4 if stride == 8 else 8, 8, 3, 2)])
        b, o, c = (n.conv(x, 8, count, 1) for count in (4, 1, classes))
        level = n.op("Concat", [b, n.op("Sigmoid", [o]), n.op("Sigmoid", [c])], axis=1)
        levels.append(n.op("Reshape", [level, n.ints(1, 5 + classes, -1)]))
        columns, rows = width // stride, height // stride
        grid += [float(v) for p in range(columns * rows) for v in (p % columns, p // columns)]
        strides += [float(stride)] * (columns * rows)
    x = n.op("Transpose", [n.op("Concat", levels, axis=2)], perm=[0, 2, 1])
    count = len(strides)
    if decoded:
        each = n.floats([1, count, 1], strides)
        xy, wh, rest = (narrow(n, x, 2, *r) for r in ((0, 2), (2, 4), (4, 5 + classes)))
        xy = n.op("Mul", [n.op("Add", [xy, n.floats([1, count, 2], grid)]), each])
        x = n.op("Concat", [xy, n.op("Mul", [n.op("Exp", [wh]), each]), rest], axis=2)
    n.outputs.append(value_info(n.op("Identity", [x], name="output"), [1, count, 5 + classes]))
    return n


def landmarks_net(behind=True, classes=2, **metadata):
    """What forks of YOLOv5 for faces and plates export: an anchor-based detector with 4 landmarks
    in front of the classes (or behind them)."""
    n = Net(12, **metadata)
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE]))
    width, levels = 13 + classes, []
    scores = (13, width) if behind else (5, 5 + classes)
    marks = (5, 13) if behind else (5 + classes, width)
    for x, stride in zip(backbone(n, SIZE), (8, 16)):
        cells = SIZE // stride
        x = n.op("Reshape", [n.conv(x, 8, width, 1), n.ints(1, 1, width, cells, cells)])
        x = n.op("Transpose", [x], perm=[0, 1, 3, 4, 2])
        box = n.op("Sigmoid", [narrow(n, x, 4, 0, 5)])
        kinds = n.op("Sigmoid", [narrow(n, x, 4, *scores)])
        grid = [float(v) for p in range(cells * cells) for v in (p % cells, p // cells)]
        at = n.floats([1, 1, cells, cells, 2], grid)
        two, each = n.floats([], [2.0]), n.floats([], [float(stride)])
        xy = n.op("Add", [n.op("Sub", [n.op("Mul", [narrow(n, box, 4, 0, 2), two]), n.floats([], [0.5])]), at])
        wh = n.op("Mul", [narrow(n, box, 4, 2, 4), two])
        wh = n.op("Mul", [n.op("Mul", [wh, wh]), n.floats([], [3.0 * stride])])
        points = [n.op("Mul", [n.op("Add", [narrow(n, x, 4, i, i + 2), at]), each])
                  for i in range(marks[0], marks[1], 2)]
        parts = [n.op("Mul", [xy, each]), wh, narrow(n, box, 4, 4, 5)]
        parts += points + [kinds] if behind else [kinds] + points
        levels.append(n.op("Reshape", [n.op("Concat", parts, axis=4), n.ints(1, -1, width)]))
    out = n.op("Concat", levels, axis=1, name="output0")
    n.outputs.append(value_info(out, [1, 64 + 16, width]))
    return n


def classifier_net():
    n = Net(13)
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE]))
    _, sixteen = backbone(n, SIZE)
    x = n.op("Flatten", [n.op("GlobalAveragePool", [sixteen])])
    x = n.op("Gemm", [x, n.weights(5, 8), n.weights(5)], transB=1)
    n.outputs.append(value_info(n.op("Softmax", [x], name="output0"), [1, 5]))
    return n


# --- damaged files ----------------------------------------------------------------------------

def tiny(nodes, constants=(), dims=(1, 3, 64, 64), opset=13, output="y", **metadata):
    n = Net(opset, **metadata)
    n.inputs.append(value_info("images", list(dims)))
    n.outputs.append(value_info(output, [1, 6, 64]))
    n.constants += constants
    for kind, inputs, outputs, attributes in nodes:
        n.op(kind, inputs, name=outputs, **attributes)
    return n.bytes()


def hostile():
    relu = ("Relu", ["images"], ["y"], {})
    huge = number(1, 1 << 40) + number(1, 1 << 40) + number(2, FLOAT) + data(8, "w")
    two_inputs = Net(13)
    two_inputs.inputs += [value_info("a", [1, 3, 64, 64]), value_info("b", [1, 3, 64, 64])]
    two_inputs.op("Add", ["a", "b"], name="y")
    conv = ("Conv", ["images", "w"], ["y"], {})
    return {
        "cycle": tiny([("Add", ["images", "b"], ["a"], {}), ("Relu", ["a"], ["b"], {})]),
        "missing_input": tiny([("Relu", ["nowhere"], ["y"], {})]),
        "same_name": tiny([relu, relu]),
        "no_operators": tiny([]),
        "no_output": tiny([relu], output="z"),
        "huge_dims": tiny([conv], [huge]),
        "negative_dims": tiny([conv], [number(1, -1) + number(2, FLOAT) + data(8, "w")]),
        "short_data": tiny([conv], [tensor("w", [4, 3, 3, 3], [0.0] * 7)]),
        "nine_dims": tiny([conv], [tensor("w", [1] * 9, [0.0])]),
        "int8_weights": tiny([conv], [b"".join(number(1, d) for d in (4, 3, 1, 1)) + number(2, 3) +
                                      data(8, "w") + data(9, bytes(12))]),
        "channels": tiny([relu], dims=(1, 2, 64, 64)),
        "rank_3": tiny([relu], dims=(3, 64, 64)),
        "giant_picture": tiny([relu], dims=(1, 3, 1 << 30, 1 << 30)),
        "two_inputs": two_inputs.bytes(),
        "unknown_operator": tiny([("Frobnicate", ["images"], ["y"], {})]),
        "huge_expand": tiny([("Expand", ["c", "s"], ["e"], {}), ("Mul", ["images", "e"], ["y"], {})],
                            [tensor("c", [1], [1.0]), tensor("s", [3], [1 << 13] * 3, INT64)]),
        "huge_fill": tiny([("ConstantOfShape", ["s"], ["e"], {}), ("Mul", ["images", "e"], ["y"], {})],
                          [tensor("s", [2], [1 << 31] * 2, INT64)]),
        "huge_range": tiny([("Range", ["a", "b", "d"], ["e"], {}), ("Mul", ["images", "e"], ["y"], {})],
                           [tensor("a", [], [0], INT64), tensor("b", [], [1 << 62], INT64),
                            tensor("d", [], [1], INT64)]),
        "huge_kernel": tiny([("MaxPool", ["images"], ["y"], {"kernel_shape": [1 << 60, 1 << 60]})]),
        "zero_stride": tiny([("MaxPool", ["images"], ["y"],
                              {"kernel_shape": [2, 2], "strides": [0, 0]})]),
        "bad_axis": tiny([("Concat", ["images", "images"], ["y"], {"axis": 7})]),
        "bad_reshape": tiny([("Reshape", ["images", "s"], ["y"], {})],
                            [tensor("s", [3], [7, -1, -1], INT64)]),
        "bad_gather": tiny([("Gather", ["c", "s"], ["e"], {}), ("Mul", ["images", "e"], ["y"], {})],
                           [tensor("c", [1], [1.0]), tensor("s", [1], [1 << 40], INT64)]),
        "external_outside": tiny([conv], [external("w", [4, 3, 1, 1], "../make_onnx.py", 0, 48)]),
        "external_absolute": tiny([conv], [external("w", [4, 3, 1, 1], "/etc/passwd", 0, 48)]),
        "external_folder": tiny([conv], [external("w", [4, 3, 1, 1], ".", 0, 48)]),
        "external_length": tiny([conv], [external("w", [4, 3, 1, 1], "cycle.onnx", 1 << 40, 48)]),
        "no_input": number(1, 8) + data(7, data(1, data(4, "Relu") + data(2, "y"))),
        "pose": tiny([relu], task="pose"),
        "task": tiny([relu], task="classify"),
        "line_break": tiny([("Frob\n[GPU 0] \x1b[2Jdone", ["images"], ["y"], {})]),
    }


def write(folder, name, content):
    os.makedirs(os.path.join(OUT, folder), exist_ok=True)
    with open(os.path.join(OUT, folder, name), "wb") as file:
        file.write(content)


def main():
    names = {"stride": "16", "task": "detect", "description": "a test's network",
             "names": "{0: 'it\\'s', 1: \"caf\\xe9\"}"}
    for opset in (9, 11, 13, 18):
        write("", "opset%d.onnx" % opset, distance_net(opset, **names).bytes())
    late = distance_net(13, half=True, **names)  # as converters to float16 leave the first Cast
    late.nodes = late.nodes[1:] + late.nodes[:1]
    write("", "half.onnx", late.bytes())
    write("", "rows.onnx", distance_net(13, rows=True, corners=True, names="['a', 'b']").bytes())
    write("", "one_map.onnx", distance_net(13, classes=1, one_map=True).bytes())
    write("", "one_bin.onnx", distance_net(13, bins=1).bytes())
    write("", "anchors.onnx", anchor_net(12, names='["x", "y"]').bytes())
    write("", "own_anchors.onnx", anchor_net(12, power=3.0).bytes())
    write("", "own_tail.onnx", own_tail_net().bytes())
    for name, net in (("no_sigmoid", own_tail_net(scores=None)),
                      ("no_boxes", own_tail_net(boxes=None)),
                      ("fractions", own_tail_net(boxes="Sigmoid")),
                      ("corners", own_tail_net(boxes="corners")),
                      ("turned", own_tail_net(turned=True, names="['a', 'b']")),
                      ("untried", own_tail_net(beside=True)),
                      ("untried_logits", own_tail_net(scores=None, beside=True)),
                      ("untried_fractions", own_tail_net(boxes="Sigmoid", beside=True)),
                      ("five_names", own_tail_net(names="['a', 'b', 'c', 'd', 'e']")),
                      ("other_names", anchor_net(12, names='["x", "y", "z"]')),
                      ("levels", distance_net(13, divide=58.0)), ("deviations", distance_net(13, divide=0.25)),
                      ("yolox", yolox_net()), ("yolox_decoded", yolox_net(True)),
                      ("yolox_wide", yolox_net(height=64, width=96)),
                      ("yolox_plain", yolox_net(focus=False)),
                      ("yolov6_first", yolox_net(True, focus=False)),
                      ("landmarks", landmarks_net(names="['blue', 'green']")),
                      ("landmarks_nameless", landmarks_net(classes=1)),
                      ("landmarks_behind", landmarks_net(False, names="['blue', 'green']")),
                      ("landmarks_uncertain", landmarks_net(False)),
                      ("landmarks_three_names", landmarks_net(names="['a', 'b', 'c']"))):
        write("misread", name + ".onnx", net.bytes())
    write("", "classifier.onnx", classifier_net().bytes())
    outside = distance_net(13, external="external.bin", **names)
    write("", "external.onnx", outside.bytes())
    write("", "external.bin", outside.outside)
    for name, content in hostile().items():
        write("hostile", name + ".onnx", content)


if __name__ == "__main__":
    main()
