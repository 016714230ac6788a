"""Hostile model files."""

import os
import struct
import zipfile

from sandbox import MODEL, jpeg
from table import attack, attack_each

with open(MODEL, "rb") as file:
    SOUND = file.read()


def field(number, content):
    """A protobuf field of bytes."""
    size, length = b"", len(content)
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


def external(location):
    """An ONNX file whose one tensor lies at `location`."""
    tensor = (
        b"\x08\x04\x10\x01"
        + field(8, b"w")
        + field(13, field(1, b"location") + field(2, location.encode()))
        + b"\x70\x01"
    )
    return b"\x08\x08" + field(7, field(2, b"g") + field(5, tensor)) + field(8, b"\x10\x0d")


def model(box, content, name="hostile.onnx", *flags, code=2, **options):
    box.data()
    box.write(name, content)
    result = box.run(*flags, model=name, code=code, **options)
    if os.path.exists(box.path("out")) and code == 2:
        box.fault("a refused model left an output folder behind")
    return result


@attack_each("an ONNX file that is cut off: refused", 0.001, 0.1, 0.5, 0.9, 0.999)
def onnx_cut(box, share):
    model(box, SOUND[: int(len(SOUND) * share)])


@attack_each("an ONNX file with bytes changed: refused or judged, no crash", *range(6))
def onnx_flipped(box, seed):
    content = bytearray(SOUND)
    for i in range(40):
        content[(seed * 7919 + i * 104729) % 4000] ^= 1 << (i + seed) % 8
    model(box, bytes(content), code=(0, 1, 2))


@attack_each(
    "external data outside the model's folder, or no file of it: refused, nothing opened",
    "../thesis/chapter.tex",
    "/etc/passwd",
    "/dev/zero",
    "link",
    "fifo",
    "folder/..",
    ".",
    "",
    "a/../../b",
    "hostile.onnx",
    "x" * 5000,
)
def external_data(box, location):
    box.link("m/link", "../thesis/chapter.tex")
    box.fifo("m/fifo")
    box.folder("m/folder")
    model(box, external(location), "m/hostile.onnx")


@attack_each(
    "a model that is no file: refused, nobody waits",
    "fifo.onnx",
    "folder.onnx",
    "zero.onnx",
    "random.pt",
    "stdin.onnx",
    "sparse.onnx",
    "sparse.pt",
    "loop.pt",
    "fifo.cfg",
    "zero.cfg",
)
def model_is(box, name):
    box.data()
    kind = name.split(".")[0]
    if kind == "fifo":
        box.fifo(name)
    elif kind == "folder":
        box.folder(name)
    elif kind == "sparse":
        box.sparse(name, 6 << 30)
    else:
        box.link(
            name, {"zero": "/dev/zero", "random": "/dev/urandom", "stdin": "/dev/stdin", "loop": name}[kind]
        )
    flags = ["--weights", "model.onnx"] if name.endswith(".cfg") else []
    box.run(*flags, model=name, code=(1, 2))


@attack_each(
    "a zip as .pt: names that climb, entries that lie, bombs: refused, nothing unpacked",
    "climbs",
    "absolute",
    "bomb",
    "many",
    "empty",
    "no pickle",
    "command",
    "huge memo",
    "comment",
    "link",
)
def torch_zip(box, kind):
    path = box.parent("hostile.pt")
    with zipfile.ZipFile(path, "w") as archive:
        if kind == "climbs":
            archive.writestr("../../made", "x")
            archive.writestr("a/data.pkl", b"\x80\x02}q\0.")
        elif kind == "absolute":
            archive.writestr("/tmp/made", "x")
            archive.writestr("a/data.pkl", b"\x80\x02}q\0.")
        elif kind == "bomb":
            archive.writestr("a/data.pkl", bytes(200 << 20), zipfile.ZIP_DEFLATED)
        elif kind == "many":
            for i in range(70000):
                archive.writestr("a/data/%d" % i, b"")
        elif kind == "no pickle":
            archive.writestr("a/version", "3\n")
        elif kind == "command":
            archive.writestr("a/data.pkl", b"\x80\x02cos\nsystem\nX\x0a\0\0\0touch made\x85R.")
        elif kind == "huge memo":
            archive.writestr("a/data.pkl", b"\x80\x02}r\xff\xff\xff\x7f.")
        elif kind == "comment":
            archive.writestr("a/data.pkl", b"\x80\x02}q\0.")
            archive.comment = b"\x1b[2J" * 1000
        elif kind == "link":
            entry = zipfile.ZipInfo("a/data.pkl")
            entry.external_attr = 0o120777 << 16
            archive.writestr(entry, "/etc/passwd")
    box.data()
    box.run(model="hostile.pt", code=2)


CFG = "[net]\nwidth=%s\nheight=32\nchannels=3\n%s\n"
CONV = "[convolutional]\nfilters=%s\nsize=%s\nstride=%s\npad=1\nactivation=linear\n"
YOLO = "[yolo]\nmask=0\nanchors=10,14\nclasses=%s\nnum=%s\n"


@attack_each(
    "a Darknet .cfg with numbers that nobody has: refused, bounded memory",
    CFG % ("999999999999", CONV % (15, 1, 1) + YOLO % (10, 1)),
    CFG % (32, CONV % (2147483647, 1, 1) + YOLO % (10, 1)),
    CFG % (32, CONV % (15, 65535, 1) + YOLO % (10, 1)),
    CFG % (32, CONV % (15, 1, 0) + YOLO % (10, 1)),
    CFG % (32, CONV % (-1, -1, -1) + YOLO % (10, 1)),
    CFG % (32, CONV % (15, 1, 1) + YOLO % (1000000000, 1)),
    CFG % (32, CONV % (15, 1, 1) + YOLO % (10, -5)),
    CFG % (32, CONV % (15, 1, 1) + "[route]\nlayers=-1000\n"),
    CFG % (32, CONV % (15, 1, 1) + "[shortcut]\nfrom=99999999999\n"),
    CFG % (32, (CONV % (8, 1, 1)) * 20000 + YOLO % (3, 1)),
    CFG % (32, "[\x1b[2J]\n" + CONV % (15, 1, 1)),
    "[net]\n" + "x" * 1000000 + "=1\n",
    "\n" * 1000000,
    "[net",
    "=",
    "[net]\nwidth=nan\n",
)
def darknet(box, text):
    box.write("m.weights", struct.pack("<iiiq", 0, 2, 5, 0) + bytes(10000))
    model(box, text, "m.cfg", "--weights", "m.weights")


@attack_each("a Darknet .weights of another size or kind: refused", 0, 10, 19, 1000, 3 << 30)
def darknet_weights(box, size):
    box.sparse("m.weights", size)
    model(box, CFG % (32, CONV % (45, 1, 1) + YOLO % (10, 1)), "m.cfg", "--weights", "m.weights")


@attack_each(
    "other things given as a model: refused for what they are",
    ("x.onnx", jpeg()),
    ("x.pt", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
    ("x.onnx", b"<!DOCTYPE html><html>404"),
    ("x.pt", b"\x80\x04\x95"),
    ("x.onnx", b"\x00" * 100000),
    ("x.onnx", b"\xff" * 100000),
    ("x.onnx", b""),
    ("x.engine", b"ftrt" * 100),
    ("x", SOUND),
    ("x.pt", SOUND),
    ("x.\x1b[2J", b""),
    ("\x9b2J.onnx", b""),
)
def other(box, name, content):
    model(box, content, name, code=(0, 2))


@attack("a class name in the model with control characters and no end: screen and records stay readable")
def class_names(box):
    box.data()
    start = SOUND.find(b"'zero'")
    if start < 0:
        start = SOUND.find(b"zero")
        box.write("m.onnx", SOUND.replace(b"zero", b"\x1b[2J"))
    else:
        box.write("m.onnx", SOUND.replace(b"'zero'", b"'\x1b[2J'"))
    box.write("data/data.yaml", "train: images\nnames: [zero, one]\n")
    box.run(model="m.onnx", data="data/data.yaml")
    box.command(["--inspect", "--model", "m.onnx"])


@attack("the model is changed and removed while it is used")
def changing_model(box):
    box.data(pictures=40)

    def change(process):
        path = box.path("model.onnx")
        os.truncate(path, 1000)
        os.unlink(path)

    box.run(during=change, own=("model.onnx",))


@attack("the model lies in the output that is made again: stays")
def model_in_output(box):
    box.data()
    box.finished()
    box.write("out/best.onnx", SOUND)
    box.write("out/correct/best.onnx", SOUND)
    for way in ("--overwrite", "--resume"):
        box.run(way, model="out/best.onnx")
        box.run(way, model="out/correct/best.onnx")
