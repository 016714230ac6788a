#!/usr/bin/env python3
"""Writes a large set of small labelled pictures, and a network of next to no work to verify it with.

usage: make_set.py FOLDER COUNT

FOLDER/images/NN/NNNNNNN.jpg   64 x 64 pixels, about 1 KB, in folders of 10,000; few are distinct
FOLDER/labels/NN/NNNNNNN.txt   1 to 5 boxes, distinct
FOLDER/data.yaml, model.onnx   ten classes; one convolution with stride 16

Needs nothing but Python. What is there already is kept, so that a set can be made larger.
"""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data"))
import make_onnx  # noqa: E402

SIZE, STRIDE, FOLDER, DISTINCT, CLASSES = 64, 16, 10000, 100, 10


# --- pictures: baseline JPEG whose 8 x 8 blocks are each of one colour --------------------------

AC_COUNTS = [1] + [0] * 15                              # a code of 1 bit: end of block


def segment(marker, body):
    return bytes([255, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(levels, comment, size=SIZE):
    """Of size x size pixels; levels: three rows of values from -100 to 100, one a block."""
    bits, before = [], [0, 0, 0]
    for block in zip(*levels):
        for component, value in enumerate(block):
            difference, before[component] = value - before[component], value
            length = abs(difference).bit_length()
            bits.append(format(length, "04b"))          # of 12 codes of 4 bits, in order
            if length:
                bits.append(format(difference if difference > 0 else difference + (1 << length) - 1,
                                   "0%db" % length))
            bits.append("0")
    bits = "".join(bits)
    bits += "1" * (-len(bits) % 8)
    scan = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)).replace(b"\xff", b"\xff\0")
    counts = bytes([0, 0, 0, 12] + [0] * 12)
    out = b"\xff\xd8" + segment(0xfe, comment) + segment(0xdb, bytes([0]) + bytes([8] * 64))
    out += segment(0xc0, struct.pack(">BHHB", 8, size, size, 3) +
                   b"".join(bytes([c, 0x11, 0]) for c in (1, 2, 3)))
    out += segment(0xc4, bytes([0x00]) + counts + bytes(range(12)))
    out += segment(0xc4, bytes([0x10]) + bytes(AC_COUNTS) + b"\0")
    out += segment(0xda, bytes([3, 1, 0, 2, 0, 3, 0, 0, 63, 0])) + scan
    return out + b"\xff\xd9"


def pictures():
    source = random.Random(1)
    blocks = (SIZE // 8) ** 2
    return [jpeg([[source.randint(-100, 100) for _ in range(blocks)] for _ in range(3)], b" " * 350)
            for _ in range(DISTINCT)]


def label(source):
    boxes = []
    for _ in range(source.randint(1, 5)):
        w, h = source.uniform(0.1, 0.6), source.uniform(0.1, 0.6)
        x, y = source.uniform(w / 2, 1 - w / 2), source.uniform(h / 2, 1 - h / 2)
        boxes.append("%d %.6f %.6f %.6f %.6f\n" % (source.randrange(CLASSES), x, y, w, h))
    return "".join(boxes)


# --- the network -------------------------------------------------------------------------------

def network(classes=CLASSES, size=SIZE):
    """(1, 4 + classes, cells): a convolution whose result is taken for boxes and scores. Scores are
    low, so that few objects seem to be missing."""
    n = make_onnx.Net(17, stride="32", task="detect", names=str({i: "c%d" % i for i in range(classes)}))
    n.inputs.append(make_onnx.value_info("images", [1, 3, size, size]))
    channels, cells = 4 + classes, (size // STRIDE) ** 2
    bias = n.floats([channels], [0.0] * 4 + [-4.0] * classes)
    x = n.op("Conv", ["images", n.weights(channels, 3, 3, 3), bias], kernel_shape=[3, 3],
             strides=[STRIDE] * 2, pads=[1] * 4)
    x = n.op("Sigmoid", [n.op("Reshape", [x, n.ints(1, channels, cells)])])
    scale = n.floats([1, channels, 1], [float(size)] * 4 + [1.0] * classes)
    out = n.op("Mul", [x, scale], name="output0")
    n.outputs.append(make_onnx.value_info(out, [1, channels, cells]))
    return n.bytes()


def write(path, content):
    if not os.path.exists(path):
        with open(path, "wb") as file:
            file.write(content)


def main():
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit(__doc__.strip())
    base, count, images = sys.argv[1], int(sys.argv[2]), pictures()
    for first in range(0, count, FOLDER):
        places = [os.path.join(base, kind, "%04d" % (first // FOLDER)) for kind in ("images", "labels")]
        for place in places:
            os.makedirs(place, exist_ok=True)
        for i in range(first, min(first + FOLDER, count)):
            write(os.path.join(places[0], "%08d.jpg" % i), images[i % DISTINCT])
            write(os.path.join(places[1], "%08d.txt" % i), label(random.Random(i)).encode())
    write(os.path.join(base, "model.onnx"), network())
    names = "".join("  %d: c%d\n" % (i, i) for i in range(CLASSES))
    write(os.path.join(base, "data.yaml"), ("path: .\ntrain: images\nnames:\n" + names).encode())


if __name__ == "__main__":
    main()
