"""What the screen shows, and that the logs hold the same."""

import os
import re

from harness import Case, main

LINES = (
    r"={70}",
    r"  YOLO Label Verifier - Multi-Process Mode",
    r"  Using 3 CPU processes",
    r"={70}",
    r"Total images: 40",
    r"Image list split complete",
    r"",
    r"Starting verification on 3 CPU processes\.\.\.",
    r"",
    r"Progress will be displayed below:",
    r"={70}",
    r"",
    r"(\[CPU [0-2]\] .*\n)+",
    r"={70}",
    r"  All CPU processes completed!",
    r"={70}",
    r"",
    r"Merging results\.\.\.",
    r"Merged 40 images from 3 CPU processes",
    r"",
    r"✓ Results merged successfully!",
    r"  Output: /.*/output",
    r"  Total images: 40",
    r"  Total boxes: (\d+)",
    r"  Correct: (\d+)",
    r"  Mislabeled: (\d+)",
    r"  Uncertain: (\d+)(?:\n  Missing objects: [1-9]\d*)?(?:\n  Unlabelled images: [1-9]\d*)?",
    r"  Self-test: .+",
    r"  Review: /.*/output/review/index\.html",
    r"",
    r"Cleaning up temporary files\.\.\.",
    r"",
    r"={70}",
    r"✓ Multi-Process verification complete!",
    r"={70}",
)


class Screen(Case):
    def read(self, name):
        with open(self.path("output", "logs", name), encoding="utf-8") as file:
            return file.read()

    def test_lines_and_logs(self):
        out = self.verify_demo(data=self.dataset(pictures=40), ranks=3)
        match = re.fullmatch("\n".join(LINES) + "\n", out)
        self.assertIsNotNone(match, out)
        total, *parts = (int(match.group(i)) for i in (2, 3, 4, 5))
        self.assertEqual(total, sum(parts))
        self.assertEqual(self.read("verify.log"), out)
        self.assertNotIn("\r", out)
        self.assertEqual(sorted(os.listdir(self.path("output", "logs"))),
                         ["gpu0.log", "gpu1.log", "gpu2.log", "verify.log"])
        self.assertEqual(sorted(os.listdir(self.path("output"))),
                         [".verify", "correct", "logs", "mislabeled", "review", "uncertain",
                          "verification_records.jsonl", "verification_report.json"])
        done = 0
        for rank in range(3):
            own = self.read("gpu%d.log" % rank)
            said = "".join(l + "\n" for l in out.split("\n") if l.startswith("[CPU %d]" % rank))
            self.assertEqual(own, said)
            n = 14 if rank == 0 else 13
            lines = own.splitlines()
            self.assertEqual(lines[0], "[CPU %d] Processing %d images" % (rank, n))
            # A rank may end with more or fewer than it began with.
            match = re.fullmatch(r"\[CPU %d\] ✓ Complete! Processed (\d+) images" % rank, lines[-1])
            self.assertIsNotNone(match, lines[-1])
            n = int(match.group(1))
            done += n
            self.assertGreaterEqual(len(lines), 3)
            for line in lines[1:-1]:
                self.assertRegex(line, r"^\[CPU \d\] Progress: \d+/\d+ \(\d+\.\d%\) \| "
                                       r"Speed: \d+\.\d img/s \| ETA: \d+\.\d min$")
            self.assertIn("Progress: %d/%d (100.0%%)" % (n, n), lines[-2])
            counts = [int(c) for c in re.findall(r"Progress: (\d+)/", own)]
            self.assertEqual(counts, sorted(set(counts)))
            self.assertEqual(self.report()["per_rank"][rank]["images"], n)
        self.assertEqual(done, 40)

    def test_quiet_fills_the_log_alone(self):
        out = self.verify_demo("--quiet", data=self.dataset(pictures=3))
        self.assertEqual(out, "")
        self.assertIn("Total images: 3\n", self.read("verify.log"))

    def test_repeated_warnings_are_capped(self):
        data = self.dataset(pictures=30)
        for name in sorted(os.listdir(os.path.join(data, "images")))[:13]:
            open(os.path.join(data, "images", name), "w").close()
        out = self.verify_demo(data=data, ranks=1)
        self.assertEqual(len(re.findall(r"WARNING: .*/images/", out)), 10)
        self.assertIn("[CPU 0] WARNING: … and 3 more images that could not be read", out)


if __name__ == "__main__":
    main()
