"""A thousand files of all kinds in one run: each is judged, at its size, or has the reason why not."""

import os
import time
import unittest

from harness import VERIFY, Case, main

try:
    from picture_files import Folder
except ImportError as why:
    Folder, LACKS = None, str(why)

# Without sanitizers it takes a few seconds.
SECONDS = 20


@unittest.skipUnless(Folder, "needs numpy and Pillow")
class PictureFiles(Case):
    def built_without(self):
        """The kinds that this build does not read."""
        said = self.run_verify("--version", ranks=0)
        return [kind for kind in ("AVIF", "HEIC") if "%s: not built in" % kind in said]

    def test_all_kinds(self):
        made = Folder(self.path("data"))
        made.make()
        self.assertGreaterEqual(made.count, 1000)
        lacking = tuple("%s: this verify was built without" % kind for kind in self.built_without())
        start = time.monotonic()
        self.verify_demo("--imgsz", 64, data=self.path("data", "images"))
        seconds = time.monotonic() - start
        report, records = self.report(), {}
        for record in self.records():
            name = "images/" + os.path.basename(record["image"])
            self.assertNotIn(name, records)
            records[name] = record
        self.assertEqual(set(records), set(made.sizes) | made.any | made.failing)
        self.assertEqual(set(records) | made.unread | made.folders, set(
            "images/" + name for name in os.listdir(self.path("data", "images"))))
        wrong = []
        for name, record in records.items():
            error = record["error"]
            if error is not None and not error.strip():
                wrong.append("%s failed without a reason" % name)
            if error is not None and lacking and error.startswith(lacking):
                continue
            if name in made.failing and error is None:
                wrong.append("%s is no picture, and was judged" % name)
            if name in made.sizes and (record["width"], record["height"]) != made.sizes[name]:
                wrong.append("%s: %s x %s, not %s: %s" % (name, record["width"], record["height"],
                                                        made.sizes[name], error))
            if (record["bucket"] is None) != (error is not None):
                wrong.append("%s is in %s: %s" % (name, record["bucket"], error))
        self.assertEqual(wrong, [], "\n".join(wrong))
        self.check_sums(report, records, made)
        with open(VERIFY, "rb") as file:
            sanitized = b"__asan_init" in file.read()
        if not sanitized:
            self.assertLess(seconds, SECONDS)

    def check_sums(self, report, records, made):
        failed = {name for name, record in records.items() if record["error"] is not None}
        self.assertEqual(report["status"], "complete")
        self.assertEqual(report["total_images"], len(records))
        self.assertEqual(sum(report["images"].values()), len(records))
        self.assertEqual(report["images"]["failed"], len(failed))
        self.assertEqual(len(report["failed_images"]), len(failed))
        self.assertTrue(all(image["reason"] for image in report["failed_images"]))
        self.assertEqual(sum(report["skipped_files"].values()), len(made.unread))
        self.assertEqual(sum(rank["images"] for rank in report["per_rank"]), len(records))
        boxes = sum(len(record["boxes"]) for record in records.values())
        self.assertEqual(report["total_boxes"], boxes)
        self.assertEqual(report["correct"] + report["mislabeled"] + report["uncertain"], boxes)
        placed = sum(len(files) for bucket in ("correct", "mislabeled", "uncertain") for _, _, files in
                     os.walk(self.path("output", bucket, "JPEGImages")))
        self.assertEqual(placed, len(records) - len(failed))


if __name__ == "__main__":
    main()
