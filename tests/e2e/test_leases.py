"""Ranks that are slower than the others leave their images to them; the result is the same."""

import os
import re
import signal
import threading
import time

from harness import DATA, MODEL, main
from ranks_case import RanksCase

IMAGES, RANKS = 200, 4
SHARE = IMAGES // RANKS  # of each rank, to begin with
IMGSZ = 448
UNEVEN = 6  # seconds: a rank of which more is to be expected gives nothing away
FLAGS = ("--hang-timeout", 0)  # a stopped rank is none that hangs, however long the others take


class Slowed:
    """Stops a rank until the others have done what is theirs and it is known to be the slower one,
    and then for most of the time, so that they take of what is left of its."""

    def __init__(self, run, rank):
        self.run, self.rank, self.over = run, rank, threading.Event()
        self.thread = threading.Thread(target=self.cycle)

    def cycle(self):
        while not self.over.is_set():
            self.run.signal(self.rank, signal.SIGCONT)
            self.over.wait(0.004)
            self.run.signal(self.rank, signal.SIGSTOP)
            time.sleep(0.12)

    def __enter__(self):
        self.run.wait_for_line(r"\[CPU %d\] Progress" % self.rank)  # rank 0 has heard of it
        self.run.signal(self.rank, signal.SIGSTOP)
        # On a busy machine some of their shares' images may have changed hands before.
        self.run.wait_for_rest(UNEVEN, [rank for rank in range(RANKS) if rank != self.rank])
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.run.signal(self.rank, signal.SIGCONT)


class Leases(RanksCase):
    def test_a_slow_rank_does_less(self):
        run = self.start("--save-json", *FLAGS, ranks=RANKS, imgsz=IMGSZ)
        with Slowed(run, 2):
            self.assertEqual(run.wait(), 0, run.output())
        images = [rank["images"] for rank in self.report()["per_rank"]]
        self.assertEqual(sum(images), IMAGES)
        self.assertLess(images[2], 35)
        self.assertGreater(max(images), 55)
        out = run.output()
        for rank in range(RANKS):
            self.assertIn("[CPU %d] Processing %d images\n" % (rank, SHARE), out)
            self.assertIn("[CPU %d] ✓ Complete! Processed %d images\n" % (rank, images[rank]), out)
            counts = re.findall(r"\[CPU %d\] Progress: (\d+)/(\d+) " % rank, out)
            self.assertEqual(counts[-1], (str(images[rank]),) * 2)
            self.assertTrue(all(int(done) <= int(total) for done, total in counts), counts)
        self.check_like_one_process("--save-json", imgsz=IMGSZ)

    def killed_after_a_lease(self, kill):
        run = self.start(*FLAGS, ranks=RANKS, imgsz=IMGSZ)
        with Slowed(run, 1):
            while max(run.journalled(rank) for rank in range(RANKS)) <= SHARE:
                self.assertIsNone(run.mpirun.poll(), run.output())
                time.sleep(0.005)
            kill(run)
            run.wait()
        kept = run.journalled()
        self.assertTrue(SHARE < kept < IMAGES, kept)
        out = self.run_verify("--model", MODEL, "--data", os.path.join(DATA, "data.yaml"),
                              "--imgsz", IMGSZ, "--threads", 1, "--resume", ranks=3)
        self.assertIn("Resuming: %d of %d images are done" % (kept, IMAGES), out)
        images = [rank["images"] for rank in self.report()["per_rank"]]
        self.assertEqual(sum(images), IMAGES - kept)
        self.check_like_one_process(imgsz=IMGSZ)

    def test_killed_giver(self):
        self.killed_after_a_lease(lambda run: run.signal(1, signal.SIGKILL))

    def test_killed_taker(self):
        def kill(run):
            taker = max(range(RANKS), key=run.journalled)
            run.signal(taker, signal.SIGKILL)
        self.killed_after_a_lease(kill)

    def test_interrupted(self):
        # mpirun passes this one on at once: others after a second, when all may be done.
        self.killed_after_a_lease(lambda run: run.mpirun.send_signal(signal.SIGUSR1))


if __name__ == "__main__":
    main()
