"""Data sets in the forms that people have them: each is verified as the same one behind a data.yaml."""

import json
import os
import shutil
import subprocess
import time

from harness import MODEL, VERIFY, end, main
from forms_case import NAMES, FormsCase


class DatasetsTest(FormsCase):
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
        self.run_verify("--model", MODEL, "--data", "%s,%s" % (
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

    def judged(self, records):
        return [sorted((box["class"], box["verdict"], box["reason"], box["suggested"])
                       for box in record["boxes"]) for record in records]

    def findings(self, output):
        """Boxes of the records that the page shows, most suspicious first."""
        boxes = [box for record in self.records(output) for box in record["boxes"] if box["reason"]]
        return sorted(boxes, key=lambda box: (box["reason"] == "weak", box["score"]))

    def quoted(self, output):
        """What the page quotes of labels, as numbers of six decimals."""
        with open(self.path(output, "review", "data", "findings-000.js"), encoding="utf-8") as file:
            found = json.loads(file.read().split(",", 2)[2].rstrip().rstrip(";").rstrip(")"))
        rows = [finding["text"].split() for finding in found if finding["kind"] == "box"]
        return ["%s %s" % (row[0], " ".join("%.6f" % float(x) for x in row[1:])) for row in rows]

    def test_coco(self):
        wanted, data = self.make_coco()
        found = self.verify(data, ranks=3)
        self.assertEqual([record["image"] for record in found], [record["image"] for record in wanted])
        self.assertEqual(self.judged(found), self.judged(wanted))
        self.assertEqual({record["label"] for record in found}, {"annotations.json"})
        self.assertEqual(self.report()["label_format"], "coco")
        self.assertEqual(self.report()["unlabelled_images"], 0)
        with open(data, encoding="utf-8") as file:
            written = json.load(file)["annotations"]
        for record in found:
            for box in record["boxes"]:
                annotation = written[box["line"] - 1]
                self.assertEqual(annotation["category_id"], 3 * box["class"] + 1)
                for got, said in zip(self.pixels(box, record), annotation["bbox"]):
                    self.assertAlmostEqual(got, said, delta=0.01)
        self.verify(data, output="one", ranks=0)
        self.assertEqual(self.tree("one"), self.tree())
        self.verify(data, "--resume", output="one", ranks=0)
        self.run_verify("rejudge", self.path("one"), "--max-margin", "1", ranks=2)
        self.assertEqual(self.report("one")["label_format"], "coco")
        self.run_verify("review", self.path("one"), "--review", 100, ranks=2)
        self.assertEqual(self.quoted("one"), [
            "%d %s" % (box["class"], " ".join("%.6f" % x for x in box["xywhn"]))
            for box in self.findings("one")])
        self.run_verify("export", self.path("one"), "--format", "csv", ranks=0)

    def test_coco_layouts(self):
        """Where images lie, from the annotations."""
        wanted, data = self.make_coco(3)
        with open(data, encoding="utf-8") as file:
            text = file.read()
        images = self.path("data", "images")
        for target, place in (("a/annotations/instances_val2017.json", "a/val2017"),
                              ("b/annotations/instances_val2017.json", "b/images/val2017"),
                              ("c/_annotations.coco.json", "c"), ("d/x/y.json", "d/images")):
            self.write(*target.split("/"), text=text)
            shutil.copytree(images, self.path(*place.split("/")), dirs_exist_ok=True)
            found = self.verify(self.path(target), output=target[0] + "-out")
            self.assertEqual(self.judged(found), self.judged(wanted))
            self.assertEqual(self.path(target[0], found[0]["image"]) if place != "c" else
                             self.path("c", found[0]["image"]),
                             os.path.join(self.path(place), os.path.basename(wanted[0]["image"])))
            self.assertEqual(self.path(target[0], found[0]["label"]), self.path(target))

    def test_coco_beside_images(self):
        """Whoever gives the folder is told of the file."""
        _, data = self.make_coco(3)
        self.run_verify("--model", MODEL, "--data", self.path("data"), "--output", self.path("o"), code=2)
        self.assertIn("or give %s, if that is COCO's annotations" % data, self.stdout + self.stderr)
        part = self.path("parts", "train")
        shutil.copytree(self.path("data", "images"), part)
        shutil.copy(data, part)
        self.run_verify("--model", MODEL, "--data", self.path("parts"), "--output", self.path("o"), code=2)
        self.assertRegex(self.stdout + self.stderr, "or give %s/.*json, if that is COCO's annotations" % part)

    def test_coco_oddities(self):
        wanted, data = self.make_coco(3)
        with open(data, encoding="utf-8") as file:
            coco = json.load(file)
        first = coco["annotations"][0]
        coco["annotations"] += [dict(first, iscrowd=1), dict(first, image_id=5), dict(first, category_id=2),
                                dict(first, bbox=[1, 2, 3]), dict(first, bbox=[1, 1, 0, 5]),
                                dict(first, segmentation=[[1, 1, 5, 5, 1, 5]]),
                                dict(first, keypoints=[1, 1, 2])]
        n = len(coco["annotations"])
        with open(data, "w", encoding="utf-8") as file:
            json.dump(coco, file)
        found = self.verify(data)
        self.assertIn("1 annotations of crowds", self.stdout)
        self.assertIn("1 annotations of no image", self.stdout)
        invalid = [(entry["line"], entry["reason"]) for record in found for entry in record["invalid"]]
        self.assertEqual(invalid, [(n - 4, "'category_id' is none of the categories"),
                                   (n - 3, "'bbox' is not four numbers"), (n - 2, "box has no area")])
        judged = self.judged_as()
        self.assertEqual((judged["polygon"], judged["pose"]), (1, 1))
        for text, message in (("{", "is expected"), ("[]", "is not COCO's annotations"),
                              ('{"images": [{}]}', "an image has no 'id'"),
                              ('{"images": [{"id": 1, "file_name": "no.jpg"}], "annotations": [],'
                               '"categories": [{"id": 1, "name": "zero"}]}', "its images were not found")):
            bad = self.write("data", "bad.json", text=text)
            self.run_verify("--model", MODEL, "--data", bad, "--output", self.path("bad"), code=2)
            self.assertIn(message, self.stdout + self.stderr)

    def by_name(self, records):
        return [[(box["line"], box["name"], box["verdict"], box["reason"], box["suggested_name"])
                 for box in record["boxes"]] for record in records]

    def test_voc(self):
        wanted, folder = self.make_voc()
        found = self.verify(folder, ranks=3)
        self.assertEqual(self.by_name(found), [
            [(i + 1, *box[1:]) for i, box in enumerate(boxes)] for boxes in self.by_name(wanted)])
        self.assertEqual(self.report()["label_format"], "voc")
        self.assertEqual(self.report()["orphan_labels"], 0)
        self.assertEqual(found[0]["label"], "Annotations/%s.xml" %
                         os.path.splitext(os.path.basename(found[0]["image"]))[0])
        for got, want in zip(found, wanted):
            for box, said in zip(got["boxes"], want["boxes"]):
                for a, b in zip(box["xywhn"], said["xywhn"]):
                    self.assertAlmostEqual(a, b, delta=2e-6)
        self.verify(folder, output="one", ranks=0)
        self.assertEqual(self.tree("one"), self.tree())

    def test_voc_beside_images(self):
        wanted, folder = self.make_voc("pictures", "pictures", 3)
        found = self.verify(os.path.join(folder, "pictures"))
        self.assertEqual([[box[1:3] for box in boxes] for boxes in self.by_name(found)],
                         [[box[1:3] for box in boxes] for boxes in self.by_name(wanted)])

    def test_voc_oddities(self):
        wanted, folder = self.make_voc(pictures=5)
        stems = [os.path.splitext(os.path.basename(record["image"]))[0] for record in wanted]
        self.write("data", "Annotations", stems[0] + ".xml", text="<annotation><object>")
        self.write("data", "Annotations", stems[1] + ".xml", text="<annotation><object><name>zero</name>"
                   "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox></object></annotation>")
        self.write("data", "Annotations", stems[2] + ".xml", text=self.voc(wanted[2]).replace("<xmax>", "<q>")
                   .replace("</xmax>", "</q>"))
        os.remove(self.path("data", "Annotations", stems[3] + ".xml"))
        found = self.verify(folder)
        self.assertIn("not VOC's annotations: it has no 'annotation', or that has no end",
                      found[0]["invalid"][0]["reason"])
        self.assertEqual(found[1]["invalid"], [{"line": 1, "reason": "the file gives no 'size' of its image"}])
        self.assertEqual({entry["reason"] for entry in found[2]["invalid"]},
                         {"it has no 'bndbox' of four numbers"})
        self.assertIsNone(found[3]["label"])
        self.write("data", "Annotations", "stray.xml", text="")
        self.verify(folder, output="stray")
        self.assertEqual(self.report("stray")["orphan_labels"], 1)
        self.assertEqual(self.report()["unlabelled_images"], 1)

    def killed(self, data, output):
        """A run that ended in the middle: its command, but for --resume."""
        command = [VERIFY, "--model", MODEL, "--data", data, "--imgsz", "256", "--no-self-test",
                   "--review", "0", "--threads", "1", "--output", self.path(output)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)
        while process.poll() is None and self.journalled(output=output) < 20:
            time.sleep(0.01)
        process.kill()
        process.wait()
        return command[1:]

    def check_resumed(self, data):
        self.verify(data)
        self.run_verify(*self.killed(data, "killed"), "--resume")
        self.assertEqual(self.tree("killed"), self.tree())
        self.assertEqual(self.judged_as("killed"), self.judged_as())

    def test_coco_resumed(self):
        """Not with other annotations."""
        _, data = self.make_coco(80)
        self.check_resumed(data)
        command = self.killed(data, "other")
        with open(data, encoding="utf-8") as file:
            coco = json.load(file)
        coco["annotations"][0]["bbox"][0] += 1
        with open(data, "w", encoding="utf-8") as file:
            json.dump(coco, file)
        self.run_verify(*command, "--resume", code=2)
        self.assertIn("COCO's annotations", self.stdout + self.stderr)

    def test_voc_resumed(self):
        self.check_resumed(self.make_voc(pictures=80)[1])


if __name__ == "__main__":
    main()
