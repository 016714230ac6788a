"""Runs that are killed at any point: --resume finishes them, and the result is that of a run that
nothing interrupted."""

import os
import random
import signal
import subprocess

from harness import children, main
from resume_case import ResumeCase

POINTS = int(os.environ.get("VERIFY_KILL_POINTS", "12"))


def state(pid):
    """A process's state, as ps shows it; Z: it has ended."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


class KillPoints(ResumeCase):
    def wait_for_end(self, process, victim):
        """All ranks end. Open MPI 4.1's mpirun itself may stay: with PMIx 4.2 it can wait for a lock of its
        own for good, in PMIx_server_finalize, when a rank was killed."""
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            running = [state(pid) for pid in children(process.pid)]
            self.assertEqual([rank for rank in running if rank != "Z"], [], "ranks outlive the kill of %d" % victim)
            process.kill()
            process.communicate()

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
