#!/usr/bin/env python3
"""Times verify's CPU backend beside other engines, and verify beside Ultralytics' predict, interleaved;
writes Markdown. bench/run.sh builds verify and the Python environment, then calls this.

exit status: 0 measured, 1 something failed or computed something else, 2 bad usage, 77 nothing to measure with
"""
import argparse
import datetime
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

import pictures
import whole_job
from forward import SETTINGS, Forward
from options import add_environment
from report import Load, write_up

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURES = os.environ.get("VERIFY_FIXTURES", "")
# verify_forward is what the others are compared with.
ENGINES = ["verify_forward", "onnx_runtime", "open_vino", "ncnn_net", "mnn_module", "pytorch", "pytorch_compiled",
           "opencv_dnn"]
LARGE = ["verify_forward", "onnx_runtime", "mnn_module"]
WHOLE = ["verify_job", "ultralytics_predict"]
SKIPPED = 77


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--model", help="ONNX file, with the same as .pt beside it for Ultralytics (default: the fixtures' yolov8n)")
    add("--data", help="folder with images/ and labels/ (default: the fixtures' coco128)")
    add("--imgsz", type=int, default=640)
    add("--quick", action="store_true", help="two short rounds, no batches, no larger network, nothing compiled by "
        "PyTorch, 24 pictures; prints only")
    add("--only", help="these engines and parts alone: %s; large; whole" % ", ".join(ENGINES[1:]))
    add("--rounds", type=int, help="default: 6, of the whole jobs half as many; with --quick 2 and 1")
    add("--seconds", type=int, help="after which no round is begun that may end later; one is made in any case "
        "(default: 840, with --quick 110)")
    add("--clock", choices=["wall", "cpu"], default="wall", help="cpu: processor time, for a busy machine; one thread "
        "alone")
    add("--output", help="default: bench/results/cpu-DATE.md")
    add_environment(add)
    options = parser.parse_args()
    known = {*ENGINES, "large", "whole"}
    options.only = options.only.split(",") if options.only else None
    if options.only and set(options.only) - known:
        parser.error("--only: no such name: %s" % ", ".join(sorted(set(options.only) - known)))
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds is 1 or more")
    return options


def chosen(options):
    """Engines of the forward passes, whether the larger network, and what runs whole jobs."""
    engines = [e for e in ENGINES if not options.only or e in options.only or e == ENGINES[0]]
    if options.quick:
        engines = [e for e in engines if e != "pytorch_compiled"]
    if options.only and not set(options.only) & set(ENGINES):
        engines = []
    large = "large" in options.only if options.only else not options.quick
    whole = WHOLE if not options.only or "whole" in options.only else []
    return engines, large, whole


def settings_of(options):
    return [s for s in SETTINGS if (s.batch == 1 or not options.quick) and
            (s.threads * s.processes == 1 or options.clock == "wall")]


def packages(options):
    engines, large, whole = chosen(options)
    modules = engines + (LARGE if large else []) + whole
    found = ["numpy", "opencv-python-headless"]
    for module in modules:
        found += importlib.import_module(module).PACKAGES
    return list(dict.fromkeys(found))


def say(text):
    print("run.py: " + text, file=sys.stderr, flush=True)


def job_of(options, folder, model, data):
    os.makedirs(folder)
    return {"model": model, "folder": folder, "imgsz": options.imgsz, "build": options.build, "data": data,
            "clock": options.clock, "pictures": os.path.join(os.path.dirname(folder), "pictures.npy")}


def large_network(work):
    shapes = os.path.join(work, "shapes")
    subprocess.run([sys.executable, os.path.join(ROOT, "bench", "make_shapes.py"), shapes, "s"], check=True,
                   stdout=sys.stderr)
    return os.path.join(shapes, "yolov8s-random.onnx")


def measure(options, parts, whole, start):
    """The number of rounds made."""
    rounds = options.rounds or (2 if options.quick else 6)
    limit = options.seconds or (110 if options.quick else 840)
    for part in parts + ([whole] if whole else []):
        part.prepare()
    done, longest = 0, 0
    while done < rounds and (done == 0 or time.time() - start + longest < limit):
        begun = time.time()
        for part in parts:
            say("round %d of %d, %s" % (done + 1, rounds, part.title))
            part.measure(0.4 if options.quick else 0.8)
        if whole and done % 2 == 0:
            say("round %d of %d, whole jobs" % (done // 2 + 1, (rounds + 1) // 2))
            whole.measure()
        done, longest = done + 1, max(longest, time.time() - begun)
    for part in parts + ([whole] if whole else []):
        part.close()
    return done


def profile(options):
    """verify's forward pass step by step, as Markdown."""
    program = os.path.join(options.build, "bench_cpu_layers")
    done = subprocess.run([program, options.model, str(options.imgsz), "1", "60"], check=True,
                          stdout=subprocess.PIPE, text=True)
    return ("\n## verify, step by step, 1 thread\n\nThe least time of 60 runs; GFLOP/s counted as the direct "
            "algorithm's, beside the multiply-adds that one thread was just seen to do.\n\n" + done.stdout)


def write(options, text):
    print(text)
    if options.quick and not options.output:
        return
    path = options.output or os.path.join(ROOT, "bench", "results", "cpu-%s.md" % datetime.date.today())
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    say("written to " + path)


def find_inputs(options):
    for name, default in (("model", "models/yolov8n.onnx"), ("data", "coco128")):
        given = getattr(options, name)
        path = os.path.abspath(given or os.path.join(FIXTURES, default))
        if given and not os.path.exists(path):
            sys.exit("run.py: --%s: there is no %s" % (name, path))
        if not given and not (FIXTURES and os.path.exists(path)):
            print("run.py: nothing was measured: no --%s, and no %s below the folder that VERIFY_FIXTURES names"
                  % (name, default))
            sys.exit(SKIPPED)
        setattr(options, name, path)


def main():
    options = arguments()
    find_inputs(options)
    if options.packages:
        print("\n".join(packages(options)))
        return 0
    engines, large, runners = chosen(options)
    load, work = Load(), tempfile.mkdtemp(prefix="verify-bench-")
    try:
        pictures.save_batch(os.path.join(options.data, "images"), 8, options.imgsz, os.path.join(work, "pictures.npy"))
        data = os.path.join(work, "data")
        count = pictures.link_data(options.data, 24 if options.quick else 0, data)
        parts, whole = [], None
        settings = settings_of(options)
        if engines:
            job = job_of(options, os.path.join(work, "forward"), options.model, data)
            parts.append(Forward(os.path.basename(options.model), job, engines, settings, say))
        if large and options.imgsz == 640:      # its only size
            job = job_of(options, os.path.join(work, "large"), large_network(work), data)
            parts.append(Forward("yolov8s-random.onnx", job, LARGE, [s for s in settings if s.batch == 1], say))
        if runners:
            whole = whole_job.WholeJobs(job_of(options, os.path.join(work, "whole"), options.model, data), runners, say)
        rounds = measure(options, parts, whole, load.start)
        steps = profile(options) if engines and not options.quick else ""
        write(options, write_up(options, parts, whole, load, rounds, count) + steps)
        return 1 if any(part.wrong for part in parts) else 0
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
