"""Models of more kinds through the whole program: quantised, grey, of other repositories."""

import json
import os

from harness import Case, ROOT, main

ONNX = os.path.join(ROOT, "tests", "data", "onnx")
TORCH = os.path.join(ROOT, "tests", "data", "torch")


class LoadMore(Case):
    def verify(self, model, names, **options):
        if not os.path.exists(self.path("data")):
            self.dataset(pictures=4)
        with open(self.path("data.yaml"), "w", encoding="utf-8") as file:
            json.dump({"path": self.path("data"), "train": "images", "names": names}, file)
        return self.run_verify("--model", model, "--data", self.path("data.yaml"), "--imgsz", 64,
                               "--device", "cpu", "--overwrite", **options)

    def test_runs_are_the_same_on_any_number_of_ranks(self):
        models = [os.path.join(ONNX, name + ".onnx") for name in ("pairs", "integers", "ranges", "grey")]
        models += [os.path.join(TORCH, name + ".pt") for name in ("face", "lite", "seven", "nine", "pose", "grey")]
        for model in models:
            names = ["class0", "class1"] if model.endswith(".onnx") else {
                "face": ["face", "mask"], "pose": ["person", "dog"]}.get(
                    os.path.basename(model)[:-3], ["a", "b"])
            self.verify(model, names, ranks=1)
            records = self.records()
            self.assertEqual(len(records), 4, model)
            self.assertEqual([r["error"] for r in records], [None] * 4, model)
            self.verify(model, names, ranks=2)
            self.assertEqual(self.records(), records, model)

    def test_what_is_used_of_a_model_is_said(self):
        for name, said in (("face", "a model with landmarks of which the boxes are used"),
                           ("seven_pose", "a pose model of which the boxes are used"),
                           ("pose", "a pose model\n"), ("pose26", "a pose model\n")):
            out = self.run_verify("--model", os.path.join(TORCH, name + ".pt"), "--inspect", "--imgsz", 64)
            self.assertIn(said, out)
            self.assertIn("Classes: 2 (", out)

    def test_weights_alone_are_answered_with_a_way_to_a_model(self):
        self.verify(os.path.join(TORCH, "weights.pt"), ["one"], code=2)
        self.assertIn("load them into the network (model.load_state_dict)", self.stderr)


if __name__ == "__main__":
    main()
