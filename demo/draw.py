#!/usr/bin/env python3
"""Draws pictures of a run with their labels in the colour of the verdict, as one contact sheet.

usage: draw.py OUTPUT_DIR PICTURE... -o sheet.png [--columns N] [--cell PIXELS]

PICTURE is a file name as in verification_records.jsonl. Green: correct, red: mislabeled,
amber: uncertain, blue: an object without a label.
"""
import argparse
import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

COLOURS = {"correct": "#2e9e44", "mislabeled": "#d62828", "uncertain": "#e08a00", "missing": "#1f6fd6"}
PAGE, INK = "white", "#222222"
GAP = 10


def read_records(output):
    """The records of a run by file name."""
    with open(output / "verification_records.jsonl", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    return {Path(r["image"]).name: r for r in records}


def find(output, name):
    """The placed copy of a picture."""
    for path in sorted(output.glob(f"*/JPEGImages/**/{name}")):
        return path
    raise SystemExit(f"draw.py: no {name} under {output}/*/JPEGImages")


def caption(box):
    """What to write on a label."""
    if box["reason"] in ("class", "contested"):
        return f"{box['name']} > {box['suggested_name']}"
    return f"{box['name']}: {box['reason']}" if box["reason"] else box["name"]


def marks(record):
    """What to draw as (box xywhn, colour, text): the sound labels first, so that the others lie on top."""
    found = [(b["xywhn"], COLOURS[b["verdict"]], caption(b))
             for b in sorted(record["boxes"], key=lambda b: b["verdict"] != "correct")]
    return found + [(m["xywhn"], COLOURS["missing"], f"{m['name']}: no label") for m in record["missing"]]


def corners(xywhn, size):
    """The box in pixels as left, top, right, bottom."""
    xc, yc, w, h = (n * size[i % 2] for i, n in enumerate(xywhn))
    return xc - w / 2, yc - h / 2, xc + w / 2, yc + h / 2


def write(pen, font, size, box, colour, text):
    """Writes the text above or below the box, inside the picture."""
    _, _, right, bottom = pen.textbbox((0, 0), text, font=font)
    wide, high = right + 8, bottom + 5
    x = max(0, min(box[0], size[0] - wide))
    y = box[1] - high if box[1] >= high else min(box[3], size[1] - high)
    pen.rectangle((x, y, x + wide, y + high), fill=colour)
    pen.text((x + 4, y + 2), text, fill="white", font=font)


def tile(path, record, cell, font):
    """One picture with its marks, and a line below it."""
    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file).convert("RGB")
    scale = cell / max(picture.size)
    picture = picture.resize([round(n * scale) for n in picture.size], Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(picture)
    for box, colour, _ in marks(record):
        pen.rectangle(corners(box, picture.size), outline=colour, width=3)
    for box, colour, text in marks(record):
        write(pen, font, picture.size, corners(box, picture.size), colour, text)
    sheet = Image.new("RGB", (cell, cell + 30), PAGE)
    sheet.paste(picture, ((cell - picture.width) // 2, (cell - picture.height) // 2))
    text = f"{path.name}  {record['bucket']}  score {record['score']:.3g}"
    ImageDraw.Draw(sheet).text((cell / 2, cell + 15), text, fill=INK, font=font, anchor="mm")
    return sheet


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", type=Path, metavar="OUTPUT_DIR")
    parser.add_argument("pictures", nargs="+", metavar="PICTURE")
    parser.add_argument("-o", dest="sheet", default="sheet.png")
    parser.add_argument("--columns", type=int, default=3)
    parser.add_argument("--cell", type=int, default=400)
    options = parser.parse_args()
    records, font = read_records(options.output), ImageFont.load_default(16)
    names = [Path(p).name for p in options.pictures]
    unknown = [n for n in names if n not in records]
    if unknown:
        raise SystemExit(f"draw.py: not in verification_records.jsonl: {', '.join(unknown)}")
    tiles = [tile(find(options.output, n), records[n], options.cell, font) for n in names]
    columns = min(options.columns, len(tiles))
    width, height = tiles[0].width + GAP, tiles[0].height + GAP
    rows = -(-len(tiles) // columns)
    sheet = Image.new("RGB", (columns * width + GAP, rows * height + GAP), PAGE)
    for i, picture in enumerate(tiles):
        sheet.paste(picture, (GAP + i % columns * width, GAP + i // columns * height))
    sheet.save(options.sheet)


if __name__ == "__main__":
    main()
