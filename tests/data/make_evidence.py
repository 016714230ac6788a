#!/usr/bin/env python3
"""Makes tests/data/evidence/*.bin: small random raw head maps with labels (evidence_cases.py), and what is expected of
them by docs/evidence.md (evidence_rule.py).

usage: make_evidence.py [FOLDER]     (needs numpy)
"""
import os
import sys

from evidence_cases import ANCHOR, FINAL, make_case, write_case
from evidence_rule import REASONS, expectations, verdict

HERE = os.path.dirname(os.path.abspath(__file__))

CASES = {
    "distance_planar": dict(seed=1),
    "distance_block8": dict(seed=2, classes=5, block=8),
    "distance_channels_last": dict(seed=3, block=0, one_map=True),
    "distance_one_map": dict(seed=4, classes=3, one_map=True, labels="plain"),
    "distance_one_bin": dict(seed=5, bins=1, restrict=True),
    "distance_one_class": dict(seed=6, classes=1, bins=4, n_objects=5),
    "distance_unknown": dict(seed=7, labels="unknown", restrict=True),
    "distance_background": dict(seed=8, labels="none"),
    "anchor_planar": dict(seed=9, kind=ANCHOR, classes=3),
    "anchor_block8": dict(seed=10, kind=ANCHOR, classes=3, block=8, n_objects=6),
    "final_planar": dict(seed=11, kind=FINAL),
    "final_channels_last": dict(seed=12, kind=FINAL, block=0, objectness=True),
}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else \
        os.path.join(HERE, "evidence")
    os.makedirs(folder, exist_ok=True)
    for name, options in CASES.items():
        case = make_case(**options)
        expected, all_e, missing = expectations(case)
        with open(os.path.join(folder, name + ".bin"), "wb") as file:
            file.write(write_case(case, expected))
        reasons = [REASONS[verdict(e)[1]] for e in all_e if e]
        print("%-24s %s, %d missing" % (name, " ".join(reasons) or "no labels", len(missing)))


if __name__ == "__main__":
    main()
