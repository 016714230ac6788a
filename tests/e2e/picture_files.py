"""Makes a folder of a thousand files that are called pictures: of every kind that is read, damaged,
wrongly named, and none at all."""

import io
import os
import random
import re
import socket
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

from harness import ROOT

SAMPLES = os.path.join(ROOT, "tests", "data", "images")
SAMPLE_SIZE, FLAT_SIZE, GRID_SIZE = (37, 21), (640, 640), (192, 128)
LYING = re.compile(r"tiff_turned[5-8]")
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".avif",
            ".heic", ".heif", ".hif")
UNREAD = (".gif", ".jxl", ".dng", ".psd", ".svg")
ORIENTATION = 274
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def picture(rng, width, height):
    """Smooth colours with some noise, RGB."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 100 * np.sin(x / rng.uniform(3, 30) + y / rng.uniform(3, 30)) for _ in range(3)]
    noise = np.random.default_rng(rng.randrange(1 << 30)).normal(0, 6, (height, width, 3))
    return np.clip(np.stack(waves, 2) + noise, 0, 255).astype(np.uint8)


def coded(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_rows(samples, depth):
    """Rows of a pass, each behind the filter that it has not; no row where it has no columns."""
    rows = b""
    for row in samples if samples.shape[1] else ():
        if depth == 16:
            line = row.astype(">u2").tobytes()
        elif depth == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            bits = np.unpackbits(row.astype(np.uint8).reshape(-1, 1), axis=1)[:, 8 - depth:]
            line = np.packbits(bits.reshape(-1)).tobytes()
        rows += b"\0" + line
    return rows


def png(rng, width, height, colour, depth, interlaced):
    """Of each type of colours, depth and order of rows that PNG has."""
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    numbers = np.random.default_rng(rng.randrange(1 << 30))
    samples = numbers.integers(0, 1 << depth, (height, width, channels))
    passes = ADAM7 if interlaced else ((0, 0, 1, 1),)
    rows = b"".join(png_rows(samples[y::high, x::wide], depth) for x, y, wide, high in passes)
    palette = chunk(b"PLTE", numbers.bytes(3 << depth)) if colour == 3 else b""
    if colour == 3 and rng.random() < .5:
        palette += chunk(b"tRNS", numbers.bytes(1 << depth))
    return (b"\x89PNG\r\n\x1a\n" +
            chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))) +
            palette + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def jpegs(rng, image):
    exif = Image.Exif()
    exif[ORIENTATION] = rng.randint(1, 8)
    yield ".jpg", coded(image, "JPEG", quality=rng.randint(20, 95))
    yield ".jpeg", coded(image, "JPEG", progressive=True)
    yield ".jpe", coded(image.convert("L"), "JPEG", progressive=rng.random() < .5)
    yield ".jpg", coded(image.convert("CMYK"), "JPEG")
    yield ".jfif", coded(image, "JPEG", subsampling=rng.randint(0, 2), optimize=True)
    yield ".JPG", coded(image, "JPEG", exif=exif)
    yield ".mpo", coded(image, "MPO", save_all=True, append_images=[ImageOps.invert(image)])


def pngs(rng, size):
    for colour, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)), (4, (8, 16)), (6, (8, 16))):
        for depth in depths:
            yield ".png", png(rng, *size, colour, depth, rng.random() < .5)


def others(rng, image):
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield rng.choice((".bmp", ".dib")), coded(image.convert(mode), "BMP")
    yield ".webp", coded(image, "WEBP", quality=rng.randint(10, 100))
    yield ".webp", coded(image.convert("RGBA"), "WEBP", lossless=True)
    for compression in (None, "tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        yield ".tif", coded(image, "TIFF", compression=compression)
    yield ".TIFF", coded(Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257), "TIFF")
    yield ".tiff", coded(image, "TIFF", save_all=True, append_images=[image.rotate(90)])
    yield ".tif", coded(image.convert(rng.choice(("1", "P", "L", "CMYK"))), "TIFF")


def samples():
    """(suffix, bytes, size) of the tests' own pictures."""
    for name in sorted(os.listdir(SAMPLES)):
        suffix = os.path.splitext(name)[1]
        if suffix in SUFFIXES:
            with open(os.path.join(SAMPLES, name), "rb") as file:
                yield suffix, file.read(), (FLAT_SIZE if "_flat." in name else GRID_SIZE if "_grid." in name else
                                            SAMPLE_SIZE[::-1] if LYING.match(name) else SAMPLE_SIZE)


def size_of(content):
    """As Pillow has it: upright."""
    return ImageOps.exif_transpose(Image.open(io.BytesIO(content))).size


def damaged(rng, content):
    """Cut off, or with bytes that are others."""
    changed = bytearray(content)
    way = rng.randrange(4)
    if way == 0:
        return content[:rng.randrange(1, len(content))]
    at = rng.randrange(len(content))
    if way == 1:
        changed[at] ^= rng.randrange(1, 256)
    elif way == 2:
        changed[at:at + 64] = bytes(len(changed[at:at + 64]))
    else:
        for _ in range(20):
            changed[rng.randrange(len(content))] = rng.randrange(256)
    return bytes(changed)


class Folder:
    """`sizes`: path below the folder → (width, height) of what must be judged; `any`: paths of what may
    be judged or fail; `failing`: of what must fail; `unread`: of what is passed over; `folders`."""

    def __init__(self, path, seed=11):
        self.path, self.rng = path, random.Random(seed)
        self.sizes, self.any, self.failing, self.unread, self.folders = {}, set(), set(), set(), set()
        self.count = 0
        os.makedirs(os.path.join(path, "images"))
        os.makedirs(os.path.join(path, "labels"))

    def name(self, kind, suffix):
        self.count += 1
        return "images/%s%04d%s" % (kind, self.count, suffix)

    def put(self, kind, suffix, content):
        name = self.name(kind, suffix)
        with open(os.path.join(self.path, name), "wb") as file:
            file.write(content)
        with open(os.path.join(self.path, "labels", os.path.basename(name).rsplit(".", 1)[0] + ".txt"), "w") as file:
            file.write("0 .5 .5 .3 .3\n")
        return name

    def make(self, sets=8, damages=420, total=1000):
        whole = list(samples())
        for suffix, content, size in whole:
            self.sizes[self.put("sample", suffix, content)] = size
        for _ in range(sets):
            size = self.rng.randint(1, 160), self.rng.randint(1, 120)
            image = Image.fromarray(picture(self.rng, *size))
            for suffix, content in (*jpegs(self.rng, image), *pngs(self.rng, size), *others(self.rng, image)):
                whole.append((suffix, content, size_of(content)))
                self.sizes[self.put("whole", *whole[-1][:2])] = whole[-1][2]
        for suffix, content, size in self.rng.sample(whole, 60):
            other = self.rng.choice([s for s in SUFFIXES if s != suffix.lower()])
            self.sizes[self.put("misnamed", other, content)] = size
        for suffix, content, _ in self.rng.choices(whole, k=damages):
            self.any.add(self.put("damaged", suffix, damaged(self.rng, content)))
        self.make_none()
        self.make_special(whole)
        while self.count < total:
            self.failing.add(self.put("noise", self.rng.choice(SUFFIXES), b"\1" + self.rng.randbytes(200)))

    def leave_out(self, suffixes):
        """What has one of these is passed over, whatever it is."""
        for names in (self.sizes, self.any, self.failing):
            for name in [name for name in names if suffixes and name.endswith(suffixes)]:
                self.unread.add(name)
                names.pop(name) if names is self.sizes else names.remove(name)

    def make_none(self):
        """Whole files of other kinds, under any names, and empty ones."""
        frames = [Image.fromarray(picture(self.rng, 30, 20)) for _ in range(3)]
        gif = coded(frames[0], "GIF", save_all=True, append_images=frames[1:])
        webp = coded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
        for content in (gif, webp, b"", b"\0", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\0",
                        bytes(24) + b"avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif", b"<svg/>", bytes(4096)):
            for suffix in self.rng.sample(SUFFIXES, 3):
                self.failing.add(self.put("none", suffix, content))
        for suffix in UNREAD:
            self.unread.add(self.put("unread", suffix, gif))

    def make_special(self, whole):
        """What is no regular file, links, and what is not to be read."""
        for suffix in (".jpg", ".png", ".avif"):
            name = self.name("pipe", suffix)
            os.mkfifo(os.path.join(self.path, name))
            self.failing.add(name)
            name = self.name("nowhere", suffix)
            os.symlink("no/such/file", os.path.join(self.path, name))
            self.failing.add(name)
            name = self.name("circle", suffix)
            os.symlink(os.path.basename(name), os.path.join(self.path, name))
            self.failing.add(name)
            name = self.name("folder", suffix)
            os.mkdir(os.path.join(self.path, name))
            self.folders.add(name)
            kind, content, size = self.rng.choice(whole)
            target = self.put("target", kind, content)
            name = self.name("link", suffix)
            os.symlink(os.path.basename(target), os.path.join(self.path, name))
            self.sizes[target] = self.sizes[name] = size
        name = self.name("socket", ".png")
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(os.path.join(self.path, name))
        self.failing.add(name)
        if os.geteuid() != 0:
            name = self.put("closed", ".jpg", whole[0][1])
            os.chmod(os.path.join(self.path, name), 0)
            self.failing.add(name)
