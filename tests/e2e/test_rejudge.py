"""verify rejudge and --precision: what is there afterwards is what a run with these thresholds leaves, to the byte, at
any number of ranks."""

import json
import os
import re
import shutil

from harness import main
from rejudge_case import RejudgeCase

# Each threshold to both sides.
THRESHOLDS = (("--max-margin", 2), ("--max-margin", 6), ("--max-shift", 1), ("--max-shift", 5),
              ("--max-ghost", 3), ("--max-ghost", 9), ("--min-own", 0.9), ("--min-own", 0),
              ("--max-dup", 0.4), ("--max-dup", 0.95), ("--missing-conf", 0.05), ("--missing-conf", 0.9))


class Rejudge(RejudgeCase):
    def page(self, output):
        """What the review page shows, but for the run's name and times."""
        files = {}
        for folder, _, names in os.walk(self.path(output, "review")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    files[os.path.relpath(os.path.join(folder, name), self.path(output))] = file.read()
        run = files.pop(os.path.join("review", "data", "run.js")).decode()
        return files, [re.sub(r'"(key|output|started|finished)": ?"[^"]*"|"elapsed_seconds": ?[0-9.]*', "", line)
                       for line in run.splitlines()]

    def test_the_page_follows(self):
        self.verify_set("there")
        self.verify_set("fresh", "--max-margin", 5)
        first = self.page("there")
        self.rejudge("there", "--max-margin", 5)
        self.assertNotEqual(self.page("there"), first)
        self.assertEqual(self.page("there"), self.page("fresh"))
        # Where there is none, none is made.
        self.verify_set("bare", "--review", 0)
        self.rejudge("bare", "--max-margin", 5)
        self.assertFalse(os.path.exists(self.path("bare", "review")))

    def test_each_threshold(self):
        few = ("--save-json", "--save-txt", "--review", 20)
        self.verify_set("there", *few)
        first = self.left("there")
        with open(self.path("there", "verification_report.json"), "rb") as file:
            report = file.read()
        for i, (flag, value) in enumerate(THRESHOLDS):
            self.verify_set("fresh", *few, flag, value, ranks=0)
            self.rejudge("there", flag, value, ranks=(1, 2, 3)[i % 3])
            self.expect_same("there", "fresh")
            shutil.rmtree(self.path("fresh"))
            default = {"--max-margin": 3.5, "--max-shift": 3, "--max-ghost": 7.5, "--min-own": 0.15,
                       "--max-dup": 0.7, "--missing-conf": 0.5}[flag]
            self.rejudge("there", flag, default, ranks=0)
        self.assertEqual(self.left("there"), first)
        # Its times, too, are those of the run.
        with open(self.path("there", "verification_report.json"), "rb") as file:
            self.assertEqual(file.read(), report)
        self.assertEqual(sorted(os.listdir(self.path("there", ".verify"))),
                         ["evidence", "manifest", "run.json", "sketches"])

    def test_place_modes(self):
        """Label files that two pictures have are where one of them is; folders that are empty go."""
        data = self.nested()
        for mode, ranks in (("hardlink", 3), ("symlink", 1), ("copy", 2), ("none", 2)):
            few = ("--place", mode, "--save-txt", "--review", 20)
            self.verify_set("there", *few, data=data, ranks=0)
            for flags in (("--max-margin", 1), ("--min-own", 0.999), ("--max-margin", 6, "--min-own", 0)):
                force = dict(zip(flags[::2], flags[1::2]))
                self.rejudge("there", *flags, ranks=ranks)
                was = self.parts("there")
                asked = [word for name in ("--max-margin", "--min-own") for word in (name, was[name])]
                self.assertEqual({name: float(was[name]) for name in force}, {n: float(v) for n, v in force.items()})
                self.verify_set("fresh", *few, *asked, data=data, ranks=0)
                self.expect_same("there", "fresh")
                shutil.rmtree(self.path("fresh"))
            shutil.rmtree(self.path("there"))

    def parts(self, output):
        with open(self.path(output, ".verify", "run.json"), encoding="utf-8") as file:
            return json.load(file)["parts"]

    def test_resume_and_failed_images(self):
        """The rejudged run is complete by its new thresholds; a picture that failed is tried again, and all is judged by
        them."""
        data = self.nested()
        self.verify_set("there", data=data)
        self.rejudge("there", "--max-margin", 1)
        self.verify_set("there", "--resume", data=data, code=2)
        self.assertIn("--max-margin", self.stderr)
        pictures = self.path("data", "images")
        shutil.copy(os.path.join(pictures, "f3", sorted(os.listdir(os.path.join(pictures, "f3")))[0]),
                    os.path.join(pictures, "f5", "broken.jpg"))
        self.verify_set("there", "--resume", "--max-margin", 1, data=data, ranks=3)
        self.verify_set("fresh", "--max-margin", 1, data=data)
        self.expect_same("there", "fresh")
        self.verify_set("there", "--resume", "--max-margin", 1, data=data)
        self.assertIn("nothing is left to resume", self.stdout)

    def test_edited_label_moves_along(self):
        self.verify_set("there")
        self.verify_set("fresh", "--max-margin", 1)
        moved = sorted(set(self.tree("fresh")) - set(self.tree("there")))
        target = next(path for path in moved if "/labels/" in path)
        source = next(path for path in self.tree("there")
                      if path.endswith(target.split("/", 1)[1]) and "/labels/" in path)
        with open(self.path("there", source), "a", encoding="utf-8") as file:
            file.write("0 .5 .5 .1 .1\n")
        self.rejudge("there", "--max-margin", 1)
        with open(self.path("there", target), encoding="utf-8") as file:
            self.assertTrue(file.read().endswith("0 .5 .5 .1 .1\n"))
        self.assertFalse(os.path.exists(self.path("there", source)))
        self.verify_set("there", "--overwrite", code=2)
        self.assertIn(target, self.stderr)

    def test_what_is_refused_changes_nothing(self):
        self.verify_set("there")
        self.verify_set("fresh", "--max-margin", 1)
        target = next(path for path in sorted(set(self.tree("fresh")) - set(self.tree("there")))
                      if "/labels/" in path)
        with open(self.path("there", target), "w", encoding="utf-8") as file:
            file.write("my own\n")
        before = self.left("there")
        self.rejudge("there", "--max-margin", 1, code=2)
        self.assertIn(target, self.stderr)
        self.assertEqual(self.left("there"), before)
        os.remove(self.path("there", target))
        with open(self.path("there", "verification_records.jsonl"), "a", encoding="utf-8") as file:
            file.write("\n")
        self.rejudge("there", "--max-margin", 1, code=2)
        self.assertIn("verification_records.jsonl", self.stderr)
        self.rejudge("nowhere", "--max-margin", 1, code=2)
        os.remove(self.path("fresh", ".verify", "evidence"))
        self.rejudge("fresh", "--max-margin", 2, code=2)
        self.assertIn("no evidence was kept", self.stderr)
        self.rejudge("fresh", "--missing-conf", 0.01, code=2)
        self.assertIn("0.05", self.stderr)

    def test_precision(self):
        for wanted in (0.8, 0.95):
            self.verify_set("there", "--precision", wanted)
            chosen = self.report("there")["parameters"]["max-margin"]
            self.assertIn("--precision %g: --max-margin is %g, by the self-test's estimate\n" % (wanted, chosen),
                          self.stdout)
            self.assertAlmostEqual(self.report("there")["self_test"]["wrong_class"]["precision"], wanted, delta=0.02)
            self.verify_set("fresh", "--max-margin", chosen, ranks=0)
            self.expect_same("there", "fresh", "precision")
            self.verify_set("there", "--precision", wanted, "--resume")
            self.assertIn("nothing is left to resume", self.stdout)
            self.rejudge("fresh", "--precision", wanted, ranks=3)
            self.expect_same("there", "fresh")
            # A threshold of one's own takes its place.
            self.rejudge("fresh", "--max-margin", 3.5)
            self.assertEqual(self.report("fresh")["parameters"]["precision"], "off")
            shutil.rmtree(self.path("there"))
            shutil.rmtree(self.path("fresh"))

    def test_precision_without_an_estimate(self):
        self.verify_set("there", "--precision", 0.9, "--no-self-test", code=2)
        self.assertIn("--no-self-test", self.stderr)
        data = self.dataset(pictures=5)
        self.verify_set("there", "--precision", 0.9, data=data)
        self.assertIn("WARNING: --precision 0.9: the self-test has no estimate: --max-margin stays 3.5\n", self.stdout)
        self.verify_set("fresh", data=data)
        self.expect_same("there", "fresh", "precision")


if __name__ == "__main__":
    main()
