"""What a run must never do to files that are not its own."""

import os
import shutil
import signal
import subprocess

from harness import Case, MODEL, VERIFY, end, main


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Harm(Case):
    def setUp(self):
        super().setUp()
        self.data = self.dataset(pictures=4)

    def verify(self, *flags, data=None, **options):
        return self.verify_demo(*flags, data=data or self.data, ranks=options.pop("ranks", 0),
                                **options)

    def labels(self, output="output"):
        return sorted(os.path.join(folder, file)
                      for folder, _, files in os.walk(self.path(output)) for file in files
                      if "labels" in folder)

    def test_work_folder_is_a_link(self):
        write(self.path("docs", "thesis.tex"), "thesis")
        write(self.path("docs", "journal.0.0"), "mine")
        os.mkdir(self.path("output"))
        os.symlink("../docs", self.path("output", ".verify"))
        for flags in ((), ("--resume",), ("--overwrite",)):
            self.verify(*flags, code=2, timeout=15)
            self.assertIn(".verify", self.stderr)
            self.assertEqual(sorted(os.listdir(self.path("docs"))), ["journal.0.0", "thesis.tex"])

    def test_folders_that_are_links(self):
        """Each folder that a run writes to, in an output that somebody else has prepared."""
        for name in ("logs", "correct", "mislabeled", "uncertain"):
            output = "prepared-" + name
            write(self.path("mine", name, "file"), "mine")
            os.mkdir(self.path(output))
            os.symlink("../mine/" + name, self.path(output, name))
            for flags in ((), ("--resume",), ("--overwrite",)):
                self.verify("--output", output, *flags, code=2)
            self.assertEqual(os.listdir(self.path("mine", name)), ["file"])

    def interrupt(self, *flags):
        """A run that was killed after some images; of a larger set, so that some are left."""
        data = self.dataset("larger", pictures=120)
        process = subprocess.Popen([VERIFY, "--model", MODEL, "--data", data, "--imgsz", "256",
                                    "--threads", "1", *flags], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)
        while process.poll() is None and self.journalled() < 10:
            pass
        process.kill()
        process.wait()
        return data

    def test_resume_in_a_prepared_output(self):
        data = self.interrupt()
        users = self.path("users")
        for name, kind in (("logs/verify.log", "symlink"), ("logs/verify.log", "link"),
                           ("logs/gpu0.log", "fifo"), (".verify/journal.0.0", "symlink"),
                           (".verify/placed.0.0", "symlink"), (".verify/run.json", "fifo")):
            write(users, "mine")
            path = self.path("output", name)
            os.rename(path, path + ".kept")
            if kind == "fifo":
                os.mkfifo(path)
            else:
                (os.symlink if kind == "symlink" else os.link)(users, path)
            self.verify("--threads", 1, "--resume", data=data, code=None, timeout=20)
            self.assertIn(self.code, (1, 2), name)
            self.assertEqual(read(users), "mine")
            os.remove(path)
            os.rename(path + ".kept", path)
        self.verify("--threads", 1, "--resume", data=data)
        self.assertEqual(self.report()["total_images"], 120)

    def test_overwrite_in_a_folder_of_the_user(self):
        write(self.path("project", "logs", "events.out"), "mine")
        write(self.path("project", "correct", "notes", "mine.txt"), "mine")
        for flags in ((), ("--overwrite",), ("--resume",)):
            self.verify("--output", "project", *flags, code=2)
            self.assertNotIn("start over with --overwrite", self.stderr)
        self.assertEqual(read(self.path("project", "logs", "events.out")), "mine")
        self.assertEqual(read(self.path("project", "correct", "notes", "mine.txt")), "mine")
        self.assertEqual(sorted(os.listdir(self.path("project"))), ["correct", "logs"])

    def test_overwrite_keeps_what_was_corrected(self):
        self.verify()
        label = self.labels()[0]
        before = self.tree()
        write(label, "1 0.4 0.4 0.2 0.2\n")
        self.verify("--overwrite", code=2)
        self.assertIn(os.path.basename(label), self.stderr)
        self.assertEqual(read(label), "1 0.4 0.4 0.2 0.2\n")
        self.assertEqual(self.tree().keys(), before.keys())
        os.remove(label)
        write(self.path("output", "correct", "notes.txt"), "mine")
        self.verify("--overwrite")
        self.assertEqual(read(self.path("output", "correct", "notes.txt")), "mine")
        os.remove(self.path("output", "correct", "notes.txt"))
        self.assertEqual(self.tree(), before)

    def test_overwrite_of_its_own_input(self):
        for place in ("copy", "hardlink"):
            self.verify("--output", place, "--place", place)
            base = self.path(place)
            images = [os.path.join(folder, file) for folder, _, files in os.walk(base)
                      for file in files if "JPEGImages" in folder]
            write(self.path("list.txt"), "\n".join(images))
            self.verify("--output", place, "--overwrite", data=self.path("list.txt"), code=2)
            self.assertIn("to be read", self.stderr)
            self.assertTrue(all(os.path.exists(image) for image in images))

    def test_overwrite_of_an_interrupted_run(self):
        data = self.interrupt("--save-txt")
        write(self.path("output", "correct", "labels", "mine.txt"), "mine")
        self.verify("--overwrite", "--threads", 1, data=data)
        self.verify("--output", "fresh", "--threads", 1, data=data)
        self.assertEqual(read(self.path("output", "correct", "labels", "mine.txt")), "mine")
        os.remove(self.path("output", "correct", "labels", "mine.txt"))
        self.assertEqual(self.tree(), self.tree("fresh"))

    def test_originals_that_are_gone(self):
        """Another data set, of the same names or not, takes no last picture away."""
        self.verify()
        numbers = {os.stat(path).st_ino for path in self.pictures()}
        others = self.dataset("others", pictures=2)
        for name in os.listdir(os.path.join(others, "images")):
            os.rename(os.path.join(others, "images", name),
                      os.path.join(others, "images", "other-" + name))
        os.rename(os.path.join(others, "labels", "0001.txt"),
                  os.path.join(others, "labels", "other-0001.txt"))
        shutil.rmtree(self.data)
        out = self.verify("--overwrite", data=others)
        self.assertIn("4 images in the output are the last names of their pictures", out)
        self.assertLess(numbers, {os.stat(path).st_ino for path in self.pictures()})
        self.assertEqual(len(self.labels()), 5)

    def pictures(self):
        return [os.path.join(folder, file) for folder, _, files in os.walk(self.path("output"))
                for file in files if "JPEGImages" in folder]

    def test_two_interruptions(self):
        """An image that the first left unfinished and the second run finished stays."""
        data = self.interrupt("--save-txt")
        journal = self.path("output", ".verify", "journal.0.0")
        with open(journal, "rb") as file:
            lines = file.readlines()
        with open(journal, "wb") as file:
            file.writelines(lines[:-3])  # placed, and not yet written down
        process = subprocess.Popen([VERIFY, "--model", MODEL, "--data", data, "--imgsz", "256",
                                    "--threads", "1", "--save-txt", "--resume"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(end, process)
        before = self.journalled()
        while process.poll() is None and self.journalled() < before + 15:
            pass
        process.kill()
        process.wait()
        self.verify("--resume", "--threads", 1, "--save-txt", data=data)
        self.verify("--output", "fresh", "--threads", 1, "--save-txt", data=data)
        self.assertEqual(self.tree(), self.tree("fresh"))

    def test_corrected_labels_of_an_interrupted_run(self):
        """Whatever is made of them, to resume does not take it back."""
        for corrected in ("", "1 0.4 0.4 0.2 0.2\n"):
            data = self.interrupt()
            # One that the end came upon half written is not readable: nobody has corrected that.
            labels = [label for label in self.labels() if os.stat(label).st_mode & 0o400]
            for label in labels:
                write(label, corrected)
            self.verify("--resume", "--threads", 1, data=data, code=None)
            self.assertEqual({read(label) for label in labels}, {corrected})
            if self.code:  # one that would have been written again
                self.assertIn("in the way", self.stdout + self.stderr)
            self.verify("--overwrite", "--threads", 1, data=data, code=2)
            self.assertEqual({read(label) for label in labels}, {corrected})
            shutil.rmtree(self.path("output"))
            shutil.rmtree(data)

    def test_a_file_of_the_user_among_the_results(self):
        self.verify()
        write(self.path("output", "predictions.json"), "mine")
        self.verify("--overwrite", code=2)
        self.assertIn("predictions.json", self.stderr)
        self.assertEqual(read(self.path("output", "predictions.json")), "mine")

    def test_a_label_that_is_too_large(self):
        with open(os.path.join(self.data, "labels", "0001.txt"), "w", encoding="utf-8") as file:
            file.truncate(2 << 30)
        self.verify()
        self.assertLess(sum(os.path.getsize(label) for label in self.labels()), 1 << 20)
        self.assertNotIn("0001.txt", [os.path.basename(label) for label in self.labels()])

    def test_resume_tries_again_what_failed(self):
        broken = os.path.join(self.data, "images", "0002.jpg")
        with open(broken, "rb") as file:
            whole = file.read()
        write(broken, "no picture")
        self.verify()
        self.assertEqual(self.report()["images"]["failed"], 1)
        os.remove(broken)
        with open(broken, "wb") as file:
            file.write(whole)
        self.assertIn("Resuming: 3 of 4", self.verify("--resume", ranks=2))
        self.assertEqual(self.report()["images"]["failed"], 0)
        self.verify("--output", "fresh")
        self.assertEqual(self.tree(), self.tree("fresh"))
        self.assertIn("is complete", self.verify("--resume"))

    def test_resume_of_a_complete_run(self):
        self.verify("--fail-on", 0, code=None)
        wanted = self.code
        self.verify("--fail-on", 0, "--resume", code=wanted)
        self.verify("--resume", "--max-margin", -50, code=2)
        self.assertIn("--max-margin", self.stderr)
        shutil.copy(os.path.join(self.data, "images", "0001.jpg"),
                    os.path.join(self.data, "images", "0009.jpg"))
        self.verify("--resume", code=2)
        self.assertIn("list of images", self.stderr)

    def test_exit_status_of_a_complete_run(self):
        self.verify("--max-margin", -50, "--fail-on", 0, code=4)
        self.verify("--max-margin", -50, "--fail-on", 0, "--resume", code=4)
        self.verify("--max-margin", -50, "--resume")

    def test_names_that_are_too_long(self):
        data = self.dataset("larger", pictures=120)
        images = sorted(os.path.join(data, "images", f) for f in os.listdir(data + "/images"))
        images[30:30] = ["n" * 300 + ".jpg", "/".join(["folder"] * 800) + "/a.jpg"]
        write(self.path("list.txt"), "\n".join(images))
        process = subprocess.Popen([VERIFY, "--model", MODEL, "--data", "list.txt", "--imgsz",
                                    "256", "--threads", "1"], cwd=self.folder,
                                   stdout=subprocess.DEVNULL)
        self.addCleanup(end, process)
        while process.poll() is None and self.journalled() < 50:
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.verify("--threads", 1, "--resume", data=self.path("list.txt"))
        self.assertEqual(self.report()["images"]["failed"], 2)
        self.assertEqual(self.report()["total_images"], 122)


if __name__ == "__main__":
    main()
