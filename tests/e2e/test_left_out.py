"""What a run passes over is said and counted: images without label, files that are not read, links and
labels that are refused; a data set without any label file is none."""

import os
import shutil

from harness import Case, DATA, main
from resume_case import ResumeCase

SECRET = "secret-line 0.5 0.5 0.1 0.1"


class LeftOut(Case):
    def label_of(self, data, number=0):
        return os.path.join(data, "labels", sorted(os.listdir(os.path.join(data, "labels")))[number])

    def write(self, *parts, content=""):
        path = self.path(*parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(content)
        return path

    def closing(self, out):
        """{line: rest} of the closing lines behind Uncertain."""
        tail = out.split("  Uncertain: ", 1)[1].split("\n\n", 1)[0].split("\n")[1:]
        return dict(line.strip().split(": ", 1) for line in tail)

    def test_no_label_file(self):
        data = self.dataset(pictures=4)
        os.rename(os.path.join(data, "labels"), os.path.join(data, "label"))
        for flags in ((), ("--dry-run",)):
            self.verify_demo(*flags, data=data, code=2)
            first = sorted(os.listdir(os.path.join(data, "images")))[0]
            self.assertIn("verify: error: no image has a label file: that of %s was looked for at %s"
                          % (os.path.join(data, "images", first),
                             os.path.join(data, "labels", os.path.splitext(first)[0] + ".txt")),
                          self.stderr)
            self.assertEqual(self.stderr.count("verify: error: "), 1)
        self.assertFalse(os.path.exists(self.path("output")))

    def test_closing_lines_and_report(self):
        data = self.dataset(pictures=12)
        for number in range(2):
            os.unlink(self.label_of(data))
        open(self.label_of(data), "w").close()  # an empty label file is one
        names = ("x.gif", "y.GIF", "z.jxl", "w.psd")
        for name in names:
            self.write("data", "images", name)
            self.write("data", "labels", os.path.splitext(name)[0] + ".txt", content="0 .5 .5 .1 .1\n")
        self.write("data", "images", "bad.jpg", content="none")
        unlabelled = sum(not os.path.exists(os.path.join(
            data, "labels", os.path.splitext(n)[0] + ".txt"))
            for n in os.listdir(os.path.join(data, "images")))
        self.assertGreaterEqual(unlabelled, 3)
        seen = []
        for ranks in (1, 3):
            out = self.verify_demo("--overwrite", data=data, ranks=ranks)
            report = self.report()
            self.assertEqual(report["unlabelled_images"], unlabelled)
            self.assertEqual(report["skipped_files"], {".gif": 2, ".jxl": 1, ".psd": 1})
            self.assertEqual(list(report["skipped_files"])[0], ".gif")
            self.assertEqual(report["orphan_labels"], 0)
            closing = self.closing(out)
            if report["missing_boxes"]:
                self.assertEqual(closing.pop("Missing objects"), str(report["missing_boxes"]))
            self.assertEqual(closing, {"Failed images": "1", "Unlabelled images": str(unlabelled),
                                       "Skipped files": "4 (.gif 2, .jxl 1, .psd 1)",
                                       "Self-test": closing["Self-test"],
                                       "Review": self.path("output", "review", "index.html")})
            self.assertIn("labels are too few", closing["Self-test"])
            with open(self.path("output", "logs", "verify.log"), encoding="utf-8") as file:
                self.assertIn("  Skipped files: 4 (.gif 2, .jxl 1, .psd 1)\n", file.read())
            seen.append(self.tree())
        self.assertEqual(*seen)
        out = self.verify_demo("--dry-run", data=data)
        self.assertIn("  Unlabelled images: %d\n  Skipped files: 4 (.gif 2, .jxl 1, .psd 1)\n"
                      % unlabelled, out)
        self.assertIn("  Label files without an image: 0\n", out)

    def test_nothing_left_out_needs_no_line(self):
        data = self.dataset(pictures=6)
        for name in os.listdir(os.path.join(data, "images")):
            open(os.path.join(data, "labels", os.path.splitext(name)[0] + ".txt"), "a").close()
        out = self.verify_demo(data=data)
        self.assertEqual(set(self.closing(out)) - {"Missing objects"}, {"Self-test", "Review"}, out)
        self.assertEqual(self.report()["unlabelled_images"], 0)
        self.assertEqual(self.report()["skipped_files"], {})

    def test_label_link_that_leaves(self):
        data = self.dataset(pictures=4)
        secret = self.write("secret", content=SECRET + "\n")
        label = self.label_of(data)
        for target in ("../../secret", secret):
            os.unlink(label)
            os.symlink(target, label)
            out = self.verify_demo("--overwrite", data=data)
            self.assertIn("%s:0: is a link that leaves the data set: not read" % label, out)
            self.assertEqual(self.report()["invalid_labels"], 1)
            name = os.path.splitext(os.path.basename(label))[0]
            record = next(r for r in self.records() if name in r["image"])
            self.assertEqual(record["bucket"], "uncertain")
            for folder, _, files in os.walk(self.path("output")):
                for file in files:
                    self.assertFalse(folder.endswith("labels") and file == name + ".txt")
                    with open(os.path.join(folder, file), "rb") as content:
                        self.assertNotIn(b"secret-line", content.read())
            self.assertNotIn("secret-line", out + self.stderr)

    def test_links_that_stay(self):
        data = self.dataset(pictures=4)
        self.verify_demo("--output", "plain", data=data)
        store = self.path("elsewhere")
        os.rename(data, store)
        os.makedirs(data)
        for name in ("images", "labels"):
            os.symlink(os.path.join(store, name), os.path.join(data, name))
        label = self.label_of(data)
        os.rename(label, os.path.join(data, "labels", "stored"))
        os.symlink("stored", label)
        self.verify_demo(data=data)
        self.assertEqual(self.tree(), self.tree("plain"))

    def test_large_label_is_not_placed(self):
        data = self.dataset(pictures=3)
        label = self.label_of(data)
        os.truncate(label, 2 << 30)
        out = self.verify_demo("--place", "copy", data=data, timeout=60)
        self.assertIn("%s:0: larger than 16 MiB" % label, out)
        size = sum(os.lstat(os.path.join(folder, name)).st_size
                   for folder, _, files in os.walk(self.path("output")) for name in files)
        self.assertLess(size, 1 << 24)
        self.assertFalse(any(p.endswith("labels/" + os.path.basename(label)) for p in self.tree()))

    def test_outputs_and_hidden_folders(self):
        data = self.dataset(pictures=6)
        self.verify_demo("--place", "copy", "--output", os.path.join(data, "images", "old"), data=data)
        shutil.copytree(os.path.join(data, "images", "old"), os.path.join(data, "images", ".old"))
        out = self.verify_demo(data=data)
        self.assertEqual(self.report()["total_images"], 6)
        self.assertIn("WARNING: left out: what a run of verify wrote in %s; left out: pictures that "
                      "are hidden, in %s\n" % (os.path.join(data, "images", "old"),
                                               os.path.join(data, "images", ".old")), out)
        bucket = next(b for b in ("correct", "mislabeled", "uncertain")
                      if os.listdir(os.path.join(data, "images", "old", b, "labels")))
        self.verify_demo("--output", "again", data=os.path.join(data, "images", "old", bucket))
        self.assertGreater(self.report("again")["total_images"], 0)

    def test_many_label_lines(self):
        data = self.dataset(pictures=2)
        with open(self.label_of(data), "w") as file:
            file.write("0 0.5 0.5 0.1 0.1\n" * 100000)
        out = self.verify_demo("--dry-run", data=data, timeout=60)
        self.assertIn(":10001: more than 10000 labels; the rest of the file is not read", out)


class Interrupted(ResumeCase):
    def test_counts(self):
        images = os.path.join(DATA, "images")
        lone = [self.path("lone%d.jpg" % i) for i in range(3)]
        for path in lone:
            shutil.copy(os.path.join(images, sorted(os.listdir(images))[0]), path)
        names = [os.path.join(images, n) for n in sorted(os.listdir(images))]
        with open(self.path("list.txt"), "w") as file:
            file.write("\n".join(lone[:2] + names + lone[2:] + [os.path.join(images, "z.psd"), ""]))
        other = {os.path.join(DATA, "data.yaml"): self.path("list.txt"), "448": "256"}
        self.FLAGS = tuple(other.get(f, f) for f in ResumeCase.FLAGS)
        self.run_verify(*self.FLAGS, "--output", "whole")
        whole = self.counts("whole")
        self.assertEqual(whole["total_images"], len(names) + 3)
        self.assertGreaterEqual(whole["unlabelled_images"], 3)
        self.assertEqual(whole["skipped_files"], {".psd": 1})
        process = self.start()
        self.interrupt(process, 20)
        self.assertEqual(process.returncode, 143)
        part = self.report()
        self.assertEqual(part["status"], "interrupted")
        self.assertEqual(part["skipped_files"], {".psd": 1})
        self.assertTrue(2 <= part["unlabelled_images"] <= whole["unlabelled_images"])
        self.finish(ranks=3)
        self.assertEqual(self.tree(), self.tree("whole"))
        self.assertEqual(self.counts(), whole)


if __name__ == "__main__":
    main()
