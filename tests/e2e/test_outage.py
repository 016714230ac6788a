"""A file system that goes away while a run reads from it: the run stops, what is done is kept, and
--resume goes on. Files that cannot be read by themselves do not stop it."""

import errno
import json
import os
import shutil
import stat
import subprocess
import unittest

from fault_case import FaultCase, rig
from harness import main


def can_mount():
    """Whether a file system can be mounted here: root may, in most containers."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    tried = ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    return subprocess.run(tried, capture_output=True).returncode == 0


class Outage(FaultCase):
    def recorded(self):
        """{image: record} of what the journals of a stopped run hold."""
        found = {}
        folder = self.path("o", ".verify")
        for name in os.listdir(folder):
            if name.startswith("records."):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    for line in file:
                        record = json.loads(line)
                        found[record["image"]] = record
        return found

    def check_stopped(self, reason):
        self.check_error_lines(self.stdout + self.stderr, "cannot be read: " + reason, "--resume",
                               where="data")
        self.assertFalse(os.path.exists(self.path("o", "verification_report.json")))

    def all_records(self, output):
        with open(self.path(output, "verification_records.jsonl"), encoding="utf-8") as file:
            return {record["image"]: record for record in map(json.loads, file)}

    def check_complete(self, place="hardlink"):
        """--resume completes it: what had failed before the stop is tried again."""
        self.run_faulty({}, "--resume", ranks=2, place=place)
        self.run_faulty({}, "--output", self.path("plain"), place=place)
        self.assertEqual(self.all_records("o"), self.all_records("plain"))
        self.assertEqual(len(self.all_records("o")), 16)

    def test_errors_of_the_machine(self):
        """From the sixth image on, none can be opened; or none can be read."""
        for call, number in (("open", errno.EIO), ("open", errno.ETIMEDOUT),
                             ("open", errno.EKEYEXPIRED), ("open", errno.EACCES),
                             ("read", errno.EIO), ("read", errno.EREMOTEIO)):
            with self.subTest(call + " " + errno.errorcode[number]):
                self.clear()
                fault = {"CALLS": ",%s," % call, "NAME": "images/", "AT": 6, "TIMES": 0,
                         "DO": "fail", "ERRNO": number}
                self.run_faulty(fault, below=self.data, code=1, ranks=0)
                self.check_stopped(os.strerror(number))
                before = self.recorded()
                good = [name for name in before if before[name]["error"] is None]
                self.assertGreaterEqual(len(good), 1)
                self.assertLess(len(before), 16)
                self.check_complete()
                rig.remove(self.path("plain"))

    def test_an_error_now_and_then(self):
        """Each third image: they failed, and the run is complete."""
        fault = {"CALLS": ",open,", "NAME": "images/", "EVERY": 3, "TIMES": 0, "DO": "fail",
                 "ERRNO": errno.EIO}
        self.run_faulty(fault, below=self.data, ranks=0)
        with open(self.path("o", "verification_report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual(report["total_images"], 16)
        self.assertGreaterEqual(len(report["failed_images"]), 5)
        self.assertLess(len(report["failed_images"]), 10)

    def test_a_list_of_files_that_do_not_exist(self):
        """Their folder is there: they failed, each by itself."""
        images = ["absent %02d.jpg" % i for i in range(40)] + ["c/stripes.png", "c/é.png"]
        self.assertEqual(self.run_list(images)["images"]["failed"], 40)

    def run_list(self, names, fault=None):
        """A run over these images alone; returns the report."""
        with open(self.path("list.txt"), "w", encoding="utf-8") as file:
            file.write("".join(self.path("data/images", name) + "\n" for name in names))
        command = self.command(fault or {}, ranks=0, below=self.folder) + ["--review", "0"]
        command[command.index("--data") + 1] = self.path("list.txt")
        done = subprocess.run(command, cwd=self.folder, env=rig.environment(self.folder),
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(self.path("o", "verification_report.json"), encoding="utf-8") as file:
            return json.load(file)

    def test_a_refused_label_says_nothing(self):
        """A link out of the data set is not opened to see whether the labels are still there."""
        label = self.path("data/labels/a/picture 0.txt")
        os.rename(label, self.path("outside.txt"))
        os.symlink(self.path("outside.txt"), label)
        fault = {"CALLS": ",open,", "NAME": "labels/a/", "AT": 2, "TIMES": 0, "DO": "fail",
                 "ERRNO": errno.EACCES}
        report = self.run_list(["a/picture 0.jpg", "c/stripes.png", "c/é.png"], fault)
        self.assertEqual(report["images"]["failed"], 0)
        self.assertEqual(self.hits(), [])

    def test_sockets(self):
        """However many there are, each is its image's affair."""
        names = []
        for i in range(10):
            names += ["socket %d.jpg" % i, "labelled %d.png" % i]
            os.mknod(self.path("data/images", names[-2]), stat.S_IFSOCK | 0o600)
            shutil.copy(self.path("data/images/c/stripes.png"), self.path("data/images", names[-1]))
            os.mknod(self.path("data/labels/labelled %d.txt" % i), stat.S_IFSOCK | 0o600)
        names.sort(reverse=True)  # the images that are sockets first, then the labels
        report = self.run_list(names + ["c/stripes.png", "c/é.png"])
        self.assertEqual(report["images"]["failed"], 10)
        self.assertEqual({image["reason"] for image in report["failed_images"]},
                         {"not a regular file"})
        self.assertEqual(report["invalid_labels"], 10)

    def stop_while(self, away):
        """Begins a run and calls away() after two images; it stops by itself."""
        process = self.start({"SLOW": 100}, ranks=1)
        self.wait_for_images(process, 2)
        away()
        self.stdout, self.stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, self.stdout + self.stderr)

    def test_labels_go_away(self):
        """None of the images becomes one of the background."""
        self.stop_while(lambda: os.rename(self.path("data/labels"), self.path("away")))
        self.check_stopped("No such file")
        before = self.recorded()
        os.rename(self.path("away"), self.path("data/labels"))
        self.check_complete()

    def test_images_go_away(self):
        self.stop_while(lambda: os.rename(self.path("data/images"), self.path("away")))
        self.check_stopped("No such file")
        before = self.recorded()
        os.rename(self.path("away"), self.path("data/images"))
        self.check_complete()

    @unittest.skipUnless(can_mount(), "cannot mount a file system here")
    def test_unmounted(self):
        rig.remove(self.data)

        def mount():
            os.makedirs(self.data, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "none", self.data], check=True)
            self.addCleanup(subprocess.run, ["umount", "-l", self.data], capture_output=True)
            self.make_data()

        def unmount():
            subprocess.run(["umount", "-l", self.data], check=True)

        mount()
        process = self.start({"CALLS": ",write,", "NAME": "/JPEGImages/", "EVERY": 1, "TIMES": 0,
                              "DO": "pause", "MS": 150}, ranks=1, place="copy")
        self.wait_for_images(process, 2)
        unmount()
        self.stdout, self.stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, self.stdout + self.stderr)
        self.check_stopped("No such file")
        before = self.recorded()
        for record in before.values():
            if record["error"] is None:
                self.assertNotEqual(record["width"], 0)
        mount()
        self.check_complete(place="copy")
        unmount()


if __name__ == "__main__":
    main()
