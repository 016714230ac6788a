"""From a finding about how a label is turned to a corrected label: oriented boxes, judged, judged again by another
threshold, shown, corrected, verified again."""
import csv
import json
import os
import re
import sys
import xml.etree.ElementTree

from harness import ROOT, main
from rejudge_case import RejudgeCase

sys.path.insert(0, os.path.join(ROOT, "tests", "data"))
from turned_net import BARE, DEGREES, PLACES, RIGHT, SIZE, TURNED, corners, line, write_set  # noqa: E402

def numbers(text):
    return [float(word) for word in text.split()]


class Turned(RejudgeCase):
    def setUp(self):
        super().setUp()
        write_set(self.folder)

    def label(self, i, text):
        with open(self.path("data", "labels", "%d.txt" % i), "w", encoding="utf-8", newline="") as file:
            file.write(text)

    def verify(self, *flags, output="output", **options):
        self.run_verify("--model", self.path("turned.onnx"), "--data", self.path("data", "data.yaml"), "--imgsz", SIZE,
                        "--output", self.path(output), *flags, **options)
        return self.records(output)

    def test_judged(self):
        records = self.verify()
        turned, right = records[TURNED]["boxes"][0], records[RIGHT]["boxes"][0]
        self.assertEqual((turned["verdict"], turned["reason"]), ("uncertain", "angle"))
        self.assertAlmostEqual(turned["angle"], 2 * DEGREES, delta=0.01)
        self.assertEqual((right["verdict"], right["reason"]), ("correct", None))
        self.assertGreater(right["rotated_iou"], 0.999)
        for i, points in ((TURNED, turned["refined_points"]), (RIGHT, right["refined_points"]),
                          (BARE, records[BARE]["missing"][0]["points"])):
            wanted = numbers(line(*PLACES[i]))[1:]
            # Where the corners begin does not matter.
            self.assertTrue(any(max(abs(a - b) for a, b in zip(points[k:] + points[:k], wanted)) < 1e-4
                                for k in range(0, 8, 2)), (points, wanted))
        report = self.report()
        self.assertEqual(report["reasons"]["angle"], 1)
        self.assertEqual(report["judged_as"], {"box": 0, "polygon": 0, "pose": 0, "obb": 0, "whole": 2})
        self.assertNotIn("Judged by", self.stdout)

    def test_rejudged(self):
        """Another --max-angle gives what a run with it leaves, points of missing objects included."""
        self.verify()
        self.verify("--max-angle", 70, "--missing-conf", 0.3, output="fresh")
        self.assertEqual(self.records("fresh")[TURNED]["boxes"][0]["reason"], None)
        self.assertNotEqual(self.records(), self.records("fresh"))
        self.rejudge("output", "--max-angle", 70, "--missing-conf", 0.3)
        self.expect_same("output", "fresh")

    def test_accepted(self):
        """What is suggested is written in the labels' form, and the model agrees with it; what was decided by nobody
        keeps its bytes."""
        self.label(TURNED, line(*PLACES[TURNED], -DEGREES).replace(" ", "\t", 1) + "\r\n")
        self.verify()
        self.run_verify("apply", self.path("output"), "--accept", "angle,missing", "--to", self.path("new"), ranks=0)
        self.assertIn("points 1", self.stdout)
        with open(self.path("new", "labels", "%d.txt" % TURNED), newline="", encoding="utf-8") as file:
            text = file.read()
        self.assertRegex(text, r"^0\t(\S+ ){7}\S+\r\n$")
        os.rename(self.path("data", "labels"), self.path("before"))
        os.rename(self.path("new", "labels"), self.path("data", "labels"))
        for record in self.verify(output="again"):
            self.assertEqual(record["missing"], [])
            self.assertEqual([box["verdict"] for box in record["boxes"]], ["correct"])
            self.assertGreater(record["boxes"][0]["rotated_iou"], 0.999)
        with open(self.path("new", "changes.diff"), encoding="utf-8", newline="") as file:
            self.assertEqual(file.read().count("\n+0"), 3)

    def test_in_place(self):
        self.verify()
        path = self.path("data", "labels", "%d.txt" % TURNED)
        with open(path, "rb") as file:
            before = file.read()
        self.run_verify("apply", self.path("output"), "--accept", "angle", "--in-place", ranks=0)
        with open(path, "rb") as file:
            self.assertNotEqual(file.read(), before)
        self.run_verify("apply", self.path("output"), "--undo", 1, ranks=0)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_refused(self):
        """A line that was changed meanwhile, and what is no decision."""
        self.verify()
        text = line(*PLACES[TURNED], -DEGREES)
        decision = {"image": "images/%d.bmp" % TURNED, "line": 1, "text": text, "action": "points",
                    "points": numbers(line(*PLACES[TURNED]))[1:]}
        cases = [(dict(decision, text=text.replace("0", "1", 1)), "is not any more what was judged"),
                 (dict(decision, points=[0.1] * 5), "x and y of three points"),
                 (dict(decision, points=["a"]), "is no list of numbers"),
                 (dict(decision, points=None), "is no list of numbers"),
                 (dict(decision, points=[2] * 6), "not within the picture"),
                 (dict(decision, image="images/%d.bmp" % BARE), "no such line")]
        with open(self.path("decisions.jsonl"), "w", encoding="utf-8") as file:
            file.writelines(json.dumps(one) + "\n" for one, _ in cases)
        self.run_verify("apply", self.path("output"), "decisions.jsonl", "--dry-run", ranks=0, code=2)
        for _, words in cases:
            self.assertIn(words, self.stderr)
        with open(self.path("decisions.jsonl"), "w", encoding="utf-8") as file:
            file.write(json.dumps(decision) + "\n")
        self.run_verify("apply", self.path("output"), "decisions.jsonl", "--dry-run", ranks=0)
        self.assertIn("8 numbers of its points", self.stdout)

    def test_page(self):
        self.verify()
        with open(self.path("output", "review", "data", "findings-000.js"), encoding="utf-8") as file:
            findings = json.loads(re.fullmatch(r'page_data\("findings", 0, (.*)\);\n', file.read(), re.S).group(1))
        by_reason = {finding["reason"]: finding for finding in findings}
        self.assertAlmostEqual(by_reason["angle"]["error"], 2 * DEGREES, delta=0.01)
        self.assertEqual(by_reason["angle"]["points"], self.records()[TURNED]["boxes"][0]["refined_points"])
        self.assertEqual(len(by_reason["missing"]["points"]), 8)

    def test_exports(self):
        """In the tools' own shapes, the model's beside the label's."""
        self.verify()
        self.run_verify("export", self.path("output"), "--format", "coco", ranks=0)
        with open(self.path("output", "export", "coco", "annotations.json"), encoding="utf-8") as file:
            coco = json.load(file)
        wrong = next(one for one in coco["annotations"] if one["reason"] == "angle")
        for key, degrees in (("segmentation", -DEGREES), ("suggested_segmentation", DEGREES)):
            wanted = corners(*PLACES[TURNED], degrees)
            found = list(zip(wrong[key][0][::2], wrong[key][0][1::2]))
            self.assertEqual(len(found), 4)
            for x, y in found:
                self.assertLess(min(abs(x - u) + abs(y - v) for u, v in wanted), 1e-2, (key, found, wanted))
        self.assertTrue(all("segmentation" in one for one in coco["annotations"]))
        self.run_verify("export", self.path("output"), "--format", "label-studio", ranks=0)
        with open(self.path("output", "export", "label-studio", "tasks.json"), encoding="utf-8") as file:
            tasks = json.load(file)
        regions = [region for task in tasks for prediction in task["predictions"] for region in prediction["result"]]
        self.assertEqual({(region["from_name"], region["type"], len(region["value"]["points"])) for region in regions},
                         {("outline", "polygonlabels", 4)})
        with open(self.path("output", "export", "label-studio", "label_config.xml"), encoding="utf-8") as file:
            self.assertIn('<PolygonLabels name="outline" toName="image">', file.read())
        for format in ("cvat", "x-anylabeling", "fiftyone", "csv"):
            self.run_verify("export", self.path("output"), "--format", format, ranks=0)
        images = xml.etree.ElementTree.parse(self.path("output", "export", "cvat", "annotations.xml")).findall("image")
        shapes = [[(node.get("source"), len(node.get("points").split(";"))) for node in image] for image in images]
        self.assertEqual(shapes, [[("file", 4), ("auto", 4)], [("auto", 4)], [("auto", 4)]])
        with open(self.path("output", "export", "cvat", "labels.json"), encoding="utf-8") as file:
            self.assertEqual([label["type"] for label in json.load(file)], ["any"])
        with open(self.path("output", "export", "csv", "records.csv"), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertAlmostEqual(float(rows[TURNED]["error"]), 2 * DEGREES, delta=0.01)
        self.assertEqual(numbers(rows[TURNED]["refined_points"]), self.records()[TURNED]["boxes"][0]["refined_points"])
        with open(self.path("output", "export", "x-anylabeling", "images", "%d.json" % TURNED),
                  encoding="utf-8") as file:
            self.assertEqual([(shape["shape_type"], len(shape["points"])) for shape in json.load(file)["shapes"]],
                             [("polygon", 4), ("polygon", 4)])


if __name__ == "__main__":
    main()
