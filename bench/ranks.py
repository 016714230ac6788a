#!/usr/bin/env python3
"""What more ranks bring: whole jobs on one rank and on several of one thread each, in turns.

usage: ranks.py VERIFY MODEL LIST [--ranks N] [--rounds N] [-- OPTIONS OF ALL]

LIST: a .txt of images. A round is a job on one rank, one on N ranks, and N jobs of one rank at the same time, each on
its part of LIST: these share nothing but the machine, so that N ranks cannot be much faster. Prints of each the median
time from the program's start to its end and, for jobs, that of the work as the report has it (the slowest rank's
seconds), and the medians of the rounds' ratios. Needs Open MPI and Python alone.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


class Bench:
    def __init__(self, arguments, options, folder):
        self.command = [os.path.abspath(arguments.verify), "--model", arguments.model, "--threads", "1", *options]
        self.ranks, self.folder, self.data = arguments.ranks, folder, os.path.abspath(arguments.data)
        self.runs = 0
        with open(self.data, encoding="utf-8") as file:
            images = [os.path.join(os.path.dirname(self.data), line.strip()) for line in file if line.strip()]
        self.parts = []
        for i in range(self.ranks):
            self.parts.append(os.path.join(folder, "part%d.txt" % i))
            with open(self.parts[-1], "w", encoding="utf-8") as file:
                file.writelines(image + "\n" for image in images[i * len(images) // self.ranks:
                                                                 (i + 1) * len(images) // self.ranks])

    def start(self, launcher, data):
        self.runs += 1
        output = os.path.join(self.folder, "output%d" % self.runs)
        return output, subprocess.Popen([*launcher, *self.command, "--data", data, "--output", output],
                                        stdout=subprocess.DEVNULL, env=ENVIRONMENT)

    def measured(self, jobs):
        """Starts jobs, each a launcher and a list; seconds of the slowest one's work, and of all."""
        begun, work = time.monotonic(), []
        started = [self.start(*job) for job in jobs]
        codes = [process.wait() for _, process in started]
        whole = time.monotonic() - begun
        if any(codes):
            sys.exit("failed: %s" % " ".join(self.command))
        for output, _ in started:
            with open(os.path.join(output, "verification_report.json"), encoding="utf-8") as file:
                work += [rank["seconds"] for rank in json.load(file)["per_rank"]]
        return max(work), whole


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    for name in ("verify", "model", "data"):
        parser.add_argument(name)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    arguments = parser.parse_args(sys.argv[1:end])
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(arguments, sys.argv[end + 1:], folder)
        ways = {"1 rank": [(["mpirun", "-np", "1"], bench.data)],
                "%d ranks" % bench.ranks: [(["mpirun", "-np", str(bench.ranks)], bench.data)],
                "%d jobs" % bench.ranks: [([], part) for part in bench.parts]}
        taken = {way: [] for way in ways}
        for i in range(arguments.rounds):
            for way in list(ways)[::1 - 2 * (i % 2)]:
                taken[way].append(bench.measured(ways[way]))
    first = taken["1 rank"]
    for i, what in enumerate(("work", "start to end")):
        for way, times in taken.items():
            ratios = [a[i] / b[i] for a, b in zip(first, times)]
            print("%s: %s %.2f s, %.3f times as fast as 1 rank (%.3f to %.3f)"
                  % (what, way, statistics.median(t[i] for t in times), statistics.median(ratios), min(ratios),
                     max(ratios)), flush=True)


if __name__ == "__main__":
    main()
