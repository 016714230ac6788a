"""Compares masks as `verify` makes them with Ultralytics' at the picture's size.

  python compare_masks.py MASKS_DUMP SIDE MODEL PICTURE...

Run by hand, as compare_families.py. Of each object that Ultralytics predicts the mask is made of the
anchor that it is from (`retina_masks`). Fails where a mask of 100 pixels or more has an IoU below 0.99
with it, or all together one below 0.999.
"""
import subprocess
import sys

import cv2
import numpy as np
from ultralytics import YOLO

SHARED, EACH, LEAST_AREA = 0.999, 0.99, 100


def planes(picture, side):
    """The picture in the middle of a square of grey, as planes of 0 to 1."""
    height, width = picture.shape[:2]
    gain = min(side / height, side / width)
    scaled = (round(width * gain), round(height * gain))
    if scaled != (width, height):
        picture = cv2.resize(picture, scaled, interpolation=cv2.INTER_LINEAR)
    left, top = (side - scaled[0]) // 2, (side - scaled[1]) // 2
    square = np.full((side, side, 3), 114, np.uint8)
    square[top:top + scaled[1], left:left + scaled[0]] = picture
    return np.ascontiguousarray(square[..., ::-1].transpose(2, 0, 1), np.float32) / np.float32(255)


def masks(dump, model, side, picture, objects):
    height, width = picture.shape[:2]
    data = planes(picture, side).tobytes() + objects.astype(np.float32).tobytes()
    out = subprocess.run([dump, model, str(side), str(width), str(height)], input=data, check=True, capture_output=True)
    return np.frombuffer(out.stdout, np.uint8).reshape(len(objects), height, width).astype(bool)


def compare(dump, model, side, file):
    """Pixels in both and in either, of each object."""
    picture = cv2.imread(file)
    found = YOLO(model, task="segment").predict(picture, imgsz=side, conf=0.05, iou=0.7, rect=False, retina_masks=True,
                                                verbose=False, device="cpu")[0]
    if found.masks is None:
        return []
    boxes = found.boxes
    objects = np.concatenate([boxes.xyxy.numpy(), boxes.cls.numpy()[:, None], boxes.conf.numpy()[:, None]], 1)
    theirs = found.masks.data.numpy().astype(bool)
    ours = masks(dump, model, side, picture, objects)
    return [(int((a & b).sum()), int((a | b).sum())) for a, b in zip(ours, theirs)]


def main(dump, side, model, *pictures):
    pairs = [pair for file in pictures for pair in compare(dump, model, int(side), file)]
    both, either = np.array(pairs).T
    shared = both.sum() / either.sum()
    large = (both / either)[either >= LEAST_AREA]
    print(f"{model}: {len(pairs)} masks, IoU of all together {shared:.6f}, of the {len(large)} of {LEAST_AREA} pixels or more "
          f"median {np.median(large):.6f}, least {large.min():.6f}")
    return int(shared < SHARED or large.min() < EACH)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
