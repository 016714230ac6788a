#!/usr/bin/env python3
"""The page of oriented boxes: outlines are drawn as they are turned, and the model's can be taken."""
import os
import subprocess
import sys
import tempfile

from browser import HERE, Browser
from page_case import PageCase, main, page_data
from selenium.webdriver.common.keys import Keys

ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "data"))
from turned_net import SIZE, TURNED, write_set  # noqa: E402

VERIFY = os.environ.get("VERIFY", os.path.join(ROOT, "build", "verify"))
SHAPES = "return Array.from(document.querySelectorAll('.overlay polygon')).map((p) => p.className.baseVal)"


class Turned(PageCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="page ")
        cls.output = os.path.join(cls.folder, "output")
        write_set(cls.folder)
        subprocess.run([VERIFY, "--model", os.path.join(cls.folder, "turned.onnx"), "--data",
                        os.path.join(cls.folder, "data", "data.yaml"), "--imgsz", str(SIZE), "--output", cls.output],
                       check=True, stdout=subprocess.DEVNULL)
        cls.path = os.path.join(cls.output, "review", "index.html")
        cls.data = page_data(os.path.dirname(cls.path))
        cls.browser = Browser()
        cls.driver = cls.browser.driver
        cls.url = "file://" + cls.path.replace(" ", "%20")

    def show(self, reason):
        self.js("review.view.current = review.view.shown.findIndex((f) => f.reason === arguments[0])", reason)
        self.js("review.large.open()")

    def decide(self, reason, *keys):
        self.show(reason)
        self.press(*keys)
        return self.lines()

    def test_shown(self):
        self.show("angle")
        self.assertEqual(self.text("#large h2"), "labelled plane, turned by 60° against the model's box")
        self.assertEqual(self.js(SHAPES), ["halo", "model", "halo", "label"])
        self.assertTrue(self.button("Take the model's turned box", "#large"))
        self.assertFalse(self.button("Move the box", "#large").is_enabled())
        self.show("missing")
        self.assertEqual(self.js(SHAPES), ["halo", "model"])

    def test_taken_and_applied(self):
        made = self.decide("angle", "a")
        self.assertEqual([(one["action"], one["line"], one["class"], one["xywhn"], len(one["points"])) for one in made],
                         [("points", 1, 0, None, 8)])
        made = self.decide("missing", "a")
        self.assertEqual([len(one["points"]) for one in made], [8, 8])
        self.js("review.store.keep_now()")
        self.load()
        self.assertEqual(self.lines(), made)
        self.show("angle")
        self.assertIn("decided", self.js(SHAPES))
        self.press("u")
        decisions = os.path.join(self.folder, "decisions.jsonl")
        with open(decisions, "w", encoding="utf-8") as file:
            file.write(self.js("return review.lines_write()"))
        done = subprocess.run([VERIFY, "apply", self.output, decisions, "--dry-run"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=True)
        self.assertIn("labels/%d.txt:1: 8 numbers of its points" % TURNED, done.stdout)
        self.assertIn("added 1", done.stdout)

    def test_kept(self):
        self.assertEqual([one["action"] for one in self.decide("angle", "k")], ["keep"])
        self.assertEqual([one["action"] for one in self.decide("angle", Keys.ESCAPE)], ["keep"])

    def test_poses(self):
        """Keypoints that a line leaves out are not drawn; the line's visibility stays; a new label has its own."""
        said = self.js("""
            const run = review.data.run, text = "0 .5 .5 .1 .1 .2 .3 2 0 0 0";
            run.kpt_shape = [2, 3];
            const finding = {kind: "box", reason: "point", class: 0, text: text, refined: [.5, .5, .2, .2],
                xywhn: [.5, .5, .1, .1], points: [.25, .35, .9, 1.5, .6, .2]};
            const missing = {kind: "missing", points: finding.points};
            const said = [review.points_of_line(text), review.suggestion(finding),
                review.suggested_points(missing), review.allows(finding, "box"), review.boxes_of(finding).length];
            delete run.kpt_shape;
            return said;""")
        self.assertEqual(said[0], {"kind": "dots", "at": [[.2, .3]]})
        self.assertEqual(said[1], {"action": "points", "class": 0, "xywhn": [.5, .5, .2, .2],
                                   "points": [.25, .35, None, 1, .6, None]})
        self.assertEqual(said[2:], [[.25, .35, 2, 0, 0, 0], False, 2])


if __name__ == "__main__":
    main()
