#!/usr/bin/env python3
"""Makes what a person needs to audit a labelled set: pages with each picture beside its numbered labels, and a form.

usage: sheets.py SET OUTPUT [--a-page N]

SET is a folder with images/, labels/ and data.yaml (for the names of the classes). OUTPUT gets index.html, which any
browser opens, and form.csv: a row a picture (line 0) and a row a label. Two people each fill in a form of their own,
without a look at the other's or at what any program says, and merge.py makes the truth of both:

  level   of a picture's row: seen, once it was looked through; of a label's: empty where it is fine, else sure or
          unsure
  kind    class, location, spurious, duplicate or group (one box over several objects); several with + between
  class   of an object without a label, for which a row is added with line empty and kind missing
  detail  of a class: which it is; of a duplicate: the line of the other; of a location or a missing object: its box as
          x1 y1 x2 y2 in fractions of the picture, which the page shows where a box is drawn with the mouse
"""
import argparse
import csv
import html
import os
import re
import sys
from pathlib import Path
from urllib.parse import quote

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".webp")
COLUMNS = ("image", "line", "class", "level", "kind", "detail")
STYLE = """body { font: 15px sans-serif; background: #eee; margin: 1em; }
section { display: grid; grid-template-columns: 1fr 1fr; gap: 4px; margin: 2em 0; break-inside: avoid; }
h2, ol, output { grid-column: 1 / 3; margin: 0; font-size: 15px; }
figure { position: relative; margin: 0; cursor: crosshair; } img { width: 100%; display: block; user-select: none; }
b { position: absolute; box-sizing: border-box; border: 2px solid hsl(var(--h) 90% 45%); pointer-events: none; }
i { position: absolute; left: 0; top: 0; background: hsl(var(--h) 90% 30%); color: #fff;
  font: bold 12px sans-serif; padding: 0 2px; }
ol { columns: 4; } output { background: #fff; }
"""
SCRIPT = """for (const figure of document.querySelectorAll('figure')) {
  let from = null;
  const at = e => { const r = figure.getBoundingClientRect();
    return [(e.clientX - r.left) / r.width, (e.clientY - r.top) / r.height].map(v => Math.min(1, Math.max(0, v))); };
  figure.onpointerdown = e => { from = at(e); e.preventDefault(); };
  figure.onpointerup = e => { const to = at(e);
    figure.parentNode.querySelector('output').textContent = [Math.min(from[0], to[0]), Math.min(from[1], to[1]),
      Math.max(from[0], to[0]), Math.max(from[1], to[1])].map(v => v.toFixed(3)).join(' '); };
}
"""


def class_names(path):
    """{number: name} of a data.yaml, whose names are a list or a map."""
    block = re.search(r"^names\s*:(.*(?:\n(?:[ \t-].*)?)*)", path.read_text(encoding="utf-8-sig"), re.M).group(1)
    bare = lambda text: text.strip().strip("'\"")
    if block.strip().startswith("["):
        return dict(enumerate(map(bare, block.strip(" \n[]").split(","))))
    mapped = re.findall(r"^\s*(\d+)\s*:\s*(.+?)\s*$", block, re.M)
    if mapped:
        return {int(number): bare(name) for number, name in mapped}
    return dict(enumerate(bare(name) for name in re.findall(r"^\s*-\s*(.+?)\s*$", block, re.M)))


def labels(path):
    """[(line, class, (x, y, w, h))] of a label file, a polygon as its bounding box."""
    rows = []
    for line, text in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
        numbers = list(map(float, text.split()))
        if len(numbers) > 5:
            xs, ys = numbers[1::2], numbers[2::2]
            numbers[1:] = [(min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2, max(xs) - min(xs), max(ys) - min(ys)]
        if len(numbers) == 5:
            rows.append((line, int(numbers[0]), tuple(numbers[1:])))
    return rows


def section(image, rows, names, folder):
    """A picture as it is, and again with its labels."""
    source = html.escape(quote(os.path.relpath(image, folder)), quote=True)
    boxes = "".join(
        '<b style="--h:%d;left:%.3f%%;top:%.3f%%;width:%.3f%%;height:%.3f%%"><i>%d</i></b>' %
        (name * 137 % 360, 100 * (x - w / 2), 100 * (y - h / 2), 100 * w, 100 * h, line)
        for line, name, (x, y, w, h) in sorted(rows, key=lambda row: -row[2][2] * row[2][3]))
    listed = "".join('<li value="%d">%s</li>' % (line, html.escape(names.get(name, str(name))))
                     for line, name, _ in rows)
    return ('<section><h2>%s</h2><figure><img src="%s" alt="as it is"></figure><figure><img src="%s" alt="labelled">%s'
            "</figure><ol>%s</ol><output>draw a box to read its place</output></section>\n" %
            (html.escape(image.name), source, source, boxes, listed))


def page(title, body):
    return ('<!doctype html><html lang="en"><meta charset="utf-8"><title>%s</title><style>%s</style><h1>%s</h1>\n%s'
            "<script>%s</script></html>\n" % (title, STYLE, title, body, SCRIPT))


def make(folder, output, a_page):
    names = class_names(folder / "data.yaml")
    images = sorted(p for p in (folder / "images").rglob("*") if p.suffix.lower() in SUFFIXES)
    if not images:
        raise SystemExit("sheets.py: no pictures below %s" % (folder / "images"))
    output.mkdir(parents=True)
    links = []
    with open(output / "form.csv", "w", newline="", encoding="utf-8") as file:
        form = csv.writer(file)
        form.writerow(COLUMNS)
        for first in range(0, len(images), a_page):
            part, body = "sheet%03d.html" % (first // a_page + 1), ""
            for image in images[first:first + a_page]:
                name = image.relative_to(folder / "images").as_posix()
                rows = labels((folder / "labels" / name).with_suffix(".txt"))
                body += section(image, rows, names, output)
                form.writerow([name, 0, "", "", "", ""])
                form.writerows([name, line, names.get(label, label), "", "", ""] for line, label, _ in rows)
            (output / part).write_text(page(part, body), encoding="utf-8")
            links.append('<p><a href="%s">%s</a>, from %s</p>\n' % (part, part, html.escape(images[first].name)))
    (output / "index.html").write_text(page("Audit", "".join(links)), encoding="utf-8")
    print("%d pictures: %s, %s" % (len(images), output / "index.html", output / "form.csv"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--a-page", type=int, default=16, help="pictures a page (default: 16)")
    options = parser.parse_args()
    make(options.set.resolve(), options.output.resolve(), options.a_page)


if __name__ == "__main__":
    sys.exit(main())
