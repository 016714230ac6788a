#!/usr/bin/env python3
"""Makes the BMP, WebP and TIFF files of tests/data/images, and what OpenCV makes of them.

Needed only to make the files anew, beside make_images.py, whose picture they show:
python3 tests/data/make_other_images.py (numpy, pillow, tifffile, imagecodecs, opencv-python).
"""
import io
import struct

import numpy as np
import tifffile
from PIL import Image

from make_images import FOLDER, HEIGHT, WIDTH, picture, save

INFO, V4, V5 = 40, 108, 124


def bmp_rows(samples, depth, top_down=False):
    """Rows as BMP has them, the last one first, filled up to 4 bytes."""
    rows = []
    for row in samples:
        if depth >= 8:
            line = row.astype({8: "u1", 16: "<u2", 24: "u1", 32: "<u4"}[depth]).tobytes()
        else:
            bits = "".join(format(int(value), f"0{depth}b") for value in row)
            bits += "0" * (-len(bits) % 8)
            line = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
        rows.append(line + b"\0" * (-len(line) % 4))
    return b"".join(rows if top_down else rows[::-1])


def bmp(pixels, depth, palette=b"", compression=0, masks=(), header=INFO, top_down=False):
    """A whole file; `pixels` are its bytes."""
    info = struct.pack("<IiiHHIIiiII", header, WIDTH, -HEIGHT if top_down else HEIGHT, 1, depth, compression,
                       len(pixels), 2835, 2835, len(palette) // 4 if len(palette) < 4 << depth else 0, 0)
    info += b"".join(struct.pack("<I", mask) for mask in masks)
    info += b"\0" * (header - len(info))
    at = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at) + info + palette + pixels


def core_bmp(pixels, depth, palette):
    info = struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, depth)
    at = 14 + len(info) + len(palette)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at) + info + palette + pixels


def runs(rows, depth):
    """Run lengths: equal neighbours as runs, others literally, a jump over each third row's middle."""
    out = b""
    for number, row in enumerate(rows[::-1]):
        x = 0
        while x < len(row):
            if number % 3 == 0 and x == 8:
                out += b"\0\2\5\0"
                x += 5
                continue
            n = 1
            while x + n < len(row) and row[x + n] == row[x] and n < 255 and not (number % 3 == 0 and x < 8 <= x + n):
                n += 1
            left = min(len(row) - x, 7) if number % 3 else 0
            if n < 3 and left >= 3:
                values = [int(v) for v in row[x:x + left]]
                if depth == 4:
                    values += [0] * (-left % 2)
                    values = [a << 4 | b for a, b in zip(values[::2], values[1::2])]
                out += bytes([0, left] + values + [0] * (len(values) % 2))
                x += left
                continue
            colour = int(row[x])
            out += bytes([n, colour << 4 | colour if depth == 4 else colour])
            x += n
        out += b"\0\0"
    return out[:-2] + b"\0\1"


def make_bmps(rng):
    pixels = picture()
    gray = pixels[:, :, 0]
    bgr = pixels[:, :, ::-1].reshape(HEIGHT, -1)
    words = [pixels[:, :, i].astype(np.uint32) for i in range(3)]
    for depth in (1, 4, 8):
        palette = rng.integers(0, 256, ((1 << depth), 4), dtype=np.uint8)
        palette[:, 3] = 0
        samples = gray >> (8 - depth)
        save(f"bmp_palette{depth}.bmp", bmp(bmp_rows(samples, depth), depth, palette.tobytes()))
        save(f"bmp_core{depth}.bmp", core_bmp(bmp_rows(samples, depth), depth, palette[:, :3].tobytes()))
        if depth > 1:
            save(f"bmp_runs{depth}.bmp", bmp(runs(samples // 3 * 3, depth), depth, palette.tobytes(),
                                             {8: 1, 4: 2}[depth]))
    few = rng.integers(0, 256, (20, 4), dtype=np.uint8).tobytes()
    save("bmp_few_colours.bmp", bmp(bmp_rows(gray // 13, 8), 8, few))
    save("bmp_rgb24.bmp", bmp(bmp_rows(bgr, 24), 24))
    save("bmp_top_down.bmp", bmp(bmp_rows(bgr, 24, True), 24, top_down=True))
    save("bmp_v5.bmp", bmp(bmp_rows(bgr, 24), 24, header=V5))
    save("bmp_rgb32.bmp", bmp(bmp_rows(words[0] << 16 | words[1] << 8 | words[2] | 0x55000000, 32), 32))
    save("bmp_rgb555.bmp", bmp(bmp_rows(words[0] >> 3 << 10 | words[1] >> 3 << 5 | words[2] >> 3, 16), 16))
    save("bmp_rgb565.bmp", bmp(bmp_rows(words[0] >> 3 << 11 | words[1] >> 2 << 5 | words[2] >> 3, 16), 16,
                               compression=3, masks=(0xF800, 0x07E0, 0x001F), header=INFO))
    swapped = words[2] << 24 | words[1] << 16 | words[0] << 8 | 0x7F
    save("bmp_masks32.bmp", bmp(bmp_rows(swapped, 32), 32, compression=3, header=V4,
                                masks=(0xFF00, 0xFF0000, 0xFF000000, 0xFF)))


def webp(pixels, **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", **options)
    return stream.getvalue()


def make_webps(rng):
    pixels = picture()
    alpha = rng.integers(0, 256, (HEIGHT, WIDTH, 1), dtype=np.uint8)
    clear = np.concatenate([pixels, alpha], 2)
    save("webp_lossy.webp", webp(pixels, quality=80))
    save("webp_lossless.webp", webp(pixels, lossless=True))
    save("webp_lossy_alpha.webp", webp(clear, quality=80, exact=True))
    save("webp_lossless_alpha.webp", webp(clear, lossless=True, exact=True))


def tiff(samples, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, samples, metadata=None, software=False, **options)
    return stream.getvalue()


def make_tiffs(rng):
    pixels = picture()
    gray = np.ascontiguousarray(pixels[:, :, 0])
    wide = rng.integers(0, 65536, (HEIGHT, WIDTH, 4)).astype(np.uint16)
    alpha = rng.integers(0, 256, (HEIGHT, WIDTH, 1), dtype=np.uint8)
    ramp = (pixels.astype(np.uint16) << 8) + wide[:, :, :3] // 512
    forms = {
        "gray8": (gray, {"photometric": "minisblack"}),
        "white8": (gray, {"photometric": "miniswhite"}),
        "gray1": (gray > 128, {"photometric": "minisblack"}),
        "gray16": (ramp[:, :, 0], {"photometric": "minisblack"}),
        "rgb8": (pixels, {"photometric": "rgb"}),
        "rgb8_big": (pixels, {"photometric": "rgb", "byteorder": ">", "bigtiff": True}),
        "rgb8_lzw": (pixels, {"photometric": "rgb", "compression": "lzw", "predictor": 2, "rowsperstrip": 5}),
        "rgb8_deflate": (pixels, {"photometric": "rgb", "compression": "zlib"}),
        "rgb8_packed": (pixels, {"photometric": "rgb", "compression": "packbits", "rowsperstrip": 4}),
        "rgb8_tiles": (pixels, {"photometric": "rgb", "tile": (16, 16), "compression": "zlib"}),
        "rgb8_planes": (np.ascontiguousarray(pixels.transpose(2, 0, 1)),
                        {"photometric": "rgb", "planarconfig": "separate"}),
        "rgba8": (np.concatenate([pixels, alpha], 2), {"photometric": "rgb", "extrasamples": ["unassalpha"]}),
        "rgb16": (ramp, {"photometric": "rgb", "rowsperstrip": 8}),
        "jpeg": (pixels, {"photometric": "rgb", "compression": "jpeg"}),
        "palette8": (gray, {"photometric": "palette",
                            "colormap": rng.integers(0, 65536, (3, 256)).astype(np.uint16)}),
    }
    for name, (samples, options) in forms.items():
        save(f"tiff_{name}.tif", tiff(samples, **options))
    # OpenCV turns pages about one side, and reads none that lies on its side.
    for orientation in (2, 3, 4, 5, 6, 7, 8):
        data = tiff(pixels, photometric="rgb", extratags=[(274, 3, 1, orientation, True)])
        if orientation < 5:
            save(f"tiff_turned{orientation}.tif", data)
        else:
            (FOLDER / f"tiff_turned{orientation}.tif").write_bytes(data)


if __name__ == "__main__":
    generator = np.random.default_rng(2)
    make_bmps(generator)
    make_webps(generator)
    make_tiffs(generator)
