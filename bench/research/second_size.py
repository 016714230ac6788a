#!/usr/bin/env python3
"""What would be lost if a second size (--imgsz 640,832) looked only at pictures that the first leaves in doubt.

usage: second_size.py BUILD RUNS.json

Runs verify at 640 and at 640,832 on coco128 of the folder that VERIFY_FIXTURES names, with 4 plantings and without,
and keeps the records in RUNS.json, from which it goes on where the file is there. A picture is in doubt where its
score at 640 is below a threshold; then it counts as both sizes judge it. Prints for each threshold the share of such
pictures, the time in times of 640's (832 takes 1.69 of it), and bench/accuracy's figures.
"""
import json
import os
import statistics
import sys
import tempfile
import types

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "accuracy"))
import run  # noqa: E402 (it knows where figures finds what it needs)
import figures  # noqa: E402

SEEDS, SECOND = 4, (832 / 640) ** 2
THRESHOLDS = [0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 2]  # never to always
PLANTED = ["swap AP", "called P", "called R", "moved AP", "any AP", "pictures AUROC"]
REAL = ["AP", "AUROC", "P of first 20", "pictures AUROC"]


def both(build, pictures, labels, truth):
    """Records at one size and at two, and what is true of them, as JSON has it."""
    options = types.SimpleNamespace(build=build, model=os.path.join(run.FIXTURES, run.MODEL))
    with tempfile.TemporaryDirectory() as work:
        data = pictures.write(os.path.join(work, "set"), labels)
        records = [run.verify(options, data, ["--imgsz", sizes, "--no-self-test", "--review", "0"],
                              os.path.join(work, "output"))[0] for sizes in ("640", "640,832")]
    return json.loads(json.dumps([records, truth]))


def all_runs(build, path):
    if not os.path.exists(path):
        pictures = run.Set("coco128")
        runs = [both(build, pictures, *pictures.planted(seed)) for seed in range(SEEDS)]
        runs.append(both(build, pictures, pictures.labels, pictures.real()))
        with open(path, "w") as file:
            json.dump(runs, file)
    with open(path) as file:
        return json.load(file)


def judged(one_run, threshold, measure):
    """The share of pictures in doubt, and the measure's figures."""
    (first, second), truth = one_run
    truth = {image: ({int(line): kind for line, kind in levels.items()}, bad)
             for image, (levels, bad) in truth.items()}
    chosen = [b if a["score"] < threshold else a for a, b in zip(first, second)]
    share = sum(a["score"] < threshold for a in first) / len(first)
    return share, measure(run.join(chosen, list(run.ours(chosen)), truth))


def row(threshold, results, names):
    share = statistics.mean(share for share, _ in results)
    values = ["%.3f" % statistics.mean(found[name] for _, found in results) for name in names]
    return "| %g | %.2f | %.2f | %s |" % (threshold, share, 1 + SECOND * share, " | ".join(values))


def main():
    if len(sys.argv) != 3 or not run.FIXTURES:
        sys.exit(__doc__.strip())
    *planted, real = all_runs(sys.argv[1], sys.argv[2])
    for runs, measure, names in ((planted, figures.planted, PLANTED), ([real], figures.real, REAL)):
        print("\n| below | share | time | %s |\n| --- |%s" % (" | ".join(names), " --: |" * (2 + len(names))))
        for threshold in THRESHOLDS:
            print(row(threshold, [judged(one, threshold, measure) for one in runs], names))


if __name__ == "__main__":
    main()
