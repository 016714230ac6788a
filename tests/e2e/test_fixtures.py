"""The program on real pictures with a real model, against the tools of tests/reference."""

import importlib.util
import json
import os
import subprocess

from harness import Case, FIXTURES, ROOT, main, needs_fixtures

try:
    import numpy
except ImportError:
    numpy = None

COCO = os.path.join(FIXTURES, "coco128")
YOLOV8N = os.path.join(FIXTURES, "models", "yolov8n.onnx")
TOOLS = os.path.join(ROOT, "tests", "reference")
RAW_DUMP = os.environ.get("RAW_DUMP", os.path.join(ROOT, "build", "tests", "raw_dump"))
NUMBERS = ("own", "rival", "contest", "near", "margin", "shift", "ghost", "dup", "location")


def tool(name, *arguments):
    """What a tool prints, as {first word: last number} of its lines."""
    out = subprocess.run(["python3", os.path.join(TOOLS, name), *arguments], check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    return {line.split()[0]: line.split()[-1] for line in out.splitlines()}, out


@needs_fixtures
class Fixtures(Case):
    def planted(self):
        """coco128's pictures with the labels that have planted errors."""
        os.makedirs(self.path("data"))
        os.symlink(os.path.join(COCO, "images"), self.path("data", "images"))
        os.symlink(os.path.join(FIXTURES, "label_errors", "labels"), self.path("data", "labels"))
        with open(os.path.join(COCO, "data.yaml")) as file:
            rows = [r for r in file if not r.startswith(("path:", "train:", "val:"))]
        with open(self.path("data", "data.yaml"), "w") as file:
            file.writelines(["path: .\n", "train: images\n", *rows])
        return self.path("data", "data.yaml")

    def assert_finds(self, **least):
        scores, _ = tool("score_label_errors.py", self.path("output", "verification_records.jsonl"),
                         os.path.join(FIXTURES, "label_errors", "truth.json"))
        for name, figure in least.items():
            self.assertGreaterEqual(float(scores[name]), figure, name)

    def assert_worst_differ(self):
        """Of the 100 worst boxes none has another's score, unless it has its evidence, too."""
        boxes = sorted((b for r in self.records() for b in r["boxes"]), key=lambda b: b["score"])
        seen = {}
        for box in boxes[:100]:
            evidence = [box[name] for name in NUMBERS]
            self.assertEqual(seen.setdefault(box["score"], evidence), evidence, box["score"])

    def test_planted_errors(self):
        data = self.planted()
        self.run_verify("--model", YOLOV8N, "--data", data, "--max-margin", 4, "--place", "none")
        self.assert_finds(mislabeled_precision=0.95, mislabeled_recall=0.88)
        self.run_verify("--model", YOLOV8N, "--data", data, "--overwrite")
        # Of one planting: four sound labels among the 74 that are called mislabeled.
        self.assert_finds(swap_auroc=0.99, swap_ap=0.96, mislabeled_precision=0.945,
                          mislabeled_recall=0.88, moved_auroc=0.96, spurious_auroc=0.98,
                          spurious_ap=0.95, box_ap=0.93, image_auroc=0.96)
        self.assert_worst_differ()
        if numpy is not None:
            self.compare_with_reference()

    def compare_with_reference(self):
        """Every field of every fourth picture's record against the reference rule, fed with the raw
        output of the same network."""
        spec = importlib.util.spec_from_file_location(
            "reference", os.path.join(TOOLS, "evidence.py"))
        reference = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(reference)
        records = self.records()[::4]
        images = [os.path.join(COCO, "images", os.path.basename(r["image"])) for r in records]
        dump = subprocess.run([RAW_DUMP, YOLOV8N, "640", *images], check=True,
                              stdout=subprocess.PIPE).stdout
        numbers, at, compared = numpy.frombuffer(dump, "<f8"), 0, 0
        for record in records:
            n, k, gain = int(numbers[at]), int(numbers[at + 1]), numbers[at + 2]
            raw = numbers[at + 3:at + 3 + n * (4 + k)].reshape(n, 4 + k)
            at += 3 + n * (4 + k)
            compared += self.compare_record(reference, record, raw[:, :4], raw[:, 4:], gain)
        self.assertEqual(at, len(numbers))
        self.assertGreater(compared, 150)

    def compare_record(self, reference, record, boxes, scores, gain):
        w, h = record["width"], record["height"]
        labels = []
        for x, y, bw, bh in (b["xywhn"] for b in record["boxes"]):
            labels.append([(x - bw / 2) * w, (y - bh / 2) * h, (x + bw / 2) * w, (y + bh / 2) * h])
        classes = [b["class"] for b in record["boxes"]]
        labels = numpy.column_stack([numpy.array(classes, float), numpy.reshape(labels, (-1, 4))])
        judged = reference.judge(labels, [(boxes, scores)], gain) if len(labels) else []
        absent = reference.missing(labels, [(boxes, scores)], judged)
        for want, got in zip(judged, record["boxes"]):
            where = "%s line %d" % (record["image"], got["line"])
            for name in NUMBERS:
                self.assertAlmostEqual(got[name], want[name], delta=2e-3, msg=where + " " + name)
            self.assertAlmostEqual(got["score"], want["score"], delta=2e-3, msg=where)
            self.assertEqual((got["verdict"], got["reason"]), (want["verdict"], want["reason"]), where)
            if want["rival"] > 1e-3:
                self.assertEqual(got["suggested"], want["suggested"], where)
            self.assertEqual(got["refined"] is None, want["refined"] is None, where)
            if got["refined"]:
                x, y, bw, bh = got["refined"]
                corners = [(x - bw / 2) * w, (y - bh / 2) * h, (x + bw / 2) * w, (y + bh / 2) * h]
                clipped = numpy.clip(want["refined"], 0, [w, h, w, h])
                self.assertLess(abs(corners - clipped).max(), 0.05, where)
        missing = [m for m in absent if m[3] >= 0.5]
        self.assertEqual([m["class"] for m in record["missing"]], [m[1] for m in missing])
        for got, want in zip(record["missing"], missing):
            self.assertAlmostEqual(got["confidence"], want[0], delta=2e-3)
            self.assertAlmostEqual(got["score"], reference.missing_score(want[3]), delta=2e-3)
        self.assertAlmostEqual(record["score"], reference.image_score(judged, absent), delta=2e-3)
        return len(judged)

    def test_agrees_with_ultralytics_predict(self):
        self.run_verify("--model", YOLOV8N, "--data", os.path.join(COCO, "data.yaml"), "--split",
                        "train", "--conf", 0.2, "--save-json", "--place", "none")
        self.assert_worst_differ()
        _, out = tool("compare_predictions.py", self.path("output", "predictions.json"),
                      os.path.join(FIXTURES, "reference", "coco128_yolov8n.json"))
        words = [line.split() for line in out.splitlines()]
        ours_of_theirs, theirs_of_ours = float(words[0][-1]), float(words[3][-1])
        self.assertGreaterEqual(min(ours_of_theirs, theirs_of_ours), 0.995, out)
        self.assertLessEqual(float(words[1][words[1].index("p99") + 1]), 0.01, out)
        self.assertLessEqual(float(words[2][words[2].index("p99") + 1]), 1, out)
        with open(self.path("output", "predictions.json")) as file:
            self.assertGreater(len(json.load(file)), 600)
        self.assertEqual(self.report()["total_boxes"], 929)
        self.assertEqual(self.report()["orphan_labels"], 2)

    def test_every_zoo_model_runs_at_its_own_and_another_size(self):
        data = self.path("images")
        os.makedirs(data)
        for name in sorted(os.listdir(os.path.join(COCO, "images")))[:4]:
            os.symlink(os.path.join(COCO, "images", name), os.path.join(data, name))
        os.symlink(os.path.join(COCO, "labels"), self.path("labels"))
        models = sorted(n for n in os.listdir(os.path.join(FIXTURES, "zoo")) if n.endswith(".onnx"))
        self.assertEqual(len(models), 6)
        for name in models:
            for imgsz in (256, 320):
                self.run_verify("--model", os.path.join(FIXTURES, "zoo", name), "--data", data,
                                "--imgsz", imgsz, "--overwrite", "--rect")
                self.assertEqual(self.report()["images"]["failed"], 0)


if __name__ == "__main__":
    main()
