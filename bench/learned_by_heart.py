#!/usr/bin/env python3
"""What a network that was trained on wrong labels can still say of them, and what folds mend.

usage: learned_by_heart.py [--build FOLDER] [--work FOLDER] [--pictures N] [--steps N] [--seed N] [--jobs N]
                           [--output FILE]

Draws pictures of digits as the demo does, swaps the class of a tenth of their labels, trains the demo's
detector on the true labels, on the wrong ones (for half and twice as long, too), and on the wrong ones of
all folds but one for each of three folds, and has verify judge the wrong labels by each. Writes a table, as
Markdown, into bench/results. Needs the packages of bench/learned_by_heart.sh, which installs them.
"""
import argparse
import datetime
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "demo"), str(ROOT / "tests" / "reference")]

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

import digits
import train as demo
from ranking import average_precision
from tasks import Detect

TASK = Detect()
SIDE = 160      # of the square network input
BATCH = 16
FOLDS = 3
SWAPPED = 0.1   # of the labels


def rows(path):
    """The labels of a file as [class, xc, yc, w, h]."""
    return [[float(word) for word in line.split()] for line in path.read_text().splitlines()]


def write_set(folder, images, labels):
    """A data set of pictures that lie elsewhere, with these labels by picture."""
    (folder / "labels").mkdir(parents=True)
    (folder / "images").symlink_to(images)
    for name, objects in labels.items():
        lines = ("%d %.6f %.6f %.6f %.6f\n" % tuple(row) for row in objects)
        (folder / "labels" / (name + ".txt")).write_text("".join(lines))
    names = "".join(f"  {i}: {name}\n" for i, name in enumerate(digits.NAMES))
    (folder / "data.yaml").write_text(f"path: .\ntrain: images\nnames:\n{names}")


def draw(folder, count, seed):
    """Writes the pictures, true/ and wrong/ labels, and truth.json: {picture: lines that are swapped}."""
    rng = np.random.default_rng(seed)
    shapes, classes = digits.for_training()
    (folder / "images").mkdir(parents=True)
    true, wrong, truth = {}, {}, {}
    for number in range(count):
        name = f"{number:04d}"
        pixels, objects = digits.draw(rng, shapes, classes, rng.uniform(0, 0.03))
        height, width = pixels.shape[:2]
        Image.fromarray(pixels).save(folder / "images" / (name + ".jpg"), quality=90)
        true[name] = [[c, (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width,
                       (y2 - y1) / height] for c, (x1, y1, x2, y2) in objects]
        swapped = rng.random(len(objects)) < SWAPPED
        shift = rng.integers(1, len(digits.NAMES), len(objects))
        wrong[name] = [[(row[0] + by) % len(digits.NAMES) if swap else row[0], *row[1:]]
                       for row, swap, by in zip(true[name], swapped, shift)]
        truth[name] = [line + 1 for line in np.nonzero(swapped)[0].tolist()]
    for kind, labels in (("true", true), ("wrong", wrong)):
        write_set(folder / kind, folder / "images", labels)
    (folder / "truth.json").write_text(json.dumps(truth))


def load(paths):
    """The pictures as network inputs (n, 3, SIDE, SIDE), their objects (n, MOST, 5) as train.py has them."""
    images, objects = [], torch.full((len(paths), TASK.most, 5), -1.0)
    for path, target in zip(paths, objects):
        picture = np.array(Image.open(path).convert("RGB"))
        image, scale, offset = demo.letterbox(picture, SIDE)
        images.append(image)
        size = torch.tensor(picture.shape[1::-1])
        label = path.parent.parent / "labels" / (path.stem + ".txt")
        for row, (name, xc, yc, w, h) in zip(target, rows(label)):
            corners = torch.tensor([xc - w / 2, yc - h / 2, xc + w / 2, yc + h / 2])
            row[0], row[1:] = name, corners * size.repeat(2) * scale + torch.tensor(offset * 2)
    return torch.stack(images), objects


def jitter(images, objects):
    """The batch, each picture a little larger or smaller, elsewhere, and brighter or darker."""
    n = len(images)
    scale, shift = torch.empty(n).uniform_(0.85, 1.15), torch.empty(n, 2).uniform_(-0.1, 0.1)
    turn = torch.zeros(n, 2, 3)
    turn[:, 0, 0] = turn[:, 1, 1] = 1 / scale
    turn[:, :, 2] = -shift / scale[:, None]
    grid = F.affine_grid(turn, images.shape, align_corners=False)
    moved = F.grid_sample(images - demo.GRAY, grid, align_corners=False) + demo.GRAY
    moved = (moved * torch.empty(n, 1, 1, 1).uniform_(0.8, 1.2)).clamp(0, 1)
    boxes, centre = objects[..., 1:], SIDE / 2
    boxes = (boxes - centre) * scale[:, None, None] + centre + (shift * centre).repeat(1, 2)[:, None]
    lost = ((boxes[..., :2] + boxes[..., 2:]) / 2 - centre).abs().amax(-1) > centre
    names = torch.where(lost, torch.tensor(-1.0), objects[..., 0])
    return moved, torch.cat((names[..., None], boxes.clamp(0, SIDE)), -1)


def batches(paths):
    """Endless batches of the pictures, in another order each time round."""
    images, objects = load(paths)
    waiting = torch.empty(0, dtype=torch.long)
    while True:
        while len(waiting) < BATCH:
            waiting = torch.cat((waiting, torch.randperm(len(images))))
        picked, waiting = waiting[:BATCH], waiting[BATCH:]
        yield jitter(images[picked], objects[picked])


def train(lists, model, steps, seed):
    """Trains on the pictures of these lists, and writes the model."""
    torch.set_num_threads(1)
    paths = [Path(line) for name in lists for line in Path(name).read_text().splitlines()]
    torch.manual_seed(seed)
    demo.export(TASK, demo.train(TASK, batches(paths), steps, seed), model, SIDE)


def judge(build, models, data, output):
    """verify's records of a data set; the flags `models` say by which model."""
    done = subprocess.run([build / "verify", *models, "--data", data, "--imgsz", str(SIDE), "--place", "none",
                           "--overwrite", "--output", output], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit("learned_by_heart.py: verify ended with %d:\n%s" % (done.returncode, done.stdout))
    with open(output / "verification_records.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def figures(records, truth):
    """A row of the table: swap AP, recall and precision of `mislabeled`, swaps called correct."""
    boxes = [(b["margin"], b["verdict"], b["line"] in truth[Path(r["image"]).stem])
             for r in records for b in r["boxes"]]
    swaps = [verdict for _, verdict, swapped in boxes if swapped]
    called = [swapped for _, verdict, swapped in boxes if verdict == "mislabeled"]
    share = lambda verdict: swaps.count(verdict) / len(swaps)
    return (average_precision([b[0] for b in boxes], [b[2] for b in boxes]), share("mislabeled"),
            sum(called) / len(called) if called else float("nan"), share("correct"))


def fold_lists(folder):
    """The lists of the folds, as verify-kfold writes them."""
    if not (folder / "folds").exists():
        subprocess.run([sys.executable, ROOT / "tools" / "verify-kfold", folder / "wrong" / "data.yaml", "-k",
                        str(FOLDS), "--output", folder / "folds"], check=True, stdout=subprocess.DEVNULL)
    return [folder / "folds" / f"fold{i + 1}.txt" for i in range(FOLDS)]


def plan(folder, steps):
    """{name of a model: (lists it learns from, steps)}, and the lists of the folds."""
    every = {}
    for kind in ("true", "wrong"):
        every[kind] = folder / (kind + ".txt")
        pictures = sorted((folder / kind / "images").iterdir())
        every[kind].write_text("".join("%s\n" % picture for picture in pictures))
    folds = fold_lists(folder)
    models = {"true": ([every["true"]], steps), "wrong": ([every["wrong"]], steps),
              "wrong-half": ([every["wrong"]], steps // 2), "wrong-double": ([every["wrong"]], 2 * steps)}
    for i in range(FOLDS):
        models[f"fold{i + 1}"] = ([f for f in folds if f != folds[i]], steps)
    return models, folds


def train_all(folder, models, options):
    """Each in a process of its own, so many at once; a model that is there is kept."""
    def one(item):
        name, (lists, steps) = item
        model = folder / (name + ".onnx")
        if not model.exists():
            with open(folder / (name + ".log"), "w") as log:
                subprocess.run([sys.executable, __file__, "--train", str(model), "--steps", str(steps), "--seed",
                                str(options.seed), *map(str, lists)], check=True, stdout=log, stderr=log)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, models.items()))


def report(folder, folds, options):
    truth = json.loads((folder / "truth.json").read_text())
    data = folder / "wrong" / "data.yaml"
    named = [("trained on the true labels", "true"), ("trained on the wrong ones", "wrong"),
             ("the same, stopped at half the steps", "wrong-half"),
             ("the same, trained for twice the steps", "wrong-double")]
    table = [(title, judge(options.build, ["--model", folder / (name + ".onnx")], data, folder / "output" / name))
             for title, name in named]
    flags = [word for fold in folds for word in ("--fold", f"{fold.parent.parent / fold.stem}.onnx={fold}")]
    table.append((f"{FOLDS} folds: each picture judged by the model that did not see it",
                  judge(options.build, flags, data, folder / "output" / "folds")))
    labels = sum(len(r["boxes"]) for r in table[0][1])
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True)
    lines = ["# Labels learned by heart, %s\n" % datetime.date.today(),
             "verify at %s; PyTorch %s. %d pictures, %d labels, %d of them with another class; the demo's detector, %d "
             "steps of %d pictures at %d pixels; seed %d (`bash bench/learned_by_heart.sh`).\n" %
             (commit.stdout.strip(), torch.__version__, options.pictures, labels, sum(map(len, truth.values())),
              options.steps, BATCH, SIDE, options.seed),
             "| judge | swap AP | called mislabeled: recall | precision | swaps called correct |",
             "| --- | --: | --: | --: | --: |"]
    for title, records in table:
        ap, recall, precision, correct = figures(records, truth)
        lines.append("| %s | %.3f | %.2f | %.2f | %.1f%% |" % (title, ap, recall, precision, 100 * correct))
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "learned-by-heart")
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2, help="trainings at once, each on one core")
    parser.add_argument("--output", type=Path, metavar="FILE",
                        default=ROOT / "bench" / "results" / ("learned-by-heart-%s.md" % datetime.date.today()))
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("lists", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options.lists, options.train, options.steps, options.seed)
        return
    folder = options.work.resolve() / ("%d-%d-%d" % (options.pictures, options.steps, options.seed))
    if not folder.exists():
        draw(folder, options.pictures, options.seed)
    models, folds = plan(folder, options.steps)
    train_all(folder, models, options)
    text = report(folder, folds, options)
    options.output.write_text(text)
    print(text + "\nWritten to %s" % options.output)


if __name__ == "__main__":
    main()
