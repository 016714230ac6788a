"""What may go wrong around the process: the screen, memory, the clock. What is done is kept."""

import json
import os
import resource
import subprocess
import time

from fault_case import FaultCase, rig
from harness import end, main


class ProcessFaults(FaultCase):
    def into_full(self, command):
        with open("/dev/full", "w") as full:
            return subprocess.run(command, stdout=full, timeout=60, stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, cwd=self.folder,
                                  env=rig.environment(self.folder))

    def test_full_screen(self):
        """What the screen loses is told, where verify itself writes to it; the results are there."""
        for ranks in (0, 2):
            with self.subTest(ranks):
                self.clear()
                process = self.into_full(self.command({}, ranks=ranks))
                self.assertEqual(process.returncode, 0, process.stderr)
                if ranks == 0:
                    self.check_error_lines(process.stderr, "cannot write to standard output",
                                           "logs/verify.log")
                self.check_result()
                with open(self.path("o", "logs", "verify.log"), encoding="utf-8") as log:
                    self.assertIn("Total images: 16", log.read())

    def test_full_screen_without_a_run(self):
        command = self.command({}, ranks=0)
        for flags in (["--help"], ["--version"], ["--inspect"], ["--dry-run"]):
            with self.subTest(flags):
                process = self.into_full(command + flags)
                self.assertEqual(process.returncode, 1, process.stderr)
                self.assertIn("verify: error: cannot write to standard output", process.stderr)
                self.assertEqual(process.stderr.count("error: "), 1)
                with open(os.devnull, "w") as null:
                    self.assertEqual(subprocess.run(command + flags, stdout=null, timeout=60,
                                                    env=rig.environment(self.folder)).returncode, 0)

    def test_clock_that_is_set_back(self):
        """An hour, amid the work: no time is negative, and the result is the same."""
        self.run_faulty({"CLOCK": -3600})
        with open(self.path("o", "verification_report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assertGreater(report["elapsed_seconds"], 0)
        self.assertLess(report["elapsed_seconds"], 60)
        self.assertGreaterEqual(report["finished"], report["started"])
        for rank in report["per_rank"]:
            self.assertGreater(rank["seconds"], 0)
        self.check_result()

    def test_clock_that_is_set_back_stops_no_beat(self):
        """The lock of the output gets its sign of life every 5 seconds all the same."""
        process = self.start({"CLOCK": -3600, "SLOW": 1500}, ranks=0)
        self.wait_for_images(process, 1)
        lock = self.path("o", ".verify", "lock")
        first, deadline = os.stat(lock).st_mtime_ns, time.monotonic() + 10
        while os.stat(lock).st_mtime_ns == first:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        process.kill()

    def close_screen(self, ranks):
        """As `verify | head -1`; returns the exit status."""
        process = subprocess.Popen(self.command({"SLOW": 30}, ranks=ranks),
                                   env=rig.environment(self.folder), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)
        process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        return process.wait(timeout=60)

    def test_closed_screen(self):
        self.assertEqual(self.close_screen(ranks=0), 0)
        self.check_result()

    def test_closed_screen_of_mpirun(self):
        """mpirun itself may end by it, and the ranks with it."""
        if self.close_screen(ranks=2) != 0:
            self.finish()
        self.check_result()

    def test_short_memory(self):
        """Libraries may fall over on their own; verify itself says what it lacks."""
        said = 0
        for size in range(100, 200, 20):
            self.clear()
            command = self.command({}, ranks=0)
            process = subprocess.run(["prlimit", "--as=%d000000" % size] + command, text=True,
                                     env=rig.environment(self.folder), capture_output=True,
                                     timeout=60)
            lines = [line for line in process.stderr.splitlines()
                     if line.startswith("verify: error: ")]
            if process.returncode == 1 and lines:
                self.assertEqual(len(lines), 1)
                said += "out of memory" in lines[0] or "cannot start a thread" in lines[0]
        self.assertGreater(said, 0)
        self.finish()

    def test_limited_file_size(self):
        process = self.start({"SLOW": 20}, ranks=0)
        self.wait_for_images(process, 2)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, stdout + stderr)
        self.check_error_lines(stdout + stderr, "File too large", "ulimit -f")
        self.finish()


if __name__ == "__main__":
    main()
