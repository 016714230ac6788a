"""Runs that are killed at any point: --resume finishes them, and the result is that of a run that
nothing interrupted."""

import os
import random
import signal
import subprocess

from harness import children, main
from resume_case import ResumeCase

POINTS = int(os.environ.get("VERIFY_KILL_POINTS", "12"))


class KillPoints(ResumeCase):
    def wait_for_end(self, process, victim):
        """A run that outlives the kill fails the test with what is left of it."""
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            left = subprocess.run(["ps", "-eo", "pid,ppid,stat,wchan:30,etimes,args"], capture_output=True,
                                  text=True, check=False).stdout.splitlines()
            self.fail("process %d was killed, and this is left:\n%s" % (
                victim, "\n".join(line for line in left if "verify" in line or " orted" in line)))

    def test_killed_anywhere(self):
        """kill -9 of mpirun or of a rank after a random number of images; twice before it ends."""
        chance = random.Random(int(os.environ.get("VERIFY_KILL_SEED", "1")))
        for _ in range(POINTS):
            self.clear()
            flags = []
            for _ in range(2):
                process = self.start(*flags, ranks=chance.randint(1, 3))
                self.wait_for_images(self.journalled() + chance.randint(0, 80), process)
                ranks = children(process.pid) if process.poll() is None else []
                victim = chance.choice([process.pid] + ranks)
                try:
                    os.kill(victim, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                self.wait_for_end(process, victim)
                flags = ["--resume"]
            self.finish(ranks=chance.randint(1, 3))
            self.check_result()


if __name__ == "__main__":
    main()
