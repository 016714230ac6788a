#!/usr/bin/env python3
"""Scores a run on the planted label errors.

usage: score_label_errors.py verification_records.jsonl truth.json

truth.json: {image file name: [{"line": N or null, "kind": swap|moved|spurious|dropped, ...}]}
Prints one figure a line. AUROC and AP rank every labelled box (or image): by margin, shift and
ghost for one kind of error, by score for any. Precision and recall are of the verdict "mislabeled"
against the planted class swaps.
"""
import json
import os
import sys

from ranking import auroc, average_precision


def main():
    records, truth = sys.argv[1:3]
    with open(truth, encoding="utf-8") as file:
        truth = json.load(file)
    box, image = [], []
    verdicts = {}
    for line in open(records):
        r = json.loads(line)
        name = os.path.basename(r["image"])
        kinds = {t["line"]: t["kind"] for t in truth[name] if t["line"]}
        for b in r["boxes"]:
            kind = kinds.get(b["line"], "ok")
            box.append((b, kind))
            verdicts.setdefault(kind, {}).setdefault(b["verdict"], 0)
            verdicts[kind][b["verdict"]] += 1
        image.append((r["score"], bool(truth[name])))
    swap = [k == "swap" for _, k in box]
    margin = [b["margin"] for b, _ in box]
    flagged = [b["verdict"] == "mislabeled" for b, _ in box]
    hit = sum(f and s for f, s in zip(flagged, swap))
    correct = [k for b, k in box if b["verdict"] == "correct"]
    print("images %d boxes %d" % (len(image), len(box)))
    for kind in sorted(verdicts):
        print("planted %-9s %s" % (kind, verdicts[kind]))
    print("swap_auroc %.4f" % auroc(margin, swap))
    print("swap_ap %.4f" % average_precision(margin, swap))
    print("mislabeled_precision %.4f" % (hit / max(1, sum(flagged))))
    print("mislabeled_recall %.4f" % (hit / sum(swap)))
    print("correct_but_planted %.4f" % (sum(k != "ok" for k in correct) / max(1, len(correct))))
    for kind, field in (("moved", "shift"), ("spurious", "ghost")):
        is_kind = [k == kind for _, k in box]
        print("%s_auroc %.4f" % (kind, auroc([b[field] for b, _ in box], is_kind)))
        print("%s_ap %.4f" % (kind, average_precision([b[field] for b, _ in box], is_kind)))
    doubt, planted = [-b["score"] for b, _ in box], [k != "ok" for _, k in box]
    print("box_auroc %.4f" % auroc(doubt, planted))
    print("box_ap %.4f" % average_precision(doubt, planted))
    print("image_auroc %.4f" % auroc([-s for s, _ in image], [t for _, t in image]))
    print("image_ap %.4f" % average_precision([-s for s, _ in image], [t for _, t in image]))


if __name__ == "__main__":
    main()
