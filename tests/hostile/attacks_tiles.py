"""AVIF whose tiles are far more than its picture."""

import struct
import subprocess

from attacks_images import SAMPLES, image
from sandbox import VERIFY
from table import Skipped, attack_each


def box(kind, *parts, version=None):
    body = b"".join(parts)
    if version is not None:
        body = struct.pack(">I", version << 24) + body
    return struct.pack(">I4s", len(body) + 8, kind) + body


def find(content, kind):
    """A box of the file, whole."""
    at = content.index(kind) - 4
    return content[at : at + struct.unpack(">I", content[at : at + 4])[0]]


def tiled(rows, columns, width, height):
    """A picture of `rows` x `columns` tiles of 640 x 640 pixels, all of them the same bytes."""
    with open(SAMPLES % ("avif", "avif"), "rb") as file:
        flat = file.read()
    config, coded = find(flat, b"av1C"), find(flat, b"mdat")[8:]
    count = rows * columns
    tiles = range(2, count + 2)
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)

    def sides(*size):
        return box(b"ispe", struct.pack(">II", *size), version=0)

    def entry(number, kind):
        return box(b"infe", struct.pack(">HH4sB", number, 0, kind, 0), version=2)

    items = box(
        b"iinf", struct.pack(">H", count + 1), entry(1, b"grid"), *[entry(k, b"av01") for k in tiles], version=0
    )
    parts = box(b"dimg", struct.pack(">HH", 1, count), *[struct.pack(">H", k) for k in tiles])
    kinds = box(b"ipco", sides(width, height), sides(640, 640), config, box(b"pixi", b"\3\x08\x08\x08", version=0))
    whose = box(
        b"ipma",
        struct.pack(">IHBBB", count + 1, 1, 2, 1, 4),
        *[struct.pack(">HBBBB", k, 3, 2, 4, 0x83) for k in tiles],
        version=0,
    )

    def about(at):
        places = [(1, at, len(grid)), *[(k, at + len(grid), len(coded)) for k in tiles]]
        where = b"".join(struct.pack(">HHHII", k, 0, 1, begin, length) for k, begin, length in places)
        return box(
            b"meta",
            box(b"hdlr", struct.pack(">I4s", 0, b"pict"), bytes(13), version=0),
            box(b"pitm", struct.pack(">H", 1), version=0),
            box(b"iloc", b"\x44\0", struct.pack(">H", count + 1), where, version=0),
            items,
            box(b"iref", parts, version=0),
            box(b"iprp", kinds, whose),
            version=0,
        )

    head = box(b"ftyp", b"avif\0\0\0\0avifmif1miaf")
    return head + about(len(head) + len(about(0)) + 8) + box(b"mdat", grid, coded)


@attack_each(
    "tiles of an AVIF: judged where they make up the picture, and refused before they are decoded where they are "
    "thousands of times as large",
    ("whole", 2, 2, 1280, 1280),
    ("many", 64, 64, 640, 640),
    ("most", 256, 255, 64, 64),
)
def tiles(box_of, kind, rows, columns, width, height):
    said = subprocess.run([VERIFY, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    if "AVIF: not built in" in said:
        raise Skipped("a build without libavif")
    image(
        box_of,
        tiled(rows, columns, width, height),
        "hostile.avif",
        fails=kind != "whole",
        megabytes=400,
        says={"many": "tiles of up to [0-9]+ pixels are too many", "most": "its parts are more than"}.get(kind),
    )
