"""A rank that hangs or dies ends the job with its number and host, and nothing that was done is
lost."""

import os
import re
import signal
import socket
import time

from fault_case import FaultCase, rig
from harness import DATA, IS_OPEN_MPI_4, MODEL, main
from ranks_case import RanksCase

HOST = re.escape(socket.gethostname())


class Hang(RanksCase):
    def resume(self, kept, ranks=2):
        self.assertFalse(os.path.exists(self.path("output", "verification_report.json")))
        out = self.run_verify("--model", MODEL, "--data", os.path.join(DATA, "data.yaml"),
                              "--imgsz", 448, "--threads", 1, "--resume", ranks=ranks)
        found = re.search(r"Resuming: (\d+) of 200 images are done", out)
        self.assertGreaterEqual(int(found.group(1)), kept)
        self.check_like_one_process()

    def log(self):
        with open(self.path("output", "logs", "verify.log"), encoding="utf-8") as file:
            return file.read()

    def check_stopped(self, rank, ranks):
        run = self.start("--hang-timeout", 2, ranks=ranks)
        run.wait_for_images(30)
        run.signal(rank, signal.SIGSTOP)
        self.assertEqual(run.wait(timeout=60), 1)
        line = (r"\[CPU %d\] ERROR: rank %d on %s has given no sign of life for \d s: what is done is "
                r"kept, the same command with --resume goes on\n" % (rank, rank, HOST))
        self.assertEqual(len(re.findall(line, run.output())), 1, run.output())
        self.assertEqual(len(re.findall(line, self.log())), 1)
        self.assertNotIn("complete!", run.output())
        self.resume(run.journalled())

    def test_a_rank_is_stopped(self):
        self.check_stopped(1, 3)

    def test_rank_0_is_stopped(self):
        self.check_stopped(0, 3)

    def test_a_file_system_that_hangs(self):
        """Rank 0 is lost, and who says so cannot write to the log."""
        run = self.start("--hang-timeout", 2, ranks=2)
        run.wait_for_images(30)
        log = self.path("output", "logs", "verify.log")
        os.remove(log)
        os.mkfifo(log)  # opening it waits for a reader
        run.signal(0, signal.SIGSTOP)
        self.assertEqual(run.wait(timeout=40), 1)
        self.assertIn("ERROR: rank 0 on", run.output())
        os.remove(log)
        self.resume(run.journalled())

    def test_a_short_stop_and_a_stop_of_all_are_none(self):
        run = self.start("--hang-timeout", 2, ranks=2)
        run.wait_for_images(20)
        run.signal(1, signal.SIGSTOP)
        time.sleep(0.8)
        run.signal(1, signal.SIGCONT)
        for rank in (0, 1):
            run.signal(rank, signal.SIGSTOP)
        time.sleep(3)
        for rank in (0, 1):
            run.signal(rank, signal.SIGCONT)
        self.assertEqual(run.wait(), 0, run.output())
        self.assertNotIn("ERROR", run.output())
        self.check_like_one_process()

    def test_a_rank_is_killed(self):
        run = self.start(ranks=3)
        run.wait_for_images(30)
        run.signal(1, signal.SIGKILL)
        self.assertNotEqual(run.wait(timeout=60), 0)
        self.assertRegex(run.output(), r"process rank 1 .*on node %s exited on\s+signal 9" % HOST)
        if IS_OPEN_MPI_4:  # a later one kills the others at once
            self.assertRegex(self.log(),
                             r"\[CPU 1\] WARNING: rank 1 on %s does not answer\n" % HOST)
        self.resume(run.journalled(), ranks=3)


class Phases(FaultCase):
    """The same before and after the work itself."""

    def lose(self, rank, fault, *flags, ranks=3):
        """A rank stops for good at a call: the job ends by itself, and says so."""
        process = self.start(dict(fault, DO="stop", RANK=rank), "--hang-timeout", "2", *flags,
                             ranks=ranks)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, stdout + stderr)
        self.assertTrue(self.hits(), "the fault met no call\n" + stdout + stderr)
        line = (r"\[CPU %d\] ERROR: rank %d on %s has given no sign of life for \d s: what is done is "
                r"kept, the same command with --resume goes on\n" % (rank, rank, HOST))
        self.assertEqual(len(re.findall(line, stdout + stderr)), 1, stdout + stderr)
        return stdout

    def check_lost(self, rank, fault):
        self.clear()
        self.assertNotIn("complete!", self.lose(rank, fault))
        self.assertFalse(os.path.exists(self.path("o", "verification_report.json")))
        self.finish()

    def test_a_rank_is_stopped_in_the_merge(self):
        for rank in (0, 1, 2):
            with self.subTest(rank):
                self.check_lost(rank, {"CALLS": ",pwrite,", "NAME": "verification_records"})

    def test_rank_0_is_stopped_in_the_report(self):
        # mpirun wakes it before it kills it: it may even get to the end of its report.
        self.lose(0, {"CALLS": ",rename,renameat,", "NAME": "verification_report"})
        self.finish()

    def test_a_rank_is_stopped_as_it_opens_its_journal(self):
        self.check_lost(1, {"CALLS": ",open,openat,", "NAME": "journal.0.1"})

    def test_a_rank_is_stopped_as_it_resumes(self):
        for rank in (0, 1):
            with self.subTest(rank):
                self.clear()
                self.lose(1, {"CALLS": ",pwrite,", "NAME": "verification_records"})
                self.lose(rank, {"CALLS": ",read,pread,", "NAME": "journal."}, "--resume")
                self.finish()

    def test_a_slow_rank_is_not_lost(self):
        self.run_faulty({"DO": "pause", "MS": 2500, "TIMES": 0, "RANK": 1,
                         "CALLS": ",open,openat,pwrite,fsync,", "NAME": "verification_records"},
                        "--hang-timeout", "4", ranks=2)
        self.assertGreaterEqual(len(self.hits()), 3)
        self.assertNotIn("ERROR", self.stdout)
        self.check_result()


if __name__ == "__main__":
    main()
