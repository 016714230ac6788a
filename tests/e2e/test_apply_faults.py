"""verify apply killed at any point: a label file is the old one or the new one, a copy is there whole or
not at all, and the same command, or --undo, ends with what an uninterrupted one gives."""

import os
import shutil
import subprocess
import tempfile
import unittest

from apply_case import ApplyCase, contents, read, write
from harness import VERIFY, main
import rig

BOX = "0.5 0.5 0.25 0.25"
OLD = ("1 %s\n2 %s\n" % (BOX, BOX)).encode()
NEW = ("5 %s\n2 %s\n" % (BOX, BOX)).encode()
STEP = int(os.environ.get("VERIFY_KILL_STEP", "9"))  # each N-th call; 1: all


@unittest.skipUnless(shutil.which(os.environ.get("CC", "cc")), "no C compiler")
class Killed(ApplyCase):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="va-", dir=rig.base())
        self.addCleanup(rig.remove, self.folder)
        self.library = rig.build_calls(self.folder)
        names = ["a", "b", "sub/c", "d"]
        self.data = self.make_set("data", {**{name: OLD for name in names}, "none": None})
        self.run_on(self.data)
        write(os.path.join(self.data, "labels.cache"), b"cache")
        decisions = [{"image": "images/%s.png" % name, "line": 1, "text": "1 " + BOX,
                      "action": "class", "class": 5} for name in names]
        decisions.append({"image": "images/none.png", "action": "add", "class": 3,
                          "xywhn": [.5, .5, .25, .125]})
        self.file = self.write_decisions(decisions)
        shutil.copytree(self.data, self.path("kept-data"))
        shutil.copytree(self.path("o"), self.path("kept-o"), symlinks=True)
        self.before = self.labels()

    def labels(self):
        return {name: content for name, (_, content)
                in contents(os.path.join(self.data, "labels")).items()}

    def restore(self):
        for name in ("data", "o"):
            rig.remove(self.path(name))
            shutil.copytree(self.path("kept-" + name), self.path(name), symlinks=True)

    def faulty(self, at, fault, *words):
        """Runs it to its `at`-th call that changes a file; whether it came so far."""
        environment = dict(os.environ, LD_PRELOAD=self.library, FAULT_BELOW=self.folder,
                           FAULT_DO=fault, FAULT_AT=str(at))
        done = subprocess.run([VERIFY, "apply", self.path("o"), *words], env=environment,
                              cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              timeout=60)
        return done.returncode < 0

    def check_files(self):
        """Each is old or new."""
        for name, content in self.labels().items():
            if os.path.basename(name).startswith("."):
                continue  # a draft, which the next one removes
            wanted = (b"3 0.5 0.5 0.25 0.125\n",) if name == "none.txt" else (OLD, NEW)
            self.assertIn(content, wanted, name)

    def each_point(self):
        for fault in ("kill", "kill-torn", "kill-after"):
            for at in range(1, 2000, STEP):
                self.restore()
                yield fault, at
                if not self.killed:
                    self.assertGreater(at, 10)
                    break

    def test_in_place(self):
        for fault, at in self.each_point():
            self.killed = self.faulty(at, fault, self.file, "--in-place")
            self.check_files()
            if not self.killed:
                continue
            if at // STEP % 2 and os.path.isdir(self.path("o", "applied-1")):
                self.apply("--undo", 1)
                self.assertEqual(self.labels(), self.before, (fault, at))
                continue
            state = self.path("o", "applied-1", "state")
            if not os.path.exists(state):  # else all was done
                self.apply(self.file, "--in-place")
            after = self.labels()
            self.assertEqual(set(after.values()), {NEW, b"3 0.5 0.5 0.25 0.125\n"}, (fault, at))
            self.assertEqual(len(after), len(self.before) + 1, (fault, at))
            self.assertFalse(os.path.exists(os.path.join(self.data, "labels.cache")))
            self.assertFalse(os.path.exists(self.path("o", "applied-1.unfinished")))
            self.apply("--undo", 1)
            self.assertEqual(self.labels(), self.before, (fault, at))

    def test_undo(self):
        self.apply(self.file, "--in-place")
        for name in ("data", "o"):
            rig.remove(self.path("kept-" + name))
            shutil.copytree(self.path(name), self.path("kept-" + name), symlinks=True)
        for fault, at in self.each_point():
            self.killed = self.faulty(at, fault, "--undo", "1")
            self.check_files()
            undone = self.path("o", "applied-1", "state")
            if self.killed and read(undone) != b"undone\n":
                self.apply("--undo", 1)
            self.assertEqual(self.labels(), self.before, (fault, at))

    def test_copy(self):
        self.apply(self.file, "--to", self.path("whole"))
        whole = contents(self.path("whole"))
        for fault, at in self.each_point():
            rig.remove(self.path("to"))
            rig.remove(self.path("to.unfinished"))
            self.killed = self.faulty(at, fault, self.file, "--to", self.path("to"))
            self.assertEqual(self.labels(), self.before)
            if not os.path.exists(self.path("to")):
                self.apply(self.file, "--to", self.path("to"))
            found = contents(self.path("to"))
            found.pop(".verify-unfinished", None)  # killed between the name and the end
            self.assertEqual(found, whole, (fault, at))


if __name__ == "__main__":
    main()
