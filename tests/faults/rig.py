"""What the fault tests share: a small data set with every oddity, the library that meddles with
system calls, runs of verify, and what a run left to be compared."""

import collections
import hashlib
import json
import os
import shutil
import struct
import subprocess
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VERIFY = os.environ.get("VERIFY", os.path.join(ROOT, "build", "verify"))
MODEL = os.path.join(ROOT, "demo", "model.onnx")
DEMO = os.path.join(ROOT, "demo", "data")


def build_calls(folder):
    """Compiles calls.c there; returns the library's path."""
    library = os.path.join(folder, "calls.so")
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-o",
                    library, os.path.join(HERE, "calls.c"), "-ldl"], check=True)
    return library


def png(width, height, shade):
    """A PNG of gray pixels; shade(x, y) is one's value."""
    def chunk(kind, data):
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", zlib.crc32(kind + data)))
    rows = b"".join(b"\0" + bytes(shade(x, y) % 256 for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make_dataset(folder):
    """16 images: equal names in subfolders, invalid lines, backgrounds, two that cannot be read."""
    def write(path, content):
        path = os.path.join(folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def demo(path):
        with open(os.path.join(DEMO, path), "rb") as file:
            return file.read()

    pictures = sorted(os.listdir(os.path.join(DEMO, "images")))[:10]
    for i, name in enumerate(pictures):
        stem, suffix = os.path.splitext(name)
        place = ("a/", "b/", "")[i % 3] + "picture %d" % (i // 3)
        write("images/" + place + suffix, demo("images/" + name))
        label = demo("labels/" + stem + ".txt")
        if i == 2:
            label += b"3 0.5 0.5\n99 0.5 0.5 0.1 0.1\nfour 0.5 0.5 0.1 0.1\n"
        write("labels/" + place + ".txt", label)
    write("images/c/stripes.png", png(64, 64, lambda x, y: x * 16))
    write("images/c/slope.png", png(64, 48, lambda x, y: x + y))
    write("labels/c/slope.txt", b"")
    write("images/c/é.png", png(48, 64, lambda x, y: x * y))
    write("labels/c/é.txt", b"1 0.5 0.5 0.25 0.25\n2 0.5 0.5 0.25 0.25\n")
    write("images/c/black.png", png(64, 64, lambda x, y: 0))
    write("labels/c/black.txt", b"not a label\n")
    write("images/broken.jpg", demo("images/" + pictures[0])[:2000])
    write("labels/broken.txt", b"1 0.5 0.5 0.25 0.25\n")
    write("images/text.png", b"this is no picture\n")
    return folder


def contents(folder):
    """{path: (mode, digest or link target)} of everything below a folder."""
    found = {}
    for base, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(base, name)
            about = os.lstat(path)
            if os.path.islink(path):
                what = os.readlink(path)
            elif os.path.isdir(path):
                what = "folder"
            else:
                with open(path, "rb") as file:
                    what = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(path, folder)] = (oct(about.st_mode), what)
    return found


class Left:
    """What a run left in its output folder."""

    CHANGING = ("per_rank", "parameters", "started", "finished", "elapsed_seconds")

    def __init__(self, output, data):
        self.tree = contents(output)
        for name in [n for n in self.tree if n.split("/")[0] == "logs" or n.startswith(".verify/")]:
            del self.tree[name]
        with open(os.path.join(output, ".verify", "manifest"), "rb") as file:
            # But for the pictures' times of change.
            lines = [line.split(b" ", 11) for line in file]
        self.tree[".verify/manifest"] = "", repr([line[:3] + line[5:] for line in lines])
        originals = {}
        for folder, _, files in os.walk(data):
            for name in files:
                about = os.stat(os.path.join(folder, name))
                originals[about.st_dev, about.st_ino] = name
        # A hard link is the original, not a copy of it; a symbolic one leads to it.
        for name in self.tree:
            about = os.lstat(os.path.join(output, name))
            self.tree[name] += (originals.get((about.st_dev, about.st_ino)),)
            mode, what, original = self.tree[name]
            if what.startswith(data + "/"):
                self.tree[name] = mode, os.path.relpath(what, data), original
        with open(os.path.join(output, "verification_report.json"), encoding="utf-8") as file:
            self.report = json.load(file)
        self.tree.pop("verification_report.json")
        self.tree.pop("review/data/run.js", None)  # the report again
        for key in self.CHANGING:
            self.report.pop(key)
        self.report["dataset"] = os.path.relpath(self.report["dataset"], os.path.dirname(data))
        with open(os.path.join(output, "verification_records.jsonl"), encoding="utf-8") as file:
            self.recorded = collections.Counter(json.loads(line)["image"] for line in file)
        self.placed = collections.Counter(
            "images/" + name.split("/JPEGImages/", 1)[1] for name, what in self.tree.items()
            if "/JPEGImages/" in name and what[1] != "folder")

    def missing_from(self, other):
        """The other's images that are not here, in the records or in the folders; other way round:
        those that are here too often."""
        return set(other.recorded - self.recorded) | set(other.placed - self.placed)

    def differences(self, other):
        """A line each."""
        found = []
        for name in sorted(set(self.tree) | set(other.tree)):
            if self.tree.get(name) != other.tree.get(name):
                found.append("%s: %s instead of %s"
                             % (name, self.tree.get(name), other.tree.get(name)))
        for key in sorted(set(self.report) | set(other.report)):
            if self.report.get(key) != other.report.get(key):
                found.append("report: %s: %s instead of %s"
                             % (key, self.report.get(key), other.report.get(key)))
        return found


def environment(folder):
    """For mpirun, with all its files in a folder that goes with the test."""
    os.makedirs(os.path.join(folder, "mpi"), exist_ok=True)
    return dict(os.environ, TMPDIR=os.path.join(folder, "mpi"),
                OMPI_MCA_btl_vader_backing_directory=os.path.join(folder, "mpi"))


def verify_command(data, output, place="hardlink", *flags):
    return [VERIFY, "--model", MODEL, "--data", data, "--imgsz", "96", "--threads", "1",
            "--save-json", "--save-txt", "--place", place, "--output", output, *flags]


def base():
    """Where tests take place that need no disk: in memory, if there is such a place."""
    return "/dev/shm" if os.path.isdir("/dev/shm") else None


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
