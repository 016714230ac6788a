#!/usr/bin/env python3
"""What the review page costs beside the run that it is of, and how large it is.

usage: review.py MODEL DATA [--imgsz N] [--rounds N]

Each round verifies DATA without a page, and then makes the page of all findings, so that a
disturbance hits both. Prints, of the rounds' medians, processor time an image and a finding: on a
machine that others use it says more than the clock. `share`: of the run's time, where the same part of
the images has findings.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERIFY = os.environ.get("VERIFY", os.path.join(ROOT, "build", "verify"))
MOST = 1000000


def measured(*command):
    """Seconds by the clock, of the processors, and MiB of memory at most."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        sys.exit("failed: %s" % " ".join(command))
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--imgsz", default="640")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="verify-bench-")
    output = os.path.join(folder, "output")
    runs, pages = [], []
    for _ in range(args.rounds):
        runs.append(measured(VERIFY, "--model", args.model, "--data", args.data, "--imgsz", args.imgsz,
                             "--output", output, "--place", "none", "--review", "0", "--overwrite"))
        pages.append(measured(VERIFY, "review", output, "--review", str(MOST)))
    with open(os.path.join(output, "review", "data", "run.js"), encoding="utf-8") as file:
        run = json.loads(file.read().split(", ", 2)[2][:-3])
    size = sum(os.path.getsize(os.path.join(base, name))
               for base, _, names in os.walk(os.path.join(output, "review")) for name in names)
    images = run["report"]["total_images"]
    # What a program takes to start is in both.
    none = measured(VERIFY, "review", output, "--review", "1")
    shutil.rmtree(folder)
    wall, cpu, memory = (statistics.median(column) for column in zip(*runs, strict=True))
    page_wall, page_cpu, page_memory = (statistics.median(column) for column in zip(*pages, strict=True))
    page_cpu = max(page_cpu - none[1], 0)
    print("images %d, with findings %d, findings %d" % (images, run["n_images"], run["n_findings"]))
    print("run:  %.1f s, processors %.1f s, %.2f ms an image, %.0f MiB" % (wall, cpu, 1e3 * cpu / images, memory))
    print("page: %.1f s, processors %.1f s, %.2f ms a finding, %.0f MiB" % (
        page_wall, page_cpu, 1e3 * page_cpu / run["n_findings"], page_memory))
    print("share %.1f%%; 10,000 findings: %.1f s of processors, %.0f MB" % (
        100 * page_cpu / cpu, 1e4 * page_cpu / run["n_findings"], 1e-6 * size / run["n_findings"] * 1e4))


if __name__ == "__main__":
    main()
