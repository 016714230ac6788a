"""Reads exports by the tools' own packages (export_validate.sh), and compares what they read with the
records: every box within a hundredth of a pixel, every class, every image."""

import importlib.util
import json
import os
import sys
import urllib.parse


def expected(record):
    """{(class, corners in hundredths of a pixel)} of a record's labels and missing objects."""
    size = (record["width"], record["height"])
    found = []
    for each in record["boxes"] + record["missing"]:
        x, y, w, h = each["xywhn"]
        found.append((each["name"], ((x - w / 2) * size[0], (y - h / 2) * size[1],
                                     (x + w / 2) * size[0], (y + h / 2) * size[1])))
    return found


def same(name, found, record):
    """Whether each expected box is found, with its class; more may be there."""
    left = list(found)
    for label, corners in expected(record):
        near = [f for f in left if f[0] == label and
                max(abs(a - b) for a, b in zip(f[1], corners)) < .01]
        assert near, (name, record["image"], label, corners, found)
        left.remove(near[0])


def label_studio(folder, records):
    from label_studio_sdk.label_interface import LabelInterface
    with open(os.path.join(folder, "label_config.xml"), encoding="utf-8") as file:
        interface = LabelInterface(file.read())
    interface.validate()
    with open(os.path.join(folder, "tasks.json"), encoding="utf-8") as file:
        tasks = json.load(file)
    for task in tasks:
        query = urllib.parse.urlparse(task["data"]["image"]).query
        assert os.path.exists(os.path.join(folder, urllib.parse.parse_qs(query)["d"][0]))
        for prediction in task["predictions"]:
            errors = interface.validate_prediction(prediction, return_errors=True)
            assert not errors, errors
        record = records[task["data"]["name"]]
        found = []
        for region in task["predictions"][1]["result"]:
            value, size = region["value"], (record["width"], record["height"])
            x, y = value["x"] * size[0] / 100, value["y"] * size[1] / 100
            found.append((value["rectanglelabels"][0],
                          (x, y, x + value["width"] * size[0] / 100,
                           y + value["height"] * size[1] / 100)))
        same("label-studio", found, dict(record, missing=[]))
    return len(tasks)


def by_name(records):
    """The records by the end of their images' names: tools name them without the data set's folder."""
    return lambda name: next(r for image, r in records.items() if image.endswith(name))


def cvat(folder, records):
    import datumaro
    dataset = datumaro.Dataset.import_from(folder, "cvat")
    names = [label.name for label in dataset.categories()[datumaro.AnnotationType.label]]
    find = by_name(records)
    for item in dataset:
        found = [(names[a.label], tuple(a.points)) for a in item.annotations]
        assert all({"reason", "suggested", "score"} <= set(a.attributes) for a in item.annotations)
        same("cvat", found, find(os.path.relpath(item.media.path, os.path.join(folder, "images"))))
    return len(dataset)


def coco(folder, records):
    from pycocotools.coco import COCO
    read = COCO(os.path.join(folder, "annotations.json"))
    find = by_name(records)
    for image in read.loadImgs(read.getImgIds()):
        assert os.path.exists(os.path.join(folder, "images", image["file_name"]))
        found = []
        for each in read.loadAnns(read.getAnnIds(imgIds=image["id"])):
            (category,) = read.loadCats(each["category_id"])
            x, y, w, h = each["bbox"]
            found.append((category["name"], (x, y, x + w, y + h)))
        same("coco", found, find(image["file_name"]))
    return len(read.getImgIds())


def x_anylabeling(folder, records):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PyQt6.QtWidgets import QApplication
    application = QApplication([])
    from anylabeling.views.labeling.label_file import LabelFile
    find, count = by_name(records), 0
    for base, _, files in os.walk(os.path.join(folder, "images")):
        for name in (f for f in files if f.endswith(".json")):
            read = LabelFile(os.path.join(base, name))
            image = os.path.join(base, read.image_path)
            found = [(s.label, (s.points[0].x(), s.points[0].y(), s.points[2].x(), s.points[2].y()))
                     for s in read.shapes]
            same("x-anylabeling", found, find(os.path.relpath(image, os.path.join(folder, "images"))))
            count += 1
    application.quit()
    return count


def fiftyone(folder, records):
    """The script's own samples, made of the package's classes: a data set would need a database."""
    spec = importlib.util.spec_from_file_location("load", os.path.join(folder, "load.py"))
    load = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(load)
    count = 0
    for sample in load.samples():
        assert os.path.exists(sample.filepath)
        record = records[sample["image"]]
        size = (record["width"], record["height"])
        found = []
        for each in sample["ground_truth"].detections + [
                d for d in sample["verify"].detections if d["reason"] == "missing"]:
            x, y, w, h = each.bounding_box
            found.append((each.label, (x * size[0], y * size[1], (x + w) * size[0], (y + h) * size[1])))
        same("fiftyone", found, record)
        count += 1
    return count


READERS = {"label-studio": label_studio, "cvat": cvat, "coco": coco,
           "x-anylabeling": x_anylabeling, "fiftyone": fiftyone}


def main():
    name, output = sys.argv[1:]
    with open(os.path.join(output, "verification_records.jsonl"), encoding="utf-8") as file:
        records = {record["image"]: record for record in map(json.loads, file)}
    count = READERS[name](os.path.join(output, "export", name), records)
    assert count > 0, "nothing was exported"
    print("%s: %d images, as in the records" % (name, count))


if __name__ == "__main__":
    main()
