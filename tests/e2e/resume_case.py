"""What the tests of interrupted runs share: starting one, finishing it, and comparing its result with
that of a run that nothing interrupted."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

from harness import DATA, MODEL, VERIFY, Case, children, end


class ResumeCase(Case):
    FLAGS = ("--model", MODEL, "--data", os.path.join(DATA, "data.yaml"), "--imgsz", "448",
             "--threads", "1", "--save-json")

    def start(self, *flags, ranks=2):
        """Starts verify under mpirun and returns at once."""
        command = ["mpirun", "-np", str(ranks), VERIFY, *self.FLAGS, *flags]
        process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(end, process)
        return process

    def wait_for_images(self, count, process):
        """Until so many images are in the journals, or the run has ended."""
        while process.poll() is None and self.journalled() < count:
            time.sleep(0.005)

    def interrupt(self, process, count, number=signal.SIGUSR1):
        """Signals the ranks once so many images are in the journals, and waits for the end; returns what
        was printed. They stand still until each has its signal, so that none is done before it: mpirun
        would pass SIGTERM on a second later, and end by force who takes a second more."""
        self.wait_for_images(count, process)
        self.assertIsNone(process.poll(), "the run ended before it had %d images" % count)
        ranks = children(process.pid) if process.args[0] == "mpirun" else [process.pid]
        for each in (signal.SIGSTOP, number, signal.SIGCONT):
            for rank in ranks:
                with contextlib.suppress(ProcessLookupError):  # killed, and gone
                    os.kill(rank, each)
        return process.communicate(timeout=120)[0]

    def clear(self):
        shutil.rmtree(self.path("output"), ignore_errors=True)

    def finish(self, *flags, ranks=2):
        out = self.run_verify(*self.FLAGS, "--resume", *flags, ranks=ranks)
        self.assertEqual(sorted(os.listdir(self.path("output", ".verify"))),
                         ["evidence", "manifest", "run.json", "sketches"])
        return out

    expected = None

    def expect(self):
        """Tree and report of a run that nothing interrupted."""
        if self.expected is None:
            self.run_verify(*self.FLAGS, "--output", "whole", ranks=2)
            type(self).expected = self.tree("whole"), self.counts("whole")
        return self.expected

    def counts(self, output="output"):
        report = self.report(output)
        for key in ("per_rank", "parameters", "started", "finished", "elapsed_seconds"):
            del report[key]
        return report

    def check_result(self):
        tree, counts = self.expect()
        self.assertEqual(self.tree(), tree)
        self.assertEqual(self.counts(), counts)
        for folder, _, files in os.walk(self.path("output")):
            self.assertEqual([f for f in files if f.startswith(".verify")], [], folder)
