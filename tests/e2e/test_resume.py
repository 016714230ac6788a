"""Interrupted runs: whatever ends a run, --resume finishes it, and the result is that of a run that
nothing interrupted."""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest

from harness import DATA, MODEL, VERIFY, Case, children, end

POINTS = int(os.environ.get("VERIFY_KILL_POINTS", "12"))


class Resume(Case):
    FLAGS = ("--model", MODEL, "--data", os.path.join(DATA, "data.yaml"), "--imgsz", "448",
             "--threads", "1", "--save-json")

    def start(self, *flags, ranks=2):
        """Starts verify under mpirun and returns at once."""
        command = ["mpirun", "--oversubscribe", "-np", str(ranks), VERIFY, *self.FLAGS, *flags]
        environment = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1",
                           OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
        process = subprocess.Popen(command, cwd=self.folder, env=environment,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        self.addCleanup(end, process)
        return process

    def wait_for_images(self, count, process):
        """Until so many images are in the journals, or the run has ended."""
        while process.poll() is None and self.journalled() < count:
            time.sleep(0.005)

    def clear(self):
        shutil.rmtree(self.path("output"), ignore_errors=True)

    def finish(self, *flags, ranks=2):
        out = self.run_verify(*self.FLAGS, "--resume", *flags, ranks=ranks)
        self.assertFalse(os.path.exists(self.path("output", ".verify")))
        return out

    expected = None

    def expect(self):
        """Tree and report of a run that nothing interrupted."""
        if Resume.expected is None:
            self.run_verify(*self.FLAGS, "--output", "whole", ranks=2)
            Resume.expected = self.tree("whole"), self.counts("whole")
        return Resume.expected

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

    def test_exit_status_of_a_single_process(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 143)):
            self.clear()
            process = subprocess.Popen([VERIFY, *self.FLAGS], cwd=self.folder,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.addCleanup(end, process)
            self.wait_for_images(10, process)
            asked = time.monotonic()
            process.send_signal(number)
            self.assertEqual(process.wait(timeout=30), code)
            self.assertLess(time.monotonic() - asked, 1.5)
        self.finish(ranks=1)
        self.check_result()

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
                process.communicate(timeout=60)
                flags = ["--resume"]
            self.finish(ranks=chance.randint(1, 3))
            self.check_result()

    def test_full_disk(self):
        """As on a full disk: from some moment on, no file grows beyond a limit."""
        process = subprocess.Popen([VERIFY, *self.FLAGS], cwd=self.folder, restore_signals=False,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(end, process)
        self.wait_for_images(10, process)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (100000, resource.RLIM_INFINITY))
        stdout, stderr = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 1, stdout + stderr)
        self.assertIn("ERROR: ", stdout)
        self.assertIn("records.0.0", stdout)
        self.assertIn("--resume goes on", stderr)
        self.assertFalse(os.path.exists(self.path("output", "verification_report.json")))
        kept = self.journalled()
        self.assertTrue(10 <= kept < 200, kept)
        self.assertIn("Resuming: %d of 200 images are done" % kept, self.finish())
        self.check_result()

    def test_nothing_to_resume(self):
        self.assertNotIn("Resuming", self.finish())
        self.check_result()

    def test_complete_runs_stay(self):
        self.finish()
        before = os.stat(self.path("output", "verification_report.json")).st_mtime_ns
        self.assertIn("is complete", self.finish())
        self.assertEqual(os.stat(self.path("output", "verification_report.json")).st_mtime_ns,
                         before)

    def interrupt(self):
        process = subprocess.Popen([VERIFY, *self.FLAGS], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)
        self.wait_for_images(20, process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.assertEqual(self.report()["status"], "interrupted")

    def test_another_run_is_refused(self):
        self.interrupt()
        for flags, word in ((("--max-shift", "3"), "--max-shift"), (("--rect",), "--rect"),
                            (("--place", "copy"), "--place"), (("--imgsz", "320"), "--imgsz"), (("--conf", "0.5"), "--conf")):
            self.run_verify(*self.FLAGS, "--resume", *flags, code=2)
            self.assertIn(word, self.stderr)
            self.assertIn("--overwrite", self.stderr)
        self.run_verify(*self.FLAGS, code=2)
        self.assertIn("--resume", self.stderr)
        self.finish()
        self.check_result()

    def test_changed_list_is_refused(self):
        data = self.dataset(pictures=200)
        flags = ("--model", MODEL, "--data", data, "--imgsz", "256", "--threads", "1")
        process = subprocess.Popen([VERIFY, *flags], cwd=self.folder, stdout=subprocess.DEVNULL)
        self.addCleanup(end, process)
        self.wait_for_images(10, process)
        process.kill()
        process.wait()
        os.remove(os.path.join(data, "images", sorted(os.listdir(data + "/images"))[-1]))
        self.run_verify(*flags, "--resume", ranks=1, code=2)
        self.assertIn("list of images", self.stderr)

    def test_live_runs_are_left_alone(self):
        process = self.start()
        self.wait_for_images(5, process)
        self.run_verify(*self.FLAGS, "--overwrite", code=2)
        self.assertIn("in use", self.stderr)
        self.assertEqual(process.wait(timeout=120), 0)
        self.check_result()


if __name__ == "__main__":
    unittest.main()
