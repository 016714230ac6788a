"""Models that are not as most are: YOLOX's pictures, an export's own size, names that do not fit."""

import json
import os
import struct
import zlib

from harness import ROOT, Case, main

MODELS = os.path.join(ROOT, "tests", "data", "onnx")
WIDTH, HEIGHT = 64, 40
# Score, class and box (x, y, width, height in the picture) by ONNX Runtime 1.32, of the picture in
# the upper left corner of 64 x 64 pixels of 114, as BGR from 0 to 255.
SEEN = [(0.5008, 0, (0.0, 35.52, 34.33, 4.48)),
        (0.4953, 0, (17.71, 31.85, 43.57, 3.7)),
        (0.4904, 0, (5.18, 5.94, 58.82, 5.97)),
        (0.4843, 0, (24.16, 16.48, 34.79, 4.39))]


def picture():
    """A PNG file of stripes that no two colours share."""
    rows = b"".join(b"\0" + bytes((x * 3 + y * 5 + c * 70) % 256 for x in range(WIDTH)
                                  for c in range(3)) for y in range(HEIGHT))

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


class Misread(Case):
    def setUp(self):
        super().setUp()
        for folder in ("images", "labels"):
            os.makedirs(self.path("d", folder))
        with open(self.path("d", "images", "a.png"), "wb") as file:
            file.write(picture())
        with open(self.path("d", "labels", "a.txt"), "w") as file:
            file.write("0 .5 .5 .2 .2\n")
        with open(self.path("d", "data.yaml"), "w") as file:
            file.write("path: .\ntrain: images\nnames: [a, b]\n")

    def verify(self, model, *flags, **options):
        return self.run_verify("--model", os.path.join(MODELS, model + ".onnx"), "--data",
                               self.path("d", "data.yaml"), "--output", "output", "--overwrite",
                               *flags, **options)

    def write(self, name, text):
        with open(self.path("d", *name.split("/")), "w") as file:
            file.write(text)

    def test_yolox(self):
        """Pixels, place and boxes are YOLOX's, whether its exporter decoded the boxes or not."""
        for model in ("yolox", "yolox_decoded"):
            self.verify(os.path.join("misread", model), "--conf", 0.48, "--iou", 1, "--save-json")
            with open(self.path("output", "predictions.json")) as file:
                seen = sorted(json.load(file), key=lambda p: -p["score"])
            self.assertEqual(len(seen), len(SEEN))
            for found, (score, kind, box) in zip(seen, SEEN):
                self.assertAlmostEqual(found["score"], score, delta=1e-3)
                self.assertEqual(found["category_id"], kind)
                for a, b in zip(found["bbox"], box):
                    self.assertAlmostEqual(a, b, delta=0.05)

    def test_first_pictures_show_what_could_not_be_tried(self):
        """Of a tail with the picture in it nothing is known before it has seen one."""
        self.verify(os.path.join("misread", "untried"))
        self.assertEqual(self.records()[0]["boxes"][0]["line"], 1)
        for model in ("untried_logits", "untried_fractions"):
            for ranks in (0, 2):
                self.verify(os.path.join("misread", model), ranks=ranks, code=1)
                said = [line for line in (self.stdout + self.stderr).splitlines() if "cannot be boxes" in line]
                self.assertEqual(len(said), 1, self.stdout + self.stderr)
                self.assertIn("images/a.png: the model's output for it cannot be boxes in pixels", said[0])
                self.assertNotIn("--resume", self.stdout + self.stderr)
                for name in ("verification_report.json", "verification_records.jsonl"):
                    self.assertFalse(os.path.exists(self.path("output", name)), name)
                for bucket in ("correct", "mislabeled", "uncertain"):
                    self.assertFalse([files for _, _, files in os.walk(self.path("output", bucket)) if files])

    def test_own_size(self):
        """Without --imgsz an export for one size is run at it, square or not; --inspect, too."""
        for model, size, shown in (("own_tail", 64, "64x64"), (os.path.join("misread", "yolox"), 64, "64x64"),
                                   (os.path.join("misread", "yolox_wide"), 96, "96x64")):
            for flags in ((), ("--rect",)):
                self.verify(model, *flags)
                self.assertEqual(self.report()["parameters"]["imgsz"], size)
                self.assertIsNone(self.records()[0]["error"])
            told = self.run_verify("--model", os.path.join(MODELS, model + ".onnx"), "--inspect")
            self.assertIn("Input: %s," % shown, told)
        self.verify(os.path.join("misread", "yolox"), "--imgsz", 128)
        self.assertEqual(self.report()["parameters"]["imgsz"], 128)
        self.verify("own_tail", "--imgsz", 128, code=2)
        self.assertIn("use --imgsz 64", self.stderr)

    def test_resumed_at_its_own_size(self):
        self.verify("own_tail")
        self.run_verify("--model", os.path.join(MODELS, "own_tail.onnx"), "--data",
                        self.path("d", "data.yaml"), "--output", "output", "--imgsz", 64,
                        "--resume")

    def test_poses(self):
        """Exports of pose models judge boxes; --inspect says whether keypoints are used, too."""
        for model, used in (("three", "a pose model\n"), ("ends", "a pose model\n"),
                            ("rows", "a pose model of which the boxes are used\n")):
            self.verify(os.path.join("poses", model))
            self.assertIn("own", self.records()[0]["boxes"][0])
            told = self.run_verify("--model", os.path.join(MODELS, "poses", model + ".onnx"), "--inspect")
            self.assertIn(used, told)
        self.verify(os.path.join("poses", "rows_bare"), code=2)
        self.assertIn("which of the others are classes is not certain", self.stderr)

    def test_keypoints(self):
        """Are compared where there are as many, by any number of ranks and judged again; that they are not is said."""
        row = "0 0.5 0.5 0.9 0.9 0.2 0.2 2 0.5 0.5 2 0.8 0.8 2\n"
        self.write("labels/a.txt", row)
        names = "train: images\nnames: [a, b]\nkpt_shape: [%d, 3]\nflip_idx: %s\n"
        self.write("data.yaml", names % (3, [0, 2, 1]))
        self.verify("poses/two", "--min-own", "0")
        box = self.records()[0]["boxes"][0]
        self.assertEqual(len(box["refined_points"]), 9)
        self.assertTrue(0 <= box["oks"] <= 1 and 0 <= box["point"] < 3 and not box["swapped"])
        self.assertNotIn("keypoints are not compared", self.stdout)
        self.run_verify("rejudge", self.path("output"), "--max-point", "10", ranks=0)
        again = self.records()
        self.verify("poses/two", "--min-own", "0", "--max-point", "10")
        self.assertEqual(self.records(), again)
        self.write("data.yaml", names % (4, []))
        self.write("labels/a.txt", row[:-1] + " 0 0 0\n")
        self.verify("poses/two")
        self.assertNotIn("oks", self.records()[0]["boxes"][0])
        self.assertIn("has 3 keypoints an object, the data set's labels 4: keypoints are not compared", self.stdout)
        self.write("data.yaml", names % (3, [0, 1, 1]))
        self.verify("poses/two", code=2)
        self.assertIn("line 4: 'flip_idx' must have each keypoint's number once", self.stderr)

    def test_names(self):
        """The file's names, its output and the data set are counted in the refusal."""
        model = os.path.join("misread", "other_names")
        self.verify(model, code=2)
        self.assertIn("names 3 classes, its output has 2, and the data set names 2", self.stderr)
        told = self.run_verify("--model", os.path.join(MODELS, model + ".onnx"), "--inspect")
        self.assertIn("Names: 3 in the file", told)


if __name__ == "__main__":
    main()
