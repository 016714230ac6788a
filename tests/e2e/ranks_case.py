"""A run under way: its ranks as processes, to be stopped, slowed down and killed by a test."""

import os
import re
import signal
import subprocess
import time

from harness import DATA, MODEL, VERIFY, Case, children


class Run:
    """verify under mpirun, started in the test's folder."""

    def __init__(self, case, *flags, ranks, model=MODEL, data=None, imgsz=448):
        command = ["mpirun", "-np", str(ranks), VERIFY, "--model", model, "--data",
                   data or os.path.join(DATA, "data.yaml"), "--imgsz", str(imgsz),
                   "--threads", "1", *[str(f) for f in flags]]
        self.case = case
        self.log = case.path("screen-%d" % time.monotonic_ns())
        with open(self.log, "wb") as file:
            self.mpirun = subprocess.Popen(command, cwd=case.folder,
                                           stdin=subprocess.DEVNULL, stdout=file,
                                           stderr=subprocess.STDOUT)
        self.pids = {}
        case.addCleanup(self.clean_up)

    def clean_up(self):
        for pid in [self.mpirun.pid, *self.pids.values()]:
            for number in (signal.SIGCONT, signal.SIGKILL):
                if pid != self.mpirun.pid or self.mpirun.poll() is None:
                    self.signal_pid(pid, number)
        self.mpirun.wait()

    @staticmethod
    def signal_pid(pid, number):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass

    def find_ranks(self):
        """{rank: process id} of the processes that mpirun has started."""
        for pid in children(self.mpirun.pid):
            try:
                with open("/proc/%d/environ" % pid, "rb") as file:
                    for line in file.read().split(b"\0"):
                        if line.startswith(b"OMPI_COMM_WORLD_RANK="):
                            self.pids[int(line.split(b"=")[1])] = pid
            except (FileNotFoundError, ProcessLookupError):
                pass
        return self.pids

    def signal(self, rank, number):
        self.signal_pid(self.pids[rank], number)

    def output(self):
        with open(self.log, "rb") as file:
            return file.read().decode("utf-8", "replace")

    def journalled(self, rank=None):
        return self.case.journalled(rank)

    def wait_for_images(self, count, ranks=(None,)):
        """Until so many images are in the journals, or in that of each of `ranks`; the ranks are
        known then."""
        self.wait_until(lambda: all(self.journalled(rank) >= count for rank in ranks))
        return self.find_ranks()

    def wait_for_rest(self, seconds, ranks):
        """Until these ranks have done nothing for so long: all that was theirs is done."""
        done = last = None

        def rests():
            nonlocal done, last
            now = sum(self.journalled(rank) for rank in ranks)
            if now != done:
                done, last = now, time.monotonic()
            return time.monotonic() - last >= seconds
        self.wait_until(rests)

    def wait_for_line(self, pattern):
        """Until the screen shows it; the ranks are known then."""
        self.wait_until(lambda: re.search(pattern, self.output()))
        return self.find_ranks()

    def wait_until(self, happened):
        deadline = time.monotonic() + 120
        while not happened():
            self.case.assertIsNone(self.mpirun.poll(), self.output())
            self.case.assertLess(time.monotonic(), deadline, self.output())
            time.sleep(0.005)

    def wait(self, timeout=120):
        code = self.mpirun.wait(timeout=timeout)
        return code


class RanksCase(Case):
    def start(self, *flags, **options):
        return Run(self, *flags, **options)

    alone = {}  # by flags: what one process makes, which is made once

    def left(self, output):
        """Tree and report, without what differs between any two runs."""
        report = self.report(output)
        for key in ("per_rank", "parameters", "started", "finished", "elapsed_seconds"):
            del report[key]
        return self.tree(output), report

    def check_like_one_process(self, *flags, imgsz=448):
        """The output is what one process makes, whatever happened on the way."""
        flags += ("--imgsz", imgsz)
        if flags not in self.alone:
            self.run_verify("--model", MODEL, "--data", os.path.join(DATA, "data.yaml"),
                            "--output", "alone", *flags, ranks=0)
            self.alone[flags] = self.left("alone")
        self.assertEqual(self.left("output"), self.alone[flags])
