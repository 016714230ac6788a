"""A Darknet model through the whole program."""

import json
import os
import sys

from harness import Case, DATA, ROOT, main

sys.path.insert(0, os.path.join(ROOT, "tests"))
import darknet_nets


class Darknet(Case):
    def model(self, name="v4-tiny", classes=10, seed=1):
        """Writes a model and returns the flags that name it."""
        text = darknet_nets.NETS[name](classes)
        with open(self.path("m.cfg"), "w", encoding="utf-8") as file:
            file.write(text)
        with open(self.path("m.weights"), "wb") as file:
            file.write(darknet_nets.weights(text, seed))
        return "--model", self.path("m.cfg"), "--weights", self.path("m.weights")

    def names(self, *names):
        with open(self.path("m.names"), "w", encoding="utf-8") as file:
            file.write("\n".join(names) + "\n")

    def small_data(self, *names):
        """A data set of few pictures whose classes have these names."""
        folder = self.dataset(pictures=9)
        with open(os.path.join(folder, "data.yaml"), "w", encoding="utf-8") as file:
            json.dump({"path": folder, "train": "images", "names": names}, file)
        return os.path.join(folder, "data.yaml")

    def verify(self, *flags, data=DATA, **options):
        return self.run_verify(*flags, "--data", data, "--imgsz", 128, "--device", "cpu",
                               "--overwrite", **options)

    def test_every_shape_of_network_runs(self):
        data = self.dataset(pictures=4)
        for name in darknet_nets.NETS:
            self.verify(*self.model(name), "--save-json", "--conf", 0.001, data=data, ranks=1)
            with open(self.path("output", "predictions.json"), encoding="utf-8") as file:
                predictions = json.load(file)
            self.assertEqual(len(self.records()), 4)
            self.assertGreater(len(predictions), 0, name)
            self.assertLess({p["category_id"] for p in predictions}, set(range(11)))

    def test_the_same_on_any_number_of_ranks(self):
        model, data = self.model(), self.dataset(pictures=9)
        self.verify(*model, data=data, ranks=1)
        records = self.records()
        self.verify(*model, data=data, ranks=3)
        self.assertEqual(self.records(), records)
        self.assertGreater(sum(len(r["boxes"]) for r in records), 0)

    def test_classes(self):
        digits = "zero one two three four five six seven eight nine".split()
        model, data = self.model(), self.small_data(*digits)
        self.verify(*model, data=data)  # no names in the model: by number
        by_number = self.records()
        self.assertEqual([c["name"] for c in self.report()["per_class"]], digits)
        self.names(*digits)
        self.verify(*model, data=data)
        self.assertEqual(self.records(), by_number)
        self.names(*reversed(digits))  # by name: the model's class 9 is the data set's 0
        self.verify(*model, data=data)
        self.assertNotEqual(self.records(), by_number)
        self.assertEqual([c["name"] for c in self.report()["per_class"]], digits)
        self.names(*digits, "ten")
        self.verify(*model, data=data, code=2)
        self.assertIn("m.names, beside it, has 11 names, the .cfg has 10 classes", self.stderr)
        os.unlink(self.path("m.names"))
        self.verify(*self.model(classes=4), data=data, code=2)
        self.assertIn("10 in the data set, 4 in the model", self.stderr)

    def test_inspect(self):
        self.names(*"abcdefghij")
        out = self.run_verify(*self.model(), "--inspect", "--imgsz", 128, ranks=2)
        for line in ("Model: Darknet, 128x128 in its .cfg", "Family: anchor-based, 3 anchors",
                     "Head: stride 16 (8x8) stride 32 (4x4)", "Classes: 10 (a, b, c,"):
            self.assertIn(line, out)
        for word in ("convolutional", "route", "maxpool", "upsample", "LeakyReLU", "GFLOPs", "layer 34"):
            self.assertIn(word, out)
        self.assertNotIn("Exported for", out)

    def test_what_is_missing_is_said(self):
        model = self.model()
        self.verify(*model[:2], code=2)
        self.assertIn("m.cfg: is a Darknet network without its weights", self.stderr)
        self.verify(*model[:3], self.path("m.cfg"), code=2)
        self.assertIn("m.cfg: is no Darknet .weights file", self.stderr)
        with open(self.path("m.weights"), "ab") as file:
            file.write(b"....")
        self.verify(*model, code=2)
        self.assertRegex(self.stderr, r"--weights .*m.weights: has \d+ bytes, the .cfg needs \d+")
        self.assertFalse(os.path.exists(self.path("output")))


if __name__ == "__main__":
    main()
