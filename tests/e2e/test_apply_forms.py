"""verify apply on COCO's and Pascal VOC's annotations: only what is decided changes, all else stays the
same bytes, and what was changed can be taken back."""

import json
import os
import shutil
import subprocess

from harness import main
from forms_case import NAMES, FormsCase


def read(path):
    with open(path, "rb") as file:
        return file.read()


class ApplyFormsTest(FormsCase):
    def quote(self, box):
        return "%d %s" % (box["class"], " ".join(repr(x) for x in box["xywhn"]))

    def decision(self, record, box, action, **more):
        return dict({"image": record["image"], "label": record["label"], "line": box["line"],
                     "text": self.quote(box), "action": action}, **more)

    def apply(self, decisions, *flags, code=0):
        path = self.write("decisions.jsonl", text="".join(json.dumps(line) + "\n" for line in decisions))
        self.run_verify("apply", self.path("output"), path, *flags, ranks=0, code=code)

    def check_taken_back(self, name, before, after):
        """By patch, and by --undo."""
        shutil.copytree(self.path("new"), self.path("patched"))
        subprocess.run(["patch", "-R", "-p1", "-s", "-i", self.path("new", "changes.diff")], check=True,
                       cwd=self.path("patched"))
        self.assertEqual(read(self.path("patched", name)), before)
        self.run_verify("apply", self.path("output"), self.path("decisions.jsonl"), "--in-place", ranks=0,
                        code=None)
        self.assertEqual(read(self.path("data", name)), after)
        self.run_verify("apply", self.path("output"), "--undo", 1, ranks=0)
        self.assertEqual(read(self.path("data", name)), before)

    # ---------------------------------------------------------------- COCO

    def run_coco(self, **layout):
        """Verifies a COCO set; its annotations as parsed, with the records' box of each."""
        _, data = self.make_coco(6)
        with open(data, encoding="utf-8") as file:
            coco = json.load(file)
        with open(data, "w", encoding="utf-8") as file:
            json.dump(coco, file, **layout)
        self.records_of = {}
        for record in self.verify(data):
            for box in record["boxes"]:
                self.records_of[box["line"]] = record, box
        self.assertEqual(len(self.records_of), len(coco["annotations"]))
        return data, coco

    def decide(self, number, action, **more):
        return self.decision(*self.records_of[number], action, **more)

    def check_coco(self, layout):
        data, coco = self.run_coco(**layout)
        before = read(data)
        old = coco["annotations"]
        n = len(old)
        record, _ = self.records_of[3]
        kept = next(record for record, _ in self.records_of.values() if record["image"] != "")
        decisions = [self.decide(1, "delete"), self.decide(2, "class", **{"class": 4}),
                     self.decide(3, "box", xywhn=[0.5, 0.25, 0.25, 0.125]), self.decide(4, "delete"),
                     self.decide(5, "delete"), self.decide(6, "keep"), self.decide(n - 1, "delete"),
                     self.decide(n, "delete"),
                     {"image": kept["image"], "action": "add", "class": 9, "xywhn": [0.5, 0.5, 0.25, 0.5]}]
        self.apply(decisions, "--to", self.path("new"))
        after = read(self.path("new", "annotations.json"))
        new = json.loads(after)
        wanted = json.loads(json.dumps(old))
        wanted[1]["category_id"] = 13
        w, h = record["width"], record["height"]
        wanted[2]["bbox"] = [round(x, 2) for x in (0.375 * w, 0.1875 * h, 0.25 * w, 0.125 * h)]
        wanted[2]["area"] = round(0.25 * w * 0.125 * h, 2)
        wanted = wanted[1:3] + wanted[5:n - 2]
        added = new["annotations"].pop()
        self.assertEqual(new["annotations"], wanted)
        self.assertEqual({key: new[key] for key in new if key != "annotations"},
                         {key: coco[key] for key in coco if key != "annotations"})
        w, h = kept["width"], kept["height"]
        self.assertEqual(added, {
            "id": max(entry["id"] for entry in old) + 1, "category_id": 28, "iscrowd": 0, "segmentation": [],
            "image_id": next(image["id"] for image in coco["images"]
                             if image["file_name"] == os.path.basename(kept["image"])),
            "bbox": [round(x, 2) for x in (0.375 * w, 0.25 * h, 0.25 * w, 0.5 * h)],
            "area": round(0.125 * w * h, 2)})
        for number in range(6, n - 2):  # the bytes of what is not decided
            text = json.dumps(old[number], **layout).replace("\n", "\n ").replace("\n ", "\n  " if layout.get(
                "indent") == 1 else "\n ")
            self.assertIn(text.encode(), after)
        self.check_taken_back("annotations.json", before, after)

    def test_coco(self):
        self.check_coco({"indent": 1})

    def test_coco_in_a_line(self):
        self.check_coco({})

    def test_coco_all_go_and_some_come(self):
        data, coco = self.run_coco(separators=(",", ":"))
        n = len(coco["annotations"])
        record, _ = self.records_of[1]
        decisions = [self.decide(number, "delete") for number in range(1, n + 1)]
        self.apply(decisions, "--to", self.path("none"))
        self.assertEqual(json.loads(read(self.path("none", "annotations.json"))), dict(coco, annotations=[]))
        decisions += [{"image": record["image"], "action": "add", "class": number, "xywhn": [0.5] * 4}
                      for number in (1, 2, 2)]
        self.apply(decisions, "--to", self.path("new"))
        new = json.loads(read(self.path("new", "annotations.json")))["annotations"]
        self.assertEqual([entry["category_id"] for entry in new], [4, 7])
        self.assertEqual(len({entry["id"] for entry in new}), 2)

    def test_coco_refused(self):
        data, coco = self.run_coco(indent=1)
        old = coco["annotations"]
        old[0]["bbox"][0] += 9
        old[1]["segmentation"] = [[1, 1, 2, 2, 1, 2]]
        with open(data, "w", encoding="utf-8") as file:
            json.dump(coco, file, indent=1)
        record, box = self.records_of[3]
        self.apply([self.decide(1, "delete"), self.decide(2, "box", xywhn=[0.5] * 4),
                    self.decide(4, "class", **{"class": 1}), self.decide(4, "delete"),
                    self.decide(2, "class", **{"class": (self.records_of[2][1]["class"] + 1) % 10}),
                    dict(self.decide(3, "delete"), line=9999),
                    {"image": record["image"], "action": "add", "class": box["class"], "xywhn": box["xywhn"]}],
                   "--to", self.path("new"), code=3)
        for words in ("line 1: the annotation is not any more what was judged",
                      "line 2: the annotation has an outline or keypoints: it takes no new box",
                      "line 4: it contradicts another decision", "line 9999: the file has no such annotation",
                      "the file has this annotation already"):
            self.assertIn(words, self.stderr)
        new = json.loads(read(self.path("new", "annotations.json")))["annotations"]
        self.assertEqual(len(new), len(old))
        self.assertEqual([i for i, (a, b) in enumerate(zip(old, new)) if a != b], [1])

    def test_coco_accepted(self):
        self.run_coco(indent=1)
        wanted = {number: box for number, (_, box) in self.records_of.items()
                  if box["reason"] in ("class", "contested") and box["suggested"] is not None}
        self.run_verify("apply", self.path("output"), "--accept", "class,contested,missing", "--to",
                        self.path("new"), ranks=0, code=None)
        missing = sum(len(record["missing"]) for record in self.records())
        if self.code == 2:
            self.assertEqual((len(wanted), missing), (0, 0))
            return
        new = json.loads(read(self.path("new", "annotations.json")))["annotations"]
        self.assertEqual(len(new), len(self.records_of) + missing)
        for number, box in wanted.items():
            self.assertEqual(new[number - 1]["category_id"], 3 * box["suggested"] + 1)

    # ---------------------------------------------------------------- VOC

    def test_voc(self):
        for whole in (False, True):
            with self.subTest(whole=whole):
                shutil.rmtree(self.folder)
                os.mkdir(self.folder)
                self.check_voc(whole)

    def check_voc(self, whole):
        wanted, folder = self.make_voc(pictures=6)
        record = max(wanted, key=lambda record: len(record["boxes"]))
        stem = os.path.splitext(os.path.basename(record["image"]))[0]
        boxes = (record["boxes"] * 4)[:4]
        name = "Annotations/%s.xml" % stem
        text = self.voc(record, boxes).replace("\n", "\r\n")
        if whole:
            import re
            text = re.sub(r"<([xy]m..)>([0-9.e+-]*)<", lambda m: "<%s> %d <" % (m[1], round(float(m[2]))), text)
        path = self.write("data", *name.split("/"), text=text)
        before = read(path)
        found = next(entry for entry in self.verify(folder) if entry["label"] == name)
        self.assertEqual(len(found["boxes"]), 4)
        names = sorted({box["name"] for entry in self.records() for box in entry["boxes"]})
        one, two, three, _ = found["boxes"]
        w, h = found["width"], found["height"]
        other = (one["class"] + 1) % len(names)
        self.apply([self.decision(found, one, "class", **{"class": other}),
                    self.decision(found, two, "box", xywhn=[0.5, 0.25, 0.25, 0.125]),
                    self.decision(found, three, "delete"),
                    {"image": found["image"], "action": "add", "class": 0, "xywhn": [0.5, 0.5, 0.25, 0.5]}],
                   "--to", self.path("new"))
        after = read(self.path("new", *name.split("/")))
        objects = before.split(b"\t<object>\r\n")
        self.assertEqual(len(objects), 5)
        objects[1] = objects[1].replace(b"<name>%s</name>" % one["name"].encode(),
                                        b"<name>%s</name>" % names[other].encode(), 1)

        def sides(x, y, width, height):
            values = (x - width / 2) * w + 1, (y - height / 2) * h + 1, (x + width / 2) * w + 1, \
                (y + height / 2) * h + 1
            if whole:
                return [b"%d" % int(value + 0.5) for value in values]
            return [repr(round(value, 2)).encode() for value in values]

        head, tail = objects[2].split(b"\t\t<bndbox>")
        values = sides(0.5, 0.25, 0.25, 0.125)
        for side, value in zip((b"xmin", b"ymin", b"xmax", b"ymax"), values):
            begin = tail.index(b"<%s>" % side) + 6
            end = tail.index(b"</%s>" % side)
            blank = b" " if whole else b""
            tail = tail[:begin] + blank + value + blank + tail[end:]
        objects[2] = head + b"\t\t<bndbox>" + tail
        del objects[3]
        body, close = objects[-1].rsplit(b"</annotation>", 1)
        objects[-1] = body
        x1, y1, x2, y2 = sides(0.5, 0.5, 0.25, 0.5)
        objects.append(b"\t\t<name>%s</name>\n\t\t<truncated>0</truncated>\n\t\t<difficult>0</difficult>\n"
                       b"\t\t<bndbox>\n\t\t\t<xmin>%s</xmin>\n\t\t\t<ymin>%s</ymin>\n\t\t\t<xmax>%s</xmax>\n"
                       b"\t\t\t<ymax>%s</ymax>\n\t\t</bndbox>\n\t</object>\n".replace(b"\n", b"\r\n") %
                       (names[0].encode(), x1, y1, x2, y2) + b"</annotation>" + close)
        self.assertEqual(after, b"\t<object>\r\n".join(objects))
        self.assertEqual(sorted(os.listdir(self.path("new", "Annotations"))),
                         sorted(os.listdir(self.path("data", "Annotations"))))
        self.check_taken_back(name, before, after)

    def test_voc_refused(self):
        _, folder = self.make_voc(pictures=6)
        found = self.verify(folder)
        record = found[0]
        path = os.path.join(folder, record["label"])
        text = read(path).decode()
        box = record["boxes"][0]
        self.write("data", *record["label"].split("/"), text=text.replace("<name>", "<name>x", 1))
        gone = found[1]
        os.remove(os.path.join(folder, gone["label"]))
        self.apply([self.decision(record, box, "delete"),
                    {"image": gone["image"], "action": "add", "class": 0, "xywhn": [0.5] * 4}],
                   "--to", self.path("new"), code=2)
        self.assertIn("the annotation is not any more what was judged", self.stderr)
        self.assertIn("there is no annotation file to add it to", self.stderr)
        self.assertFalse(os.path.exists(self.path("new")))


if __name__ == "__main__":
    main()
