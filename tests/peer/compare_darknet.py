"""Darknet models against OpenCV's own reader of them (opencv-python 4; 5 has none any more):

    python3 tests/peer/compare_darknet.py build/tests/anchors_dump [MODEL.cfg MODEL.weights]...

Without models, small ones with random weights. The same random picture goes through both; every
anchor's box, in pixels of the network's input, and every score are compared."""

import os
import re
import subprocess
import sys
import tempfile

import cv2
import numpy

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import darknet_nets


def number(text, key):
    return int(re.search(rf"^\s*{key}\s*=\s*(\d+)", text, re.M).group(1))


def ours(dump, cfg, weights, planes, classes):
    height, width = planes.shape[1:]
    done = subprocess.run([dump, cfg, weights, str(height), str(width)], check=True,
                          input=planes.tobytes(), stdout=subprocess.PIPE)
    return numpy.frombuffer(done.stdout, numpy.float32).reshape(-1, 4 + classes)


def theirs(cfg, weights, planes):
    """Anchors in our order: by stride, anchor, cell; theirs are by cell, anchor."""
    height, width = planes.shape[1:]
    net = cv2.dnn.readNetFromDarknet(cfg, weights)
    net.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)
    net.setInput(planes[None])
    maps = net.forward(net.getUnconnectedOutLayersNames())
    maps = [m.reshape(-1, m.shape[-1]) for m in maps]
    levels = []
    for rows in sorted(maps, key=len, reverse=True):
        xywh = rows[:, :4] * numpy.array([width, height, width, height], numpy.float32)
        corners = numpy.concatenate([xywh[:, :2] - xywh[:, 2:] / 2, xywh[:, :2] + xywh[:, 2:] / 2], 1)
        level = numpy.concatenate([corners, rows[:, 5:]], 1)
        levels.append((level, len(rows)))
    return levels


def compare(dump, name, cfg, weights):
    with open(cfg, encoding="utf-8") as file:
        text = file.read()
    classes = number(text, "classes")
    n_anchors = len(re.search(r"^\s*mask\s*=\s*(.*)", text, re.M).group(1).split(","))
    shape = 3, number(text, "height"), number(text, "width")
    planes = numpy.random.default_rng(7).random(shape, numpy.float32)
    mine = ours(dump, cfg, weights, planes, classes)
    other = numpy.concatenate([
        level.reshape(-1, n_anchors, 4 + classes).transpose(1, 0, 2).reshape(count, -1)
        for level, count in theirs(cfg, weights, planes)])
    assert mine.shape == other.shape, (mine.shape, other.shape)
    sides = other[:, 2:4] - other[:, :2]
    # The judge takes smaller boxes, and any that reach further, for none.
    seen = (sides.min(1) > 1e-3) & (numpy.abs(other[:, :4]).max(1) < 1e7)
    box = numpy.abs(mine[seen, :4] - other[seen, :4])
    share = box / numpy.maximum(sides[seen].max(1, keepdims=True), 1)
    score = numpy.abs(mine[:, 4:] - other[:, 4:])
    print(f"{name:10} {len(mine):6} anchors  box: {box.max():.1e} px, {share.max():.1e} of its size"
          f"  score: {score.max():.1e}  (scores {other[:, 4:].min():.3f} to "
          f"{other[:, 4:].max():.3f})", flush=True)
    return share.max() < 1e-4 and score.max() < 1e-4


def main():
    dump, given = sys.argv[1], sys.argv[2:]
    good = True
    with tempfile.TemporaryDirectory() as folder:
        models = [(os.path.basename(c), c, w) for c, w in zip(given[::2], given[1::2])]
        for name, make in ({} if given else darknet_nets.NETS).items():
            cfg, weights = (os.path.join(folder, name + s) for s in (".cfg", ".weights"))
            with open(cfg, "w", encoding="utf-8") as file:
                file.write(make(7))
            with open(weights, "wb") as file:
                file.write(darknet_nets.weights(make(7)))
            models.append((name, cfg, weights))
        for model in models:
            good = compare(dump, *model) and good
    sys.exit(0 if good else 1)


main()
