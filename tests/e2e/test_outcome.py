"""Runs that end, and whose result is worth nothing: said, and not praised."""

import os

from harness import Case, main

PRAISE = "\u2713"
SUSPICION = "WARNING: the model confirms only"


class Outcome(Case):
    def test_no_image_can_be_read(self):
        """Exit 1; records and report are there, and say why."""
        data = self.dataset(pictures=7)
        for name in os.listdir(os.path.join(data, "images")):
            with open(os.path.join(data, "images", name), "wb") as file:
                file.write(b"no picture")
        for flags in ((), ("--strict", "--fail-on", 0)):
            out = self.verify_demo("--overwrite", *flags, data=data, code=1)
            self.assertEqual(out.count("ERROR: none of the 7 images could be read"), 1)
            self.assertIn("output/verification_report.json", out)
            for line in out.splitlines():
                self.assertFalse(line.startswith(PRAISE), line)
            self.assertEqual(len(self.records()), 7)
            report = self.report()
            self.assertEqual((report["status"], report["images"]["failed"]), ("complete", 7))
            self.assertTrue(all(f["reason"] for f in report["failed_images"]))
        with open(self.path("output", "logs", "verify.log"), encoding="utf-8") as log:
            self.assertIn("ERROR: none of the 7 images", log.read())

    def test_one_image_can_be_read(self):
        data = self.dataset(pictures=7)
        for name in sorted(os.listdir(os.path.join(data, "images")))[1:]:
            with open(os.path.join(data, "images", name), "wb") as file:
                file.write(b"no picture")
        self.assertIn(PRAISE + " Results merged successfully!", self.verify_demo(data=data))

    def test_a_model_that_confirms_next_to_nothing(self):
        """As one that is run at a size which it was never trained for."""
        for size, said in ((64, 1), (256, 0)):
            out = self.verify_demo("--overwrite", "--imgsz", size, "--place", "none")
            self.assertEqual(out.count(SUSPICION), said, out)
        self.verify_demo("--overwrite", "--imgsz", 64, data=self.dataset(pictures=20))
        self.assertNotIn(SUSPICION, self.stdout)  # of a few labels nothing follows


if __name__ == "__main__":
    main()
