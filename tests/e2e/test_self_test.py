"""The self-test: what it says of the demo's labels, and that ranks and interruptions do not change it."""

import json
import os

from harness import DATA, main
from resume_case import ResumeCase


class SelfTest(ResumeCase):
    def of(self, ranks, output="output", *flags):
        self.verify_demo("--output", output, *flags, ranks=ranks)
        return self.report(output)["self_test"]

    def truth(self):
        """Of the demo's labels: the share with a wrong class, how many of them are called mislabeled, and
        how many of those that are have one."""
        with open(os.path.join(DATA, "truth.json"), encoding="utf-8") as file:
            truth = json.load(file)
        swapped, flagged = [], []
        for record in self.records():
            errors = truth.get(os.path.basename(record["image"]), [])
            wrong = {error["line"] for error in errors if error["kind"] == "swap"}
            for box in record["boxes"]:
                swapped.append(box["line"] in wrong)
                flagged.append(box["verdict"] == "mislabeled")
        hit = sum(a and b for a, b in zip(swapped, flagged))
        return sum(swapped) / len(swapped), hit / sum(swapped), hit / sum(flagged)

    def test_estimates_are_near_the_truth(self):
        test = self.of(1)
        wrong = test["wrong_class"]
        share, recall, precision = self.truth()
        self.assertEqual(wrong["labels"], self.report()["total_boxes"])
        self.assertAlmostEqual(wrong["estimated_share"], share, delta=0.02)
        self.assertAlmostEqual(wrong["recall_any_class"], recall, delta=0.1)
        self.assertAlmostEqual(wrong["precision"], precision, delta=0.1)
        rows = {row["max_margin"]: row for row in wrong["table"]}
        self.assertEqual(list(rows), [1.5 + i / 2 for i in range(14)])
        for key in ("recall_any_class", "recall_look_alike", "precision"):
            self.assertEqual(rows[3.5][key], wrong[key])
        self.assertGreater(rows[1.5]["recall_any_class"], rows[8]["recall_any_class"])
        self.assertLess(rows[1.5]["precision"], rows[8]["precision"])
        self.assertIn("  Self-test: of 100 labels with a wrong class about %.0f would be found; about %.0f of "
                      "100 called mislabeled are wrong (estimated: %.1f%% of labels)\n" %
                      (100 * wrong["recall_any_class"], 100 * wrong["precision"],
                       100 * wrong["estimated_share"]), self.stdout)

    def test_planted_errors(self):
        test = self.of(2)
        self.assertEqual(list(test), ["wrong_class", "moved", "unseen", "duplicate", "missing"])
        for kind, reason in (("moved", "location"), ("unseen", "unseen"), ("duplicate", "duplicate"),
                             ("missing", "missing")):
            found = test[kind]
            self.assertGreater(found["planted"], 20)
            self.assertLessEqual(found["found"], found["planted"])
            self.assertGreater(found["by_reason"][reason], 0.5 * found["planted"])
            silent = found["by_reason"].get("weak", 0)
            self.assertEqual(found["found"] + silent, sum(found["by_reason"].values()))

    def test_ranks_do_not_matter(self):
        first = self.of(1, "one")
        self.assertEqual(self.of(2, "two"), first)
        self.assertEqual(self.of(3, "three", "--batch", 4), first)

    def test_interruption_does_not_matter(self):
        process = self.start(ranks=2)
        self.interrupt(process, 30)
        half = self.report()
        self.assertEqual(half["status"], "interrupted")
        self.assertLess(half["self_test"]["wrong_class"]["labels"], half["total_boxes"] + 1)
        out = self.run_verify(*self.FLAGS, "--no-self-test", "--resume", code=2)
        self.assertIn("--self-test", out + self.stderr)
        self.finish(ranks=3)
        self.check_result()

    def test_left_out(self):
        self.assertIsNotNone(self.of(1, "with"))
        self.assertIn("Self-test: ", self.stdout)
        self.assertIsNone(self.of(1, "without", "--no-self-test"))
        self.assertNotIn("Self-test", self.stdout)
        self.assertEqual(self.tree("with"), self.tree("without"))

    def test_thresholds_without_an_estimate(self):
        test = self.of(1, "output", "--max-margin", 20)
        self.assertIsNone(test["wrong_class"]["precision"])
        self.assertIsNotNone(test["wrong_class"]["estimated_share"])
        self.assertIn("Self-test: no estimate for a --max-margin below 1.5 or above 8\n", self.stdout)

    def test_too_few_labels(self):
        self.verify_demo(data=self.dataset(pictures=5), ranks=2)
        wrong = self.report()["self_test"]["wrong_class"]
        self.assertLess(wrong["labels"], 200)
        self.assertEqual((wrong["estimated_share"], wrong["precision"], wrong["table"]), (None, None, []))
        self.assertIn("  Self-test: %d labels are too few for an estimate (200 are needed)\n" %
                      wrong["labels"], self.stdout)


if __name__ == "__main__":
    main()
