"""A network of oriented boxes for tests: it sees a bright cell of 8x8 pixels as an object of its only class, 40 by
16 pixels large and turned by 30 degrees around the cell's middle, as Ultralytics exports such heads; and a data set
for it."""
import math
import os
import struct

from make_onnx import SIZE, centres, narrow, split
from onnx_file import Net, value_info

CELL, SIDES, DEGREES = 8, (40.0, 16.0), 30.0
PLACES = [(28, 36), (36, 28), (28, 28), (36, 36)]  # of the one object of each picture
TURNED, RIGHT, BARE, UNLABELLED = range(4)         # what the labels of these pictures are


def corners(x, y, degrees=DEGREES):
    """Those of a box of this size, in pixels."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [(x + c * u * SIDES[0] - s * v * SIDES[1], y + s * u * SIDES[0] + c * v * SIDES[1])
            for u, v in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))]


def cells(n, channels, weight, biases):
    """A map of the pictures' cells, (1, channels, anchors): weight · brightness + bias."""
    weights = n.floats([channels, 3, CELL, CELL], [weight / (3 * CELL * CELL)] * (channels * 3 * CELL * CELL))
    x = n.op("Conv", ["images", weights, n.floats([channels], biases)], kernel_shape=[CELL, CELL],
             strides=[CELL, CELL], pads=[0] * 4)
    return n.op("Reshape", [x, n.ints(1, channels, -1)])


def turned_net():
    n = Net(13, task="obb", names="['plane']", stride=str(CELL))
    n.inputs.append(value_info("images", [1, 3, SIZE, SIZE]))
    xs, ys, _ = centres(SIZE, (CELL,))
    anchors = len(xs)
    share = DEGREES / 180 + 0.25
    sides = cells(n, 4, 0.0, [side / 2 / CELL for side in SIDES * 2])
    scores = n.op("Sigmoid", [cells(n, 1, 20.0, [-10.0])])
    angle = n.op("Sigmoid", [cells(n, 1, 0.0, [math.log(share / (1 - share))])])
    angle = n.op("Mul", [n.op("Sub", [angle, n.floats([], [0.25])]), n.floats([], [math.pi])])
    near, far = split(n, sides, [2, 2])
    half = n.op("Div", [n.op("Sub", [far, near]), n.floats([], [2.0])])
    x, y = narrow(n, half, 1, 0, 1), narrow(n, half, 1, 1, 2)
    c, s = n.op("Cos", [angle]), n.op("Sin", [angle])
    centre = n.op("Concat", [n.op("Sub", [n.op("Mul", [x, c]), n.op("Mul", [y, s])]),
                             n.op("Add", [n.op("Mul", [x, s]), n.op("Mul", [y, c])])], axis=1)
    centre = n.op("Add", [centre, n.floats([1, 2, anchors], xs + ys)])
    boxes = n.op("Mul", [n.op("Concat", [centre, n.op("Add", [near, far])], axis=1), n.floats([], [float(CELL)])])
    n.op("Concat", [boxes, scores, angle], name="output0", axis=1)
    n.outputs.append(value_info("output0", [1, 6, anchors]))
    return n.bytes()


def picture(x, y):
    """A BMP, black but for the cell around (x, y)."""
    def bright(c, r):
        return abs(c + 0.5 - x) < CELL / 2 and abs(r + 0.5 - y) < CELL / 2

    rows = b"".join((b"\xff" if bright(c, r) else b"\0") * 3 for r in reversed(range(SIZE)) for c in range(SIZE))
    return (b"BM" + struct.pack("<IHHI", 54 + len(rows), 0, 0, 54) +
            struct.pack("<IiiHHIIiiII", 40, SIZE, SIZE, 1, 24, 0, len(rows), 2835, 2835, 0, 0) + rows)


def line(x, y, degrees=DEGREES):
    """Its label."""
    return "0 " + " ".join("%.6f" % (v / SIZE) for point in corners(x, y, degrees) for v in point)


def write_set(folder):
    """FOLDER/turned.onnx and FOLDER/data: the label of the first picture is turned wrongly, that of the second is
    right, of the third the file is empty, of the fourth there is none."""
    def write(content, *path):
        path = os.path.join(folder, *path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    for i, (x, y) in enumerate(PLACES):
        write(picture(x, y), "data", "images", "%d.bmp" % i)
    for i, text in ((TURNED, line(*PLACES[TURNED], -DEGREES)), (RIGHT, line(*PLACES[RIGHT])), (BARE, "")):
        write(text, "data", "labels", "%d.txt" % i)
    write("path: .\ntrain: images\nnames: [plane]\n", "data", "data.yaml")
    write(turned_net(), "turned.onnx")
