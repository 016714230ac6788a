"""Runs that stop in order, on a full disk or beside others: what --resume goes on with, and what it
refuses."""

import json
import os
import resource
import shutil
import signal
import subprocess

from harness import DATA, MODEL, ROOT, VERIFY, end, main
from resume_case import ResumeCase


class Resume(ResumeCase):
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

    def start_and_interrupt(self):
        process = subprocess.Popen([VERIFY, *self.FLAGS], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)
        self.interrupt(process, 20, signal.SIGTERM)
        self.assertEqual(self.report()["status"], "interrupted")

    def check_parts(self):
        """What a run must have in common with the one that it continues, as run.json has always had
        it: the device is the backend that was found."""
        with open(self.path("output", ".verify", "run.json"), encoding="utf-8") as file:
            parts = json.load(file)["parts"]
        flags = {name: value for name, value in parts.items() if name.startswith("--")}
        self.assertRegex(flags.pop("--model"), "^[0-9a-f]{16}$")
        device = flags.pop("--device")
        self.assertIn(device, ("cpu", "cuda"))
        expected = {
            "--imgsz": "448", "--conf": "0.25", "--iou": "0.7", "--max-det": "300", "--half": "1",
            "--rect": "0", "--max-margin": "3.5", "--max-shift": "3", "--max-ghost": "7.5",
            "--min-own": "0.15", "--max-dup": "0.7", "--missing-conf": "0.5", "--save-json": "1",
            "--save-txt": "0", "--place": "hardlink"}
        self.assertLessEqual(expected.items(), flags.items())

    def test_another_run_is_refused(self):
        self.start_and_interrupt()
        self.check_parts()
        for flags, word in ((("--max-shift", "2"), "--max-shift"), (("--rect",), "--rect"),
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

    def test_changed_splits_are_refused(self):
        """The same images in the same order, of which one is of another split now."""
        data = self.dataset(pictures=200)
        images = sorted("./images/" + name for name in os.listdir(data + "/images"))
        self.write_splits(data, images, 100)
        flags = ("--model", MODEL, "--data", data + "/data.yaml", "--imgsz", "256", "--threads", "1")
        process = subprocess.Popen([VERIFY, *flags], cwd=self.folder, stdout=subprocess.DEVNULL)
        self.addCleanup(end, process)
        self.wait_for_images(10, process)
        process.kill()
        process.wait()
        self.write_splits(data, images, 101)
        self.run_verify(*flags, "--resume", ranks=1, code=2)
        self.assertIn("division into splits was train 100, val 100 and is train 101, val 99 now", self.stderr)
        self.write_splits(data, images, 100)
        self.run_verify(*flags, "--resume", ranks=3)
        self.assertEqual([r["split"] for r in self.records()], ["train"] * 100 + ["val"] * 100)
        report, boxes = self.report(), [b for r in self.records() for b in r["boxes"]]
        for reason, count in report["reasons"].items():
            self.assertEqual(count, sum(b["reason"] == reason for b in boxes), reason)
        self.assertEqual(sum(size["boxes"] for size in report["per_size"]), len(boxes))

    def write_splits(self, data, images, first):
        """Two lists and the data.yaml that names them."""
        for name, part in (("train", images[:first]), ("val", images[first:])):
            with open("%s/%s.txt" % (data, name), "w") as file:
                file.writelines(image + "\n" for image in part)
        with open(data + "/data.yaml", "w") as file:
            file.write("train: train.txt\nval: val.txt\n"
                       "names: [zero, one, two, three, four, five, six, seven, eight, nine]\n")

    def test_changed_weights_are_refused(self):
        """Also those that an ONNX file has outside of itself."""
        for name in ("external.onnx", "external.bin"):
            shutil.copy(os.path.join(ROOT, "tests", "data", "onnx", name), self.folder)
        flags = ("--model", "external.onnx", "--data", os.path.join(DATA, "images"), "--imgsz", "64",
                 "--threads", "1")
        process = subprocess.Popen([VERIFY, *flags], cwd=self.folder, stdout=subprocess.DEVNULL)
        self.addCleanup(end, process)
        self.wait_for_images(5, process)
        process.kill()
        process.wait()
        with open(self.path("external.bin"), "r+b") as file:
            file.seek(400)
            file.write(b"\1\2\3\4")
        self.run_verify(*flags, "--resume", ranks=1, code=2)
        self.assertIn("--model is not what it was", self.stderr)

    def test_live_runs_are_left_alone(self):
        process = self.start()
        self.wait_for_images(5, process)
        self.run_verify(*self.FLAGS, "--overwrite", code=2)
        self.assertIn("in use", self.stderr)
        self.assertEqual(process.wait(timeout=120), 0)
        self.check_result()


if __name__ == "__main__":
    main()
