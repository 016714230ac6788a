#!/usr/bin/env python3
"""Makes the AVIF and HEIC files of tests/data/images, and what Pillow makes of them.

Needed only to make the files anew, beside make_images.py, whose picture they show:
python3 tests/data/make_heif_images.py (numpy, pillow 11.3 or later, pillow-heif, opencv-python).
"""
import ctypes
import io
import pathlib
import struct

import cv2
import numpy as np
import pillow_heif
from PIL import Image, ImageOps

from make_images import FOLDER, HEIGHT, WIDTH, picture

TILES = ((200, 30, 40), (30, 200, 40), (30, 40, 200), (90, 90, 90), (220, 210, 30), (20, 120, 130))
ORIENTATION, RESOLUTION_UNIT, SHORT = 274, 296, 3
# What a picture is turned by so that the orientation turns it upright again.
BACK = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270}


def save(name, data, pixels=None):
    """The file, and its pixels as Pillow has them: turned upright, transparent ones with their colours."""
    (FOLDER / name).write_bytes(data)
    if pixels is None:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        pixels = np.asarray(image.convert("RGBA"))[:, :, :3]
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    (FOLDER / (name.rsplit(".", 1)[0] + ".rgb")).write_bytes(pixels.astype(np.uint8).tobytes())


def coded(image, format, **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def exif(tag, value):
    block = Image.Exif()
    block[tag] = value
    return block


def turned(image, orientation):
    """As a camera that was held so has it, with its orientation."""
    image = image.transpose(BACK[orientation]) if orientation > 1 else image.copy()
    image.info["exif"] = exif(ORIENTATION, orientation).tobytes()
    return image


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int), ("more", ctypes.c_int), ("message", ctypes.c_char_p)]


def make_grid():
    """Two rows of three tiles of one colour each, as telephones put a picture together. Pillow's plug-in
    has no call for that, the library in it has."""
    library = ctypes.CDLL(str(next(pathlib.Path(pillow_heif.__path__[0] + ".libs").glob("libheif*"))))
    HEVC, RGB, INTERLEAVED, SIDE = 1, 1, 10, 64
    pointer, reference = ctypes.c_void_p, ctypes.byref

    def call(name, *arguments):
        function = getattr(library, name)
        function.restype = Error
        error = function(*arguments)
        assert error.code == 0, (name, error.message)

    library.heif_context_alloc.restype = pointer
    library.heif_image_get_plane.restype = pointer
    context, encoder, handle, tiles = pointer(library.heif_context_alloc()), pointer(), pointer(), (pointer * 6)()
    call("heif_context_get_encoder_for_format", context, HEVC, reference(encoder))
    for i in range(6):
        tile, stride = pointer(), ctypes.c_int()
        call("heif_image_create", SIDE, SIDE, RGB, INTERLEAVED, reference(tile))
        call("heif_image_add_plane", tile, INTERLEAVED, SIDE, SIDE, 8)
        rows = library.heif_image_get_plane(tile, INTERLEAVED, reference(stride))
        for y in range(SIDE):
            ctypes.memmove(rows + y * stride.value, bytes(TILES[i]) * SIDE, 3 * SIDE)
        tiles[i] = tile
    call("heif_context_encode_grid", context, tiles, ctypes.c_uint16(3), ctypes.c_uint16(2), encoder, None,
         reference(handle))
    call("heif_context_set_primary_image", context, handle)
    call("heif_context_write_to_file", context, str(FOLDER / "heic_grid.heic").encode())


def make_flat():
    """Far more pixels than bytes."""
    flat = Image.new("RGB", (640, 640), (90, 120, 30))
    (FOLDER / "avif_flat.avif").write_bytes(coded(flat, "AVIF", quality=20))
    (FOLDER / "heic_flat.heic").write_bytes(coded(flat, "HEIF", quality=20))


def make_avifs(image, clear):
    for name, mode in (("420", "4:2:0"), ("422", "4:2:2"), ("444", "4:4:4")):
        save(f"avif_{name}.avif", coded(image, "AVIF", quality=85, subsampling=mode))
    save("avif_gray.avif", coded(image.convert("L"), "AVIF", quality=85, subsampling="4:0:0"))
    save("avif_alpha.avif", coded(clear, "AVIF", quality=85))
    wide = np.asarray(image)[:, :, ::-1].astype(np.uint16) * 4
    data = cv2.imencode(".avif", wide, [cv2.IMWRITE_AVIF_DEPTH, 10, cv2.IMWRITE_AVIF_QUALITY, 85])[1]
    samples = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)[:, :, ::-1]  # of 10 bits
    save("avif_10bit.avif", data.tobytes(), np.rint(samples * 255.0 / 1023))
    frames = [Image.fromarray(255 - np.asarray(image)) for _ in range(2)]
    save("avif_frames.avif", coded(image, "AVIF", quality=85, save_all=True, append_images=frames, duration=100))
    for orientation in range(1, 9):
        save(f"avif_turned{orientation}.avif",
             coded(turned(image, orientation), "AVIF", quality=95, subsampling="4:4:4",
                   exif=exif(ORIENTATION, orientation)))
    # Its EXIF block alone says how it was held: Pillow makes a property of an orientation that it finds.
    aside = coded(turned(image, 6), "AVIF", quality=95, subsampling="4:4:4", exif=exif(RESOLUTION_UNIT, 6))
    entry, other = (struct.pack(">HH", tag, SHORT) for tag in (RESOLUTION_UNIT, ORIENTATION))
    assert aside.count(entry) == 1
    save("avif_exif6.avif", aside.replace(entry, other), np.asarray(image))


def make_heics(image, clear):
    for chroma in (420, 422, 444):
        save(f"heic_{chroma}.heic", coded(image, "HEIF", quality=85, chroma=chroma))
    save("heic_gray.heic", coded(image.convert("L"), "HEIF", quality=85))
    save("heic_alpha.heic", coded(clear, "HEIF", quality=85))
    wide = np.asarray(image).astype(np.uint16) * 257
    stream = io.BytesIO()
    pillow_heif.encode("RGB;16", (WIDTH, HEIGHT), wide.tobytes(), stream, quality=85)
    samples = np.asarray(pillow_heif.open_heif(stream, convert_hdr_to_8bit=False)) >> 6  # 10 bits in 16
    save("heic_10bit.heic", stream.getvalue(), np.rint(samples * 255.0 / 1023))
    for orientation in range(1, 9):
        save(f"heic_turned{orientation}.heic",
             coded(turned(image, orientation), "HEIF", quality=95, chroma=444))


if __name__ == "__main__":
    pillow_heif.register_heif_opener()
    upright = Image.fromarray(picture())
    alpha = np.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH, 1), dtype=np.uint8)
    transparent = Image.fromarray(np.concatenate([picture(), alpha], 2))
    make_avifs(upright, transparent)
    make_heics(upright, transparent)
    make_flat()
    make_grid()
