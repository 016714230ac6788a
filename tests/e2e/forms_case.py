"""What the tests of data sets in other forms than YOLO's share: sets in them, made from the demo's, and
what a run's records say of them."""

import json
import os
import shutil

from harness import Case

NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


class FormsCase(Case):
    def verify(self, data, *flags, output="output", ranks=0, **options):
        """The records of a run, of one process unless told otherwise."""
        self.verify_demo("--no-self-test", "--review", 0, "--output", self.path(output), *flags,
                         data=data, ranks=ranks, **options)
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

    def pixels(self, box, record):
        """Left, top, width, height of a record's box."""
        x, y, w, h = box["xywhn"]
        return [(x - w / 2) * record["width"], (y - h / 2) * record["height"], w * record["width"],
                h * record["height"]]

    def coco(self, records, **more):
        """COCO's annotations that say what the records' label files did, ids and order made odd."""
        images = [{"id": 100 + i, "license": 1, "file_name": os.path.basename(record["image"]),
                   "width": record["width"], "height": record["height"]}
                  for i, record in enumerate(records)]
        annotations = [{"id": 7 * i + j, "image_id": 100 + i, "category_id": 3 * box["class"] + 1,
                        "bbox": self.pixels(box, record), "area": 1.0, "iscrowd": 0, "segmentation": []}
                       for i, record in enumerate(records) for j, box in enumerate(record["boxes"])]
        return dict({"info": {}, "annotations": annotations[::-1], "images": images,
                     "categories": [{"id": 3 * i + 1, "name": name, "supercategory": "digit"}
                                    for i, name in enumerate(NAMES)]}, **more)

    def make_coco(self, pictures=12):
        """The records of a YOLO set, and the path of the same as COCO has it."""
        folder = self.dataset(pictures=pictures)
        wanted = self.verify(self.yaml(folder), output="yolo")
        shutil.rmtree(os.path.join(folder, "labels"))
        os.remove(os.path.join(folder, "data.yaml"))
        return wanted, self.write("data", "annotations.json", text=json.dumps(self.coco(wanted), indent=1))

    def voc(self, record, boxes=None):
        rows = ["<annotation>", "\t<folder>x</folder>", "\t<size><width>%d</width><height> %d </height></size>" %
                (record["width"], record["height"])]
        for box in boxes if boxes is not None else record["boxes"]:
            x, y, w, h = self.pixels(box, record)
            rows += ["\t<object>", "\t\t<name>%s</name>" % NAMES[box["class"]],
                     "\t\t<part><name>nine</name><bndbox><xmin>1</xmin></bndbox></part>",
                     "\t\t<bndbox>", "\t\t\t<xmin>%r</xmin>" % (x + 1), "\t\t\t<ymin>%r</ymin>" % (y + 1),
                     "\t\t\t<xmax>%r</xmax>" % (x + 1 + w), "\t\t\t<ymax>%r</ymax>" % (y + 1 + h),
                     "\t\t</bndbox>", "\t</object>"]
        return "\n".join(rows + ["</annotation>", ""])

    def make_voc(self, images="JPEGImages", annotations="Annotations", pictures=12):
        folder = self.dataset(pictures=pictures)
        wanted = self.verify(self.yaml(folder), output="yolo")
        shutil.rmtree(os.path.join(folder, "labels"))
        os.remove(os.path.join(folder, "data.yaml"))
        os.rename(os.path.join(folder, "images"), os.path.join(folder, images))
        for record in wanted:
            stem = os.path.splitext(os.path.basename(record["image"]))[0]
            self.write("data", annotations, stem + ".xml", text=self.voc(record))
        return wanted, folder
