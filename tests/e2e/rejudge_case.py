"""What the tests of verify rejudge share: runs, what they leave, and a data set with all that may be odd in it."""

import os
import shutil

from harness import Case

TIMES = ("per_rank", "started", "finished", "elapsed_seconds")


class RejudgeCase(Case):
    def verify_set(self, output, *flags, data=None, **options):
        self.verify_demo("--output", output, *flags, data=data, **options)

    def rejudge(self, output, *flags, ranks=2, **options):
        return self.run_verify("rejudge", output, *flags, ranks=ranks, **options)

    def left(self, output, *others):
        """Everything in the output folder but logs, run.json and what tells of times and its own name."""
        report = self.report(output)
        for key in TIMES + others:
            report.pop(key, None)
        for key in ("output", "resume", "overwrite", *others):
            report["parameters"].pop(key, None)
        folders = {os.path.relpath(folder, self.path(output))
                   for folder, _, _ in os.walk(self.path(output))} - {"logs"}
        return self.tree(output), report, folders

    def expect_same(self, output, other, *others):
        for one, two in zip(self.left(output, *others), self.left(other, *others)):
            self.assertEqual(one, two)

    def nested(self, pictures=40):
        """Pictures in several folders, two of one name but for its suffix, labels with faults, a picture that is none."""
        data = self.dataset(pictures=pictures)
        images, labels = self.path("data", "images"), self.path("data", "labels")
        for i, name in enumerate(sorted(os.listdir(images))):
            stem = os.path.splitext(name)[0]
            for folder, file in ((images, name), (labels, stem + ".txt")):
                if os.path.exists(os.path.join(folder, file)):
                    os.makedirs(os.path.join(folder, "f%d" % (i % 7)), exist_ok=True)
                    os.rename(os.path.join(folder, file), os.path.join(folder, "f%d" % (i % 7), file))
        for folder in ("f0", "f1", "f2"):
            for name in os.listdir(os.path.join(images, folder)):
                stem, suffix = os.path.splitext(name)
                other = ".jpeg" if suffix == ".jpg" else ".jpg"
                source = sorted(os.listdir(os.path.join(images, "f3")))[0]
                shutil.copy(os.path.join(images, "f3", source), os.path.join(images, folder, stem + other))
        with open(os.path.join(labels, "f4", sorted(os.listdir(os.path.join(labels, "f4")))[0]), "a") as file:
            file.write("99 .5 .5 .1 .1\nthis is none\n")
        with open(os.path.join(images, "f5", "broken.jpg"), "w") as file:
            file.write("no picture")
        return data
