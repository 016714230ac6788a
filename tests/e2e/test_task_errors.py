"""The errors that bench/plant_tasks.py plants into outlines, oriented boxes and keypoints, and how score_tasks.py
ranks them; the demo's data sets of these tasks."""

import argparse
import json
import math
import os
import random
import subprocess
import sys
import unittest

from harness import ROOT, Case, main

sys.path.insert(0, os.path.join(ROOT, "bench"))

import plant_tasks

SQUARE = [0.4, 0.4, 0.6, 0.4, 0.6, 0.6, 0.4, 0.6]
BAR = [0.3, 0.4, 0.7, 0.4, 0.7, 0.6, 0.3, 0.6]
FIGURE = [0.5, 0.5, 0.2, 0.4, 0.5, 0.35, 2, 0.42, 0.5, 2, 0.58, 0.5, 2, 0.45, 0.65, 2, 0, 0, 0]
FLIP = [0, 2, 1, 4, 3]
SHAPES = {"segment": SQUARE, "obb": BAR, "pose": FIGURE}


def options(task, **others):
    return argparse.Namespace(**{"task": task, "seed": 1, "classes": 4, "kpt_shape": [5, 3], "flip": FLIP, **others})


def planted(task, numbers, count=400, **others):
    """Of many pictures with one such label: (the truth's entry, the new row) where something was planted."""
    for number in range(count):
        rows, truth = plant_tasks.plant("%d.jpg" % number, [[1, numbers]], (400, 200), options(task, **others))
        if truth:
            yield truth[0], rows[0]
        else:
            assert rows == [[1, numbers]]


def direction(corners):
    """Of a rectangle's first side, in pixels of a picture of 400 × 200."""
    return math.degrees(math.atan2((corners[3] - corners[1]) * 200, (corners[2] - corners[0]) * 400))


class Planted(unittest.TestCase):
    def test_shares(self):
        """A tenth of the classes and a tenth of the rest; a line names the truth about it."""
        for task, numbers in SHAPES.items():
            entries = list(planted(task, numbers, 2000))
            swaps = [(entry, row) for entry, row in entries if entry["kind"] == "swap"]
            self.assertAlmostEqual(len(swaps) / 2000, 0.1, delta=0.025)
            self.assertAlmostEqual(len(entries) / 2000, 0.2, delta=0.035)
            for entry, row in swaps:
                self.assertEqual((entry["line"], entry["true_class"], row[1]), (1, 1, numbers))
                self.assertTrue(row[0] == entry["given_class"] != 1)
            for entry, row in entries:
                if entry["kind"] != "swap":
                    self.assertEqual((entry["was"], row[0]), (numbers, 1))
                    self.assertNotEqual(row[1], numbers)

    def test_outlines(self):
        """20 to 35% of the area is elsewhere; some are shifted, others cut."""
        lengths, inside = set(), plant_tasks.samples(plant_tasks.pairs(SQUARE))
        for entry, (_, new) in planted("segment", SQUARE):
            if entry["kind"] == "outline":
                lost = plant_tasks.share_lost(inside, plant_tasks.pairs(new))
                self.assertTrue(0.2 <= lost <= 0.35, lost)
                xs = new[::2]
                lengths.add(round(max(xs) - min(xs), 2))
        self.assertGreater(len(lengths), 3)
        self.assertIn(0.2, lengths)

    def test_angles(self):
        """15 to 45 degrees in pixels, about the same centre, of the same sides."""
        turns = []
        for entry, (_, new) in planted("obb", BAR):
            if entry["kind"] == "angle":
                turns.append(direction(new))
                self.assertAlmostEqual(sum(new[::2]) / 4, 0.5, places=6)
                self.assertAlmostEqual(math.hypot((new[2] - new[0]) * 400, (new[3] - new[1]) * 200), 160, places=4)
                self.assertTrue(15 <= abs(turns[-1]) <= 45, turns[-1])
        self.assertTrue(min(turns) < 0 < max(turns))

    def test_points(self):
        """One point that is seen moves by 15 to 40% of the object; or left and right change places."""
        kinds = set()
        for entry, (_, new) in planted("pose", FIGURE):
            kinds.add(entry["kind"])
            if entry["kind"] == "point":
                moved = [at for at in range(4, 19, 3) if new[at:at + 3] != FIGURE[at:at + 3]]
                self.assertEqual(len(moved), 1)
                dx, dy = ((new[moved[0] + i] - FIGURE[moved[0] + i]) / FIGURE[2 + i] for i in (0, 1))
                self.assertTrue(0.149 <= math.hypot(dx, dy) <= 0.401)
                self.assertEqual(FIGURE[moved[0] + 2], 2)
            if entry["kind"] == "side":
                self.assertEqual(new[7:13], FIGURE[10:13] + FIGURE[7:10])
                self.assertEqual(new[13:], [0, 0, 0] + FIGURE[13:16])
        self.assertEqual(kinds, {"swap", "point", "side"})
        self.assertNotIn("side", {entry["kind"] for entry, _ in planted("pose", FIGURE, flip=[])})

    def test_what_cannot_be(self):
        """No class to swap with, nothing seen, an outline without area, no room: the label stays as it is."""
        rng = random.Random(1)
        hidden = FIGURE[:4] + [0] * 15
        self.assertIsNone(plant_tasks.point(rng, hidden, None, options("pose")))
        self.assertIsNone(plant_tasks.side(rng, hidden, None, options("pose")))
        self.assertIsNone(plant_tasks.outline(rng, [0.1, 0.1, 0.5, 0.5, 0.9, 0.9], None, options("segment")))
        self.assertIsNone(plant_tasks.angle(rng, [0, 0, 1, 0, 1, 1, 0, 1], (400, 200), options("obb")))
        self.assertNotIn("swap", {entry["kind"] for entry, _ in planted("segment", SQUARE, classes=1)})

    def test_a_seed_is_a_planting(self):
        same, other = (list(planted("pose", FIGURE, seed=seed)) for seed in (1, 2))
        self.assertEqual(same, list(planted("pose", FIGURE)))
        self.assertNotEqual(same, other)


class Scored(Case):
    def score(self, boxes, truth, *flags):
        os.makedirs(self.path("output"), exist_ok=True)
        with open(self.path("output", "verification_records.jsonl"), "w") as file:
            file.write(json.dumps({"image": "images/a.jpg", "boxes": boxes}) + "\n")
        with open(self.path("truth.json"), "w") as file:
            json.dump(truth, file)
        done = subprocess.run([sys.executable, os.path.join(ROOT, "bench", "score_tasks.py"), self.path("output"),
                               self.path("truth.json"), *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout.decode()

    def boxes(self, *values, field="outline"):
        return [{"line": line, "score": 0.5, field: value} for line, value in enumerate(values, 1)]

    def test_a_ranking(self):
        """The wrong label is below two of three sound ones; one has no value. Swaps do not count as sound."""
        truth = {"a.jpg": [{"line": 1, "kind": "outline"}, {"line": 6, "kind": "swap"}]}
        code, out = self.score(self.boxes(0.4, 0.3, 0.8, 0.9, None, 0.0), truth)
        self.assertEqual(code, 0)
        self.assertIn("outline  AUROC 0.667 by `outline` (1 of 1 planted, 3 sound; 1 labels without it left out)", out)
        self.assertIn("swap     AUROC 0.500 by `score` (1 of 1 planted, 4 sound)", out)

    def test_an_error(self):
        """An angle is off by degrees: the larger the worse, unless another field is named."""
        truth = {"a.jpg": [{"line": 2, "kind": "angle"}]}
        boxes = self.boxes(1.5, 20.0, 2.5, field="angle")
        self.assertIn("AUROC 1.000 by `angle`", self.score(boxes, truth)[1])
        self.assertIn("AUROC 0.000 by `angle`", self.score(boxes, truth, "--field", "angle=angle")[1])

    def test_a_missing_field(self):
        truth = {"a.jpg": [{"line": 1, "kind": "angle"}]}
        self.assertEqual(self.score(self.boxes(0.4, 0.5), truth),
                         (1, "angle    no box of these records has a field `angle`\n"))
        self.assertEqual(self.score(self.boxes(0.4, 0.5, field="turn"), truth, "--field", "angle=turn")[0], 0)

    def test_what_cannot_be_ranked(self):
        truth = {"a.jpg": [{"line": 1, "kind": "point"}]}
        code, out = self.score(self.boxes(None, 0.5, field="oks"), truth)
        self.assertEqual((code, "0 wrong and 1 sound labels have `oks`" in out), (1, True))
        code, out = self.score(self.boxes(0.1), {"b.jpg": []})
        self.assertEqual((code, "in the records, but not in the truth" in out), (1, True))
        self.assertEqual(self.score(self.boxes(0.1), truth, "--field", "corner=oks")[0], 2)


class Folders(Case):
    def test_a_folder(self):
        """All label files come out, a picture's truth under its name, and the labels themselves stay."""
        for folder in ("labels", "images"):
            os.makedirs(self.path(folder))
        for number in range(40):
            open(self.path("images", "%d.jpg" % number), "wb").close()
            with open(self.path("labels", "%d.txt" % number), "w") as file:
                file.write("1 %s\n" % " ".join(map(str, SQUARE)) * (number % 3))
        command = [sys.executable, os.path.join(ROOT, "bench", "plant_tasks.py"), "segment", self.path("labels"),
                   self.path("images")]
        refused = subprocess.run([*command, self.path(), "--classes", "4"], stderr=subprocess.PIPE)
        self.assertEqual((refused.returncode, b"would replace LABELS" in refused.stderr), (2, True))
        subprocess.run([*command, self.path("out"), "--classes", "4"], check=True, stdout=subprocess.PIPE)
        with open(self.path("out", "truth.json")) as file:
            truth = json.load(file)
        self.assertEqual(set(truth), {"%d.jpg" % number for number in range(40)})
        self.assertEqual(set(os.listdir(self.path("out", "labels"))), set(os.listdir(self.path("labels"))))
        changed = 0
        for name, entries in truth.items():
            stem = name[:-4] + ".txt"
            with open(self.path("labels", stem)) as was, open(self.path("out", "labels", stem)) as made:
                lines = list(zip(was.readlines(), made.readlines()))
            differing = {line for line, (a, b) in enumerate(lines, 1) if a != b}
            self.assertEqual(differing, {entry["line"] for entry in entries})
            changed += len(differing)
        self.assertGreater(changed, 3)


class Demo(Case):
    """The demo's data sets of the tasks, which make_tasks.py made."""
    COLUMNS = {"segment": None, "obb": 9, "pose": 20}

    def part(self, task, *names):
        return os.path.join(ROOT, "demo", "tasks", task, *names)

    def truth(self, task):
        with open(self.part(task, "truth.json")) as file:
            return json.load(file)

    def test_labels(self):
        """Each picture has its labels; what the truth names is in them, some of each kind."""
        for task, columns in self.COLUMNS.items():
            truth, kinds = self.truth(task), []
            self.assertEqual(sorted(truth), sorted(os.listdir(self.part(task, "images"))))
            for name, entries in truth.items():
                with open(self.part(task, "labels", name[:-4] + ".txt")) as file:
                    rows = [[float(word) for word in line.split()] for line in file]
                for row in rows:
                    self.assertTrue(all(0 <= n <= (2 if task == "pose" else 1) for n in row[1:]))
                    self.assertTrue(len(row) == columns or columns is None and len(row) >= 7 and len(row) % 2)
                for entry in entries:
                    row = rows[entry["line"] - 1]
                    self.assertEqual(row[0], entry.get("given_class", row[0]))
                    self.assertNotEqual(row[1:], entry.get("was"))
                kinds += [entry["kind"] for entry in entries]
            for kind in ("swap", *plant_tasks.KINDS[task]):
                self.assertGreaterEqual(kinds.count(kind), 10, (task, kind))


if __name__ == "__main__":
    main()
