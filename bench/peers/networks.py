#!/usr/bin/env python3
"""Times verify's CPU backend beside other engines on networks of many families and sizes; writes Markdown.
bench/run.sh --networks FOLDER builds verify and the Python environment, then calls this.

FOLDER keeps the networks as ONNX; what it lacks of them is made there by Ultralytics' package, untrained: the
weights are random, on which the time does not depend. A network that is there already is taken as it is.

exit status: 0 measured, 1 something failed or computed something else, 2 bad usage
"""
import argparse
import importlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

import pictures
from forward import SETTINGS, Forward
from options import add_environment
from report import Load, markdown, processor, revision

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURES = os.environ.get("VERIFY_FIXTURES", "")
ENGINES = ["verify_forward", "onnx_runtime", "open_vino", "mnn_module"]
# Ultralytics' names; yolov3-tiny has the layers of Darknet's tiny network, with a head of today's.
NETWORKS = ["yolov3-tiny", "yolov5n", "yolov8n", "yolov8s", "yolov8m", "yolov10n", "yolo11n", "yolo11s", "yolo11m",
            "yolo12n", "yolo26n"]
SIZE = 640
MAKE = """
import os, sys, torch
os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
from ultralytics import YOLO
torch.manual_seed(1)
YOLO(sys.argv[1] + ".yaml", task="detect").export(format="onnx", imgsz=%d, dynamic=True, simplify=True)
""" % SIZE


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--networks", required=True, metavar="FOLDER")
    add("--only", help="these networks alone: %s" % ", ".join(NETWORKS))
    add("--rounds", type=int, default=5)
    add("--data", help="folder with images/ (default: the fixtures' coco128)")
    add("--clock", choices=["wall", "cpu"], default="wall", help="cpu: processor time of one thread, for a busy machine")
    add("--output", help="a file for what is printed")
    add_environment(add)
    options = parser.parse_args()
    options.only = options.only.split(",") if options.only else NETWORKS
    if set(options.only) - set(NETWORKS):
        parser.error("--only: no such network: %s" % ", ".join(sorted(set(options.only) - set(NETWORKS))))
    if options.rounds < 1:
        parser.error("--rounds is 1 or more")
    options.data = options.data or os.path.join(FIXTURES, "coco128")
    if not options.packages and not os.path.isdir(os.path.join(options.data, "images")):
        parser.error("--data: there is no folder %s" % os.path.join(options.data, "images"))
    return options


def packages(options):
    lacking = any(not os.path.exists(path_of(options, name)) for name in options.only)
    found = ["numpy", "opencv-python-headless"] + (["ultralytics", "onnx", "onnxslim"] if lacking else [])
    for engine in ENGINES:
        found += importlib.import_module(engine).PACKAGES
    return list(dict.fromkeys(found))


def say(text):
    print("networks.py: " + text, file=sys.stderr, flush=True)


def path_of(options, name):
    return os.path.join(os.path.abspath(options.networks), name + ".onnx")


def make(options, name, work):
    """Has the network made where there is none."""
    path = path_of(options, name)
    if os.path.exists(path):
        return path
    say("%s: making it" % name)
    os.makedirs(options.networks, exist_ok=True)
    subprocess.run([sys.executable, "-c", MAKE, name], check=True, stdout=sys.stderr, cwd=work)
    shutil.move(os.path.join(work, name + ".onnx"), path)
    return path


def measure(options, name, settings, work):
    """The network's part, measured and closed."""
    folder = os.path.join(work, name)
    os.makedirs(folder)
    job = {"model": make(options, name, work), "folder": folder, "imgsz": SIZE, "build": options.build,
           "data": options.data, "clock": options.clock, "pictures": os.path.join(work, "pictures.npy")}
    part = Forward(name, job, ENGINES, settings, say)
    part.prepare()
    for _ in range(options.rounds):
        part.measure(0.8)
    part.close()
    return part


def cell(part, setting, engine):
    """Its median, and how many times verify's that is."""
    median = engine.total(setting, statistics.median)
    if median is None:
        return "–"
    return "%.1f%s" % (median, "" if engine is part.ours else " × %.2f" % part.ratio(engine, setting))


def best(part, setting):
    return min((part.ratio(e, setting) for e in part.engines if e is not part.ours and e.times.get(setting)),
               default=None)


def rows_of(parts, setting, names):
    rows = [["", *names, "best of the others ÷ verify"]]
    for part in parts:
        engines = {engine.name: engine for engine in part.engines}
        least = best(part, setting)
        cells = [cell(part, setting, engines[name]) if name in engines else "–" for name in names]
        rows.append([part.title, *cells, "" if least is None else "**%.2f**" % least])
    return rows


def write_up(options, parts, settings, load):
    modules = [importlib.import_module(engine) for engine in ENGINES]
    versions = {e.name: e.version for part in parts for e in part.engines if e.version}
    lines = ["# Networks of many families and sizes on the CPU", "",
             "%s, %d processors; %s. verify at %s; %d rounds. %s." % (
                 processor(), os.cpu_count(), load.text(), revision(), options.rounds,
                 ", ".join("%s %s" % item for item in versions.items())), "",
             "%d x %d, fp32, a picture at a time, weights random: ms%s, the median of all runs, and how many times "
             "verify's time that is, the median of the rounds' ratios." % (SIZE, SIZE, " of processor time" if options.clock == "cpu" else "")]
    for setting in settings:
        lines += ["", "## " + setting.title, "", markdown(rows_of(parts, setting, [m.NAME for m in modules]))]
    left_out = ["%s: %s" % (part.title, text) for part in parts for text in part.left_out]
    lines += ["", "Left out:", ""] + ["- " + text for text in left_out] if left_out else []
    return "\n".join(lines) + "\n"


def main():
    options = arguments()
    if options.packages:
        print("\n".join(packages(options)))
        return 0
    settings = [s for s in SETTINGS if s.batch == s.processes == 1 and (s.threads == 1 or options.clock == "wall")]
    load, work = Load(), tempfile.mkdtemp(prefix="verify-networks-")
    try:
        pictures.save_batch(os.path.join(options.data, "images"), 1, SIZE, os.path.join(work, "pictures.npy"))
        parts = [measure(options, name, settings, work) for name in options.only]
        text = write_up(options, parts, settings, load)
        print(text)
        if options.output:
            with open(options.output, "w") as file:
                file.write(text)
        return 1 if any(part.wrong for part in parts) else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
