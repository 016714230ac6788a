"""verify export: what each tool reads is there, whatever names hold, and boxes are where they were."""

import csv
import fcntl
import json
import os
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree as ElementTree

from finished_run import box, finished_run, missing, record
from harness import Case, main

FORMATS = ("label-studio", "cvat", "coco", "x-anylabeling", "fiftyone", "csv")
NAMES = ["cup", "bowl", "a <b>\"c\" & d'e", "=1+1", "größe 量"]
IMAGES = ["images/a.b.c.jpg", "images/two words.png", "images/sub/été «量».jpg",
          "images/sub/q\"uo'te<s> & more.jpg", "images/%41+b#c?d.jpg"]
WIDE = (19999, 7001)


def close(test, found, expected):
    """Within a hundredth of a pixel."""
    test.assertEqual(len(found), len(expected))
    for a, b in zip(found, expected):
        test.assertLess(abs(float(a) - b), .01, (found, expected))


def corners(xywhn, size):
    x, y, w, h = xywhn
    return [(x - w / 2) * size[0], (y - h / 2) * size[1], (x + w / 2) * size[0],
            (y + h / 2) * size[1]]


class Export(Case):
    def setUp(self):
        super().setUp()
        self.data = self.path("data")
        self.records_made = [
            record(IMAGES[0], [
                box(1, 0, NAMES[0], [.5, .4, .1, .2], "class", suggested=1,
                    suggested_name=NAMES[1], score=1.5e-7),
                box(2, 2, NAMES[2], [.123457, .654321, .111111, .077777])], split="train"),
            record(IMAGES[1], [
                box(1, 2, NAMES[2], [.2, .3, .1, .1], "location", refined=[.25, .3, .1, .1]),
                box(2, 4, NAMES[4], [.6, .7, .2, .1], "contested", suggested=2,
                    suggested_name=NAMES[2])], size=WIDE),
            record(IMAGES[2], [
                box(1, 1, NAMES[1], [.5, .5, .2, .2]),
                box(3, 1, NAMES[1], [.5, .51, .2, .2], "duplicate", dup=.9)],
                [missing(3, NAMES[3], [.9, .9, .1, .1])]),
            record(IMAGES[3], [
                box(1, 0, NAMES[0], [.5, .5, .2, .2], "unseen"),
                box(2, 7, "class7", [.1, .1, .1, .1], "unknown_class", score=1.0)]),
            record(IMAGES[4], [], [], [{"line": 2, "reason": "=cmd|' /C calc'!A0"}]),
            record("images/clean.jpg", [box(1, 0, NAMES[0], [.5, .5, .2, .2])]),
            record("images/weak.jpg", [box(1, 0, NAMES[0], [.5, .5, .2, .2], "weak")]),
            record("images/bad.jpg", error="truncated"),
        ]
        for each in self.records_made:
            path = os.path.join(self.data, each["image"])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(each["image"].encode())
        finished_run(self.path("output"), self.data, NAMES, self.records_made,
                     common=os.path.join(self.data, "images"))
        self.found = [r for r in self.records_made if r["image"] in IMAGES]

    def export(self, *flags, **options):
        options.setdefault("ranks", 0)
        return self.run_verify("export", "output", *flags, **options)

    def exported(self, name, *path):
        return self.path("output", "export", name, *path)

    def read_json(self, name, *path):
        with open(self.exported(name, *path), encoding="utf-8") as file:
            return json.load(file)

    def check_links(self, name):
        """{name below images/: image} of all links, which lead to the images."""
        base = self.exported(name, "images")
        found = {}
        for folder, _, files in os.walk(base):
            for file in files:
                path = os.path.join(folder, file)
                if os.path.islink(path):
                    with open(path, "rb") as picture:
                        found[os.path.relpath(path, base)] = picture.read().decode()
        self.assertEqual(found, {image.split("/", 1)[1]: image for image in IMAGES})

    def test_label_studio(self):
        self.export("--format", "label-studio")
        self.check_links("label-studio")
        config = ElementTree.parse(self.exported("label-studio", "label_config.xml")).getroot()
        self.assertEqual([l.get("value") for l in config.iter("Label")], NAMES + ["class7"])
        control = next(config.iter("RectangleLabels"))
        tasks = self.read_json("label-studio", "tasks.json")
        self.assertEqual([t["data"]["name"] for t in tasks], IMAGES)
        for task, made in zip(tasks, self.found):
            url = urllib.parse.urlparse(task["data"]["image"])
            self.assertEqual((url.path, url.fragment), ("/data/local-files/", ""))
            path = urllib.parse.parse_qs(url.query)["d"][0]
            with open(self.exported("label-studio", path), "rb") as file:
                self.assertEqual(file.read().decode(), made["image"])
            suggested, labels = task["predictions"]
            self.assertEqual((suggested["model_version"], labels["model_version"]),
                             ("suggested", "labels"))
            self.check_regions(labels["result"], made, control,
                               [(b["name"], b["xywhn"]) for b in made["boxes"]])
            self.assertEqual(task["data"]["score"], made["score"])
        as_suggested = {
            IMAGES[0]: [(NAMES[1], [.5, .4, .1, .2]),
                        (NAMES[2], [.123457, .654321, .111111, .077777])],
            IMAGES[1]: [(NAMES[2], [.25, .3, .1, .1]), (NAMES[4], [.6, .7, .2, .1])],
            IMAGES[2]: [(NAMES[1], [.5, .5, .2, .2]), (NAMES[3], [.9, .9, .1, .1])],
            IMAGES[3]: [("class7", [.1, .1, .1, .1])],
            IMAGES[4]: [],
        }
        for task, made in zip(tasks, self.found):
            self.check_regions(task["predictions"][0]["result"], made, control,
                               as_suggested[made["image"]])
        self.assertEqual([t["data"]["reasons"] for t in tasks],
                         ["class", "location, contested", "duplicate, missing",
                          "unseen, unknown_class", ""])
        self.assertEqual(tasks[0]["predictions"][1]["result"][0]["meta"],
                         {"text": ["class: looks like bowl"]})

    def check_regions(self, regions, made, control, expected):
        self.assertEqual(len({r["id"] for r in regions}), len(regions))
        self.assertEqual([r["value"]["rectanglelabels"] for r in regions],
                         [[name] for name, _ in expected])
        for region, (_, xywhn) in zip(regions, expected):
            self.assertEqual((region["from_name"], region["to_name"], region["type"]),
                             (control.get("name"), control.get("toName"), "rectanglelabels"))
            size = region["original_width"], region["original_height"]
            self.assertEqual(size, (made["width"], made["height"]))
            value = region["value"]
            x, y = value["x"] * size[0] / 100, value["y"] * size[1] / 100
            close(self, [x, y, x + value["width"] * size[0] / 100,
                         y + value["height"] * size[1] / 100], corners(xywhn, size))

    def shapes(self, made):
        """(class, box, reason) of what a tool shows that has no two versions of a picture."""
        for each in made["boxes"]:
            yield each["name"], each["xywhn"], each["reason"] or ""
            if each["refined"]:
                yield each["name"], each["refined"], "refined"
        for each in made["missing"]:
            yield each["name"], each["xywhn"], "missing"

    def test_cvat(self):
        self.export("--format", "cvat")
        self.check_links("cvat")
        root = ElementTree.parse(self.exported("cvat", "annotations.xml")).getroot()
        self.assertEqual(root.find("version").text, "1.1")
        labels = [l.find("name").text for l in root.iter("label")]
        self.assertEqual(labels, NAMES + ["class7"])
        made_labels = self.read_json("cvat", "labels.json")
        self.assertEqual([l["name"] for l in made_labels], labels)
        attributes = [a["name"] for a in made_labels[0]["attributes"]]
        images = root.findall("image")
        self.assertEqual(root.find("meta/task/size").text, str(len(images)))
        self.assertEqual([i.get("name") for i in images], [i.split("/", 1)[1] for i in IMAGES])
        self.assertEqual([i.get("id") for i in images], [str(i) for i in range(len(images))])
        for image, made in zip(images, self.found):
            size = int(image.get("width")), int(image.get("height"))
            self.assertEqual(size, (made["width"], made["height"]))
            expected = list(self.shapes(made))
            boxes = image.findall("box")
            self.assertEqual([b.get("label") for b in boxes], [e[0] for e in expected])
            for found, (_, xywhn, reason) in zip(boxes, expected):
                close(self, [found.get(k) for k in ("xtl", "ytl", "xbr", "ybr")],
                      corners(xywhn, size))
                said = {a.get("name"): a.text or "" for a in found.findall("attribute")}
                self.assertEqual(list(said), attributes)
                self.assertEqual(said["reason"], reason)
                self.assertEqual(found.get("source"),
                                 "auto" if reason in ("missing", "refined") else "file")
        first = images[0].find("box")
        self.assertEqual([a.text for a in first], ["class", "bowl", "1.5e-07"])

    def test_coco(self):
        self.export("--format", "coco")
        self.check_links("coco")
        self.assertEqual(sorted(os.listdir(self.exported("coco"))),
                         [".verify-export", "annotations.json", "images"])
        coco = self.read_json("coco", "annotations.json")
        self.assertEqual([(c["id"], c["name"]) for c in coco["categories"]],
                         [*enumerate(NAMES, 1), (8, "class7")])
        self.assertEqual([i["file_name"] for i in coco["images"]],
                         [i.split("/", 1)[1] for i in IMAGES])
        self.assertEqual([i["id"] for i in coco["images"]], [1, 2, 3, 4, 5])
        ids = [a["id"] for a in coco["annotations"]]
        self.assertEqual(ids, list(range(1, len(ids) + 1)))
        for image, made in zip(coco["images"], self.found):
            size = image["width"], image["height"]
            found = [a for a in coco["annotations"] if a["image_id"] == image["id"]]
            expected = [(b, b["reason"]) for b in made["boxes"]]
            expected += [(m, "missing") for m in made["missing"]]
            self.assertEqual([(a["category_id"], a["reason"], a["score"]) for a in found],
                             [(e["class"] + 1, reason, e["score"]) for e, reason in expected])
            for each, (source, _) in zip(found, expected):
                x, y, w, h = each["bbox"]
                close(self, [x, y, x + w, y + h], corners(source["xywhn"], size))
                self.assertAlmostEqual(each["area"], w * h, delta=each["area"] * 1e-4)
                self.assertEqual(each["iscrowd"], 0)
        first = coco["annotations"][0]
        self.assertEqual((first["suggested_category_id"], first["source"], first["line"]),
                         (2, "label", 1))
        moved = next(a for a in coco["annotations"] if a["reason"] == "location")
        x, y, w, h = moved["suggested_bbox"]
        close(self, [x, y, x + w, y + h], corners([.25, .3, .1, .1], WIDE))

    def test_x_anylabeling(self):
        self.export("--format", "x-anylabeling")
        self.check_links("x-anylabeling")
        for made in self.found:
            link = self.exported("x-anylabeling", "images", made["image"].split("/", 1)[1])
            with open(os.path.splitext(link)[0] + ".json", encoding="utf-8") as file:
                found = json.load(file)
            self.assertEqual(found["imagePath"], os.path.basename(link))
            size = found["imageWidth"], found["imageHeight"]
            self.assertEqual(size, (made["width"], made["height"]))
            self.assertIsNone(found["imageData"])
            expected = list(self.shapes(made))
            self.assertEqual([s["label"] for s in found["shapes"]], [e[0] for e in expected])
            for shape, (_, xywhn, reason) in zip(found["shapes"], expected):
                x1, y1, x2, y2 = corners(xywhn, size)
                self.assertEqual(shape["shape_type"], "rectangle")
                self.assertEqual(len(shape["points"]), 4)
                for point, corner in zip(shape["points"], [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]):
                    close(self, point, corner)
                self.assertEqual(shape["description"].split(":")[0], reason)
        with open(self.exported("x-anylabeling", "classes.txt"), encoding="utf-8") as file:
            self.assertEqual(file.read().splitlines(), NAMES)

    def test_x_anylabeling_has_one_file_for_a_name(self):
        """a.jpg and a.png share their labels: the second is left out, and said."""
        for name in ("images/same.jpg", "images/same.png"):
            with open(os.path.join(self.data, name), "wb"):
                pass
            self.records_made.append(record(name, [], [missing(0, "cup", [.5, .5, .1, .1])]))
        finished_run(self.path("other"), self.data, NAMES, self.records_made)
        out = self.run_verify("export", "other", "--format", "x-anylabeling", ranks=0)
        self.assertIn("name another one has here, or is too long, and that are left out: 1 ", out)
        self.assertIn("same.png", out)

    def test_fiftyone(self):
        self.export("--format", "fiftyone")
        self.check_links("fiftyone")
        with open(self.exported("fiftyone", "samples.jsonl"), encoding="utf-8") as file:
            samples = [json.loads(line) for line in file]
        self.assertEqual([s["image"] for s in samples], IMAGES)
        for sample, made in zip(samples, self.found):
            size = made["width"], made["height"]
            self.assertEqual([d["label"] for d in sample["labels"]],
                             [b["name"] for b in made["boxes"]])
            for found, each in zip(sample["labels"], made["boxes"]):
                x, y, w, h = found["box"]
                close(self, [x * size[0], y * size[1], (x + w) * size[0], (y + h) * size[1]],
                      corners(each["xywhn"], size))
        self.assertEqual([[(d["label"], d["reason"]) for d in s["suggestions"]] for s in samples],
                         [[("bowl", "class")], [(NAMES[2], "refined")], [(NAMES[3], "missing")],
                          [], []])
        loader = self.exported("fiftyone", "load.py")
        subprocess.run([sys.executable, "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())",
                        loader], check=True)

    def test_fiftyone_loader(self):
        """The script makes the samples, by a stand-in for the package."""
        self.export("--format", "fiftyone")
        package = self.path("packages")
        os.mkdir(package)
        with open(os.path.join(package, "fiftyone.py"), "w", encoding="utf-8") as file:
            file.write("import json\n"
                       "def made(**fields):\n    return fields\n"
                       "Detection = Detections = Sample = made\n"
                       "class Dataset:\n"
                       "    def __init__(self, name, persistent):\n"
                       "        self.name, self.persistent, self.samples = name, persistent, []\n"
                       "    def add_samples(self, samples, dynamic):\n        self.samples += samples\n"
                       "        print(json.dumps(self.samples))\n"
                       "    def __len__(self):\n        return len(self.samples)\n")
        done = subprocess.run([sys.executable, self.exported("fiftyone", "load.py"), "mine", "--no-app"],
                              env=dict(os.environ, PYTHONPATH=package), check=True,
                              stdout=subprocess.PIPE, text=True)
        samples, said = done.stdout.splitlines()
        self.assertEqual(said, "mine: 5 images")
        samples = json.loads(samples)
        for sample, made in zip(samples, self.found):
            with open(sample["filepath"], "rb") as file:
                self.assertEqual(file.read().decode(), made["image"])
        first = samples[0]["ground_truth"]["detections"][0]
        self.assertEqual((first["label"], first["reason"], first["suggested"], first["line"]),
                         ("cup", "class", "bowl", 1))
        self.assertEqual(samples[0]["tags"], ["train"])
        self.assertEqual(samples[0]["verify"]["detections"][0]["label"], "bowl")

    def table(self, name):
        """A table as RFC 4180 has it: its lines end in CR LF."""
        with open(self.exported("csv", name), "rb") as file:
            text = file.read().decode()
        self.assertEqual(text.count("\n"), text.count("\r\n"))
        return list(csv.DictReader(text.splitlines(keepends=True), strict=True))

    def test_csv(self):
        self.export()
        self.assertFalse(os.path.exists(self.exported("csv", "images")))
        boxes = [(r, b) for r in self.records_made for b in r["boxes"]]
        rows = self.table("records.csv")
        self.assertEqual(len(rows), len(boxes))
        for row, (made, each) in zip(rows, boxes):
            self.assertEqual((row["image"], row["label"], row["split"], row["bucket"]),
                             (made["image"], made["label"], made["split"] or "", made["bucket"]))
            self.assertEqual((int(row["line"]), int(row["class"])), (each["line"], each["class"]))
            self.assertEqual(row["reason"], each["reason"] or "")
            self.assertEqual(float(row["score"]), each["score"])
            self.assertEqual([float(row[k]) for k in ("x_center", "y_center", "box_width",
                                                      "box_height")], each["xywhn"])
            self.assertEqual(row["suggested"],
                             "" if each["suggested"] is None else str(each["suggested"]))
            self.assertEqual(row["refined_width"] != "", each["refined"] is not None)
            self.assertNotIn(row["name"][:1], "=+-@")
            self.assertEqual(row["name"], each["name"])
        (row,) = self.table("missing.csv")
        self.assertEqual((row["image"], row["name"]), (IMAGES[2], "'=1+1"))
        (row,) = self.table("invalid.csv")
        self.assertEqual((row["image"], row["line"], row["reason"]),
                         (IMAGES[4], "2", "'=cmd|' /C calc'!A0"))

    def test_there_again(self):
        """An export is replaced while nobody has changed it."""
        for name in FORMATS:
            self.export("--format", name)
            before = self.tree(os.path.join("output", "export", name))
            self.export("--format", name)
            self.assertEqual(self.tree(os.path.join("output", "export", name)), before)
        self.assertEqual(sorted(os.listdir(self.path("output", "export"))), sorted(FORMATS))
        with open(self.exported("x-anylabeling", "images", "a.b.c.json"), "a") as file:
            file.write(" ")
        self.export("--format", "x-anylabeling", code=2)
        self.assertIn("a.b.c.json: was changed since it was exported", self.stderr)
        with open(self.exported("coco", "mine.txt"), "w"):
            pass
        self.export("--format", "coco", code=2)
        self.assertIn("mine.txt: was changed", self.stderr)
        self.assertTrue(os.path.exists(self.exported("coco", "mine.txt")))
        os.remove(self.exported("cvat", "labels.json"))
        self.export("--format", "cvat", code=2)
        self.assertIn("was changed", self.stderr)

    def test_to(self):
        out = self.export("--format", "coco", "--to", "new/folder/", "--quiet")
        self.assertEqual(out, "")
        self.assertTrue(os.path.exists(self.path("new", "folder", "annotations.json")))
        self.assertFalse(os.path.exists(self.path("output", "export")))
        os.mkdir(self.path("empty"))
        self.export("--format", "coco", "--to", self.path("empty"))
        self.assertTrue(os.path.exists(self.path("empty", "annotations.json")))
        os.mkdir(self.path("full"))
        with open(self.path("full", "mine"), "w"):
            pass
        self.export("--format", "coco", "--to", "full", code=2)
        self.assertIn("is no export of verify's", self.stderr)
        self.assertEqual(os.listdir(self.path("full")), ["mine"])
        os.symlink(self.path("full"), self.path("link"))
        self.export("--format", "coco", "--to", "link", code=2)
        self.export("--format", "coco", "--to", "data/images/a.b.c.jpg", code=2)
        self.assertEqual(os.listdir(self.path("full")), ["mine"])
        for name in (".", "..", "/"):
            self.export("--format", "coco", "--to", name, code=2)

    def test_no_link_is_followed(self):
        os.mkdir(self.path("elsewhere"))
        os.symlink(self.path("elsewhere"), self.path("output", "export"))
        self.export("--format", "csv", code=2)
        self.assertEqual(os.listdir(self.path("elsewhere")), [])

    def test_two_at_once_and_what_a_killed_one_left(self):
        self.export("--format", "coco")
        base = self.path("output", "export")
        name = self.draft_name("coco")  # follows from the folder's
        os.mkdir(os.path.join(base, name))
        with open(os.path.join(base, name, "left"), "w"):
            pass
        held = os.open(os.path.join(base, name), os.O_RDONLY)
        self.addCleanup(os.close, held)
        fcntl.flock(held, fcntl.LOCK_EX)
        self.export("--format", "coco", code=2)
        self.assertIn("another process exports to it", self.stderr)
        self.assertTrue(os.path.exists(os.path.join(base, name, "left")))
        fcntl.flock(held, fcntl.LOCK_UN)
        self.export("--format", "coco")
        self.assertEqual(os.listdir(base), ["coco"])

    def draft_name(self, name):
        digest = 0xcbf29ce484222325
        for byte in os.path.realpath(self.exported(name)).encode():
            digest = (digest ^ byte) * 0x100000001b3 % (1 << 64)
        return ".verify-%016x" % digest

    def test_images_are_elsewhere(self):
        moved = self.path("moved")
        os.rename(self.data, moved)
        self.export("--format", "coco", code=2)
        self.assertIn("--data where they lie now", self.stderr)
        self.assertEqual(os.listdir(self.path("output", "export")), [])
        self.export("--format", "csv")
        self.export("--format", "coco", "--data", moved)
        self.check_links("coco")
        os.remove(os.path.join(moved, IMAGES[0]))
        out = self.export("--format", "coco", "--data", moved)
        self.assertIn("WARNING: images that are not where they were, and are left out: 1 ", out)
        coco = self.read_json("coco", "annotations.json")
        self.assertEqual(len(coco["images"]), 4)

    def test_what_cannot_be_exported(self):
        self.export("--format", "voc", code=2)
        self.assertIn("label-studio", self.stderr)
        self.run_verify("export", "data", "--format", "csv", ranks=0, code=2)
        self.run_verify("export", ranks=0, code=2)
        finished_run(self.path("half"), self.data, NAMES, self.records_made, status="interrupted")
        self.run_verify("export", "half", "--format", "csv", ranks=0, code=2)
        self.assertIn("--resume", self.stderr)

    def test_under_mpirun(self):
        out = self.export("--format", "csv", ranks=3)
        self.assertEqual(out.count("Findings: 7"), 1)
        self.export("--format", "voc", ranks=2, code=2)

    def test_of_a_run(self):
        """A run's own output, from its own data set; its next run does not take the links for images."""
        data = self.dataset("set", pictures=30)
        self.verify_demo("--output", os.path.join(data, "out"), data=data)
        for name in FORMATS:
            self.run_verify("export", os.path.join(data, "out"), "--format", name, ranks=0)
        with open(os.path.join(data, "out", "export", "coco", "annotations.json")) as file:
            coco = json.load(file)
        made = self.records(os.path.join(data, "out"))
        bad = [r for r in made if [b for b in r["boxes"] if b["reason"] not in (None, "weak")] or
               r["missing"] or r["invalid"]]
        self.assertEqual([i["file_name"] for i in coco["images"]],
                         [os.path.basename(r["image"]) for r in bad])
        out = self.verify_demo("--output", self.path("again"), "--dry-run", data=data)
        self.assertIn("  Images: 30\n", out)


if __name__ == "__main__":
    main()
