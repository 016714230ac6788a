#!/usr/bin/env python3
"""Makes a large output folder of a small run's: the run's images again and again, a folder each time, with all that verify
keeps of them, and links to the same pictures.

usage: grow_output.py SMALL LARGE IMAGES
"""
import json
import os
import shutil
import sys
from pathlib import Path

HEAD = b"verify evidence 1\n"


def whole(number):
    """A whole number, 7 bits a byte."""
    out = b""
    while number >= 0x80:
        out += bytes([number & 0x7f | 0x80])
        number >>= 7
    return out + bytes([number])


def read_whole(part, at):
    value = shift = 0
    while True:
        byte = part[at]
        at += 1
        value |= (byte & 0x7f) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def parts(evidence):
    """(flags, name, rest) of each image's part."""
    assert evidence.startswith(HEAD)
    at = len(HEAD)
    while at < len(evidence):
        length = int.from_bytes(evidence[at:at + 4], "little")
        part = evidence[at + 4:at + 4 + length]
        at += 4 + length
        _, begin = read_whole(part, 0)
        size, name = read_whole(part, begin)
        yield part[:begin], part[name:name + size - 1].decode(), part[name + size:]


def renamed(name, copy):
    """images/a.jpg → images/00012/a.jpg, and the same of a label's."""
    head, tail = os.path.split(name)
    return "%s/%05d/%s" % (head, copy, tail) if head else "%05d/%s" % (copy, tail)


def grow_files(small, large, entries, copy):
    for bucket, path in entries:
        for kind, name in (("JPEGImages", path), ("labels", os.path.splitext(path)[0] + ".txt")):
            source, target = small / bucket / kind / name, large / bucket / kind / renamed(name, copy)
            if not os.path.lexists(source):
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            if kind == "labels":
                shutil.copy2(source, target)
            else:
                os.link(source, target)


def note_files(large):
    """run.json's account of the files that were just written."""
    path = large / ".verify" / "run.json"
    run = json.loads(path.read_text())
    for name in run["files"]:
        about = os.stat(large / name)
        run["files"][name] = [about.st_size, about.st_mtime_ns // 10**9, about.st_mtime_ns % 10**9]
    path.write_text(json.dumps(run))


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    small, large, wanted = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    images = list(parts((small / ".verify" / "evidence").read_bytes()))
    records = (small / "verification_records.jsonl").read_text().splitlines(keepends=True)
    lines = (small / ".verify" / "manifest").read_text().splitlines(keepends=True)
    assert len(images) == len(records) == len(lines)
    (large / ".verify").mkdir(parents=True)
    for name in ("verification_report.json", ".verify/run.json"):
        shutil.copy(small / name, large / name)
    buckets = ("correct", "mislabeled", "uncertain")
    places = [(buckets[int(line[0])], line.rstrip("\n").split(" ", 11)[11]) for line in lines]
    with open(large / ".verify" / "evidence", "wb") as evidence, \
            open(large / ".verify" / "manifest", "w") as manifest, \
            open(large / "verification_records.jsonl", "w") as out:
        evidence.write(HEAD)
        done = copy = 0
        while done < wanted:
            n = min(len(images), wanted - done)
            for (flags, name, rest), line, record, (_, path) in zip(images[:n], lines, records, places):
                new = renamed(name, copy).encode() + b"\0"
                part = flags + whole(len(new)) + new + rest
                evidence.write(len(part).to_bytes(4, "little") + part)
                manifest.write(line[:line.rindex(path)] + renamed(path, copy) + "\n")
                label = json.loads(record)["label"]
                record = record.replace('"image": "%s"' % name, '"image": "%s"' % renamed(name, copy), 1)
                out.write(record.replace('"label": "%s"' % label, '"label": "%s"' % renamed(label, copy), 1)
                          if label else record)
            grow_files(small, large, places[:n], copy)
            done += n
            copy += 1
    note_files(large)


if __name__ == "__main__":
    main()
