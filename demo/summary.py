#!/usr/bin/env python3
"""Says what a run on the demo found of the label errors that were planted, and where to look.

usage: summary.py OUTPUT_DIR TRUTH_JSON

Exit status 1 where fewer than 90% of the class swaps were found, or where fewer than 90% of the
labels called "mislabeled" are swaps.
"""
import collections
import json
import sys
from pathlib import Path

GOAL = 0.9
SHOWN = 3       # pictures of the review queue
ADVICE = {
    "class": "labelled '{name}', looks like '{suggested_name}'",
    "contested": "labelled '{name}', may be '{suggested_name}'",
    "location": "the box does not fit its '{name}'",
    "unseen": "no '{name}' to be seen here",
    "duplicate": "a second label of the same object",
    "unknown_class": "the model does not know '{name}'",
}
# Errors that are planted beside swapped classes and dropped labels.
PLANTED = {"moved": "moved boxes", "spurious": "spurious boxes", "outline": "outlines off", "angle": "angles off",
           "point": "points moved", "side": "sides swapped"}
WEAK = "weak"
NO_FINDING = " (no findings: little is seen of these, but nothing speaks against them)"


def read_records(output):
    """The records of a run, one a picture."""
    with open(output / "verification_records.jsonl", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def iou(a, b):
    """Intersection over union of two boxes xc yc w h."""
    wide, high = (min(a[i] + a[i + 2] / 2, b[i] + b[i + 2] / 2) -
                  max(a[i] - a[i + 2] / 2, b[i] - b[i + 2] / 2) for i in (0, 1))
    shared = max(wide, 0) * max(high, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def tally(records, truth):
    """Counts of (planted kind or "none", verdict, reason) over all labels."""
    counts = collections.Counter()
    for record in records:
        planted = {t["line"]: t["kind"] for t in truth[Path(record["image"]).name]}
        for box in record["boxes"]:
            counts[planted.get(box["line"], "none"), box["verdict"], box["reason"]] += 1
    return counts


def count(counts, kind=None, verdict=None):
    """The sum of the counts of one kind, one verdict, or both."""
    return sum(n for (k, v, _), n in counts.items() if kind in (None, k) and verdict in (None, v))


def dropped(records, truth):
    """How many labels were dropped, and how many of these objects are reported as missing."""
    planted = found = 0
    for record in records:
        for entry in truth[Path(record["image"]).name]:
            if entry["kind"] == "dropped":
                planted += 1
                found += any(iou(entry["box"], m["xywhn"]) >= 0.5 for m in record["missing"])
    return planted, found


def flagged(counts, kind):
    """A line on the labels of one planted kind: of how many there are findings, and which."""
    reasons = collections.Counter()
    for (k, verdict, reason), n in counts.items():
        if k == kind and verdict != "correct":
            reasons[reason] += n
    weak = reasons.pop(WEAK, 0)
    why = ", ".join(f"{n} {reason}" for reason, n in reasons.most_common())
    return (f"{sum(reasons.values())} of {count(counts, kind)} flagged ({why or 'none'})" +
            (f"; {weak} more are weak" if weak else ""))


def suggestion(record):
    """What is most likely wrong with a picture, in words."""
    name = Path(record["image"]).name
    suspects = [box for box in record["boxes"] if box["reason"] not in (None, WEAK)]
    if suspects:
        worst = min(suspects, key=lambda b: b["score"])
        advice = ADVICE.get(worst["reason"], "'{name}': {reason}")
        return f"{name} line {worst['line']}: {advice.format(**worst)}"
    if record["missing"]:
        return f"{name}: a '{record['missing'][0]['name']}' without a label"
    return f"{name}: nothing in particular"


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    output = Path(sys.argv[1])
    truth = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    records = read_records(output)
    report = json.loads((output / "verification_report.json").read_text(encoding="utf-8"))
    counts = tally(records, truth)
    swaps, found = count(counts, "swap"), count(counts, "swap", "mislabeled")
    called = count(counts, verdict="mislabeled")
    share, precision = found / max(swaps, 1), found / max(called, 1)
    lost, reported = dropped(records, truth)
    queue = sorted((r for r in records if r["score"] is not None), key=lambda r: r["score"])

    print("Found of what was planted")
    print(f"  class swaps      {found} of {swaps} found ({share:.0%}); "
          f"{found} of {called} labels called \"mislabeled\" are swaps ({precision:.0%})")
    for kind, words in PLANTED.items():
        if count(counts, kind):
            print(f"  {words:<16} {flagged(counts, kind)}")
    if lost:
        print(f"  dropped objects  {reported} of {lost} reported as missing")
    print(f"  sound labels     {count(counts, 'none', 'correct')} of {count(counts, 'none')} called correct")
    print()
    print("Why labels are not called correct")
    for reason, n in report["reasons"].items():
        if n > 0:
            print(f"  {reason:<16} {n}" + (NO_FINDING if reason == WEAK else ""))
    print()
    print("Where to look")
    print(f"  {output}/mislabeled/JPEGImages and labels: pictures with a wrong class")
    print(f"  {output}/uncertain/JPEGImages and labels: pictures to look at")
    print(f"  {output}/verification_records.jsonl: every judgement; by rising score it is a review queue:")
    for record in queue[:SHOWN]:
        print(f"    {record['score']:<8.3g}  {suggestion(record)}")
    if min(share, precision) < GOAL:
        sys.exit(f"\nFAILED: share found and precision of class swaps should both be at least {GOAL:.0%}")


if __name__ == "__main__":
    main()
