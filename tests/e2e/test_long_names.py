"""A list with names and paths that no file can have: those images fail, and an interrupted run goes on
to the end as any."""

import os
import signal

from harness import DATA, main
from resume_case import ResumeCase


class LongNames(ResumeCase):
    def check(self, name):
        """With such a name as the list's first line and as its last."""
        images = os.path.join(DATA, "images")
        lines = [name + ".jpg", *(os.path.join(images, n) for n in sorted(os.listdir(images))),
                 name + ".png"]
        with open(self.path("list.txt"), "w") as file:
            file.write("\n".join(lines) + "\n")
        self.FLAGS = tuple(self.path("list.txt") if f.endswith("data.yaml") else f
                           for f in ResumeCase.FLAGS)
        out = self.run_verify(*self.FLAGS, "--output", "whole")
        for suffix in ".jpg", ".png":
            self.assertIn(name[-100:] + suffix + ": cannot be read: File name too long\n", out)
        whole = self.counts("whole")
        self.assertEqual(whole["total_images"], len(lines))
        self.assertEqual([f["reason"] for f in whole["failed_images"]],
                         ["cannot be read: File name too long"] * 2)
        for killed in (False, True):
            process = self.start()
            self.interrupt(process, 20, signal.SIGKILL if killed else signal.SIGUSR1)
            self.assertNotEqual(process.returncode, 0)
            # What failed is kept to be tried again, so the run's journals stay.
            self.run_verify(*self.FLAGS, "--resume", ranks=3)
            self.assertEqual(self.tree(), self.tree("whole"))
            self.assertEqual(self.counts(), whole)
            self.clear()

    def test_long_name(self):
        self.check(self.path("n" * 300))

    def test_long_path(self):
        self.check("/" + "n/" * 3000 + "a")


if __name__ == "__main__":
    main()
