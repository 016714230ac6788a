"""Malformed labels and images: each is recorded with its reason, none harms the others."""

import os
import shutil
import struct
import zlib

from harness import Case, DATA, main

GOOD = "1 0.5 0.5 0.2 0.2"

# Bad label lines and what their reason says.
LINES = {
    "0 0.5 0.5 0.2": "columns",
    "0 0.5 0.5": "columns",
    "0": "columns",
    "0 0.5 0.5 0.2 0.2 0.9": "columns",
    "0 0.1 0.1 0.2 0.2 0.3 0.3 0.4": "x y pairs",
    "0 0.5 nan 0.2 0.2": "nan",
    "0 inf 0.5 0.2 0.2": "inf",
    "0 0.5 0.5 0.2 1e999": "1e999",
    "zero 0.5 0.5 0.2 0.2": "zero",
    "0 0,5 0,5 0,2 0,2": "0,5",
    "0 0x1p-2 0.5 0.2 0.2": "0x1p-2",
    "0;0.5;0.5;0.2;0.2": "0;0.5",
    "99999999999999999999 .5 .5 .1 .1": "class",
    "10 .5 .5 .1 .1": "class",
    "1.5 .5 .5 .1 .1": "class",
    "-1 .5 .5 .1 .1": "-1",
    "0 5 5 1 1": "5",
    "0 0.5 1.02 0.2 0.2": "1.02",
    "0 -0.5 0.5 0.2 0.2": "-0.5",
    "0 0.5 0.5 0 0.2": "area",
    "0 0.5 0.5 0.2 0": "area",
    "0 1.5 0.1 0.2 0.2 0.3 0.3": "[1.3]",  # the polygon's width
    "<xml>": "xml",
    "\x00\x01\x02": "",
    "{\"class\": 0}": "",
    "0 0.5 0.5 0.2 --0.2": "--0.2",
    "0 0.5 0.5 0.2 0.2.2": "0.2.2",
    "0 . . . .": "'.'",
    "0 1e 0.5 0.2 0.2": "1e",
    "x" * 5000: "xxx",
}


def png(width, height, data=None, corrupt=False, kind=2, depth=8):
    """A PNG file's bytes; data replaces the compressed pixels."""
    def chunk(name, body):
        crc = zlib.crc32(name + body) ^ (1 if corrupt and name == b"IDAT" else 0)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)
    if data is None:
        data = zlib.compress((b"\0" + b"\x40\x80\xc0" * width) * height)
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bad_images():
    """{file name: bytes} of pictures that cannot be read."""
    names = sorted(os.listdir(os.path.join(DATA, "images")))
    with open(os.path.join(DATA, "images", next(n for n in names if n.endswith(".jpg"))), "rb") as f:
        jpeg = f.read()
    good = png(40, 30)
    middle = len(jpeg) // 2
    return {
        "empty.jpg": b"",
        "one_byte.jpg": b"\xff",
        "start_only.jpg": b"\xff\xd8",
        "start_and_end.jpg": b"\xff\xd8\xff\xd9",
        "header_only.jpg": jpeg[:300],
        "half.jpg": jpeg[:middle],
        "early_end.jpg": jpeg[:middle] + b"\xff\xd9" + jpeg[middle:],
        "zeros.jpg": bytes(4096),
        "text.jpg": b"hello\n",
        "gif.jpg": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        "bmp.jpg": b"BM" + bytes(60),
        "webp.png": b"RIFF\x1a\x00\x00\x00WEBPVP8L" + bytes(20),
        "html.png": b"<!DOCTYPE html><title>404</title>",
        "signature.png": b"\x89PNG\r\n\x1a\n",
        "cut.png": good[:-20],
        "no_end.png": good[:-12],
        "bad_crc.png": png(40, 30, corrupt=True),
        "bad_data.png": png(40, 30, data=b"not zlib"),
        "short_data.png": png(40, 30, data=zlib.compress(b"\0" * 50)),
        "no_width.png": png(0, 30),
        "huge.png": png(2000000, 2000000, data=zlib.compress(b"\0")),
        "bad_depth.png": png(40, 30, depth=7),
        "bad_kind.png": png(40, 30, kind=5),
    }


class Input(Case):
    def record_of(self, name):
        return next(r for r in self.records() if os.path.basename(r["image"]) == name)

    def test_bad_label_lines(self):
        data = self.dataset(pictures=0)
        picture = next(n for n in sorted(os.listdir(os.path.join(DATA, "images")))
                       if n.endswith(".jpg"))
        for i, line in enumerate(LINES):
            shutil.copy(os.path.join(DATA, "images", picture),
                        os.path.join(data, "images", "%02d.jpg" % i))
            with open(os.path.join(data, "labels", "%02d.txt" % i), "wb") as file:
                file.write(("%s\n%s\n%s\n" % (GOOD, line, GOOD)).encode())
        out = self.verify_demo(data=data, ranks=3)
        report = self.report()
        self.assertEqual(report["invalid_labels"], len(LINES))
        self.assertEqual(report["total_boxes"], 2 * len(LINES))
        self.assertEqual(report["images"]["failed"], 0)
        self.assertEqual(report["images"]["correct"], 0)
        for i, (line, reason) in enumerate(LINES.items()):
            record = self.record_of("%02d.jpg" % i)
            self.assertEqual([b["line"] for b in record["boxes"]], [1, 3], line)
            self.assertEqual([e["line"] for e in record["invalid"]], [2], line)
            self.assertIn(reason, record["invalid"][0]["reason"], line)
            self.assertLess(len(record["invalid"][0]["reason"]), 300)
        self.assertIn("labels/00.txt:2: ", out)
        self.verify_demo("--overwrite", "--strict", data=data, code=3)

    def test_label_lines_that_ultralytics_accepts(self):
        data = self.dataset(pictures=1)
        name = os.listdir(os.path.join(data, "images"))[0]
        with open(os.path.join(data, "labels", os.path.splitext(name)[0] + ".txt"), "wb") as file:
            file.write(b"\xef\xbb\xbf0 .5 .5 .1 .1\r\n\r\n  \t\n1.0 1.01 0.5 0.2 1e-1\r\n"
                       b"2 0.1 0.1 0.4 0.1 0.4 0.3\n\t3   0.5 0.5 0.2 0.2  \n4 0.5 0.5 0.2 0.2")
        self.verify_demo(data=data)
        record = self.record_of(name)
        self.assertEqual(record["invalid"], [])
        self.assertEqual([(b["line"], b["class"]) for b in record["boxes"]],
                         [(1, 0), (4, 1), (5, 2), (6, 3), (7, 4)])
        for got, wanted in zip(record["boxes"][2]["xywhn"], (0.25, 0.2, 0.3, 0.2)):
            self.assertAlmostEqual(got, wanted, places=5)

    def test_odd_label_files(self):
        data = self.dataset(pictures=5)
        names = [os.path.splitext(n)[0] for n in sorted(os.listdir(os.path.join(data, "images")))]
        labels = [os.path.join(data, "labels", n + ".txt") for n in names]
        for path in labels:
            if os.path.exists(path):
                os.unlink(path)
        os.mkdir(labels[0])
        os.mkfifo(labels[1])
        open(labels[2], "w").close()
        with open(labels[3], "wb") as file:
            file.write(os.urandom(4096))
        self.verify_demo(data=data, ranks=2, timeout=60)
        records = self.records()
        self.assertEqual([len(r["invalid"]) > 0 for r in records], [True, True, False, True, False])
        self.assertEqual(records[0]["invalid"][0]["line"], 0)
        self.assertEqual(self.report()["images"]["failed"], 0)

    def test_bad_images(self):
        data = self.dataset(pictures=6)
        good = sorted(os.listdir(os.path.join(data, "images")))
        bad = bad_images()
        for name, content in bad.items():
            with open(os.path.join(data, "images", name), "wb") as file:
                file.write(content)
            with open(os.path.join(data, "labels", os.path.splitext(name)[0] + ".txt"), "w") as file:
                file.write(GOOD)
        os.mkdir(os.path.join(data, "images", "folder.jpg"))
        os.symlink("nowhere", os.path.join(data, "images", "dangling.jpg"))
        out = self.verify_demo(data=data, ranks=2, timeout=120)
        report = self.report()
        reasons = {os.path.basename(f["image"]): f["reason"] for f in report["failed_images"]}
        self.assertEqual(set(reasons), set(bad) | {"dangling.jpg"})
        self.assertEqual(report["images"]["failed"], len(reasons))
        self.assertEqual(report["total_images"], len(good) + len(reasons))
        for name, reason in reasons.items():
            self.assertTrue(5 < len(reason) < 300, "%s: %s" % (name, reason))
            record = self.record_of(name)
            self.assertEqual((record["bucket"], record["error"], record["boxes"]),
                             (None, reason, []))
        for name in good:
            self.assertIsNotNone(self.record_of(name)["bucket"])
        placed = [p for p in self.tree() if "/JPEGImages/" in p]
        self.assertEqual(sorted(os.path.basename(p) for p in placed), good)
        self.assertIn("WARNING: ", out)
        self.assertNotIn("verify: ", self.stderr)

    def test_odd_names(self):
        data = self.dataset(pictures=4)
        images = os.path.join(data, "images")
        odd = ["a b'c\"d.jpg", "UPPER.JPG", "ünïcode.jpeg", "new\nline.jpg"]
        for source, name in zip(sorted(os.listdir(images)), odd):
            stem = os.path.splitext(source)[0]
            os.rename(os.path.join(images, source), os.path.join(images, name))
            label = os.path.join(data, "labels", stem + ".txt")
            if os.path.exists(label):
                os.rename(label, os.path.join(data, "labels", os.path.splitext(name)[0] + ".txt"))
        self.verify_demo(data=data)
        self.assertEqual({os.path.basename(r["image"]) for r in self.records()}, set(odd))
        self.assertEqual(self.report()["images"]["failed"], 0)
        self.assertEqual(self.report()["orphan_labels"], 0)


if __name__ == "__main__":
    main()
