"""Compares ONNX exports of models that find more than boxes, as `verify` reads them, with what ONNX
Runtime makes of the same files.

  python compare_exports.py MODEL_DUMP FOLDER

Run by hand, as compare_families.py, with onnx and onnxruntime besides. Each network has random
weights and is exported into FOLDER: segmentation, oriented boxes and poses (of two and three numbers
a keypoint, of one and several classes), with boxes of all anchors or of the best alone, with the
file's metadata and without, but for oriented boxes, which may be refused then. Fails where boxes
differ by more than 0.05 px or scores by more than 1e-3.
"""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import ultralytics
import yaml
from ultralytics import YOLO

from compare_families import BOX_LIMIT, HEIGHT, SCORE_LIMIT, WIDTH, randomise, smooth_noise

import torch

ENDS = {"nms": False}  # to the end: the best boxes alone
JOBS = (  # family, (keypoints, numbers of each, classes), export's arguments
    ("yolov8n-seg", None, {}), ("yolo11n-seg", None, {}), ("yolo26n-seg", None, {}),
    ("yolo26n-seg", None, ENDS), ("yolov8n-pose", None, {}), ("yolov8n-pose", (1, 3, 1), {}),
    ("yolov8n-pose", (5, 2, 3), {"dynamic": True}), ("yolov8n-pose", (2, 3, 2), {"opset": 11}),
    ("yolo11n-pose", None, {}), ("yolo11n-pose", (1, 3, 1), {"simplify": True}),
    ("yolo26n-pose", None, {}), ("yolo26n-pose", None, ENDS), ("yolo26n-pose", (4, 2, 2), {"nms": False, "dynamic": True}),
    ("yolo26n-pose", (1, 3, 1), ENDS), ("yolov8n-obb", None, {}), ("yolo11n-obb", None, {"dynamic": True}),
    ("yolo26n-obb", None, {}), ("yolo26n-obb", None, ENDS),
)


def description(folder, family, shape):
    """The family's file, with other keypoints and classes."""
    if shape is None:
        return family + ".yaml"
    base = family.replace("n-", "-", 1)
    source = next(Path(ultralytics.__file__).parent.glob("cfg/models/*/%s.yaml" % base))
    made = dict(yaml.safe_load(source.read_text()), nc=shape[2], kpt_shape=list(shape[:2]))
    path = folder / (family + ".yaml")
    path.write_text(yaml.safe_dump(made))
    return str(path)


def without_metadata(path):
    model = onnx.load(path)
    del model.metadata_props[:]
    bare = path.with_name("bare-" + path.name)
    onnx.save(model, bare)
    return bare


def deviations(rows, expected, turned):
    """Largest differences of boxes and scores: of all anchors, or of each of the best to its anchor's."""
    if len(rows) == expected.shape[1]:
        difference = np.abs(rows - expected[:rows.shape[1]].T)
        return difference[:, :4].max(), difference[:, 4:].max()
    sides = rows[:, :4]
    if not turned:  # two corners each
        sides = np.c_[sides[:, :2] - sides[:, 2:] / 2, sides[:, :2] + sides[:, 2:] / 2]
    worst = [0.0, 0.0]
    for best in expected[expected[:, 4] > 0.01]:
        boxes = np.abs(sides - best[:4]).max(1)
        scores = np.abs(rows[:, 4 + int(best[5])] - best[4])
        nearest = np.argmin(boxes + 1000 * scores)
        worst = [max(worst[0], boxes[nearest]), max(worst[1], scores[nearest])]
    return worst


def check(program, path, picture):
    """A line of how it went, and whether it went well."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    expected = session.run(None, {session.get_inputs()[0].name: picture.numpy()})[0][0]
    run = subprocess.run([program, str(path), str(HEIGHT), str(WIDTH)], input=picture.numpy().tobytes(),
                         capture_output=True, check=False)
    if run.returncode:
        return run.stderr.decode().strip()[-150:], "obb" in path.name and path.name.startswith("bare-")
    n_anchors = sum(HEIGHT // s * (WIDTH // s) for s in (8, 16, 32))
    rows = np.frombuffer(run.stdout, np.float32).reshape(n_anchors, -1)
    boxes, scores = deviations(rows, expected, "obb" in path.name)
    return ("boxes %.1e px, scores %.1e, of %s" % (boxes, scores, expected.shape),
            boxes <= BOX_LIMIT and scores <= SCORE_LIMIT)


def main():
    program, folder = os.path.abspath(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    good = True
    for number, (family, shape, arguments) in enumerate(JOBS):
        torch.manual_seed(7)
        generator = torch.Generator().manual_seed(7)
        model = YOLO(description(Path("."), family, shape))
        picture = smooth_noise(generator)
        randomise(model.model, picture, generator)
        made = model.export(**{"format": "onnx", "imgsz": (HEIGHT, WIDTH), "simplify": False, "opset": 17, **arguments})
        path = Path("%02d-%s.onnx" % (number, family))
        os.replace(made, path)
        for file in path, without_metadata(path):
            said, well = check(program, file, picture)
            print("%-28s %-10s %s%s" % (file.name, shape or "", "" if well else "FAILED: ", said), flush=True)
            good = good and well
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
