#!/usr/bin/env python3
"""What options cost: runs with and without each, in turns.

usage: paired.py MODEL DATA [--rounds N] [--with OPTIONS]... [-- OPTIONS OF ALL]

Each round runs the plain run and that with each of OPTIONS once, in a shuffled order, so that a
disturbance hits all. Prints, for processor time and the clock, the median of the rounds' ratios to
the plain run, and the interval that holds 95% of such medians (bootstrap).
Example: paired.py yolov8n.pt data.yaml --with=--no-self-test --with=--no-hash -- --threads 2
"""
import argparse
import os
import random
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERIFY = os.environ.get("VERIFY", os.path.join(ROOT, "build", "verify"))
RESAMPLES = 10000


def measured(command):
    """Seconds of the processors, and by the clock."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        process = subprocess.Popen(command + ["--output", os.path.join(folder, "output")],
                                   stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        clock = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 3):
        sys.exit("failed: %s" % shlex.join(command))
    return usage.ru_utime + usage.ru_stime, clock


def interval(ratios):
    medians = sorted(statistics.median(random.choices(ratios, k=len(ratios)))
                     for _ in range(RESAMPLES))
    return medians[RESAMPLES // 40], medians[-RESAMPLES // 40]


def main():
    random.seed(1)
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--with", dest="options", action="append", default=[])
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args = parser.parse_args(sys.argv[1:end])
    plain = [VERIFY, "--model", args.model, "--data", args.data, *sys.argv[end + 1:]]
    ways = {"": plain, **{each: plain + shlex.split(each) for each in args.options}}
    taken = {way: [] for way in ways}
    for _ in range(args.rounds):
        for way in random.sample(list(ways), len(ways)):
            taken[way].append(measured(ways[way]))
    for i, what in enumerate(("processors", "clock")):
        print("%s: plain run %.2f s" % (what, statistics.median(t[i] for t in taken[""])))
        for way in args.options:
            ratios = [a[i] / b[i] for a, b in zip(taken[way], taken[""])]
            print("    %-24s %.4f of it (%.4f to %.4f)" % (
                way, statistics.median(ratios), *interval(ratios)))


if __name__ == "__main__":
    main()
