#!/usr/bin/env python3
"""What more ranks bring: whole jobs on one rank and on several of one thread each, in turns.

usage: ranks.py VERIFY MODEL DATA [--ranks N] [--rounds N] [-- OPTIONS OF ALL]

Prints, for whole jobs as the report has them (the slowest rank's seconds) and from the program's start to its end,
the median time on one rank and on N, and the median ratio of each round's two. Needs Open MPI and Python alone.
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


def measured(arguments, ranks, options):
    """Seconds of the work, and of all."""
    with tempfile.TemporaryDirectory() as folder:
        output = os.path.join(folder, "output")
        begun = time.monotonic()
        subprocess.run(["mpirun", "-np", str(ranks), os.path.abspath(arguments.verify), "--model", arguments.model,
                        "--data", arguments.data, "--threads", "1", "--output", output, *options],
                       check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        whole = time.monotonic() - begun
        with open(os.path.join(output, "verification_report.json"), encoding="utf-8") as file:
            return max(rank["seconds"] for rank in json.load(file)["per_rank"]), whole


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    for name in ("verify", "model", "data"):
        parser.add_argument(name)
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    arguments = parser.parse_args(sys.argv[1:end])
    ways = (1, arguments.ranks)
    taken = {ranks: [] for ranks in ways}
    for i in range(arguments.rounds):
        for ranks in ways[::1 - 2 * (i % 2)]:
            taken[ranks].append(measured(arguments, ranks, sys.argv[end + 1:]))
    for i, what in enumerate(("work", "start to end")):
        one, more = (statistics.median(t[i] for t in taken[ranks]) for ranks in ways)
        ratios = [a[i] / b[i] for a, b in zip(*(taken[ranks] for ranks in ways))]
        print("%s: 1 rank %.2f s, %d ranks %.2f s; %.3f times as fast (%.3f to %.3f)"
              % (what, one, arguments.ranks, more, statistics.median(ratios), min(ratios), max(ratios)), flush=True)


if __name__ == "__main__":
    main()
