"""bench/accuracy: the errors that it plants, and its figures."""

import json
import os
import random
import shutil
import subprocess
import sys
import types
import unittest
from unittest import mock

from harness import DATA, MODEL, ROOT, VERIFY, Case, main

sys.path[:0] = [os.path.join(ROOT, "bench", "accuracy"), os.path.join(ROOT, "tests", "reference")]

import figures
import peers
import plant
import ranking
import run


class Planted(unittest.TestCase):
    def setUp(self):
        rng = random.Random(1)
        self.rows = {"%d.jpg" % i: [(rng.randrange(80), (rng.uniform(.3, .7), rng.uniform(.3, .7), rng.uniform(.05, .5),
                                                         rng.uniform(.05, .5))) for _ in range(6)] for i in range(2000)}

    def test_shares_and_kinds(self):
        """10% swapped, half of these alike; 5% each dropped, moved, added; lines name what was changed."""
        counts = dict.fromkeys(("swap", "dropped", "moved", "spurious"), 0)
        alike = 0
        for name, rows in self.rows.items():
            made, errors, kept = plant.plant(name, rows, 80, 1)
            spoilt = {line: kind for line, kind in errors if line}
            self.assertEqual(set(kept), set(range(1, len(made) + 1)) - set(spoilt))
            self.assertTrue(all(made[line - 1] == rows[was - 1] for line, was in kept.items()))
            for line, kind in errors:
                counts[kind] += 1
                if kind == "dropped":
                    continue
                label, box = made[line - 1]
                same = [c for c, b in rows if b == box]
                if kind == "swap":
                    self.assertNotIn(label, same)
                    alike += label in plant.kin(same[0], 80)
                if kind == "moved":
                    shares = [plant.iou(box, b) for c, b in rows if c == label]
                    self.assertTrue(any(.25 < share < .55 for share in shares))
            kinds = [kind for _, kind in errors]
            self.assertEqual(len(made), 6 - kinds.count("dropped") + kinds.count("spurious"))
        labels = 6 * len(self.rows)
        self.assertAlmostEqual(counts["swap"] / labels, .10, delta=.01)
        for kind in ("dropped", "moved"):
            self.assertAlmostEqual(counts[kind] / labels, .05, delta=.008)
        self.assertGreater(counts["spurious"] / labels, .02)
        self.assertAlmostEqual(alike / counts["swap"], .5, delta=.08)

    def test_a_seed_is_a_planting(self):
        rows = self.rows["1.jpg"]
        self.assertEqual(plant.plant("1.jpg", rows, 80, 3), plant.plant("1.jpg", rows, 80, 3))
        self.assertGreater(len({repr(plant.plant("1.jpg", rows, 80, seed)) for seed in range(9)}), 2)
        self.assertGreater(len({repr(plant.plant("%d.jpg" % i, rows, 80, 3)) for i in range(9)}), 2)


class Figures(unittest.TestCase):
    def test_equal_scores_are_spread_evenly(self):
        self.assertEqual(ranking.average_precision([3, 2, 1], [True, False, True]), (1 + 2 / 3) / 2)
        for truth in ([1, 0, 0], [0, 1, 0], [0, 0, 1]):
            self.assertEqual(ranking.average_precision([1, 1, 1], truth), 1 / 2)

    def picture(self, *boxes, doubt=0.0, bad=False):
        return {"boxes": [dict({"class": 0, "place": 0, "nothing": 0, "called": False}, any=any_, truth=truth)
                          for any_, truth in boxes], "doubt": doubt, "bad": bad}

    def test_real(self):
        boxes = [(100 - i, "real" if i in (0, 2, 30) else "arguable" if i == 1 else None) for i in range(40)]
        found = figures.real([self.picture(*boxes[:20], doubt=1, bad=True), self.picture(*boxes[20:])])
        self.assertAlmostEqual(found["AP"], (1 + 2 / 3 + 3 / 31) / 3)
        self.assertAlmostEqual(found["P of first 20"], 2 / 20)
        self.assertAlmostEqual(found["in first tenth"], 2 / 3)
        self.assertEqual(found["pictures AUROC"], 1)

    def test_planted_among_what_was_wrong(self):
        """A label in which people had found something wrong is sound in all figures but one."""
        boxes = [(9, figures.FOUND), (8, "swap"), (7, None), (6, "moved")]
        found = figures.planted([self.picture(*boxes)])
        self.assertAlmostEqual(found["any AP"], (1 / 2 + 2 / 4) / 2)
        self.assertAlmostEqual(found["any AP, sound"], (1 + 2 / 3) / 2)

    def test_the_head_of_equal_scores_is_their_share(self):
        boxes = [{"any": 1, "truth": "real" if i < 10 else None} for i in range(40)]
        self.assertAlmostEqual(figures.first(boxes, 20), 5)

    def test_intervals_hold_the_mean(self):
        rng = random.Random(2)
        wrongs = lambda: [rng.random() < .1 for _ in range(8)]
        sets = [[self.picture(*[(rng.random() + .3 * wrong, "real" if wrong else None) for wrong in wrongs()],
                              doubt=rng.random(), bad=rng.random() < .5) for _ in range(40)] for _ in range(2)]
        mean = figures.mean_of([figures.real(part) for part in sets])
        for name, (low, high) in figures.intervals(sets, figures.real).items():
            self.assertLess(low, mean[name])
            self.assertGreater(high, mean[name])


class FiftyOne(unittest.TestCase):
    RECORD = {"width": 100, "height": 100, "boxes": [
        {"class": 1, "xywhn": [.25, .25, .2, .2]}, {"class": 1, "xywhn": [.75, .75, .2, .2]},
        {"class": 2, "xywhn": [.5, .5, .1, .1]}]}

    def test_formula(self):
        """By the confidence: above half where the prediction contradicts, below where it agrees."""
        seen = [(1, .8, (15, 15, 35, 35)), (3, .6, (65, 65, 85, 85)), (4, .9, (0, 90, 9, 99))]
        picture, = peers.fifty_one([self.RECORD], [seen])
        agreed, contradicted, alone = picture["boxes"]
        self.assertAlmostEqual(agreed["class"], .1)
        self.assertAlmostEqual(agreed["place"], .1)
        self.assertAlmostEqual(contradicted["class"], .8)
        self.assertEqual((alone["class"], alone["nothing"]), (.5, 1))
        self.assertAlmostEqual(picture["doubt"], .8)

    def test_place(self):
        """IoU of a half, at which they match at all, is a wrong place."""
        record = dict(self.RECORD, boxes=self.RECORD["boxes"][:1])
        picture, = peers.fifty_one([record], [[(1, .6, (15, 15, 35, 55))]])
        self.assertAlmostEqual(picture["boxes"][0]["place"], .8)

    def test_the_surest_prediction_is_matched_first(self):
        matched = peers.match([(0, 0, 10, 10)], [(1, .3, (0, 0, 10, 10)), (2, .9, (0, 0, 10, 9))])
        self.assertEqual(matched[0][0], 2)


class Whole(Case):
    def fixtures(self):
        """Two sets of the demo's pictures; the third line of each label file is really wrong."""
        os.makedirs(self.path("models"))
        shutil.copy(MODEL, self.path("models", "yolov8n.onnx"))
        for name, audit in run.SETS.items():
            self.dataset(name, pictures=20)
            truth = {image: {"labels": [{"line": 3, "kind": ["spurious"], "level": "real"}] * (i % 2), "missing": []}
                     for i, image in enumerate(sorted(os.listdir(self.path(name, "images"))))}
            with open(self.path(audit), "w") as file:
                json.dump(truth, file)
            shutil.copy(os.path.join(DATA, "data.yaml"), self.path(name))

    def test_tables(self):
        """All judges, planted and real, into one file. cleanlab is not here."""
        self.fixtures()
        with mock.patch.multiple(run, FIXTURES=self.folder, PEERS=[("FiftyOne", peers.fifty_one)],
                                 CONFIGURATIONS=[("ours", ["--imgsz", "256"]), ("unknown", ["--no-such-flag", "1"])]), \
             mock.patch.dict(sys.modules, cleanlab=types.SimpleNamespace(__version__="7.7")), \
             mock.patch.object(run.Set.planted, "__defaults__", (10,)), \
             mock.patch.object(sys, "argv", ["run.py", "--seeds", "2", "--build", os.path.dirname(VERIFY), "--output",
                                             self.path("table.md")]):
            self.assertEqual(run.main(), 0)
        with open(self.path("table.md"), encoding="utf-8") as file:
            text = file.read()
        rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line[:1] == "|"]
        self.assertEqual([row[0] for row in rows], ["", "---", "ours", "FiftyOne"] * 3)
        planted = dict(zip(rows[0], rows[2]))
        self.assertRegex(planted["swap AP"], r"^[01]\.\d{3} ± 0\.\d{3}$")
        self.assertGreater(float(planted["swap AP"].split()[0]), .8)
        self.assertEqual(dict(zip(rows[0], rows[3]))["called P"], "–")
        self.assertRegex(rows[6][1], r"^[01]\.\d\d \([01]\.\d\d–[01]\.\d\d\)$")
        self.assertIn("coco128 (20 pictures, %d labels) and val128" % self.labels(), text)
        self.assertIn("cleanlab 7.7. 2 plantings", text)

    def labels(self):
        count = 0
        for name in os.listdir(self.path("coco128", "labels")):
            with open(self.path("coco128", "labels", name), encoding="ascii") as file:
                count += len(file.readlines())
        return count

    def test_without_pictures_it_says_so(self):
        script = os.path.join(ROOT, "bench", "accuracy.sh")
        done = subprocess.run(["bash", script], env=dict(os.environ, VERIFY_FIXTURES=""), stdout=subprocess.PIPE,
                              text=True)
        self.assertEqual((done.returncode, done.stdout[:18]), (77, "skipped: accuracy:"))
        with mock.patch.object(run, "FIXTURES", self.folder), mock.patch.object(sys, "argv", ["run.py"]):
            self.assertEqual(run.main(), 77)


if __name__ == "__main__":
    main()
