"""Images and labels that cannot be read, or change while the job runs: recorded, each by itself;
the others are as ever. A lack that is the machine's ends the job, which can be resumed."""

import errno
import json
import os
import shutil

from fault_case import FaultCase
from harness import main


class InputFaults(FaultCase):
    def on_input(self, calls, number, name, **more):
        """Runs with calls on the user's files failing; returns {image: record}."""
        fault = {"CALLS": ",%s," % calls, "NAME": name, "TIMES": 0, "DO": "fail", "ERRNO": number}
        self.run_faulty(fault | more, below=self.data)
        return self.records()

    def records(self, output="o"):
        with open(self.path(output, "verification_records.jsonl"), encoding="utf-8") as file:
            found = [json.loads(line) for line in file]
        self.assertEqual(len(found), 16)
        return {os.path.basename(record["image"]): record for record in found}

    def check_failed(self, records, name, reason):
        record = records[name]
        self.assertEqual((record["bucket"], record["boxes"]), (None, []))
        self.assertIn(reason, record["error"])
        for bucket in ("correct", "mislabeled", "uncertain"):
            for folder, _, files in os.walk(self.path("o", bucket, "JPEGImages")):
                self.assertNotIn(name, files, folder)
        with open(self.path("o", "verification_report.json"), encoding="utf-8") as file:
            failed = json.load(file)["failed_images"]
        self.assertIn(name, [os.path.basename(entry["image"]) for entry in failed])

    def check_others(self, records, *names):
        """All records but these are what they are without a fault."""
        self.run_faulty({}, "--output", self.path("plain"))
        plain = self.records("plain")
        for name in set(plain) - set(names):
            self.assertEqual(records[name], plain[name])

    def test_images_that_cannot_be_read(self):
        for calls, number, reason in (("open", errno.EACCES, "Permission denied"),
                                      ("open", errno.ENOENT, "No such file"),
                                      ("read", errno.EIO, "Input/output error"),
                                      ("open", errno.ESTALE, "Stale file handle")):
            with self.subTest(calls + " " + errno.errorcode[number]):
                self.clear()
                records = self.on_input(calls, number, "images/c/slope.png")
                self.check_failed(records, "slope.png", reason)
        self.check_others(records, "slope.png")

    def test_labels_that_cannot_be_read(self):
        for calls, number, reason in (("open", errno.EACCES, "Permission denied"),
                                      ("open", errno.ELOOP, "symbolic links")):
            with self.subTest(calls + " " + errno.errorcode[number]):
                self.clear()
                records = self.on_input(calls, number, "labels/c/é.txt")
                record = records["é.png"]
                self.assertEqual((record["bucket"], record["boxes"]), ("uncertain", []))
                self.assertEqual([entry["line"] for entry in record["invalid"]], [0])
                self.assertIn(reason, record["invalid"][0]["reason"])
                self.assertIn("labels/c/é.txt", self.stdout)
        self.check_others(records, "é.png")

    def test_labels_that_a_device_does_not_give(self):
        """Without them there is no verdict."""
        for calls, number, reason in (("read", errno.EIO, "Input/output error"),
                                      ("open", errno.ETIMEDOUT, "Connection timed out")):
            with self.subTest(calls + " " + errno.errorcode[number]):
                self.clear()
                records = self.on_input(calls, number, "labels/c/é.txt")
                self.check_failed(records, "é.png", "its label file cannot be read: ")
                self.check_failed(records, "é.png", "labels/c/é.txt: " + reason)
        self.check_others(records, "é.png")

    def test_no_label_is_a_background(self):
        records = self.on_input("open", errno.ENOENT, "labels/c/é.txt")
        record = records["é.png"]
        self.assertEqual((record["boxes"], record["invalid"]), ([], []))

    def test_label_folder_became_a_file(self):
        """Nobody means by that that all images are backgrounds."""
        shutil.rmtree(self.path("data", "labels", "c"))
        with open(self.path("data", "labels", "c"), "w") as file:
            file.write("a file\n")
        self.run_faulty({}, check=False)
        records = self.records()
        for name in ("stripes.png", "slope.png", "é.png", "black.png"):
            self.assertEqual(records[name]["bucket"], "uncertain")
            self.assertIn("Not a directory", records[name]["invalid"][0]["reason"])

    def test_replaced_on_the_server(self):
        """A stale handle is no fault of the file that has the name now."""
        for calls, name in (("read", "images/c/slope.png"), ("open", "images/c/slope.png"),
                            ("read", "labels/c/é.txt"), ("open", "labels/c/é.txt")):
            with self.subTest(calls + " " + name):
                self.clear()
                self.on_input(calls, errno.ESTALE, name, TIMES=1)
                self.check_result()

    def test_the_machine_is_at_fault(self):
        for name in ("images/c/slope.png", "labels/c/é.txt"):
            with self.subTest(name):
                self.clear()
                fault = {"CALLS": ",open,", "NAME": name, "DO": "fail", "ERRNO": errno.EMFILE}
                self.run_faulty(fault, below=self.data, code=1)
                self.check_error_lines(self.stdout + self.stderr, "Too many open files",
                                       where="data")
                self.finish()

    def test_images_vanish(self):
        """Those that are gone before they are read, and those between reading and placing."""
        process = self.start({"SLOW": 150}, ranks=1)
        self.wait_for_images(process, 2)
        for folder, _, files in os.walk(self.path("data", "images", "c")):
            for name in files:
                os.remove(os.path.join(folder, name))
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, stdout + stderr)
        records = self.records()
        gone = ["stripes.png", "slope.png", "é.png", "black.png"]
        for name in gone:
            self.check_failed(records, name, "No such file")
        self.assertEqual(os.listdir(self.path("o", "uncertain", "labels")).count("c"), 0)

    def test_an_image_vanishes_before_it_is_placed(self):
        for place in ("hardlink", "copy"):
            with self.subTest(place):
                self.clear()
                fault = {"DO": "vanish", "VANISH": self.path("data/images/c/slope.png")}
                if place == "copy":
                    # The first open reads it.
                    fault |= {"CALLS": ",open,", "NAME": "images/c/slope.png", "AT": 2}
                else:
                    fault |= {"CALLS": ",linkat,", "NAME": "/slope.png"}
                self.run_faulty(fault, place=place, check=False,
                                below=self.data if place == "copy" else None)
                self.check_failed(self.records(), "slope.png",
                                  "cannot be read any more: No such file")
                self.assertFalse(os.path.exists(self.path("o/correct/labels/c/slope.txt")))
                self.assertFalse(os.path.exists(self.path("o/uncertain/labels/c/slope.txt")))
                shutil.rmtree(self.data)
                self.make_data()


if __name__ == "__main__":
    main()
