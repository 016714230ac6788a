#!/usr/bin/env python3
"""Makes a review folder of findings that are made up, as the program makes one of real ones: the
page assembled from its sources, data scripts, sheets of crops, and the pictures beside it.

usage: make_page.py FOLDER [--findings N] [--classes N] [--images N] [--hostile] [--plain]

FOLDER/review is the page, FOLDER/mislabeled/JPEGImages has its pictures (with --plain there are
none). The same arguments make the same bytes.
"""
import argparse
import io
import json
import os
import random
import subprocess

from PIL import Image, ImageDraw

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE = os.path.join(ROOT, "src", "review", "page")
CELL, COLUMNS, PER_SHEET, PER_FILE = 160, 10, 100, 1000
WIDTH, HEIGHT = 640, 480
REASONS = ["class"] * 40 + ["missing"] * 14 + ["duplicate"] * 8 + ["location"] * 14 + \
    ["unseen"] * 6 + ["contested"] * 8 + ["unknown_class"] * 2 + ["invalid"] * 3 + ["weak"] * 12
NAMES = """
person bicycle car motorcycle airplane bus train truck boat bench bird cat dog horse sheep cow
elephant bear zebra giraffe backpack umbrella handbag suitcase frisbee skis kite skateboard
bottle cup fork knife spoon bowl banana apple sandwich orange broccoli carrot pizza donut cake
chair couch bed toilet tv laptop mouse remote keyboard microwave oven toaster sink book clock
"""
HOSTILE = ["</script><script>window.broken=1</script>", "<img src=x onerror=window.broken=1>",
           "\"'><svg/onload=window.broken=1>", "\u202egpj.exe \u0645\u0631\u062d\u0628\u0627",
           "\U0001f469\u200d\U0001f680 rocket", "x" * 4096, "a\u2028b\u2029c\x1b[31m",
           "&lt;b&gt; &amp;", "javascript:window.broken=1", "${window.broken=1} {{7*7}}",
           "__proto__", "constructor", ""]


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--findings", type=int, default=214)
    parser.add_argument("--classes", type=int, default=0)
    parser.add_argument("--images", type=int, default=0)
    parser.add_argument("--hostile", action="store_true")
    parser.add_argument("--plain", action="store_true")
    return parser.parse_args()


def class_names(asked):
    names = NAMES.split()
    if asked.hostile:
        return HOSTILE + names[:10]
    if asked.classes:
        names += ["species %d, subspecies with quite a long name of its own" % n
                  for n in range(asked.classes)]
        names = names[:asked.classes]
    return names


def script(kind, number, value):
    """A data script; JSON with what would end a script or a line escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, escape in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(character, escape)
    return 'page_data("%s", %d, %s);\n' % (kind, number, text)


def make_box(rng):
    w, h = rng.uniform(.06, .35), rng.uniform(.08, .4)
    return [round(rng.uniform(w / 2, 1 - w / 2), 6), round(rng.uniform(h / 2, 1 - h / 2), 6),
            round(w, 6), round(h, 6)]


def moved(box, rng, by):
    x, y, w, h = box
    x = min(1 - w / 2, max(w / 2, x + by * w * rng.uniform(-1, 1)))
    y = min(1 - h / 2, max(h / 2, y + by * h * rng.uniform(-1, 1)))
    return [round(v, 6) for v in (x, y, w, h)]


def crop_of(boxes):
    """The square part of the picture that holds the boxes, in fractions of it."""
    if not boxes:
        side, x, y = WIDTH, 0, (HEIGHT - WIDTH) / 2
    else:
        x0 = min(b[0] - b[2] / 2 for b in boxes) * WIDTH
        x1 = max(b[0] + b[2] / 2 for b in boxes) * WIDTH
        y0 = min(b[1] - b[3] / 2 for b in boxes) * HEIGHT
        y1 = max(b[1] + b[3] / 2 for b in boxes) * HEIGHT
        side = max(2 * (x1 - x0), 2 * (y1 - y0), WIDTH / 6)
        x, y = (x0 + x1 - side) / 2, (y0 + y1 - side) / 2
        x = min(max(x, 0), WIDTH - side) if side <= WIDTH else x
        y = min(max(y, 0), HEIGHT - side) if side <= HEIGHT else y
    return [round(v, 6) for v in (x / WIDTH, y / HEIGHT, side / WIDTH, side / HEIGHT)]


def make_picture(rng, boxes):
    """A field with things on it."""
    image = Image.new("RGB", (WIDTH, HEIGHT), tuple(rng.randrange(120, 200) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        x, y, r = rng.randrange(WIDTH), rng.randrange(HEIGHT), rng.randrange(20, 160)
        draw.ellipse([x - r, y - r / 2, x + r, y + r / 2],
                     fill=tuple(rng.randrange(90, 220) for _ in range(3)))
    for x, y, w, h in boxes:
        shape = [(x - w * .46) * WIDTH, (y - h * .46) * HEIGHT, (x + w * .46) * WIDTH,
                 (y + h * .46) * HEIGHT]
        color = tuple(rng.randrange(20, 255) for _ in range(3))
        draw.rounded_rectangle(shape, radius=12, fill=color, outline=(30, 30, 30), width=3)
        draw.ellipse([shape[0] + 8, shape[1] + 8, (shape[0] + shape[2]) / 2,
                      (shape[1] + shape[3]) / 2], fill=tuple(255 - c for c in color))
    return image


def box_line(number, box):
    return "%d %s" % (number, " ".join("%g" % v for v in box))


def make_finding(rng, reason, image, names):
    """One finding of an image, with what its reason needs."""
    number, other = rng.sample(range(len(names)), 2)
    if rng.random() < .6:  # a few pairs of classes are common
        pair = rng.choice([(0, 1), (1, 0), (2, 3), (2, 5), (4, 3), (3, 7), (7, 2)])
        number, other = (value % len(names) for value in pair)
    taken = len(image["boxes"]) + 1
    box = make_box(rng)
    finding = {"kind": "box", "reason": reason, "line": taken, "class": number,
               "score": float("%.6g" % (10 ** rng.uniform(-6, -.05))), "xywhn": box}
    if reason == "missing":
        finding.update(kind="missing", line=None, confidence=round(rng.uniform(.5, .98), 4))
        image["missing"].append([number] + box + [finding["confidence"]])
        return finding, [box]
    if reason == "invalid":
        finding.update(kind="invalid", text="%d 0.5 0.5 1.7 0.2" % number, score=None, xywhn=None,
                       words="non-normalized or out of bounds coordinates [1.7]")
        finding["class"] = None
        return finding, []
    finding.update(text=box_line(number, box), suggested=other, own=round(rng.random() / 9, 4),
                   rival=round(rng.uniform(.6, 1), 4), margin=round(rng.uniform(1.5, 9), 4),
                   location=round(rng.uniform(.1, .9), 4), dup=0.0, refined=moved(box, rng, .08),
                   verdict="uncertain" if reason in ("contested", "unknown_class", "weak") else
                   "mislabeled")
    image["boxes"].append([taken, number] + box + [reason])
    boxes = [box]
    if reason == "location":
        finding["refined"] = moved(box, rng, .5)
        boxes.append(finding["refined"])
    if reason in ("class", "contested", "unseen", "unknown_class", "weak"):
        finding["refined"] = None
    if reason == "duplicate":
        twin = moved(box, rng, .1)
        kind = number if rng.random() < .7 else other
        finding.update(dup=.83, other={"line": taken + 1, "text": box_line(kind, twin),
                                       "class": kind, "xywhn": twin})
        image["boxes"].append([taken + 1, kind] + twin + [None])
        boxes.append(twin)
    return finding, boxes


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def jpeg(image, quality):
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def write_parts(folder, part, values):
    for at in range(0, len(values), PER_FILE):
        number = at // PER_FILE
        write(os.path.join(folder, "data", "%s-%03d.js" % (part, number)),
              script(part, number, values[at:at + PER_FILE]))


def image_name(number, hostile):
    if not hostile:
        return "images/street/%06d.jpg" % number
    name = HOSTILE[number % len(HOSTILE)].replace("/", "\u2215").replace("\x1b", "")
    return "images/%s %d.jpg" % (name, number)


def self_test():
    """A table as the self-test's, and the run's own row of it."""
    edges = [1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8]
    table = [{"max_margin": edge, "recall_any_class": round(.97 - .045 * i, 4),
              "recall_look_alike": round(.86 - .052 * i, 4),
              "precision": round(1 - .32 * .74 ** i, 4)} for i, edge in enumerate(edges)]
    row = dict(table[4])
    del row["max_margin"]
    planted = {"planted": 400, "found": 310, "by_reason": {}}
    return {"wrong_class": dict(labels=12000, estimated_share=.061, table=table, **row),
            "moved": planted, "unseen": planted, "duplicate": planted, "missing": planted}


def near_duplicates():
    """Of three groups, the first one with more pictures than are named."""
    groups = [{"across_splits": i < 2, "labels_differ": i == 0, "count": 12 if i == 0 else 2,
               "images": [{"image": "street/%03d-%d.jpg" % (i, k),
                           "split": "val" if k and i < 2 else "train"}
                          for k in range(12 if i == 0 else 2)]} for i in range(3)]
    return {"groups": 3, "images": 16, "across_splits": 2, "labels_differ": 1, "list": groups}


def make_report(findings, names, n_images):
    reasons = {}
    for finding in findings:
        reasons[finding["reason"]] = reasons.get(finding["reason"], 0) + 1
    bad = sum(finding.get("verdict") == "mislabeled" for finding in findings)
    unsure = sum(finding.get("verdict") == "uncertain" for finding in findings)
    per_class = [{"id": i, "name": name, "boxes": 400 - i % 300, "correct": 350 - i % 300,
                  "mislabeled": sum(f["class"] == i and f.get("verdict") == "mislabeled"
                                    for f in findings),
                  "uncertain": 12, "missing": 3} for i, name in enumerate(names)]
    return {"status": "complete", "total_images": 20 * n_images, "total_boxes": 20 * n_images * 6,
            "correct": 20 * n_images * 6 - bad - unsure, "mislabeled": bad, "uncertain": unsure,
            "images": {"correct": 19 * n_images, "mislabeled": n_images, "uncertain": 0,
                       "failed": 2},
            "missing_boxes": reasons.get("missing", 0), "invalid_labels": reasons.get("invalid", 0),
            "orphan_labels": 0, "unlabelled_images": 31, "near_duplicates": near_duplicates(),
            "judged_as": {"box": 100, "polygon": 1700, "pose": 1, "obb": 0},
            "per_class": per_class, "reasons": reasons,
            "self_test": self_test(), "parameters": {"max_margin": 3.5}, "model": "best.pt",
            "dataset": "street/data.yaml", "version": "0.0", "started": "2026-11-23T02:45:39Z",
            "finished": "2026-11-23T03:12:08Z", "elapsed_seconds": 1589.0}


def make_images(rng, asked, names):
    """(images, findings with their boxes) before they are sorted."""
    n_images = asked.images or max(1, asked.findings * 2 // 3)
    images = [{"name": image_name(i, asked.hostile), "split": "train", "bucket": "mislabeled",
               "width": WIDTH, "height": HEIGHT, "boxes": [], "missing": []}
              for i in range(n_images)]
    found = []
    for i in range(asked.findings):
        image = images[i % n_images]
        finding, boxes = make_finding(rng, rng.choice(REASONS), image, names)
        finding["image"] = i % n_images
        finding["crop"] = crop_of(boxes)
        found.append(finding)
    for i, image in enumerate(images):
        name = "%06d.jpg" % i
        image["label"] = image["name"].replace("images/", "labels/", 1)[:-4] + ".txt"
        image["picture"] = None if asked.plain else "../mislabeled/JPEGImages/" + name
        for _ in range(2):
            image["boxes"].append([len(image["boxes"]) + 1, rng.randrange(len(names))] +
                                  make_box(rng) + [None])
    return images, found


def make_copies(pictures, n_findings):
    """What the page shows of near_duplicates(): in the first group, labels that the others lack."""
    groups, cell = [], n_findings
    for number, group in enumerate(near_duplicates()["list"]):
        groups.append([])
        for k in range(min(4, group["count"])):
            boxes = [[k, .3 + .1 * k, .4, .3, .3], [4, .7, .7, .2, .2]] if number == 0 and k < 2 else []
            groups[-1].append({"cell": cell, "width": WIDTH, "height": HEIGHT, "boxes": boxes,
                               "image": number % len(pictures), "crop": crop_of([])})
            cell += 1
    return groups


def cut_crops(found, copies, pictures):
    """Crops by reason, then by suspicion, and behind them those of copies, pasted on sheets."""
    order = sorted(found, key=lambda f: f["reason"]) + [copy for group in copies for copy in group]
    sheets = []
    for cell, finding in enumerate(order):
        finding["cell"] = cell
        if cell % PER_SHEET == 0:
            rows = min(COLUMNS, -(-(len(order) - cell) // COLUMNS))
            sheets.append(Image.new("RGB", (CELL * COLUMNS, CELL * rows), (114, 114, 114)))
        x, y, w, h = finding["crop"]
        part = [x * WIDTH, y * HEIGHT, (x + w) * WIDTH, (y + h) * HEIGHT]
        piece = pictures[finding["image"] % len(pictures)].crop([round(v) for v in part])
        at = cell % PER_SHEET
        sheets[-1].paste(piece.resize((CELL, CELL)), (at % COLUMNS * CELL, at // COLUMNS * CELL))
    return sheets


def main():
    asked = arguments()
    rng = random.Random(7)
    names = class_names(asked)
    images, found = make_images(rng, asked, names)
    found.sort(key=lambda f: (f["reason"] == "weak", f["score"] is None, f["score"] or 0))
    held = images[:300]  # that many pictures are painted, the rest are these again
    pictures = [make_picture(rng, [box[2:6] for box in image["boxes"]] +
                             [box[1:5] for box in image["missing"]]) for image in held]
    review = os.path.join(asked.folder, "review")
    copies = make_copies(pictures, len(found))
    for number, sheet in enumerate(cut_crops(found, copies, pictures)):
        write(os.path.join(review, "sheets", "%03d.jpg" % number), jpeg(sheet, 75))
    for number, image in enumerate(images):
        if image["picture"]:
            write(os.path.join(review, image["picture"]),
                  jpeg(pictures[number % len(pictures)], 85))
    write_parts(review, "findings", found)
    write_parts(review, "images", images)
    write(os.path.join(review, "data", "copies.js"), script("copies", 0, [[
        {key: copy[key] for key in ("cell", "width", "height", "boxes")} for copy in group]
        for group in copies]))
    write(os.path.join(review, "data", "run.js"), script("run", 0, {
        "format": 1, "key": "made-up-%d" % asked.findings, "output": os.path.abspath(asked.folder),
        "n_findings": len(found), "n_images": len(images), "n_all": len(found),
        "n_all_weak": sum(f["reason"] == "weak" for f in found), "cell": CELL, "columns": COLUMNS,
        "per_sheet": PER_SHEET, "per_file": PER_FILE, "classes": names,
        "report": make_report(found, names, len(images))}))
    subprocess.run(["cmake", "-DSOURCE=" + SOURCE, "-DTARGET=" + os.path.join(review, "index.html"),
                    "-P", os.path.join(SOURCE, "assemble.cmake")], check=True)


if __name__ == "__main__":
    main()
