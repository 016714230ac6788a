"""Hostile images, and hostile names of images."""

import os
import socket
import struct
import zlib

from sandbox import PICTURES, jpeg, picture
from table import attack, attack_each

NAME = "data/images/%s"
SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/images/%s_flat.%s")
GOOD = "1 0.5 0.5 0.2 0.2\n"


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, rows=None, depth=8, kind=2, before=b"", interlaced=0):
    """A PNG; `rows`: what is compressed."""
    if rows is None:
        channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
        rows = (b"\0" + b"\x40" * ((width * channels * depth + 7) // 8)) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlaced))
        + before
        + chunk(b"IDAT", zlib.compress(rows, 1))
        + chunk(b"IEND", b"")
    )


def image(box, content, name="hostile.png", code=0, fails=True, **options):
    """Runs on a data set with one such image more, which fails, and is said to."""
    box.data()
    box.write(NAME % name, content)
    box.write("data/labels/%s.txt" % os.path.splitext(name)[0], GOOD)
    return looked_at(box, name, code, fails, **options)


def looked_at(box, name, code=0, fails=True, **options):
    result = box.run(code=code, **options)
    if result.code == 0:
        failed = box.report()["failed_images"]
        if fails and [os.path.basename(f["image"]) for f in failed] != [name]:
            box.fault("failed images: %s" % failed)
        if fails is False and failed:
            box.fault("failed images: %s" % failed)
        if fails and "WARNING" not in result.text:
            box.fault("no warning tells of the image")
    return result


@attack_each(
    "an image that is no file: failed or left out with a word, nobody waits",
    "fifo",
    "folder",
    "zero",
    "full",
    "random",
    "socket",
    "loop",
    "mem",
    "stdin",
    "sparse",
    "null",
)
def image_is(box, kind):
    box.data()
    name = NAME % "hostile.png"
    server = None
    if kind == "fifo":
        box.fifo(name)
    elif kind == "folder":
        box.folder(name)
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(box.parent(name))
    elif kind == "loop":
        box.link(name, "hostile.png")
    elif kind == "sparse":
        box.sparse(name, 2 << 30)
    else:
        box.link(
            name,
            {
                "zero": "/dev/zero",
                "full": "/dev/full",
                "random": "/dev/urandom",
                "null": "/dev/null",
                "mem": "/proc/self/mem",
                "stdin": "/dev/stdin",
            }[kind],
        )
    box.write("data/labels/hostile.txt", GOOD)
    result = looked_at(box, "hostile.png", fails=None)
    if kind != "folder" and not any(word in result.text for word in ("hostile.png", "Skipped", "WARNING")):
        box.fault("passed over without a word")
    if server:
        server.close()


@attack_each(
    "pictures of extreme shape: judged or failed with a reason, bounded memory and time",
    (65535, 1),
    (1, 65535),
    (65500, 3),
    (1, 1),
    (2, 2),
    (16384, 16384),
    (100000, 10),
)
def shape(box, width, height):
    image(box, png(width, height, kind=0, depth=1), fails=None, megabytes=1200)


@attack_each("a PNG of few bytes that unfolds to many", "pixels", "text", "icc", "extra", "interlaced")
def png_bomb(box, kind):
    if kind == "pixels":
        content = png(30000, 30000, rows=b"\0" * 100000)
    elif kind == "text":
        content = png(8, 8, before=chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(100 << 20), 9)) * 20)
    elif kind == "icc":
        content = png(8, 8, before=chunk(b"iCCP", b"k\0\0" + zlib.compress(bytes(100 << 20), 9)))
    elif kind == "extra":
        content = png(8, 8, rows=bytes(200 << 20))
    else:
        content = png(20000, 20000, rows=bytes(20000 * 2501), depth=1, kind=0, interlaced=1)
    image(box, content, fails=None)


@attack_each(
    "AVIF and HEIC that announce another size than is coded: judged or failed, in bounded memory and time",
    *[(kind, "%dx%d" % size, size) for kind in ("avif", "heic")
      for size in ((16, 16), (16384, 16384), (65535, 65535), (1 << 31, 1 << 31), (0, 1))],
)
def coded_size(box, kind, _, size):
    with open(SAMPLES % (kind, kind), "rb") as file:
        content = file.read()
    at = content.index(b"ispe")
    content = content.replace(content[at : at + 16], b"ispe" + struct.pack(">III", 0, *size))
    image(box, content, "hostile." + kind, fails=None, megabytes=1200)


@attack_each(
    "a JPEG whose end is missing, at each of these places: failed", 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99
)
def jpeg_cut(box, share):
    content = jpeg()
    image(box, content[: max(3, int(len(content) * share))], "hostile.jpg")


def exif(*entries, offset=8):
    """A TIFF block of directory entries (tag, type, count, value)."""
    body = struct.pack("<2sHI", b"II", 42, offset) + struct.pack("<H", len(entries))
    body += b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", 8)
    return body


def with_exif(block):
    content = jpeg()
    body = b"Exif\0\0" + block
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + content[2:]


@attack_each(
    "EXIF: loops, counts and offsets beyond the block: the picture is judged all the same",
    "loop",
    "count",
    "offset",
    "orientation 9",
    "orientation 2^32",
    "empty",
    "type",
    "many",
)
def exif_is(box, kind):
    block = {
        "loop": exif((0x8769, 4, 1, 8), (0x8769, 4, 1, 8)),
        "count": exif((0x112, 3, 0xFFFFFFFF, 1)),
        "offset": exif(offset=0xFFFFFFF0),
        "orientation 9": exif((0x112, 3, 1, 9)),
        "orientation 2^32": exif((0x112, 4, 1, 0xFFFFFFFF)),
        "empty": b"",
        "type": exif((0x112, 0xFFFF, 1, 6)),
        "many": exif(*[(0x112, 3, 1, i % 9) for i in range(5000)]),
    }[kind]
    image(box, with_exif(block), "hostile.jpg", fails=False)


@attack_each(
    "a file of one kind under another's suffix, and two kinds in one file",
    "jpeg.png",
    "png.jpg",
    "html.jpg",
    "zip.jpg",
    "pngjpeg.png",
    "elf.png",
    "symlink.jpg",
)
def suffix(box, name):
    content = {
        "jpeg.png": jpeg(),
        "png.jpg": png(8, 8),
        "html.jpg": b"<html>404</html>",
        "zip.jpg": jpeg() + b"PK\3\4" + bytes(1000),
        "pngjpeg.png": png(8, 8) + jpeg(),
        "elf.png": b"\x7fELF" + bytes(1000),
        "symlink.jpg": b"../images/" + PICTURES[0].encode(),
    }[name]
    image(box, content, name, fails=None if name[:4] in ("jpeg", "png.", "zip.", "pngj") else True)


@attack_each("odd but sound pictures: judged", "16 bit", "palette", "gray alpha", "1 bit")
def odd_png(box, kind):
    content = {
        "16 bit": png(20, 20, depth=16),
        "gray alpha": png(20, 20, kind=4),
        "palette": png(20, 20, kind=3, before=chunk(b"PLTE", bytes(768))),
        "1 bit": png(20, 20, kind=0, depth=1),
    }[kind]
    image(box, content, fails=False)


@attack("a PNG whose palette lacks the colours used, and one without a palette")
def bad_palette(box):
    box.write(NAME % "b.png", png(20, 20, kind=3))
    image(box, png(20, 20, kind=3, before=chunk(b"PLTE", b"\1\2\3")), fails=None)


NAMES = (
    "verification_report.json.jpg",
    "-rf.jpg",
    "--overwrite.jpg",
    " .jpg",
    "  a .jpg",
    "\n.jpg",
    "\x1b[2J.jpg",
    "\x9b31m.jpg",
    "a\tb.jpg",
    "\u202egpj.jpg",
    "a" * 250 + ".jpg",
    "%s%n.jpg",
    "\"'\\.jpg",
    "$(touch made).jpg",
    "*.jpg",
    "a\r.jpg",
    ".jpg",
    "..jpg",
    "~.jpg",
    "c:\\x.jpg",
    "\u2028.jpg",
)


@attack("names of images that are flags, patterns, commands, control characters: as any other name")
def odd_names(box):
    box.data()
    for i, name in enumerate(NAMES):
        box.write(NAME % name, picture(i))
        box.write("data/labels/%s.txt" % os.path.splitext(name)[0], GOOD + "bad\n")
    box.run(code=0)
    box.records()
    total = box.report()["total_images"]
    if total < len(NAMES) + 3 - 2:  # names that begin with a dot may be left out
        box.fault("%d images of %d" % (total, len(NAMES) + 3))


@attack("names that are no UTF-8: judged, placed, shown without raw bytes")
def bytes_names(box):
    box.data()
    for i in range(4):
        name = os.fsdecode(b"caf\xe9\xff%d.jpg" % i)
        box.write(NAME % name, picture(i) if i else b"broken")
        box.write("data/labels/%s.txt" % os.path.splitext(name)[0], GOOD + "bad\n")
    box.run(code=0)
    box.records()


@attack("images that differ in suffix or case only, so that they share a label's name")
def same_stem(box):
    box.data()
    for name in ("a.jpg", "a.png", "a.jpeg", "A.jpg", "a.JPG", "a.jpg.png"):
        box.write(NAME % name, picture(2) if "png" in name else jpeg())
    box.write("data/labels/a.txt", GOOD)
    box.write("data/labels/A.txt", "2 0.5 0.5 0.2 0.2\n")
    for place in ("hardlink", "symlink", "copy"):
        box.run("--save-txt", "--place", place, output=place, code=0)
        placed = [
            f
            for b in ("correct", "mislabeled", "uncertain")
            for f in os.listdir(box.path(place, b, "JPEGImages"))
        ]
        if len(placed) != 9 or len(set(placed)) != 9:
            box.fault("%s: placed %s" % (place, sorted(placed)))


@attack("one file under many names by hard links and links: each is judged, the file stays")
def many_names_of_one(box):
    box.data()
    for i in range(30):
        box.hard(NAME % ("hard%d%s" % (i, os.path.splitext(PICTURES[0])[1])), NAME % PICTURES[0])
        box.link(NAME % ("soft%d%s" % (i, os.path.splitext(PICTURES[0])[1])), PICTURES[0])
    box.run(code=0)
    if box.report()["total_images"] != 63:
        box.fault("%d images" % box.report()["total_images"])


@attack("images that are links to pictures outside: judged; the pictures are not changed, also not by --place")
def links_out(box):
    box.data()
    box.write("photos/a.jpg", jpeg())
    os.chmod(box.path("photos/a.jpg"), 0o444)
    box.link(NAME % "out.jpg", "../../photos/a.jpg")
    for place in ("hardlink", "symlink", "copy"):
        box.run("--place", place, output=place, code=0)
        box.run("--place", place, "--overwrite", output=place, code=0)


@attack("folders of links in a loop, and 200 deep: each folder read once")
def folder_loops(box):
    box.data()
    box.link("data/images/loop", ".")
    box.link("data/images/up", "..")
    box.folder("data/images" + "/d" * 200)
    box.write("data/images" + "/d" * 200 + "/deep.jpg", jpeg())
    box.write("data/labels" + "/d" * 200 + "/deep.txt", GOOD)
    box.run(code=0)
    if box.report()["total_images"] != 4:
        box.fault("%d images" % box.report()["total_images"])


@attack("a link below the images to / or to the home folder: bounded, or said")
def link_to_everything(box):
    box.data()
    for i in range(100):
        box.write("thesis/photos/%d/x.jpg" % i, jpeg())
    box.link("data/images/everything", "../../thesis")
    box.run(code=0)


@attack("an image folder that nobody may enter: said")
def folder_unreadable(box):
    box.data()
    box.write("data/images/private/a.jpg", jpeg())
    os.chmod(box.path("data/images/private"), 0)
    box.run(nobody=True, says="private")


@attack("labels below images, and images below labels")
def nested(box):
    box.data()
    box.write("data/images/labels/images/a.jpg", jpeg())
    box.write("data/images/labels/labels/a.txt", GOOD)
    box.write("data/labels/images/b.jpg", jpeg())
    box.write("data/labels/labels/b.txt", GOOD)
    box.run(code=0)
    if box.report()["total_boxes"] < 2:
        box.fault("labels were not found")


@attack("an image that changes while it is judged: cut, grown, replaced, removed")
def changing(box):
    box.data(pictures=60)

    def change(process):
        for i in range(0, 60, 2):
            path = box.path(NAME % PICTURES[i])
            kind = i % 8
            if kind == 0:
                os.truncate(path, 10)
            elif kind == 2:
                os.unlink(path)
            elif kind == 4:
                os.rename(box.path(NAME % PICTURES[i + 1]), path)
            else:
                os.unlink(path)
                os.mkfifo(path)

    names = ["data/images", "data/images/*"]
    box.run(own=names, during=change)
    box.faults = [f for f in box.faults if "images/0" not in f]
