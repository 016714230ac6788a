#!/usr/bin/env python3
"""Makes tests/data/images: small pictures of every form, and what OpenCV makes of them.

Needed only to make the files anew: python3 tests/data/make_images.py (numpy, pillow, opencv-python).
NAME.jpg or NAME.png is a picture, NAME.rgb its pixels as cv2.imread returns them, in RGB order.
letterbox.txt: one case a line, see `letterbox_line`; its pictures come from `noise`, as in
tests/unit/test_letterbox.c.
"""
import io
import pathlib
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

FOLDER = pathlib.Path(__file__).parent / "images"
WIDTH, HEIGHT = 37, 21  # no multiple of a block's or a sampling factor's size


def picture():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [128 + 100 * np.sin(x / 5 + y / 7), 255 - x * 6, 40 + y * 9]
    return np.clip(np.stack(planes, 2), 0, 255).astype(np.uint8)


def save(name, data):
    path = FOLDER / name
    path.write_bytes(data)
    pixels = cv2.imread(str(path))
    assert pixels is not None, name
    path.with_suffix(".rgb").write_bytes(np.ascontiguousarray(pixels[:, :, ::-1]).tobytes())


def jpeg(pixels, mode="RGB", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, "JPEG", quality=85, **options)
    return stream.getvalue()


def ycck(cmyk):
    """The same samples, declared as YCCK: the transform byte of the Adobe segment is 2."""
    at = cmyk.index(b"Adobe") + 11
    assert cmyk[at] == 0
    return cmyk[:at] + b"\2" + cmyk[at + 1 :]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def scanlines(samples, depth):
    lines = b""
    for row in samples:
        row = row.reshape(-1)
        if depth == 16:
            lines += b"\0" + row.astype(">u2").tobytes()
        elif depth == 8:
            lines += b"\0" + row.astype(np.uint8).tobytes()
        else:
            bits = "".join(format(int(value), f"0{depth}b") for value in row)
            bits += "0" * (-len(bits) % 8)
            lines += b"\0" + bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
    return lines


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def png(samples, depth, colour, extra=b"", interlaced=False):
    height, width = samples.shape[:2]
    if interlaced:
        lines = b"".join(scanlines(samples[y::dy, x::dx], depth) for x, y, dx, dy in ADAM7 if width > x and height > y)
    else:
        lines = scanlines(samples, depth)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    parts = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(lines, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def noise(width, height):
    i = np.arange(width * height * 3, dtype=np.uint32) * np.uint32(2654435761)
    i ^= i >> np.uint32(15)
    i *= np.uint32(2246822519)
    return (i >> np.uint32(24)).astype(np.uint8).reshape(height, width, 3)


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def letterbox_line(width, height, size, rect, stride=32):
    """width height size rect stride -> net_width net_height scaled_width scaled_height left top,
    and the FNV-1a checksum of the input's levels as planes (3, net_height, net_width)."""
    gain = min(size / height, size / width)
    scaled = max(round(width * gain), 1), max(round(height * gain), 1)
    pad = [size - scaled[0], size - scaled[1]]
    if rect:
        pad = [p % stride for p in pad]
    left, right = round(pad[0] / 2 - 0.1), round(pad[0] / 2 + 0.1)
    top, bottom = round(pad[1] / 2 - 0.1), round(pad[1] / 2 + 0.1)
    pixels = noise(width, height)
    if scaled != (width, height):
        pixels = cv2.resize(pixels, scaled, interpolation=cv2.INTER_LINEAR)
    pixels = cv2.copyMakeBorder(pixels, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(114, 114, 114))
    net_height, net_width = pixels.shape[:2]
    levels = np.ascontiguousarray(pixels.transpose(2, 0, 1)).tobytes()
    numbers = (width, height, size, int(rect), stride, net_width, net_height, *scaled, left, top)
    return " ".join(map(str, numbers)) + f" {fnv1a(levels):016x}\n"


def main():
    FOLDER.mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    pixels = picture()
    save("baseline.jpg", jpeg(pixels, subsampling=2))
    save("full_chroma.jpg", jpeg(pixels, subsampling=0))
    save("progressive.jpg", jpeg(pixels, subsampling=2, progressive=True))
    save("restart.jpg", jpeg(pixels, subsampling=1, restart_marker_blocks=1))
    save("gray.jpg", jpeg(pixels, "L"))
    save("cmyk.jpg", jpeg(pixels, "CMYK"))
    save("ycck.jpg", ycck(jpeg(pixels, "CMYK")))

    gray, alpha = pixels[:, :, :1], rng.integers(0, 256, (HEIGHT, WIDTH, 1))
    wide = rng.integers(0, 65536, (HEIGHT, WIDTH, 4))
    for depth in (1, 2, 4):
        samples = gray >> (8 - depth)
        save(f"gray{depth}.png", png(samples, depth, 0))
        palette = rng.integers(0, 256, (1 << depth, 3), dtype=np.uint8).tobytes()
        save(f"palette{depth}.png", png(samples, depth, 3, chunk(b"PLTE", palette)))
    palette = chunk(b"PLTE", rng.integers(0, 256, (200, 3), dtype=np.uint8).tobytes())
    clear = chunk(b"tRNS", bytes(range(0, 200, 2)))
    save("palette8_clear.png", png(gray * (199 / 255), 8, 3, palette + clear))
    save("gray8.png", png(gray, 8, 0, chunk(b"gAMA", struct.pack(">I", 100000))))
    save("gray8_clear.png", png(gray, 8, 0, chunk(b"tRNS", b"\0\x80")))
    save("gray8_alpha.png", png(np.concatenate([gray, alpha], 2), 8, 4))
    save("gray16.png", png(wide[:, :, :1], 16, 0))
    save("gray16_alpha.png", png(wide[:, :, :2], 16, 4))
    save("rgb8.png", png(pixels, 8, 2))
    save("rgb8_alpha.png", png(np.concatenate([pixels, alpha], 2), 8, 6))
    save("rgb16.png", png(wide[:, :, :3], 16, 2))
    save("rgb16_alpha.png", png(wide, 16, 6))
    save("interlaced_rgb8.png", png(pixels, 8, 2, interlaced=True))
    save("interlaced_gray2.png", png(gray >> 6, 2, 0, interlaced=True))
    save("interlaced_rgb16_alpha.png", png(wide, 16, 6, interlaced=True))

    cases = [(64, 48, 64, 0), (50, 37, 64, 0), (128, 96, 64, 0), (200, 150, 64, 0), (37, 50, 64, 1)]
    cases += [(1, 1, 32, 0), (2, 100, 64, 1), (300, 7, 64, 0), (3, 500, 64, 1), (101, 70, 96, 1)]
    cases += [(128, 95, 64, 0), (500, 375, 320, 1), (65, 63, 64, 0), (33, 32, 32, 1), (5, 2, 3, 0)]
    cases += [(641, 427, 160, 0), (427, 640, 192, 1), (31, 1000, 128, 0), (20, 45, 32, 0), (7, 7, 96, 1)]
    (FOLDER / "letterbox.txt").write_text("".join(letterbox_line(*case) for case in cases))


main()
