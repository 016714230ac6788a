#!/usr/bin/env python3
"""Measures how well wrong labels are found, planted ones and real ones, by verify and by others on verify's
predictions; writes Markdown. bench/accuracy.sh builds verify and the Python environment, then calls this.

exit status: 0 measured, 1 something failed, 77 nothing to measure with
"""
import argparse
import collections
import concurrent.futures
import datetime
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "reference"))

import figures
import peers
import plant

FIXTURES = os.environ.get("VERIFY_FIXTURES", "")
SETS = {"coco128": "real_errors.json", "val128": "real_errors_val128.json"}
MODEL = os.path.join("models", "yolov8n.onnx")
# Ours: what verify is run with. The first one's predictions are what the others judge by.
CONFIGURATIONS = [("verify", ["--imgsz", "640"]), ("verify, --zoom", ["--imgsz", "640", "--zoom"]),
                  ("verify, 640 and 832", ["--imgsz", "640,832"]),
                  ("verify, 640 and 832, --zoom", ["--imgsz", "640,832", "--zoom"])]
PEERS = [("cleanlab's ObjectLab", peers.object_lab), ("FiftyOne's mistakenness", peers.fifty_one)]
SKIPPED = 77


class Set:
    """Pictures with sound labels, and what people found wrong in these."""

    def __init__(self, name):
        self.name = name
        self.folder = os.path.join(FIXTURES, name)
        with open(os.path.join(FIXTURES, SETS[name]), encoding="utf-8") as file:
            self.audit = json.load(file)
        self.labels = {}
        for image in sorted(os.listdir(os.path.join(self.folder, "images"))):
            path = os.path.join(self.folder, "labels", os.path.splitext(image)[0] + ".txt")
            if os.path.exists(path):
                with open(path, encoding="ascii") as lines:
                    rows = [line.split() for line in lines if line.strip()]
                self.labels[image] = [(int(r[0]), tuple(map(float, r[1:5]))) for r in rows]

    def write(self, folder, labels):
        """A data set of the pictures with these labels; its data.yaml."""
        os.makedirs(os.path.join(folder, "labels"))
        os.symlink(os.path.realpath(os.path.join(self.folder, "images")), os.path.join(folder, "images"))
        for image, rows in labels.items():
            with open(os.path.join(folder, "labels", os.path.splitext(image)[0] + ".txt"), "w") as file:
                file.writelines("%d %.6f %.6f %.6f %.6f\n" % (name, *box) for name, box in rows)
        with open(os.path.join(FIXTURES, "coco128", "data.yaml"), encoding="utf-8") as file:
            rest = [line for line in file if not line.startswith(("path:", "train:", "val:", "test:"))]
        with open(os.path.join(folder, "data.yaml"), "w", encoding="utf-8") as file:
            file.writelines(["path: .\n", "train: images\n", *rest])
        return os.path.join(folder, "data.yaml")

    def planted(self, seed, classes=80):
        """Labels with errors, and the truth as join() takes it."""
        labels, truth = {}, {}
        for image, rows in self.labels.items():
            labels[image], errors, kept = plant.plant(image, rows, classes, seed)
            doubted = self.doubted(image)
            kinds = {line: figures.FOUND for line, was in kept.items() if was in doubted}
            truth[image] = {**kinds, **{line: kind for line, kind in errors if line}}, bool(errors)
        return labels, truth

    def doubted(self, image):
        """{line: level} of the labels in which people found something wrong."""
        seen = self.audit.get(image, {"labels": []})
        return {e["line"]: e["level"] for e in seen["labels"] if e["level"] in ("real", "arguable")}

    def real(self):
        truth = {}
        for image, seen in self.audit.items():
            truth[image] = self.doubted(image), any(e["level"] == "real" for e in seen["labels"] + seen["missing"])
        return truth


def verify(options, data, flags, output):
    """A run's records, its predictions by picture, its seconds."""
    began = time.monotonic()
    command = [os.path.join(options.build, "verify"), "--model", options.model, "--data", data, "--output", output,
               "--place", "none", "--save-json", "--conf", peers.CONF, "--overwrite", *flags]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise SystemExit("accuracy: verify ended with %d: %s" % (done.returncode, done.stdout[-2000:]))
    seconds = time.monotonic() - began
    with open(os.path.join(output, "verification_records.jsonl"), encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    seen = collections.defaultdict(list)
    with open(os.path.join(output, "predictions.json"), encoding="utf-8") as file:
        for p in json.load(file):
            x, y, w, h = p["bbox"]
            seen[p["file_name"]].append((p["category_id"], p["score"], (x, y, x + w, y + h)))
    shutil.rmtree(output)
    return records, [seen[record["image"]] for record in records], seconds


def ours(records):
    for record in records:
        yield {"boxes": [{"class": box["margin"], "place": box["shift"], "nothing": box["ghost"], "any": -box["score"],
                          "called": box["verdict"] == "mislabeled"} for box in record["boxes"]],
               "doubt": -record["score"]}


def join(records, judged, truth):
    """The judge's pictures with what is true of them."""
    pictures = []
    for record, picture in zip(records, judged):
        levels, bad = truth.get(os.path.basename(record["image"]), ({}, False))
        for box, suspicion in zip(record["boxes"], picture["boxes"]):
            suspicion["truth"] = levels.get(box["line"])
        picture["bad"] = bad
        pictures.append(picture)
    return pictures


def judge_by(name, records, predictions, truth):
    """What one of PEERS makes of a run; in a process of its own."""
    return join(records, dict(PEERS)[name](records, predictions), truth)


def missing(records, audit):
    """(objects shown, real ones among them, real or arguable ones) without a label."""
    shown = real = some = 0
    for record in records:
        entries = audit.get(os.path.basename(record["image"]), {"missing": []})["missing"]
        for found in record["missing"]:
            x, y, w, h = found["xywhn"]
            levels = [e["level"] for e in entries
                      if peers.overlap(e["box"], (x - w / 2, y - h / 2, x + w / 2, y + h / 2)) > 0.3]
            shown, real, some = shown + 1, real + ("real" in levels), some + bool(levels)
    return shown, real, some


class Runs:
    """All judges' pictures: {judge: {(set, seed or "real"): pictures}}; seconds and missing objects of ours."""

    def __init__(self, options, pool):
        self.options, self.pool = options, pool
        self.pictures = {name: {} for name, _ in options.configurations + PEERS}
        self.seconds = collections.defaultdict(float)
        self.missing = collections.defaultdict(lambda: (0, 0, 0))

    def add(self, part, what, data, truth, folder):
        for i, (name, flags) in enumerate(self.options.configurations):
            records, predictions, seconds = verify(self.options, data, flags, os.path.join(folder, "output"))
            self.seconds[name] += seconds
            self.pictures[name][part.name, what] = join(records, ours(records), truth)
            if what == "real":
                self.missing[name] = tuple(map(sum, zip(self.missing[name], missing(records, part.audit))))
            for peer, _ in PEERS if i == 0 else ():
                self.pictures[peer][part.name, what] = self.pool.submit(judge_by, peer, records, predictions, truth)

    def measure(self, sets):
        for part in sets:
            with tempfile.TemporaryDirectory() as folder:
                self.add(part, "real", part.write(os.path.join(folder, "data"), part.labels), part.real(), folder)
            for seed in range(1, self.options.seeds + 1):
                labels, truth = part.planted(seed)
                with tempfile.TemporaryDirectory() as folder:
                    self.add(part, seed, part.write(os.path.join(folder, "data"), labels), truth, folder)
            print("accuracy: %s is done" % part.name, file=sys.stderr)
        for runs in self.pictures.values():
            for key, value in runs.items():
                runs[key] = value.result() if isinstance(value, concurrent.futures.Future) else value


def number(value, digits=3):
    return "–" if value is None else "%.*f" % (digits, value)


def table(head, rows):
    lines = ["| %s |" % " | ".join(row) for row in [[""] + head, ["---"] + ["--:"] * len(head), *rows]]
    return "\n".join(lines) + "\n"


def planted_table(runs, sets, seeds):
    rows, head = [], None
    for name, pictures in runs.pictures.items():
        by_seed = [figures.mean_of([figures.planted(pictures[part.name, seed]) for part in sets])
                   for seed in range(1, seeds + 1)]
        head = list(by_seed[0])
        row = [name]
        for figure in head:
            values = [found[figure] for found in by_seed]
            spread = None if None in values or len(values) < 2 else statistics.stdev(values)
            mean = None if None in values else statistics.mean(values)
            row.append(number(mean) + ("" if spread is None else " ± " + number(spread)))
        rows.append(row)
    return table(head, rows)


def real_tables(runs, sets):
    head, each, means = None, [], []
    for name, pictures in runs.pictures.items():
        by_set = [pictures[part.name, "real"] for part in sets]
        found = [figures.real(p) for p in by_set]
        head, spans = list(found[0]), figures.intervals(by_set, figures.real)
        mean = figures.mean_of(found)
        means.append([name] + [number(mean[f], 2) + (" (%.2f–%.2f)" % spans[f] if f in spans else "") for f in head])
        each.append([name] + [" / ".join(number(f[figure]) for f in found) for figure in head])
    return table(head, means), table(head, each)


def write_up(runs, sets, options, seconds):
    labels = {part.name: sum(map(len, part.labels.values())) for part in sets}
    real = {part.name: sum(e["level"] == "real" for seen in part.audit.values() for e in seen["labels"])
            for part in sets}
    cleanlab = __import__("cleanlab").__version__
    version = subprocess.run([os.path.join(options.build, "verify"), "--version"], stdout=subprocess.PIPE,
                             text=True).stdout.splitlines()
    means, each = real_tables(runs, sets)
    first = next(iter(runs.seconds.values()))
    cost = ["%s %.1f" % (name, value / first) for name, value in runs.seconds.items()][1:]
    shown = ["%s %d shown, %d real, %d real or arguable" % (name, *runs.missing[name]) for name in runs.missing]
    return "\n".join([
        "# Wrong labels found, %s\n" % datetime.date.today(),
        "%s; %s; cleanlab %s. %d plantings of each of %s; all in %d s.\n" % (
            ", ".join(version[:2]), os.path.basename(options.model), cleanlab, options.seeds,
            " and ".join("%s (%d pictures, %d labels)" % (part.name, len(part.audit), labels[part.name])
                         for part in sets),
            seconds),
        "The others see verify's own predictions (--save-json, at 640) with a confidence of %s and more, which suits "
        "them best. What FiftyOne's formula gives no number, a label without a prediction, counts as %g among any "
        "errors, which suits it best, too.\n" % (peers.CONF, peers.SPURIOUS),
        *(["Time, in times of verify's at one size: %s.\n" % ", ".join(cost)] if cost else []),
        "## Planted errors\n",
        "Of the labels 10% have another class, 5% are moved, 5% dropped, and as many as 5% are added around nothing. "
        "Mean over the sets; ± the standard deviation between plantings, of the same pictures.\n",
        planted_table(runs, sets, options.seeds),
        "`called P`, `called R`: precision and recall of the verdict `mislabeled` for a class swap. `any`: any error, "
        "by the score of the label. `sound`: without the labels in which people found something wrong before anything "
        "was planted, which count as sound elsewhere.\n",
        "## Errors that people made\n",
        "%s of the labels are wrong by the judgement of two people who looked at each without seeing any program's "
        "output (most are loose boxes, boxes around no such object, duplicates; hardly any a wrong class). Mean over "
        "the sets, and 90%% of %d bootstrap draws of the pictures.\n" % (
            " and ".join("%d of %d" % (real[part.name], labels[part.name]) for part in sets), figures.RESAMPLES),
        means, "Each set: %s.\n" % " / ".join(part.name for part in sets), each,
        "Objects without a label: %s.\n" % "; ".join(shown)])


def takes(options, flags):
    """Whether this build of verify knows the flags."""
    command = [os.path.join(options.build, "verify"), "--model", options.model, "--inspect", *flags]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def main():
    parser = argparse.ArgumentParser(prog="bench/accuracy.sh", description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=4, help="plantings of each set (default: 4)")
    parser.add_argument("--one-view", action="store_true", help="verify at one size only")
    parser.add_argument("--build", default=os.path.join(ROOT, "build"),
                        help="folder of verify's build (default: build)")
    parser.add_argument("--output", help="default: bench/results/accuracy-DATE.md")
    options = parser.parse_args()
    lacking = [name for name in (MODEL, *SETS, *SETS.values()) if not os.path.exists(os.path.join(FIXTURES, name))]
    if lacking:
        print("skipped: accuracy: the folder that VERIFY_FIXTURES names lacks %s" % ", ".join(lacking))
        return SKIPPED
    began = time.monotonic()
    options.model = os.path.join(FIXTURES, MODEL)
    options.configurations = [c for c in CONFIGURATIONS[:1 if options.one_view else None] if takes(options, c[1])]
    sets = [Set(name) for name in SETS]
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        runs = Runs(options, pool)
        runs.measure(sets)
    text = write_up(runs, sets, options, time.monotonic() - began)
    path = options.output or os.path.join(ROOT, "bench", "results", "accuracy-%s.md" % datetime.date.today())
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    print(text + "\nWritten to %s" % path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
