#!/usr/bin/env python3
"""Writes the fuzz targets' first inputs, a folder a target, from the tests' own small files:
make_seeds.py FOLDER. Python's standard library only."""
import glob
import io
import os
import pickle
import struct
import sys
import zipfile
import zlib

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
MOST_BYTES = 24000
SIZES = {"Double": 8, "Long": 8, "Float": 4, "Int": 4, "Half": 2, "BFloat16": 2, "Short": 2}

RECORDS = ["""{"image": "a\\u00e9\\ud83d\\ude00.jpg", "label": null, "split": null, "bucket": "failed", "score": null,
"width": 0, "height": 0, "boxes": [], "missing": [], "invalid": [{"line": 1, "reason": "\\"x\\" is none"}],
"error": "truncated JPEG"}
""", """{"image": "images/a.jpg", "label": "labels/a.txt", "split": "train", "bucket": "mislabeled", "score": 0.0312,
"width": 640, "height": 480, "boxes": [{"line": 1, "class": 58, "name": "potted plant", "xywhn": [0.5, 0.4, 0.1, 0.2],
"verdict": "mislabeled", "reason": "class", "score": 2.1e-07, "suggested": 62, "suggested_name": "tv", "own": 0.0004,
"rival": 0.9812, "contest": 0.9812, "near": 0.0012, "margin": 7.5826, "shift": 2.3026, "ghost": 1.2731, "dup": 0.0,
"location": 0.0, "refined": null}, {"line": 2, "class": 3, "name": "car", "xywhn": [0.5, 0.4, 0.1, 0.2],
"verdict": "uncertain", "reason": "duplicate", "score": 0.1, "suggested": null, "suggested_name": null,
"refined": [0.5, 0.4, 0.1, 0.2]}], "missing": [{"class": 0, "name": "person", "confidence": 0.81, "score": 0.2143,
"xywhn": [0.1, 0.1, 0.1, 0.1]}], "invalid": [], "error": null}
"""]
COCO = """{"info": {"year": 2017}, "images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480},
{"id": "b", "file_name": "b/\\u00e9.png", "width": 64, "height": 64}],
"categories": [{"id": 1, "name": "person"}, {"id": 18, "name": "dog", "supercategory": "animal"}],
"annotations": [
  {"id": 7, "image_id": 1, "category_id": 1, "bbox": [10, 20.5, 30, 40], "area": 1200, "iscrowd": 0, "segmentation": []},
  {"id": 8, "image_id": 1, "category_id": 18, "bbox": [100, 200, 30, 40], "area": 1200},
  {"id": 9, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "keypoints": [1, 2, 2], "num_keypoints": 1},
  {"id": 10, "image_id": "b", "category_id": 18, "bbox": [1, 2, 3, 4], "iscrowd": 1, "segmentation": {"counts": [1, 2]}},
  {"id": 11, "image_id": 5, "category_id": 3, "bbox": [1, 2, 3], "segmentation": [[1, 2, 3, 4, 5, 6]]}
]}
"""
VOC = """<?xml version="1.0" encoding="utf-8"?>
<!-- a picture -->
<annotation verified="yes">
\t<filename>a.jpg</filename>
\t<size><width>640</width><height>480</height><depth>3</depth></size>
\t<object>
\t\t<name>person</name>
\t\t<difficult>0</difficult>
\t\t<bndbox><xmin>10</xmin><ymin>20</ymin><xmax>40</xmax><ymax>60</ymax></bndbox>
\t\t<part><name>head</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>3</xmax><ymax>4</ymax></bndbox></part>
\t</object>
\t<object><name>traffic &amp; &lt;light&gt;</name>
\t\t<polygon><x1>1</x1><y1>2</y1></polygon>
\t\t<bndbox><xmax>40.5</xmax><xmin>10.25</xmin><ymin>20</ymin><ymax>60</ymax></bndbox></object>
\t<object><name>dog</name></object>
\t<object><name>person</name><bndbox><xmin>100</xmin><ymin>200</ymin><xmax>140</xmax><ymax>260</ymax></bndbox></object>
</annotation>
"""
CONFIGURATIONS = ["""[net]
width=64
height=64
channels=3
[convolutional]
batch_normalize=1
filters=4
size=3
stride=2
pad=1
activation=leaky
[maxpool]
size=2
stride=2
[route]
layers=-1
groups=2
group_id=1
[upsample]
stride=2
[route]
layers=-1,0
[shortcut]
from=-1
activation=linear
[convolutional]
size=1
stride=1
pad=1
filters=18
activation=linear
[yolo]
mask=0,1,2
anchors=10,14, 23,27, 37,58
classes=1
num=3
scale_x_y=1.05
""", """[net]
width=64
height=64
channels=3
[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=mish
[convolutional]
batch_normalize=1
filters=8
groups=4
dilation=2
size=3
stride=1
pad=1
activation=swish
[shortcut]
from=-2
activation=leaky
[maxpool]
size=5
stride=1
[maxpool]
size=3
stride=2
[convolutional]
filters=14
size=1
stride=1
activation=logistic
[yolo]
mask=2,3
anchors=4,6, 10,14, 23,27, 37,58
classes=2
num=4
scale_x_y=2
new_coords=1
[route]
layers=2
[dropout]
probability=.5
[convolutional]
filters=14
size=3
pad=1
stride=1
activation=logistic
[yolo]
mask=0,1
anchors=4,6, 10,14, 23,27, 37,58
classes=2
num=4
scale_x_y=2
new_coords=1
"""]


class Stub:
    """Stands for any class of a pickle."""

    def __init__(self, *arguments):
        pass

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass


class Reader(pickle.Unpickler):
    """Notes the storages that a pickle names: {key: (type, elements)}; runs nothing of it."""

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        return type(name, (Stub,), {})

    def persistent_load(self, pid):
        if pid[0] == "module":  # the old layout's way to name a class
            return pid[1]
        self.storages[pid[2]] = (pid[1].__name__, pid[4])
        return None


def object_pickle(path):
    """The pickle of the object in a file of either layout."""
    if zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        return archive.read(next(n for n in archive.namelist() if n.endswith("/data.pkl")))
    with open(path, "rb") as file:
        for _ in range(3):
            Reader(file).load()
        start = file.tell()
        Reader(file).load()
        end = file.tell()
        file.seek(start)
        return file.read(end - start)


def new_layout(path):
    """The file of the old layout as PyTorch writes it since 1.6."""
    content = object_pickle(path)
    result = io.BytesIO()
    with open(path, "rb") as file:
        for _ in range(3):
            Reader(file).load()
        reader = Reader(file)
        reader.load()
        keys = Reader(file).load()
        with zipfile.ZipFile(result, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("m/data.pkl", content)
            archive.writestr("m/byteorder", "little")
            for key in keys:
                elements, = struct.unpack("<q", file.read(8))
                kind = reader.storages[key][0].removesuffix("Storage")
                archive.writestr("m/data/" + key, file.read(elements * SIZES.get(kind, 1)))
    return result.getvalue()


def oriented(picture, orientation):
    """The JPEG or PNG with this EXIF orientation."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x112, 3, 1, orientation, 0, 0)
    if picture[:2] == b"\xff\xd8":
        return picture[:2] + b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + picture[2:]
    chunk = b"eXIf" + tiff
    return picture[:33] + struct.pack(">I", len(tiff)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + picture[33:]


def sketches(pictures):
    """A run's sketches: a picture, its copy, one that is plain and others."""
    parts = []
    for picture in range(pictures):
        if picture % 5 == 4:
            parts.append(b"\0")
            continue
        seed = picture // 2
        levels = bytes((cell * (seed + 3) * 7 + cell // 16 * 29 + picture % 2) % 251 for cell in range(256))
        hashed = struct.pack("<QQ", 0x123456789abcdef * (seed + 1) % 2**64, 0xfedcba987654321 ^ seed << 9)
        labels = [struct.pack("<H4B", k, 100, 90, 30 + picture, 20) for k in range(picture % 3)]
        parts.append(b"\1" + hashed + bytes(range(12)) + levels + struct.pack("<I", len(labels)) + b"".join(labels))
    return bytes([pictures]) + b"verify sketches 1\n" + b"".join(parts)


def main(folder):
    def put(target, name, content):
        if len(content) <= MOST_BYTES:
            path = os.path.join(folder, target)
            os.makedirs(path, exist_ok=True)
            with open(os.path.join(path, name), "wb") as file:
                file.write(content)

    for value, name in [([1, -1, 1 << 40, 1.5, "a", b"b", None, True, (), (1, 2), {3}], "values"),
                        ({"model": {"a": [1, 2, 3]}, "b": frozenset("ab")}, "dict")]:
        for protocol in (2, 3, 4, 5):
            put("pickle", f"{name}{protocol}", pickle.dumps(value, protocol))
    for path in glob.glob(os.path.join(DATA, "torch", "*.pt")):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            content = file.read()
        put("torch", name, content)
        put("model", name, content)
        try:
            put("pickle", name, object_pickle(path))
            put("torch", "zip-" + name, new_layout(path))
        except (EOFError, KeyError, pickle.UnpicklingError, struct.error):
            continue  # one of the files that are damaged on purpose
    for path in glob.glob(os.path.join(DATA, "onnx", "**", "*.onnx"), recursive=True):
        with open(path, "rb") as file:
            content = file.read()
        put("onnx", os.path.basename(path), content)
        put("model", os.path.basename(path), content)
    for path in glob.glob(os.path.join(DATA, "images", "*")):
        if path.endswith((".rgb", ".txt")):
            continue
        with open(path, "rb") as file:
            content = file.read()
        name = os.path.basename(path)
        put("image", name, content)
        for orientation in (2, 6, 7) if path.endswith((".jpg", ".png")) else ():
            put("image", f"{orientation}-{name}", oriented(content, orientation))
    for i, text in enumerate(CONFIGURATIONS):
        put("darknet", f"{i}.cfg", text.encode())
        header = struct.pack("<iiiq", 0, 2, 5, 0)
        floats = struct.pack("<64f", *[(k * 37 % 64 + 1) / 80 for k in range(64)])
        put("darknet", f"{i}", text.encode() + b"\0\0" + header + bytes(4000))
        put("darknet", f"{i}.whole", text.encode() + b"\0\1" + header + floats)
        put("model", f"{i}.cfg", text.encode())
    for i, text in enumerate(RECORDS):
        put("record", f"{i}.json", text.encode())
    for text in (COCO, COCO.replace("\n", "\r\n"), "\ufeff" + COCO.replace(": ", ":")):
        put("coco", f"{len(text)}.json", text.encode())
    for text in (VOC, VOC.replace("\n", "\r\n"), "".join(VOC.split("\n"))):
        put("voc", f"{len(text)}.xml", text.encode())
    for pictures in (1, 2, 9, 60):
        put("sketches", f"{pictures}", sketches(pictures))


if __name__ == "__main__":
    main(sys.argv[1])
