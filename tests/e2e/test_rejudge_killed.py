"""verify rejudge and --precision, killed anywhere: what is there after another start is what a run with these
thresholds leaves, to the byte."""

import json
import os
import shutil
import subprocess
import sys
import tempfile

from harness import MODEL, ROOT, VERIFY, main
from rejudge_case import RejudgeCase

sys.path.insert(0, os.path.join(ROOT, "tests", "faults"))
import rig  # noqa: E402


class RejudgeKilled(RejudgeCase):
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
        library, data = self.library(), self.nested(pictures=24)
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
