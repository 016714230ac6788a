"""Copies of pictures are found and grouped, across splits first: the same groups at any number of ranks and
after an interruption; --no-hash leaves them out."""

import json
import os
import shutil
import subprocess

from harness import DATA, MODEL, VERIFY, end, main
from resume_case import ResumeCase

PICTURES = 24


class Hash(ResumeCase):
    def setUp(self):
        """The demo's first pictures as the split train; of three of them copies as val, and of one
        in train. A copy in val has another label than its picture."""
        super().setUp()
        self.dataset(name="data/train", pictures=PICTURES)
        images = sorted(os.listdir(self.path("data", "train", "images")))
        for part in ("images", "labels"):
            os.makedirs(self.path("data", "val", part))
        for number, (split, to) in enumerate((("val", "v0"), ("val", "v1"), ("val", "v2"),
                                              ("train", "z"))):
            stem, suffix = os.path.splitext(images[4 + number])
            shutil.copy(self.path("data", "train", "images", stem + suffix),
                        self.path("data", split, "images", to + suffix))
            label = self.path("data", split, "labels", to + ".txt")
            shutil.copy(self.path("data", "train", "labels", stem + ".txt"), label)
            if to == "v1":
                with open(label, "a", encoding="utf-8") as file:
                    file.write("3 0.5 0.5 0.9 0.9\n")
        with open(os.path.join(DATA, "data.yaml"), encoding="utf-8") as file:
            names = file.read().split("names:")[1]
        with open(self.path("data", "data.yaml"), "w", encoding="utf-8") as file:
            file.write("train: train/images\nval: val/images\nnames:" + names)
        self.groups = []
        for differ, split, to, number in ((True, "val", "v1", 5), (False, "val", "v0", 4),
                                          (False, "val", "v2", 6), (False, "train", "z", 7)):
            self.groups.append({
                "across_splits": split == "val", "labels_differ": differ, "count": 2,
                "images": [{"image": "train/images/" + images[number], "split": "train"},
                           {"image": "%s/images/%s%s" % (split, to, os.path.splitext(images[number])[1]),
                            "split": split}]})
        self.FLAGS = ("--model", MODEL, "--data", self.path("data", "data.yaml"), "--imgsz", "256",
                      "--threads", "1", "--review", "0")

    def check(self):
        self.assertEqual(self.report()["near_duplicates"],
                         {"groups": 4, "images": 8, "across_splits": 3, "labels_differ": 1,
                          "list": self.groups})

    def test_any_ranks(self):
        for ranks in (0, 2, 3):
            self.clear()
            out = self.run_verify(*self.FLAGS, ranks=ranks)
            self.check()
            self.assertIn("\n  Near-duplicates: 8 images in 4 groups, 3 across splits\n  Self-test: ",
                          out)

    def test_resume(self):
        process = subprocess.Popen([VERIFY, *self.FLAGS, "--imgsz", "640"], cwd=self.folder,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(end, process)
        self.interrupt(process, 3)
        self.assertIsNone(self.report()["near_duplicates"])
        self.run_verify(*self.FLAGS, "--imgsz", "640", "--resume", ranks=3)
        self.check()

    def test_rejudged(self):
        self.run_verify(*self.FLAGS, ranks=0)
        self.run_verify("rejudge", "output", "--max-margin", "2", ranks=2)
        self.check()

    def page(self):
        """The bytes of the page's pictures and of its data on copies."""
        content = {}
        for name in ("data/copies.js", "sheets/000.jpg"):
            with open(self.path("output", "review", name), "rb") as file:
                content[name] = file.read()
        return content

    def test_pictures_side_by_side(self):
        """Each group's, with the label that one picture alone has; the same bytes at any number of ranks."""
        pages = []
        for ranks in (0, 3):
            self.clear()
            self.run_verify(*self.FLAGS[:-2], "--review", "10", ranks=ranks)
            pages.append(self.page())
        self.assertEqual(pages[0], pages[1])
        text = pages[0]["data/copies.js"].decode().split(", 0, ", 1)[1].rsplit(");", 1)[0]
        groups = json.loads(text)
        self.assertEqual([[copy["cell"] for copy in group] for group in groups],
                         [[10, 11], [12, 13], [14, 15], [16, 17]])
        self.assertEqual([copy["boxes"] for copy in groups[0]], [[], [[3, 0.5, 0.5, 0.9, 0.9]]])
        self.assertFalse([copy for group in groups[1:] for copy in group if copy["boxes"]])
        self.run_verify("review", "output", "--review", "10", ranks=2)
        self.assertEqual(self.page(), pages[0])
        self.clear()
        self.run_verify(*self.FLAGS[:-2], "--review", "10", "--no-hash", ranks=2)
        self.assertFalse(os.path.exists(self.path("output", "review", "data", "copies.js")))

    def test_page(self):
        self.run_verify(*self.FLAGS[:-2], "--review", "10", ranks=2)
        with open(self.path("output", "review", "data", "run.js"), encoding="utf-8") as file:
            run = json.loads(file.read().split(", 0, ", 1)[1].rsplit(");", 1)[0])
        self.assertEqual(run["report"]["near_duplicates"]["list"], self.groups)

    def test_left_out(self):
        out = self.run_verify(*self.FLAGS, "--no-hash", ranks=2)
        self.assertIsNone(self.report()["near_duplicates"])
        self.assertNotIn("Near-duplicates", out)
        self.assertNotIn("sketches", os.listdir(self.path("output", ".verify")))
        self.assertFalse(self.report()["parameters"]["hash"])

    def test_nothing_to_say(self):
        shutil.rmtree(self.path("data", "val"))
        os.unlink(self.path("data", "train", "images", self.groups[3]["images"][1]["image"].split("/")[-1]))
        out = self.run_verify("--model", MODEL, "--data", self.path("data", "train"), "--imgsz", "256",
                              "--review", "0", ranks=2)
        self.assertEqual(self.report()["near_duplicates"],
                         {"groups": 0, "images": 0, "across_splits": 0, "labels_differ": 0, "list": []})
        self.assertNotIn("Near-duplicates", out)


if __name__ == "__main__":
    main()
