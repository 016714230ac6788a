"""Data sets in the forms that people have them: each is verified as the same one behind a data.yaml."""

import os
import shutil

import harness
from harness import DATA, Case

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


class DatasetsTest(Case):
    def verify(self, data, *flags, output="output", **options):
        self.verify_demo("--no-self-test", "--review", 0, "--output", self.path(output), *flags,
                         data=data, **options)
        return self.records(output)

    def yaml(self, folder, names=NAMES, **more):
        path = os.path.join(folder, "data.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("train: images\nnames: [%s]\n" % ", ".join(names))
            file.writelines("%s: %s\n" % item for item in more.items())
        return path

    def write(self, *parts, text):
        path = self.path(*parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        return path

    def test_darknet(self):
        folder = self.dataset()
        wanted = self.verify(self.yaml(folder), output="yaml")
        images = sorted(os.listdir(os.path.join(folder, "images")))
        self.write("data", "train.txt", text="".join("data/images/%s\n" % name for name in images))
        self.write("data", "obj.names", text="\n".join(NAMES) + "\n")
        data = self.write("data", "obj.data", text="classes = 10\ntrain = data/train.txt\n"
                          "valid = none.txt\nnames = data/obj.names\nbackup = backup\n")
        found = self.verify(data)
        self.assertIn("none.txt", self.stdout)
        self.assertEqual([dict(record, image=os.path.basename(record["image"]), label=None)
                          for record in found],
                         [dict(record, image=os.path.basename(record["image"]), label=None)
                          for record in wanted])
        self.assertEqual(found[0]["image"], "data/images/" + images[0])

    def test_classes_beside_labels(self):
        """The file's order of names counts, not the model's."""
        folder = self.dataset()
        wanted = self.verify(self.yaml(folder, NAMES[1:] + NAMES[:1]), output="yaml")
        os.remove(os.path.join(folder, "data.yaml"))
        self.write("data", "labels", "classes.txt", text="\r\n".join(NAMES[1:] + NAMES[:1]))
        found = self.verify(folder)
        self.assertEqual([record["boxes"] for record in found],
                         [record["boxes"] for record in wanted])
        self.assertNotEqual(found[0]["boxes"], self.verify(self.yaml(folder), output="o")[0]["boxes"])

    def test_several(self):
        first, second = self.dataset("a", 6), self.dataset("b", 12)
        for name in sorted(os.listdir(os.path.join(second, "images")))[:6]:
            os.remove(os.path.join(second, "images", name))
        shutil.rmtree(self.path("output"), ignore_errors=True)
        found = self.verify("%s,%s" % (self.yaml(first), self.yaml(second)))
        alone = [self.verify(self.yaml(self.path(name)), output=name + "-out") for name in "ab"]
        self.assertEqual([record["image"].split("/")[0] for record in found], ["a"] * 6 + ["b"] * 6)
        self.assertEqual([record["boxes"] for record in found],
                         [record["boxes"] for record in alone[0] + alone[1]])
        self.run_verify("--model", harness.MODEL, "--data", "%s,%s" % (
            self.yaml(first), self.yaml(second, NAMES[::-1])), "--output", self.path("bad"), code=2)
        self.assertIn("class 0 is 'nine'", self.stdout + self.stderr)
        self.assertFalse(os.path.exists(self.path("bad")))

    def relabel(self, folder, line):
        """Each label line as `line` makes it of its five columns."""
        labels = os.path.join(folder, "labels")
        for name in os.listdir(labels):
            with open(os.path.join(labels, name), encoding="utf-8") as file:
                rows = [row.split() for row in file if row.strip()]
            with open(os.path.join(labels, name), "w", encoding="utf-8") as file:
                file.writelines(line(*row) + "\n" for row in rows)

    def judged_as(self, output="output"):
        return self.report(output)["judged_as"]

    def test_poses(self):
        """Judged as their boxes, at any number of ranks, resumed and judged again; a class can change."""
        folder = self.dataset()
        wanted = self.verify(self.yaml(folder), output="boxes")
        total = self.report("boxes")["total_boxes"]
        self.assertEqual(self.judged_as("boxes"), {"box": total, "polygon": 0, "pose": 0, "obb": 0})
        self.assertIsNone(self.report("boxes")["kpt_shape"])
        self.relabel(folder, lambda *row: " ".join(row) + " 0.1 0.2 2 0 0 0")
        found = self.verify(self.yaml(folder, kpt_shape="[2, 3]"))
        self.assertEqual(found, wanted)
        self.assertEqual(self.judged_as(), {"box": 0, "polygon": 0, "pose": total, "obb": 0})
        self.assertEqual(self.report()["kpt_shape"], [2, 3])
        self.verify(self.yaml(folder, kpt_shape="[2, 3]"), output="one", ranks=0)
        self.assertEqual(self.judged_as("one"), self.judged_as())
        self.verify(self.yaml(folder, kpt_shape="[2, 3]"), "--resume", output="one", ranks=0)
        self.assertEqual(self.judged_as("one"), self.judged_as())
        self.run_verify("rejudge", self.path("output"), "--max-margin", "1")
        self.assertEqual(self.judged_as(), {"box": 0, "polygon": 0, "pose": total, "obb": 0})
        self.assertEqual(self.report()["kpt_shape"], [2, 3])
        self.run_verify("apply", self.path("output"), "--accept", "class,contested", "--to", self.path("new"),
                        ranks=0)
        with open(self.path("new", "changes.diff"), encoding="utf-8") as file:
            changed = [line for line in file if line.startswith("+") and not line.startswith("+++")]
        self.assertTrue(changed)
        self.assertTrue(all(line.endswith(" 0.1 0.2 2 0 0 0\n") for line in changed), changed)
        self.relabel(folder, lambda *row: " ".join(row[:5]))
        self.verify(self.yaml(folder, kpt_shape="[2, 3]"), output="bad", code=None)
        self.assertIn("labels require 11 columns, 5 columns detected", self.stdout)

    def test_oriented_boxes_and_polygons(self):
        folder = self.dataset()
        wanted = self.verify(self.yaml(folder), output="boxes")

        def diamond(name, x, y, w, h):
            x, y, w, h = float(x), float(y), float(w) / 2, float(h) / 2
            return "%s %r %r %r %r %r %r %r %r" % (name, x, y - h, x + w, y, x, y + h, x - w, y)

        self.relabel(folder, diamond)
        found = self.verify(self.yaml(folder))
        total = self.report()["total_boxes"]
        self.assertEqual([[(box["line"], box["class"], box["verdict"]) for box in record["boxes"]]
                          for record in found],
                         [[(box["line"], box["class"], box["verdict"]) for box in record["boxes"]]
                          for record in wanted])
        self.assertEqual(self.judged_as(), {"box": 0, "polygon": 0, "pose": 0, "obb": total})
        first = os.path.join(folder, "labels", sorted(os.listdir(os.path.join(folder, "labels")))[0])
        with open(first, "a", encoding="utf-8") as file:
            file.write("1 0.1 0.1 0.3 0.1 0.2 0.3\n")
        self.verify(self.yaml(folder), output="mixed")
        self.assertEqual(self.judged_as("mixed"), {"box": 0, "polygon": total + 1, "pose": 0, "obb": 0})


if __name__ == "__main__":
    harness.main()
