#!/usr/bin/env python3
"""Writes large pictures made of a data set's, as a camera's would be: 4000 x 3000 pixels, each of 3 x 3 photos
enlarged, with the labels of all nine.

usage: make_large.py DATA FOLDER COUNT [SUFFIX]    DATA/images, DATA/labels -> FOLDER/images, FOLDER/labels

Needs OpenCV (opencv-python-headless). SUFFIX: jpg (quality 90), png, webp (quality 90), tiff (LZW).
"""
import os
import sys

import cv2
import numpy

WIDTH, HEIGHT, ACROSS = 4000, 3000, 3
QUALITY = {"jpg": [cv2.IMWRITE_JPEG_QUALITY, 90], "png": [], "webp": [cv2.IMWRITE_WEBP_QUALITY, 90], "tiff": []}


def labels_of(path, column, row):
    """Lines of a label file, moved and made smaller as its picture was."""
    if not os.path.exists(path):
        return
    with open(path) as file:
        for line in file:
            name, x, y, w, h = line.split()[:5]
            places = (float(x) + column, float(y) + row, float(w), float(h))
            yield " ".join([name] + ["%.6f" % (place / ACROSS) for place in places])


def make(data, names, path):
    """A picture of nine, at path, and its labels."""
    whole = numpy.zeros((HEIGHT, WIDTH, 3), numpy.uint8)
    lines = []
    for i, name in enumerate(names):
        row, column = divmod(i, ACROSS)
        top, bottom = HEIGHT * row // ACROSS, HEIGHT * (row + 1) // ACROSS
        left, right = WIDTH * column // ACROSS, WIDTH * (column + 1) // ACROSS
        photo = cv2.imread(os.path.join(data, "images", name))
        whole[top:bottom, left:right] = cv2.resize(photo, (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)
        lines += labels_of(os.path.join(data, "labels", os.path.splitext(name)[0] + ".txt"), column, row)
    cv2.imwrite(path, whole, QUALITY[path.rsplit(".", 1)[1]])
    return lines


def main():
    if len(sys.argv) not in (4, 5) or sys.argv[4:] and sys.argv[4] not in QUALITY:
        sys.exit(__doc__.strip())
    data, folder, count, suffix = sys.argv[1], sys.argv[2], int(sys.argv[3]), (sys.argv[4:] or ["jpg"])[0]
    for kind in ("images", "labels"):
        os.makedirs(os.path.join(folder, kind), exist_ok=True)
    photos = sorted(os.listdir(os.path.join(data, "images")))
    for i in range(count):
        names = [photos[(i * ACROSS * ACROSS + k) % len(photos)] for k in range(ACROSS * ACROSS)]
        lines = make(data, names, os.path.join(folder, "images", "%04d.%s" % (i, suffix)))
        with open(os.path.join(folder, "labels", "%04d.txt" % i), "w") as file:
            file.writelines(line + "\n" for line in lines)


if __name__ == "__main__":
    main()
