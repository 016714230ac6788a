#!/usr/bin/env python3
"""Says how well a run ranks the errors that plant_tasks.py planted: AUROC of each kind against the sound labels.

usage: score_tasks.py OUTPUT TRUTH [--field KIND=FIELD]...

OUTPUT is the folder of a run of verify, or its verification_records.jsonl. A kind is ranked by a field of the records'
boxes that is higher the better label and model agree, or by one with a minus before it that is higher the worse they
do: `outline`, `-angle`, `oks` of points and sides, `score` of swapped classes; --field names another. Labels whose field is null or not there are counted and left out. Exit status
1 where a kind could not be ranked.
"""
import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "reference"))

from ranking import auroc

FIELDS = {"outline": "outline", "angle": "-angle", "point": "oks", "side": "oks", "swap": "score"}


def boxes(path, truth):
    """Each judged label's box of the records, with the kind of the error that it has, or None."""
    if path.is_dir():
        path /= "verification_records.jsonl"
    with open(path, encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            name = Path(record["image"]).name
            if name not in truth:
                sys.exit("score_tasks.py: %s is in the records, but not in the truth: give that of these labels" % name)
            planted = {entry["line"]: entry["kind"] for entry in truth[name]}
            for box in record["boxes"]:
                yield box, planted.get(box["line"])


def rank(judged, kind, field):
    """What to print of a kind, and whether it could be ranked."""
    worse, field = field.startswith("-"), field.removeprefix("-")
    asked = [(box.get(field), mine == kind) for box, mine in judged if mine in (None, kind)]
    ranked = [(value, wrong) for value, wrong in asked if value is not None]
    found = sum(wrong for _, wrong in ranked)
    if not any(field in box for box, _ in judged):
        return "no box of these records has a field `%s`" % field, False
    if found in (0, len(ranked)):
        return "%d wrong and %d sound labels have `%s`: nothing to rank" % (found, len(ranked) - found, field), False
    value = auroc([value if worse else -value for value, _ in ranked], [wrong for _, wrong in ranked])
    left = len(asked) - len(ranked)
    return "AUROC %.3f by `%s` (%d of %d planted, %d sound%s)" % (
        value, field, found, sum(wrong for _, wrong in asked), len(ranked) - found,
        "; %d labels without it left out" % left if left else ""), True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--field", action="append", default=[], metavar="KIND=FIELD")
    options = parser.parse_args()
    fields = dict(FIELDS)
    for pair in options.field:
        kind, equals, field = pair.partition("=")
        if kind not in FIELDS or not equals or not field:
            parser.error("--field takes KIND=FIELD, with a kind of %s" % ", ".join(FIELDS))
        fields[kind] = field
    truth = json.loads(options.truth.read_text(encoding="utf-8"))
    judged = list(boxes(options.output, truth))
    planted = {entry["kind"] for entries in truth.values() for entry in entries}
    good = True
    for kind in (kind for kind in FIELDS if kind in planted):
        text, ranked = rank(judged, kind, fields[kind])
        print("%-8s %s" % (kind, text))
        good &= ranked
    sys.exit(0 if good and planted else 1)


if __name__ == "__main__":
    main()
