#!/usr/bin/env python3
"""Makes the truth of a set of what two people found wrong in it, and says how far they agree.

usage: merge.py FORM_A FORM_B --output truth.json

The forms are those of sheets.py, filled in. The truth is {picture: {"labels": [{"line", "kind", "level", and
true_class, true_box or of where they say so}], "missing": [{"class", "box", "level"}]}}, which bench/accuracy.sh reads.
Levels: real, both recorded it and one at least was sure; arguable, both were unsure, or one alone was sure; one, one
alone, unsure.
Pictures that one of them did not mark as seen are left out, and counted.
"""
import argparse
import csv
import json
import sys

LEVELS = ("", "sure", "unsure")
KINDS = ("class", "location", "spurious", "duplicate", "group")
SAME = 0.3      # IoU from which on two boxes are one missing object


class Refused(Exception):
    """What is wrong in a form: one line."""


def box_of(text, where):
    try:
        box = [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        box = []
    if len(box) != 4 or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        raise Refused("%s: '%s' is no box: x1 y1 x2 y2 in fractions of the picture" % (where, text))
    return box


def entry(row, where):
    """What a row says of a label or a missing object."""
    level, detail = row["level"].strip().lower(), row["detail"].strip()
    if level not in LEVELS:
        raise Refused("%s: level '%s' is none of sure, unsure" % (where, level))
    kinds = [kind for kind in row["kind"].replace("+", " ").lower().split()]
    said = {"sure": level == "sure", "kind": kinds}
    if kinds == ["missing"]:
        return dict(said, box=box_of(detail, where), name=row["class"].strip())
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise Refused("%s: kind '%s' is none of %s, missing" % (where, row["kind"], ", ".join(KINDS)))
    if detail and "location" in kinds:
        said["true_box"] = box_of(detail, where)
    elif detail and "duplicate" in kinds:
        said["of"] = int(detail) if detail.isdigit() else None
    elif detail and "class" in kinds:
        said["true_class"] = detail
    return said


def read_form(path):
    """{picture that was seen: ({line: entry}, [missing])}, and the number of pictures."""
    seen, entries = {}, {}
    with open(path, newline="", encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            where = "%s, line %d" % (path, number)
            if None in row.values() or "detail" not in row:
                raise Refused("%s: has not the columns of sheets.py's form" % where)
            lines, missing = entries.setdefault(row["image"], ({}, []))
            line = row["line"].strip()
            if line == "0":
                seen[row["image"]] = row["level"].strip().lower() == "seen"
            elif not row["level"].strip() and not row["kind"].strip():
                continue
            elif row["kind"].strip().lower() == "missing":
                missing.append(entry(row, where))
            elif line.isdigit():
                lines[int(line)] = entry(row, where)
            else:
                raise Refused("%s: neither a label's line nor a missing object" % where)
    return {image: entries[image] for image, looked in seen.items() if looked}, len(seen)


def level(*found):
    """Of what both, or one, recorded."""
    sure = sum(said["sure"] for said in found)
    return ("real" if sure else "arguable") if len(found) == 2 else "arguable" if sure else "one"


def overlap(a, b):
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    return wide * high / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - wide * high)


def mean_box(boxes):
    return [round(sum(values) / len(boxes), 4) for values in zip(*boxes)]


def merge_labels(a, b):
    merged = []
    for line in sorted({*a, *b}):
        found = [form[line] for form in (a, b) if line in form]
        kinds = {kind for said in found for kind in said["kind"]}
        label = {"line": line, "kind": sorted(kinds), "level": level(*found)}
        boxes = [said["true_box"] for said in found if "true_box" in said]
        if boxes:
            label["true_box"] = mean_box(boxes)
        for name in ("true_class", "of"):
            for said in found:
                if said.get(name) is not None:
                    label.setdefault(name, said[name])
        merged.append(label)
    return merged


def merge_missing(a, b):
    """Those of both that overlap most are one object, each is taken once."""
    pairs = [(overlap(x["box"], y["box"]), i, j) for i, x in enumerate(a) for j, y in enumerate(b)]
    of_a, of_b, found = set(), set(), []
    for share, i, j in sorted(pairs, reverse=True):
        if share > SAME and i not in of_a and j not in of_b:
            of_a.add(i)
            of_b.add(j)
            found.append((a[i], b[j]))
    found += [(x,) for i, x in enumerate(a) if i not in of_a] + [(y,) for j, y in enumerate(b) if j not in of_b]
    return [{"class": said[0]["name"], "box": mean_box([x["box"] for x in said]), "level": level(*said)}
            for said in found]


def agreement(what, alone_a, alone_b, both):
    """How much of the one's the other has, and by capture and recapture (Chapman) how many there are in all."""
    first, second = alone_a + both, alone_b + both
    if not first or not second:
        return "%s: %d and %d" % (what, first, second)
    total = (first + 1) * (second + 1) / (both + 1) - 1
    return ("%s: %d and %d, of which both have %d (%.2f of the first's, %.2f of the second's); about %.0f in all, "
            "%.0f of them in neither form" % (what, first, second, both, both / first, both / second, total,
                              max(0, total - alone_a - alone_b - both)))


def count(forms, part):
    """(in the first alone, in the second alone, in both) of labels (part 0) or missing objects (1)."""
    a_only = b_only = both = 0
    for image in forms[0].keys() & forms[1].keys():
        a, b = forms[0][image][part], forms[1][image][part]
        shared = len(a.keys() & b.keys()) if part == 0 else len(a) + len(b) - len(merge_missing(a, b))
        a_only, b_only, both = a_only + len(a) - shared, b_only + len(b) - shared, both + shared
    return a_only, b_only, both


def run(options):
    (a, pictures), (b, others) = read_form(options.form_a), read_form(options.form_b)
    shared = sorted(a.keys() & b.keys())
    if not shared:
        raise Refused("no picture is marked as seen in both forms")
    truth = {image: {"labels": merge_labels(a[image][0], b[image][0]),
                     "missing": merge_missing(a[image][1], b[image][1])} for image in shared}
    with open(options.output, "w", encoding="utf-8") as file:
        json.dump(truth, file, indent=0)
        file.write("\n")
    print("%d pictures, %d left out, which not both have seen" % (len(shared), max(pictures, others) - len(shared)))
    print(agreement("wrong labels", *count((a, b), 0)))
    print(agreement("missing objects", *count((a, b), 1)))
    for what in ("labels", "missing"):
        levels = [said["level"] for seen in truth.values() for said in seen[what]]
        counts = ["%d %s" % (levels.count(name), name) for name in ("real", "arguable", "one")]
        print("%s: %s" % (what, ", ".join(counts)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("form_a", metavar="FORM_A")
    parser.add_argument("form_b", metavar="FORM_B")
    parser.add_argument("--output", required=True, metavar="truth.json")
    try:
        run(parser.parse_args())
    except (Refused, OSError) as error:
        print("merge.py: error: %s" % error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
