"""A thousand files of all kinds in one run: each is judged, at its size, or has the reason why not."""

import os
import resource
import unittest

from harness import VERIFY, Case, main

try:
    from picture_files import Folder
    lacks = ""
except ImportError as why:
    lacks = str(why)

# Of CPU time, since those of the clock are the machine's, too. It takes a few, and more with sanitizers.
SECONDS = 20


def cpu():
    """Of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@unittest.skipIf(lacks, lacks)
class PictureFiles(Case):
    KINDS = {"AVIF": (".avif",), "HEIC": (".heic", ".heif", ".hif")}  # that not every build reads

    def built_without(self):
        said = self.run_verify("--version", ranks=0)
        return [kind for kind in self.KINDS if "%s: not built in" % kind in said]

    def test_all_kinds(self):
        made = Folder(self.path("data"))
        made.make()
        self.assertGreaterEqual(made.count, 1000)
        without = self.built_without()
        made.leave_out(tuple(suffix for kind in without for suffix in self.KINDS[kind]))
        lacking = tuple("%s: this verify was built without" % kind for kind in without)
        start = cpu()
        self.verify_demo("--imgsz", 64, data=self.path("data", "images"), timeout=120)
        seconds = cpu() - start
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
