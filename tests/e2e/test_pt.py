"""PyTorch models through the whole program."""

import json
import os
import shutil

from harness import Case, MODEL, ROOT, main

NETWORKS = os.path.join(ROOT, "tests", "data", "torch")
NAMES = {"classic": ["cat", "dog"], "segment": ["cat", "dog"], "modern": ["one", "two?lines", "three"]}


class Pt(Case):
    def data(self, names, pictures=6):
        """A data set whose labels are of these classes."""
        shutil.rmtree(self.path("data"), ignore_errors=True)
        folder = self.dataset(pictures=pictures)
        for file in os.listdir(os.path.join(folder, "labels")):
            path = os.path.join(folder, "labels", file)
            with open(path, encoding="ascii") as lines:
                rows = [row.split() for row in lines]
            with open(path, "w", encoding="ascii") as lines:
                lines.writelines(" ".join([str(int(r[0]) % len(names)), *r[1:]]) + "\n" for r in rows)
        with open(self.path("data.yaml"), "w", encoding="utf-8") as file:
            json.dump({"path": folder, "train": "images", "names": names}, file)
        return self.path("data.yaml")

    def verify(self, name, data, **options):
        return self.run_verify("--model", os.path.join(NETWORKS, name + ".pt"), "--data", data,
                               "--imgsz", 64, "--device", "cpu", "--overwrite", **options)

    def test_networks_run_the_same_on_any_number_of_ranks(self):
        for name, names in NAMES.items():
            data = self.data(names)
            self.verify(name, data, ranks=1)
            records = self.records()
            self.verify(name, data, ranks=3)
            self.assertEqual(self.records(), records, name)
            self.assertEqual(len(records), 6)
            self.assertGreater(sum(len(r["boxes"]) for r in records), 0)
            self.assertEqual([c["name"] for c in self.report()["per_class"]], names)

    def test_a_model_that_was_trained_on_the_data_set(self):
        """Said where its own word for what it was trained on names the data set that is given."""
        self.data(["one"])
        said = "WARNING: the model says that it was trained on "
        for name, written, asked in (("trained", "/content/plates-3/data.yaml", "plates-3/data.yaml"),
                                     ("trained_options", "C:\\sets\\plates.yaml", "plates.yaml")):
            os.makedirs(self.path(os.path.dirname(asked)), exist_ok=True)
            shutil.copy(self.path("data.yaml"), self.path(asked))
            shutil.copy(self.path("data.yaml"), self.path("others.yaml"))
            out = self.verify(name, asked)
            self.assertEqual(out.count(said), 1, out)
            self.assertIn(said + written + ": if that is this data set, errors that it has learned by heart are not "
                          "seen; docs/kfold.md\n", out)
            self.assertNotIn(said, self.verify(name, "others.yaml"))
        self.assertIn("Trained on: /content/plates-3/data.yaml, 100 epochs\n",
                      self.run_verify("--model", os.path.join(NETWORKS, "trained.pt"), "--inspect"))

    def test_an_export_says_what_it_was_trained_on(self):
        """In its description, as Ultralytics' exports do."""
        written, data = b"Handwritten digits, the demo model of verify", b"plates.yaml"
        with open(MODEL, "rb") as file:
            model = file.read()
        self.assertIn(written, model)
        with open(self.path("export.onnx"), "wb") as file:
            file.write(model.replace(written, (b" trained on " + data).rjust(len(written), b"x")))
        said = self.run_verify("--model", self.path("export.onnx"), "--inspect")
        self.assertIn("Trained on: plates.yaml\n", said)
        self.assertNotIn("Trained on", self.run_verify("--model", MODEL, "--inspect"))

    def test_the_suffix_does_not_matter(self):
        os.symlink(os.path.join(NETWORKS, "modern.pt"), self.path("best.model"))
        out = self.run_verify("--model", self.path("best.model"), "--inspect", "--imgsz", 64)
        self.assertIn("Model: PyTorch, DetectionModel, tiny.yaml, version 8.0.1\n", out)

    def test_inspect(self):
        out = self.run_verify("--model", os.path.join(NETWORKS, "segment.pt"), "--inspect",
                              "--imgsz", 64)
        for line in ("Model: PyTorch, DetectionModel, tiny.yaml, a segmentation model of which the "
                     "boxes are used\n", "Family: anchor-based, 2 anchors\n",
                     "Classes: 2 (cat, dog)\n", "model.0.conv.conv\n"):
            self.assertIn(line, out)
        self.assertNotIn("Exported for", out)

    def test_what_is_wrong_is_said_in_one_line(self):
        for name, reason in (("unknown_class", "model.1.conv (ultralytics.nn.modules.block.Mystery): "
                              "this kind of module is not known: export the model"),
                             ("head_pose", "is a model for poses; a detection model is needed"),
                             ("weights", "holds no network, weights alone perhaps")):
            self.verify(name, self.data(["one"]), code=2)
            self.assertIn(name + ".pt: ", self.stderr)
            self.assertEqual(self.stderr.count(reason), 1)
            self.assertFalse(os.path.exists(self.path("output")))


if __name__ == "__main__":
    main()
