"""verify rejudge and --precision: what is there afterwards is what a run with these thresholds leaves, to the byte, at
any number of ranks, and wherever the process was killed."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import DATA, MODEL, ROOT, VERIFY, Case, main

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))
import rig  # noqa: E402

TIMES = ("per_rank", "started", "finished", "elapsed_seconds")
# Each threshold to both sides.
THRESHOLDS = (("--max-margin", 2), ("--max-margin", 6), ("--max-shift", 1), ("--max-shift", 5),
              ("--max-ghost", 3), ("--max-ghost", 9), ("--min-own", 0.9), ("--min-own", 0),
              ("--max-dup", 0.4), ("--max-dup", 0.95), ("--missing-conf", 0.05), ("--missing-conf", 0.9))


class Rejudge(Case):
    def verify_set(self, output, *flags, data=None, **options):
        self.verify_demo("--output", output, *flags, data=data, **options)

    def rejudge(self, output, *flags, ranks=2, **options):
        return self.run_verify("rejudge", output, *flags, ranks=ranks, **options)

    def left(self, output, *others):
        """Everything in the output folder but logs, run.json and what tells of times and its own name."""
        report = self.report(output)
        for key in TIMES + others:
            report.pop(key, None)
        for key in ("output", "resume", "overwrite", *others):
            report["parameters"].pop(key, None)
        folders = {os.path.relpath(folder, self.path(output))
                   for folder, _, _ in os.walk(self.path(output))} - {"logs"}
        return self.tree(output), report, folders

    def expect_same(self, output, other, *others):
        for one, two in zip(self.left(output, *others), self.left(other, *others)):
            self.assertEqual(one, two)

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
        self.verify_set("there", "--save-json", "--save-txt")
        first = self.left("there")
        with open(self.path("there", "verification_report.json"), "rb") as file:
            report = file.read()
        for i, (flag, value) in enumerate(THRESHOLDS):
            self.verify_set("fresh", "--save-json", "--save-txt", flag, value, ranks=0)
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

    def nested(self):
        """Pictures in several folders, two of one name but for its suffix, labels with faults, a picture that is none."""
        data = self.dataset(pictures=60)
        images, labels = self.path("data", "images"), self.path("data", "labels")
        for i, name in enumerate(sorted(os.listdir(images))):
            stem = os.path.splitext(name)[0]
            for folder, file in ((images, name), (labels, stem + ".txt")):
                if os.path.exists(os.path.join(folder, file)):
                    os.makedirs(os.path.join(folder, "f%d" % (i % 7)), exist_ok=True)
                    os.rename(os.path.join(folder, file), os.path.join(folder, "f%d" % (i % 7), file))
        for folder in ("f0", "f1", "f2"):
            for name in os.listdir(os.path.join(images, folder)):
                stem, suffix = os.path.splitext(name)
                other = ".jpeg" if suffix == ".jpg" else ".jpg"
                source = sorted(os.listdir(os.path.join(images, "f3")))[0]
                shutil.copy(os.path.join(images, "f3", source), os.path.join(images, folder, stem + other))
        with open(os.path.join(labels, "f4", sorted(os.listdir(os.path.join(labels, "f4")))[0]), "a") as file:
            file.write("99 .5 .5 .1 .1\nthis is none\n")
        with open(os.path.join(images, "f5", "broken.jpg"), "w") as file:
            file.write("no picture")
        return data

    def test_place_modes(self):
        """Label files that two pictures have are where one of them is; folders that are empty go."""
        data = self.nested()
        for mode, ranks in (("hardlink", 3), ("symlink", 1), ("copy", 2), ("none", 2)):
            self.verify_set("there", "--place", mode, "--save-txt", data=data)
            for flags in (("--max-margin", 1), ("--min-own", 0.999), ("--max-margin", 6, "--min-own", 0)):
                force = dict(zip(flags[::2], flags[1::2]))
                self.rejudge("there", *flags, ranks=ranks)
                was = self.parts("there")
                asked = [word for name in ("--max-margin", "--min-own") for word in (name, was[name])]
                self.assertEqual({name: float(was[name]) for name in force}, {n: float(v) for n, v in force.items()})
                self.verify_set("fresh", "--place", mode, "--save-txt", *asked, data=data)
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

    # ------------------------------------------------------------ killed

    def killed_at(self, library, count, way, *command):
        """Whether the process was killed at that call; else it has come to its end."""
        environment = dict(os.environ, LD_PRELOAD=library, FAULT_BELOW=self.path("there"),
                           FAULT_AT=str(count), FAULT_DO=way)
        done = subprocess.run([VERIFY, *[str(word) for word in command]], cwd=self.folder, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        return done.returncode < 0

    def library(self):
        folder = tempfile.mkdtemp(prefix="verify-faults-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return rig.build_calls(folder)

    def test_killed_anywhere(self):
        library, data = self.library(), self.nested()
        self.verify_set("first", data=data)
        before = self.left("first")
        self.verify_set("fresh", "--max-margin", 0.5, data=data)
        states = set()
        step, count = int(os.environ.get("VERIFY_KILL_STEP", "5")), 1
        while True:
            shutil.rmtree(self.path("there"), ignore_errors=True)
            subprocess.run(["cp", "-a", self.path("first"), self.path("there")], check=True)
            if not self.killed_at(library, count, ("kill", "kill-after", "kill-torn")[count % 3], "rejudge", "there",
                                  "--max-margin", 0.5):
                break
            with open(self.path("there", ".verify", "run.json"), encoding="utf-8") as file:
                run = json.load(file)
            moving = "rejudging" in run
            states.add(moving)
            if moving:
                self.check_half_done(data)
            elif "rejudged" not in run:
                tree = self.tree("there")
                self.assertEqual({name: tree[name] for name in before[0]}, before[0])
            self.rejudge("there", "--max-margin", 0.5, ranks=(0, 3)[count // step % 2])
            self.expect_same("there", "fresh")
            self.assertEqual(sorted(name for name in os.listdir(self.path("there", ".verify"))
                                    if name.startswith((".verify-", "merging-"))), [])
            count += step
        self.assertEqual(states, {False, True})
        self.assertGreater(count, 100)

    def check_half_done(self, data):
        for flags in (("--resume",), ("--overwrite",)):
            self.verify_set("there", *flags, data=data, code=2, ranks=0)
            self.assertIn("verify rejudge", self.stderr)
        self.rejudge("there", "--max-margin", 3, code=2, ranks=0)
        self.assertIn("--max-margin 3: verdicts were being made anew by 0.5", self.stderr)

    def test_precision_killed_anywhere(self):
        """Before the run counts as complete: --resume finishes it, and --overwrite starts over without a file that is
        left behind; but for a moment when it is not known whose the results are, which are named."""
        library, data = self.library(), self.dataset(pictures=60)
        flags = ("--model", MODEL, "--data", data, "--imgsz", 256, "--output", "there", "--precision", 0.99)
        self.verify_set("fresh", "--precision", 0.99, data=data)
        counted = subprocess.run([VERIFY, *[str(flag) for flag in flags]], cwd=self.folder, capture_output=True,
                                 env=dict(os.environ, LD_PRELOAD=library, FAULT_BELOW=self.path("there"),
                                          FAULT_DO="count", FAULT_LOG=self.path("calls")), check=True)
        with open(self.path("calls"), encoding="utf-8") as file:
            calls = file.read().splitlines()
        self.assertIn(b"--max-margin is", counted.stdout)
        numbers = [int(line.split()[0]) for line in calls if line.split()[0].isdigit()]
        last = max(numbers)
        for number, count in enumerate(range(last - 45, last, 4)):
            shutil.rmtree(self.path("there"))
            self.killed_at(library, count, "kill", *flags)
            self.verify_set("there", "--precision", 0.99, "--resume" if number % 3 else "--overwrite", data=data,
                            code=None)
            if self.code != 0:
                self.assertIn("--overwrite would remove what was changed since a run wrote it: verif", self.stderr)
                self.verify_set("there", "--precision", 0.99, "--resume", data=data)
            if "nothing is left to resume" not in self.stdout:
                self.expect_same("there", "fresh")


if __name__ == "__main__":
    main()
