#!/usr/bin/env python3
"""Compares judge_picture with the rule in numpy, evidence.py beside this file.

usage: evidence_parity.py [EMULATOR] EVIDENCE_DUMP      (exit 77: skipped, without numpy)

Random cases of tests/data/evidence_cases.py, more and other ones than the stored, are judged by the
program built from evidence_dump.c and by evidence.py, from one view and from several of networks that
know different classes; every field must agree within 2e-3, and so must what each label would look like
with any other class.
"""
import os
import subprocess
import sys
import tempfile

SKIPPED = 77
TOLERANCE = 2e-3
NO_HYPOTHESIS = 255
HERE = os.path.dirname(os.path.abspath(__file__))
REASONS = [None, "class", "location", "contested", "weak", "unseen", "duplicate"]
VERDICTS = ["correct", "mislabeled", "uncertain"]
FIELDS = ["judged", "own", "rival", "contest", "suggested", "near", "here", "margin", "shift", "ghost", "dup",
          "twin", "location", "found", "copy", "group", "has_refined", "x1", "y1", "x2", "y2", "verdict", "reason", "score"]
NUMBERS = ["own", "rival", "contest", "near", "here", "margin", "shift", "ghost", "dup",
           "location", "found", "copy", "group", "score"]


def read_dump(numbers, n_labels):
    """(evidence, missing, predictions, image score, hypotheses) of evidence_dump's output."""
    numbers = numbers.tolist()
    at = n_labels * len(FIELDS)
    evidence = [dict(zip(FIELDS, numbers[i:i + len(FIELDS)])) for i in range(0, at, len(FIELDS))]
    lists = []
    for _ in range(2):
        n, at = int(numbers[at]), at + 1
        lists.append([numbers[at + 7 * i:at + 7 * i + 7] for i in range(n)])
        at += 7 * n
    score, n, at = numbers[at], int(numbers[at + 1]), at + 2
    assert at + 2 * n == len(numbers), "evidence_dump wrote %d numbers" % len(numbers)
    return evidence, *lists, score, [numbers[i:i + 2] for i in range(at, len(numbers), 2)]


def compare_hypotheses(margins, seen, hypotheses):
    """What differs, as texts: bins of half a margin from 1.5 on, evidence in units of 1/200."""
    wrong = []
    bin_of = lambda margin: min(max(int((margin - 1.0) // 0.5), 0), 14)
    for at, (margin, evidence) in enumerate(zip(margins.ravel().tolist(), seen.ravel().tolist())):
        ours = hypotheses[at]
        if margin != margin:
            if ours[0] != NO_HYPOTHESIS:
                wrong.append("hypothesis %d: bin %d, none expected" % (at, ours[0]))
            continue
        if not bin_of(margin - TOLERANCE) <= ours[0] <= bin_of(margin + TOLERANCE):
            wrong.append("hypothesis %d: bin %d, margin %.4f expected" % (at, ours[0], margin))
        if abs(ours[1] / 200 - evidence) > 0.0025 + TOLERANCE:
            wrong.append("hypothesis %d: evidence %d/200, %.4f expected" % (at, ours[1], evidence))
    return wrong


def compare(reference, np, labels, views, gain, dump):
    """What differs, as texts; and the largest difference of each field."""
    evidence, missing, _, score, hypotheses = dump
    wrong, largest = [], {}

    def check(name, ours, theirs, scale=1.0):
        apart = abs(ours - theirs) / scale
        largest[name] = max(largest.get(name, 0.0), apart)
        if not apart <= TOLERANCE:
            wrong.append("%s: %.6f, %.6f expected" % (name, ours, theirs))

    judged = reference.judge(labels, views, gain) if len(labels) else []
    absent = reference.missing(labels, views, judged)
    extent = max(float(np.abs(view[0]).max()) for view in views)
    extent = max(1.0, extent / 100)     # 2e-3 of a hundredth of the picture
    for i, (ours, theirs) in enumerate(zip(evidence, judged)):
        for name in NUMBERS:
            check(name, ours[name], theirs[name])
        if theirs["rival"] > 0 and ours["suggested"] != theirs["suggested"]:
            wrong.append("suggested: %d, %d expected" % (ours["suggested"], theirs["suggested"]))
        if ours["twin"] != theirs["twin"]:
            wrong.append("twin: %d, %d expected" % (ours["twin"], theirs["twin"]))
        if bool(ours["has_refined"]) != (theirs["refined"] is not None):
            wrong.append("label %d: refined box" % i)
        elif theirs["refined"] is not None:
            for j, x in enumerate(("x1", "y1", "x2", "y2")):
                check("refined", ours[x], theirs["refined"][j], extent)
        verdict = VERDICTS[int(ours["verdict"])], REASONS[int(ours["reason"])]
        if verdict != (theirs["verdict"], theirs["reason"]):
            wrong.append("verdict: %s, %s expected" % (verdict, (theirs["verdict"], theirs["reason"])))
    if [m[0] for m in missing] != [k for _, k, *_ in absent]:
        wrong.append("missing: classes %s, %s expected" % ([m[0] for m in missing],
                                                           [k for _, k, *_ in absent]))
    else:
        for ours, (s, _, box, sure) in zip(missing, absent):
            check("confidence", ours[1], s)
            check("certainty", ours[6], sure)
            for j in range(4):
                check("missing", ours[2 + j], float(box[j]), extent)
    check("image_score", score, reference.image_score(judged, absent))
    if len(labels):
        wrong += compare_hypotheses(*reference.suppose(labels, views), hypotheses)
    return wrong, largest


def views_of_one_picture(cases, seed):
    """Two or three networks' maps of the same objects. Each but the first of a third of the seeds
    lacks a class of the five or six that all together know."""
    kinds = [dict(bins=8), dict(kind=cases.ANCHOR), dict(bins=1, block=8), dict(kind=cases.FINAL)]
    pictures = []
    for i in range(2 + seed % 2):
        case = cases.make_case(seed, classes=4, n_objects=5, **kinds[(seed // 2 + i) % len(kinds)])
        lacks = (seed + 2 * i) % 6
        case["numbers"] = [k for k in range(5) if k != lacks][:4]
        case["gain"] *= 1 + (seed + i) % 3 / 4
        pictures.append(case)
    if seed % 3 == 0:
        for case in pictures:
            case["numbers"] = list(range(4))
    return pictures


def view_of(decode, np, case):
    """As evidence.py has a view."""
    anchors = decode(case)
    view = np.array([box for box, _ in anchors]), np.array([scores for _, scores in anchors])
    return view + ((case["numbers"],) if "numbers" in case else ())


def run_dump(cases, pictures):
    """The output of evidence_dump of these views of one picture."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, str(i)) for i in range(len(pictures))]
        for path, case in zip(paths, pictures):
            with open(path, "wb") as file:
                file.write(cases.write_case(case, case.get("numbers", ())))
        return subprocess.run([sys.argv[1], *paths], check=True, stdout=subprocess.PIPE).stdout


def main():
    try:
        import numpy as np
    except ImportError:
        print("skipped: numpy is not installed (Debian: python3-numpy)")
        return SKIPPED
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(HERE, "..", "data"))
    import evidence as reference
    import evidence_cases as cases
    from evidence_rule import decode

    largest, failed, n_labels = {}, 0, 0
    kinds = [dict(classes=6, bins=8), dict(classes=3, block=8, n_objects=7),
             dict(bins=1, block=0, one_map=True), dict(kind=cases.ANCHOR, n_objects=6),
             dict(kind=cases.FINAL, objectness=True), dict(classes=2, labels="plain")]
    rounds = [[cases.make_case(seed, **kinds[seed % len(kinds)])] for seed in range(100, 190)]
    rounds += [views_of_one_picture(cases, seed) for seed in range(200, 260)]
    for seed, pictures in enumerate(rounds):
        labels = np.array(pictures[0]["labels"], float).reshape(-1, 5)
        dump = read_dump(np.frombuffer(run_dump(cases, pictures), "<f4"), len(labels))
        wrong, apart = compare(reference, np, labels, [view_of(decode, np, case) for case in pictures],
                               min(case["gain"] for case in pictures), dump)
        n_labels += len(labels)
        for name, x in apart.items():
            largest[name] = max(largest.get(name, 0.0), x)
        for text in wrong:
            print("case %d: %s" % (seed, text))
        failed += bool(wrong)
    print("%d labels; largest differences: %s" % (
        n_labels, ", ".join("%s %.1e" % item for item in sorted(largest.items()))))
    return 1 if failed or n_labels == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
