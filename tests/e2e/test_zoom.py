"""--zoom: a closer look at labels whose place is in doubt, and at nothing else."""

import os
import signal

from harness import MODEL, ROOT, main
from resume_case import ResumeCase

MAY_CHANGE = {"near", "shift", "ghost", "location", "refined", "score", "verdict", "reason"}
PICTURES = 80


class Zoom(ResumeCase):
    FLAGS = ("--model", MODEL, "--data", "data", "--imgsz", "256", "--threads", "1", "--save-json",
             "--zoom")

    def setUp(self):
        super().setUp()
        self.displace(self.dataset(pictures=PICTURES))

    def displace(self, data):
        """Every second label of each picture is moved by four tenths of its sides."""
        folder = os.path.join(data, "labels")
        for name in os.listdir(folder):
            with open(os.path.join(folder, name)) as file:
                rows = [line.split() for line in file if line.strip()]
            for row in rows[::2]:
                x, y, w, h = map(float, row[1:])
                x, y = x + 0.4 * w * (1 if x < 0.5 else -1), y + 0.4 * h * (1 if y < 0.5 else -1)
                row[1:3] = "%.6f" % x, "%.6f" % y
            with open(os.path.join(folder, name), "w") as file:
                file.writelines(" ".join(row) + "\n" for row in rows)

    def verify(self, output, *flags, **options):
        return self.run_verify("--data", "data", "--output", output, "--place", "none", "--save-json",
                               *flags, **options)

    def compare(self, *flags):
        """(labels in doubt, of which are looked at) as the same run without and with --zoom has them;
        checks that all else is the same."""
        self.verify("far", *flags)
        self.verify("near", *flags, "--zoom")
        doubted = looked = 0
        for a, b in zip(self.records("far"), self.records("near")):
            self.assertEqual(a["missing"], b["missing"])
            for far, near in zip(a["boxes"], b["boxes"]):
                changed = {key for key in far if far[key] != near[key]}
                doubted += far["shift"] > 2
                looked += bool(changed)
                self.assertLessEqual(changed, MAY_CHANGE)
                if changed:
                    self.assertGreater(far["shift"], 2)
                    # Three times the label is magnified by 1.2, at half the input size.
                    w, h = far["xywhn"][2] * a["width"], far["xywhn"][3] * a["height"]
                    self.assertLess(2.4 * 3 * max(w, h), max(a["width"], a["height"]) + 2.4)
        with open(self.path("far", "predictions.json")) as far, \
                open(self.path("near", "predictions.json")) as near:
            self.assertEqual(far.read(), near.read())
        self.assertEqual(self.report("far")["self_test"], self.report("near")["self_test"])
        return doubted, looked

    def test_labels_in_doubt_alone(self):
        doubted, looked = self.compare("--model", MODEL, "--imgsz", 256)
        self.assertGreater(looked, 15)
        self.assertGreater(doubted, looked)
        self.assertIs(self.report("near")["parameters"]["zoom"], True)

    def test_ranks_and_batches(self):
        for shape in ((), ("--rect",), ("--imgsz", "256,320")):
            flags = ("--model", MODEL, "--imgsz", 256, "--save-txt", "--zoom", "--overwrite", *shape)
            self.verify("one", *flags, ranks=1)
            self.verify("two", *flags, "--batch", 4, "--threads", 2, ranks=2)
            self.verify("three", *flags, "--batch", 3, "--image-memory", 16, ranks=3)
            self.assertEqual(self.tree("two"), self.tree("one"))
            self.assertEqual(self.tree("three"), self.tree("one"))
            self.verify("far", *flags[:-2], "--no-zoom", "--overwrite", *shape)
            self.assertNotEqual(self.records("far"), self.records("one"))

    def test_views(self):
        """A model twice is as once, closer too."""
        self.compare("--model", MODEL, "--imgsz", 256)
        once = self.records("near")
        self.verify("twice", "--model", "%s,%s" % (MODEL, MODEL), "--imgsz", 256, "--zoom")
        self.assertEqual(self.records("twice"), once)

    def test_folds(self):
        names = sorted(os.listdir(self.path("data", "images")))
        for i in range(2):
            with open(self.path("%d.txt" % i), "w") as file:
                file.writelines("data/images/%s\n" % name for name in names[i::2])
        self.verify("whole", "--model", MODEL, "--imgsz", 256, "--zoom")
        self.verify("folds", "--fold", MODEL + "=0.txt", "--fold", MODEL + "=1.txt", "--imgsz", 256,
                    "--zoom", ranks=3)
        self.assertEqual(self.records("folds"), self.records("whole"))

    def test_resume(self):
        self.run_verify(*self.FLAGS, "--output", "whole", "--place", "none")
        self.interrupt(self.start("--place", "none"), 10, signal.SIGTERM)
        self.assertLess(self.journalled(), PICTURES)
        self.run_verify(*self.FLAGS, "--place", "none", "--no-zoom", "--resume", code=2)
        self.assertIn("--zoom was 1 and is 0 now", self.stderr)
        self.finish("--place", "none", ranks=3)
        self.assertEqual(self.tree(), self.tree("whole"))

    def test_a_model_of_one_size(self):
        model = os.path.join(ROOT, "tests", "data", "onnx", "own_tail.onnx")
        self.verify("none", "--model", model, "--imgsz", 64, "--zoom", code=2, ranks=0)
        self.assertIn("own_tail.onnx is tied to 64 x 64: leave --zoom out", self.stderr)
        self.assertEqual(len(self.stderr.splitlines()), 1)

    def test_a_dry_run(self):
        self.assertIn("%d" % PICTURES, self.run_verify("--data", "data", "--model", MODEL, "--zoom",
                                                       "--dry-run"))


if __name__ == "__main__":
    main()
