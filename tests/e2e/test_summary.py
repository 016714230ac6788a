"""The demo's summary: what it calls a finding, and what is merely weak."""

import json
import os
import subprocess
import sys

from harness import ROOT, Case, main

HERE = [0.5, 0.5, 0.1, 0.1]


def box(line, reason, score):
    verdict = "correct" if reason is None else "mislabeled" if reason == "class" else "uncertain"
    return {"line": line, "name": "two", "verdict": verdict, "reason": reason, "score": score,
            "suggested_name": "six"}


def record(name, *boxes, missing=()):
    return {"image": name, "score": min((b["score"] for b in boxes), default=1), "boxes": boxes,
            "missing": missing}


class Summary(Case):
    def summary(self, records, truth, reasons):
        os.makedirs(self.path("output"))
        with open(self.path("output", "verification_records.jsonl"), "w") as file:
            file.writelines(json.dumps(r) + "\n" for r in records)
        for name, content in (("output/verification_report.json", {"reasons": reasons}),
                              ("truth.json", truth)):
            with open(self.path(name), "w") as file:
                json.dump(content, file)
        return subprocess.run(
            [sys.executable, os.path.join(ROOT, "demo", "summary.py"), self.path("output"),
             self.path("truth.json")], check=True, stdout=subprocess.PIPE).stdout.decode()

    def test_weak_is_no_finding(self):
        missing = [{"name": "nine", "xywhn": HERE}]
        records = [record("a.png", box(1, "weak", 0.1), box(2, "location", 0.2)),
                   record("b.png", box(1, "weak", 0.3), missing=missing),
                   record("c.png", box(1, "weak", 0.4), box(2, None, 0.99)),
                   record("d.png", box(1, "class", 0.9))]
        truth = {"a.png": [{"line": 1, "kind": "moved"}, {"line": 2, "kind": "moved"}], "b.png": [],
                 "c.png": [], "d.png": [{"line": 1, "kind": "swap"}]}
        out = self.summary(records, truth, {"class": 1, "location": 1, "unseen": 0, "weak": 3})
        self.assertIn("1 of 2 flagged (1 location); 1 more are weak", out)
        why = out.split("Why labels are not called correct\n")[1].split("\n\n")[0].split("\n")
        self.assertEqual([line.split()[:2] for line in why],
                         [["class", "1"], ["location", "1"], ["weak", "3"]])
        self.assertIn("no findings", why[-1])
        self.assertIn("a.png line 2: the box does not fit", out)
        self.assertIn("b.png: a 'nine' without a label", out)
        self.assertIn("c.png: nothing in particular", out)


if __name__ == "__main__":
    main()
