"""slurm/monitor_progress.sh and slurm/run_local.sh."""

import os
import pty
import re
import subprocess
import time

from harness import Case, DATA, MODEL, ROOT, VERIFY, main

MONITOR = os.path.join(ROOT, "slurm", "monitor_progress.sh")
LOCAL = os.path.join(ROOT, "slurm", "run_local.sh")
TITLE = "  YOLO Label Verifier - Multi-GPU Mode\n  Using %d GPUs\n"


class Monitor(Case):
    def log(self, name, text, age=0, mode="a", output="output"):
        os.makedirs(self.path(output, "logs"), exist_ok=True)
        path = self.path(output, "logs", name)
        with open(path, mode, encoding="utf-8") as file:
            file.write(text)
        os.utime(path, (time.time() - age,) * 2)

    def rank(self, rank, done, total, speed, eta, age=0, more=""):
        self.log("gpu%d.log" % rank,
                 "[GPU {0}] Processing {2} images\n"
                 "[GPU {0}] Progress: 1/{2} (0.1%) | Speed: 1.0 img/s | ETA: 99.0 min\n"
                 "[GPU {0}] Progress: {1}/{2} ({3:.1f}%) | Speed: {4:.1f} img/s | ETA: {5:.1f} min\n"
                 "{6}".format(rank, done, total, 100 * done / total, speed, eta, more), age)

    def monitor(self, *flags, output="output", code=0):
        done = subprocess.run([MONITOR, output, *flags], cwd=self.folder, timeout=60,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, universal_newlines=True)
        self.stderr = done.stderr
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertEqual(done.stderr if code == 0 else "", "")
        return done.stdout

    def rows(self, text):
        """{"GPU 0": [done/total, percent, img/s, ETA, age, warnings, errors, state]}"""
        return {m.group(1): re.split(r"  +| (?=\d+%)", m.group(2).strip())
                for m in re.finditer(r"^((?:GPU|CPU|rank) \d+|all) +(.*)$", text, re.M)}

    def test_table(self):
        self.log("verify.log", TITLE % 4)
        self.rank(0, 250, 1000, 10, 1.2, age=3)
        self.rank(1, 500, 1000, 4.5, 1.9, age=250)
        self.rank(2, 1000, 1000, 20, 0, more="[GPU 2] ✓ Complete! Processed 1000 images\n")
        out = self.monitor("--once")
        self.assertIn("output | Multi-GPU, 4 ranks | ", out)
        rows = self.rows(out)
        self.assertRegex(rows["GPU 0"][4], r"^[3-5] s$")
        del rows["GPU 0"][4]
        self.assertEqual(rows["GPU 0"], ["250/1000", "25.0%", "10.0", "1.2 min", "0", "0",
                                         "running"])
        self.assertEqual(rows["GPU 1"], ["500/1000", "50.0%", "4.5", "1.9 min", "4 min", "0", "0",
                                         "<- slowest"])
        self.assertEqual(rows["GPU 2"][:4] + rows["GPU 2"][7:],
                         ["1000/1000", "100.0%", "20.0", "-", "done"])
        self.assertEqual(rows["rank 3"], ["0/0", "0.0%", "0.0", "-", "0", "0", "no line yet"])
        self.assertEqual(rows["all"][:4], ["1750/3000", "58.3%", "14.5", "1.9 min"])

    def test_warnings_and_errors(self):
        lines = "".join("[GPU 0] WARNING: image %d\n" % i for i in range(10))
        lines += "[GPU 0] WARNING: … and 7 more images that could not be read\n"
        self.log("verify.log", TITLE % 2 + lines + "[GPU 1] ERROR: out of memory\n")
        self.rank(0, 5, 10, 1, 0.1, more=lines)
        self.rank(1, 2, 10, 1, 0.2, more="[GPU 1] ERROR: out of memory\n")
        out = self.monitor("--once")
        rows = self.rows(out)
        self.assertEqual(rows["GPU 0"][5:], ["17", "0", "running"])
        self.assertEqual(rows["GPU 1"][5:], ["0", "1", "FAILED"])
        self.assertEqual(rows["all"][4:], ["17", "1"])
        self.assertIn("Last errors:\n  [GPU 1] ERROR: out of memory\n", out)
        self.assertNotIn("image 5\n", out)
        self.assertIn("Last warnings:\n  [GPU 0] WARNING: image 6\n", out)

    def test_a_run_without_a_readable_image(self):
        """It ends without a line that says it is complete."""
        done = "[GPU 0] ✓ Complete! Processed 3 images\n"
        text = TITLE % 1 + done + "[GPU 0] ERROR: none of the 3 images could be read: why is in ...\n"
        self.log("verify.log", text)
        self.log("gpu0.log", "[GPU 0] Processing 3 images\n" + done)
        rows = self.rows(self.monitor())
        self.assertEqual(rows["all"][-1], "FAILED")
        self.log("verify.log", TITLE % 1)  # another start
        self.assertNotIn("FAILED", self.monitor("--once"))

    def test_a_line_that_is_being_written_does_not_count(self):
        self.log("verify.log", TITLE % 1)
        self.rank(0, 25, 100, 5, 0.5, more="[GPU 0] Progress: 26/100 (26.0%) | Speed: 5.0 img/s | E")
        self.assertEqual(self.rows(self.monitor("--once"))["GPU 0"][0], "25/100")

    def test_a_resumed_run_with_fewer_ranks(self):
        self.log("verify.log", TITLE % 2)
        self.rank(0, 50, 100, 5, 1)
        self.rank(1, 50, 100, 5, 1)
        report = self.path("output", "verification_report.json")
        with open(report, "w") as file:
            file.write('{"status": "interrupted"}\n')
        os.utime(report, (time.time() + 2,) * 2)
        self.assertIn("interrupted: --resume continues", self.monitor("--interval", "0.1"))
        self.log("verify.log", "✓ Multi-GPU verification complete!\n" + TITLE % 1)
        self.log("gpu0.log", "[GPU 0] Processing 100 images\n", age=-4)
        out = self.monitor("--once")
        self.assertNotRegex(out, "interrupted|complete")
        self.assertEqual(list(self.rows(out)), ["GPU 0", "all"])
        self.assertEqual(self.rows(out)["GPU 0"][0], "0/100")

    def test_folder_with_blanks_and_many_ranks(self):
        self.log("verify.log", TITLE % 300, output="a  b\\n")
        for rank in range(300):
            self.log("gpu%d.log" % rank, "[GPU %d] Processing 7 images\n" % rank, output="a  b\\n")
        out = self.monitor("--once", output="a  b\\n")
        self.assertTrue(out.startswith("a  b\\n | "), out)
        self.assertEqual(len(self.rows(out)), 301)
        self.assertEqual(self.rows(out)["all"][0], "0/2100")

    def test_a_terminal_shows_those_with_most_to_go(self):
        self.log("verify.log", TITLE % 40)
        for rank in range(40):
            self.rank(rank, 10, 100, 5, rank % 20)
        main, side = pty.openpty()
        process = subprocess.Popen([MONITOR, "output", "--once"], cwd=self.folder, stdout=side,
                                   env=dict(os.environ, TERM="xterm", LINES="30"))
        os.close(side)
        text = b""
        try:
            while True:
                text += os.read(main, 65536)
        except OSError:
            pass
        os.close(main)
        self.assertEqual(process.wait(), 0)
        text = text.decode().replace("\r", "")
        self.assertTrue(text.startswith("\x1b[H\x1b[J"))
        shown = list(self.rows(text))
        self.assertEqual(shown[:4], ["GPU 19", "GPU 39", "GPU 18", "GPU 38"])
        self.assertIn("... and %d ranks with less to go" % (41 - len(shown)), text)

    def test_usage(self):
        self.monitor("--once", output="nowhere", code=2)
        self.assertIn("nowhere/logs/verify.log: no such log", self.stderr)
        for flags in (["--interval"], ["--interval", "x"], ["--what"], ["second"]):
            self.monitor(*flags, code=2)
            self.assertIn("usage: ", self.stderr)


class Local(Case):
    def local(self, *arguments, code=0, wait=True):
        process = subprocess.Popen([LOCAL, *[str(a) for a in arguments]], cwd=self.folder,
                                   env=dict(os.environ, VERIFY=VERIFY), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   universal_newlines=True)
        if not wait:
            return process
        out = process.communicate(timeout=300)[0]
        self.assertEqual(process.returncode, code, out)
        return out

    def test_flags_or_config(self):
        data = self.dataset(pictures=4)
        out = self.local(2, "--model", MODEL, "--data", data, "--imgsz", 256, "--output", "one")
        self.assertIn("Using 2 CPU processes", out)
        with open(self.path("config.json"), "w") as file:
            file.write('{"model": "%s", "data": "%s", "imgsz": 256, "output": "two"}' % (MODEL, data))
        self.local(3)
        self.assertEqual(self.tree("one"), self.tree("two"))

    def test_mistakes(self):
        self.assertIn("usage: ", self.local(code=2))
        self.assertIn("usage: ", self.local("0", code=2))
        self.assertIn("usage: ", self.local("--model", MODEL, code=2))
        self.assertIn("no config.json", self.local(2, code=2))
        self.assertIn("absent.onnx", self.local(1, "--model", "absent.onnx", "--data", DATA, code=2))

    def test_monitor_follows_a_run_to_its_end(self):
        run = self.local(2, "--model", MODEL, "--data", os.path.join(DATA, "data.yaml"), "--imgsz",
                         448, wait=False)
        monitor = subprocess.run([MONITOR, "output", "--interval", "0.2"], cwd=self.folder,
                                 timeout=300, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 universal_newlines=True)
        out = run.communicate(timeout=60)[0]
        self.assertEqual((monitor.returncode, run.returncode), (0, 0), out)
        tables = monitor.stdout.split("output | ")
        counts = [int(c) for c in re.findall(r"^all +(\d+)/", monitor.stdout, re.M)]
        self.assertGreater(len(tables), 3)
        self.assertEqual(counts, sorted(counts))
        self.assertEqual(counts[-1], 200)
        self.assertTrue(any(0 < c < 200 for c in counts), counts)
        self.assertIn("complete", tables[-1])


if __name__ == "__main__":
    main()
