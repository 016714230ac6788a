"""A trained model as a .pt file and as its export: the same judgement on real pictures."""

import collections
import json
import os

from harness import Case, FIXTURES, main, needs_fixtures

COCO = os.path.join(FIXTURES, "coco128", "data.yaml")
MODELS = os.path.join(FIXTURES, "models")


def overlap(a, b):
    """Of two boxes as x, y, width, height."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


@needs_fixtures
class PtFixtures(Case):
    def judge(self, name):
        """{picture and line: verdict}, {picture and class: boxes}"""
        self.run_verify("--model", os.path.join(MODELS, name), "--data", COCO, "--save-json",
                        "--output", self.path(name), "--device", "cpu", timeout=900)
        verdicts = {(r["image"], i): box["verdict"]
                    for r in self.records(name) for i, box in enumerate(r["boxes"])}
        found = collections.defaultdict(list)
        with open(self.path(name, "predictions.json"), encoding="utf-8") as file:
            for p in json.load(file):
                found[p["image_id"], p["category_id"]].append(p["bbox"])
        return verdicts, found

    def test_the_same_as_its_export(self):
        (verdicts, found), (others, exported) = self.judge("yolov8n.pt"), self.judge("yolov8n.onnx")
        self.assertEqual(verdicts.keys(), others.keys())
        self.assertEqual(len(verdicts), 929)
        different = sum(verdicts[key] != others[key] for key in verdicts)
        count = sum(map(len, exported.values()))
        matched = sum(any(overlap(box, other) > 0.99 for other in found[key])
                      for key, boxes in exported.items() for box in boxes)
        print(f"{different} of {len(verdicts)} verdicts differ; {matched} of {count} boxes match")
        self.assertLessEqual(different, 0.002 * len(verdicts))
        self.assertGreaterEqual(matched, 0.995 * count)
        self.assertGreater(count, 500)

    def test_a_strangers_model(self):
        out = self.run_verify("--model", os.path.join(MODELS, "yolov5n-custom2.pt"), "--inspect")
        self.assertIn("Classes: 2 (Biodegradable, Non-biodegradable)\n", out)
        self.assertIn("Family: anchor-based, 3 anchors\n", out)


if __name__ == "__main__":
    main()
