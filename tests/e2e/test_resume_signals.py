"""How soon a single process answers a signal, at work and before it, and that --resume goes on then. Others
must not take its processor meanwhile."""

import signal
import subprocess
import time

from harness import VERIFY, end, main
from resume_case import ResumeCase


class Signals(ResumeCase):
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

    def test_signals_before_the_work(self):
        """Answered at once, whatever setting up is waiting for: here, a run that stands still."""
        first = subprocess.Popen([VERIFY, *self.FLAGS], cwd=self.folder,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, first)
        self.wait_for_images(10, first)
        first.send_signal(signal.SIGSTOP)
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGUSR1, 143)):
            process = subprocess.Popen([VERIFY, *self.FLAGS, "--resume"], cwd=self.folder,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            self.addCleanup(end, process)
            self.assertIn("waiting for it to end", process.stderr.readline())
            asked = time.monotonic()
            process.send_signal(number)
            out, error = process.communicate(timeout=30)
            self.assertEqual((process.returncode, out), (code, ""))
            self.assertLess(time.monotonic() - asked, 5)
            self.assertEqual(error, "verify: interrupted before the work began\n")
        first.send_signal(signal.SIGCONT)
        first.send_signal(signal.SIGTERM)
        self.assertEqual(first.wait(timeout=30), 143)
        self.finish()
        self.check_result()


if __name__ == "__main__":
    main()
