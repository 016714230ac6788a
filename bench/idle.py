"""Reads the reports of finished runs (output folders): how long ranks had nothing to do at the end.
Idle: the sum over ranks of (end of the last rank's work - end of this rank's), of ranks * length."""

import json
import os
import sys

for folder in sys.argv[1:]:
    with open(os.path.join(folder, "verification_report.json"), encoding="utf-8") as file:
        ranks = json.load(file)["per_rank"]
    end = max(rank["seconds"] for rank in ranks)
    idle = sum(end - rank["seconds"] for rank in ranks) / (len(ranks) * end)
    print("%s: %.1f s, idle %.2f%%, images of each rank: %s" % (
        folder, end, 100 * idle, " ".join(str(rank["images"]) for rank in ranks)))
