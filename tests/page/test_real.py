#!/usr/bin/env python3
"""The page that the program makes of the demo's data, in a browser: crops, pictures, decisions that
name lines as they stand in the label files."""
import json
import os
import shutil
import subprocess
import tempfile
from collections import Counter

from browser import HERE, Browser
from page_case import PageCase, main, page_data
from selenium.webdriver.common.keys import Keys

ROOT = os.path.dirname(os.path.dirname(HERE))
VERIFY = os.environ.get("VERIFY", os.path.join(ROOT, "build", "verify"))
DATA = os.path.join(ROOT, "demo", "data")


class Real(PageCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="page ")
        cls.output = os.path.join(cls.folder, "output of a run")
        subprocess.run([VERIFY, "--model", os.path.join(ROOT, "demo", "model.onnx"), "--data",
                        os.path.join(DATA, "data.yaml"), "--imgsz", "256", "--output", cls.output],
                       check=True, stdout=subprocess.DEVNULL)
        cls.path = os.path.join(cls.output, "review", "index.html")
        cls.data = page_data(os.path.dirname(cls.path))
        cls.browser = Browser()
        cls.driver = cls.browser.driver
        cls.url = "file://" + cls.path.replace(" ", "%20")

    def test_crops_and_pictures(self):
        self.wait_for("return document.querySelectorAll('.cell').length > 8 && "
                      "document.querySelectorAll('.cell.blank').length === 0")
        self.js("review.grid.focus(0)")
        self.press(Keys.ENTER)
        self.wait_for("const image = document.querySelector('.sheet img');"
                      "return image !== null && image.naturalWidth > 0")
        self.assertTrue(self.js("return document.querySelector('.stage-note').hidden"))

    def test_model_has_no_box_for_a_class_that_is_wrong(self):
        records = {}
        with open(os.path.join(self.output, "verification_records.jsonl"),
                  encoding="utf-8") as file:
            for record in map(json.loads, file):
                records.update(((record["image"], box["line"]), box) for box in record["boxes"])
        seen = Counter()
        for at, finding in enumerate(self.data["findings"]):
            if finding["kind"] != "box":
                continue
            box = records[self.data["images"][finding["image"]]["name"], finding["line"]]
            drawn = self.js("return review.boxes_of(review.data.findings[arguments[0]])"
                            ".filter(box => box.style === 'model').map(box => box.xywhn)", at)
            doubted = finding["reason"] in ("class", "contested")
            self.assertEqual(drawn, [box["refined"]] if box["refined"] and not doubted else [])
            seen[finding["reason"]] += box["refined"] is not None
        self.assertTrue(seen["class"] > 10 and seen["location"] > 5, seen)
        self.js("review.view.toggle('reason', 'class'); review.grid.focus(0);"
                "review.large.open()")
        self.assertEqual(self.js("return Array.from(document.querySelectorAll("
                                 "'.overlay rect:not(.halo)')).map(r => r.getAttribute('class'))"),
                         ["label"])
        self.assertNotIn("model's box", self.text("#large .panel"))

    def test_every_finding_can_be_shown(self):
        for _ in self.data["findings"][:40]:
            self.press(Keys.ENTER if not self.js("return review.large.is_open()")
                       else Keys.ARROW_RIGHT)
            self.assertTrue(self.text("#large h2"))

    def test_decisions_name_lines_as_they_are(self):
        self.js("review.grid.focus(0)")
        self.press(Keys.ENTER, *("akda" * 10))
        lines = self.lines()
        self.assertGreater(len(lines), 25)
        for line in lines:
            self.assertTrue(os.path.isfile(os.path.join(DATA, line["image"])), line)
            if line["line"]:
                with open(os.path.join(DATA, line["label"]), encoding="utf-8") as file:
                    self.assertEqual(file.read().splitlines()[line["line"] - 1], line["text"])
            else:
                self.assertIn(line["action"], ("add", "keep"))

    def test_command_names_the_output(self):
        self.js("review.finish.open()")
        self.assertEqual(self.text("#command"), "verify apply '%s' decisions.jsonl" % self.output)

    def test_copied_elsewhere(self):
        away = os.path.join(self.folder, "copy", "review")
        shutil.copytree(os.path.dirname(self.path), away)
        self.load("file://" + os.path.join(away, "index.html").replace(" ", "%20"))
        self.js("review.grid.focus(0)")
        self.press(Keys.ENTER)
        self.wait_for("return !document.querySelector('.stage-note').hidden && "
                      "!document.querySelector('canvas.crop').hidden")
        self.browser.complaints()  # of the picture that is not there


if __name__ == "__main__":
    main()
