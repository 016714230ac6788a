"""The output folder: placing, records, report, predictions; the user's files stay as they are."""

import json
import os
import shutil
import stat
import tempfile

from harness import DATA, Case, main

REASONS = ["unknown_class", "duplicate", "class", "location", "contested", "unseen", "weak"]


def snapshot(folder):
    """{path: (content, mode, mtime)} of a folder's files."""
    found = {}
    for base, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(base, name)
            info = os.lstat(path)
            with open(path, "rb") as file:
                found[path] = (file.read(), info.st_mode, info.st_mtime_ns)
    return found


class Output(Case):
    def placed(self, bucket_of):
        """{image name: path in the output} and a check that each is in one bucket, with its label."""
        found = {}
        for bucket in ("correct", "mislabeled", "uncertain"):
            base = self.path("output", bucket, "JPEGImages")
            for folder, _, files in os.walk(base):
                for file in files:
                    name = os.path.relpath(os.path.join(folder, file), base)
                    self.assertNotIn(name, found)
                    self.assertEqual(bucket_of[os.path.basename(name)], bucket)
                    found[name] = os.path.join(folder, file)
        return found

    def buckets(self):
        return {os.path.basename(r["image"]): r["bucket"] for r in self.records()}

    def test_modes(self):
        data = self.dataset(pictures=20)
        before = snapshot(data)
        for mode in ("hardlink", "symlink", "copy"):
            self.verify_demo("--overwrite", "--place", mode, data=data)
            placed = self.placed(self.buckets())
            self.assertEqual(len(placed), 20)
            for name, path in placed.items():
                original = os.path.join(data, "images", name)
                same = os.stat(path).st_ino == os.stat(original).st_ino
                self.assertEqual(same, mode != "copy")
                self.assertEqual(os.path.islink(path), mode == "symlink")
                with open(path, "rb") as a, open(original, "rb") as b:
                    self.assertEqual(a.read(), b.read())
                label = os.path.splitext(path.replace("/JPEGImages/", "/labels/"))[0] + ".txt"
                source = os.path.join(data, "labels", os.path.splitext(name)[0] + ".txt")
                self.assertEqual(os.path.exists(label), os.path.exists(source))
                if os.path.exists(label):
                    self.assertNotEqual(os.stat(label).st_ino, os.stat(source).st_ino)
        self.assertEqual(snapshot(data), before)
        self.verify_demo("--overwrite", "--place", "none", data=data)
        self.assertEqual({name for name in self.tree() if not name.startswith("review/")},
                         {"verification_records.jsonl", ".verify/manifest"})
        self.assertEqual(snapshot(data), before)

    def test_links_across_file_systems(self):
        data = self.dataset(pictures=6)
        other = tempfile.mkdtemp(prefix="verify-test-", dir="/dev/shm")
        self.addCleanup(shutil.rmtree, other, ignore_errors=True)
        if os.stat(other).st_dev == os.stat(data).st_dev:
            self.skipTest("/dev/shm is no other file system")
        output = os.path.join(other, "output")
        out = self.verify_demo("--output", output, data=data, ranks=3)
        self.assertEqual(out.count("symbolic links instead"), 1)
        links = [os.path.join(folder, f) for folder, _, files in os.walk(output) for f in files
                 if "/JPEGImages" in folder]
        self.assertEqual(len(links), 6)
        self.assertTrue(all(os.path.islink(path) and os.path.exists(path) for path in links))

    def test_output_within_the_data_set(self):
        data = self.dataset(pictures=5)
        for _ in range(2):
            self.verify_demo("--overwrite", "--output", os.path.join(data, "output"), data=data)
            self.assertEqual(len(self.records(os.path.join(data, "output"))), 5)

    def test_equal_names_from_two_folders(self):
        data = self.dataset(pictures=4)
        for part in ("a", "b"):
            for kind in ("images", "labels"):
                shutil.copytree(os.path.join(data, kind), self.path("two", kind, part))
        self.verify_demo(data=self.path("two"))
        placed = self.placed(self.buckets())
        self.assertEqual(len(placed), 8)
        self.assertEqual({os.path.dirname(name) for name in placed}, {"a", "b"})

    def sizes(self, records, imgsz=256):
        """The report's per_size, out of the records."""
        limits = (("small", 0, 1024), ("medium", 1024, 9216), ("large", 9216, None))
        found = [{"size": name, "from_area": low, "below_area": high, "boxes": 0, "correct": 0,
                  "mislabeled": 0, "uncertain": 0, "missing": 0} for name, low, high in limits]
        for record in records:
            for box in record["boxes"] + record["missing"]:
                gain = imgsz / max(record["width"], record["height"])
                area = (box["xywhn"][2] * record["width"] * gain) * (box["xywhn"][3] * record["height"] * gain)
                size = found[sum(area >= low for _, low, _ in limits) - 1]
                size[box.get("verdict", "missing")] += 1
                size["boxes"] += "verdict" in box
        return found

    def test_records_and_report_agree(self):
        data = self.dataset(pictures=60)
        open(os.path.join(data, "labels", "orphan.txt"), "w").close()
        first = sorted(os.listdir(os.path.join(data, "images")))[0]
        with open(os.path.join(data, "images", first), "wb") as file:
            file.write(b"hello")
        self.verify_demo(data=data, ranks=3)
        records, report = self.records(), self.report()
        self.assertEqual([os.path.basename(r["image"]) for r in records],
                         sorted(os.listdir(os.path.join(data, "images"))))
        self.assertEqual(records[0]["image"], "images/" + first)
        self.assertIsNone(records[0]["bucket"])
        self.assertTrue(records[0]["error"])
        boxes = [b for r in records for b in r["boxes"]]
        for verdict in ("correct", "mislabeled", "uncertain"):
            self.assertEqual(report[verdict], sum(b["verdict"] == verdict for b in boxes))
            self.assertEqual(report["images"][verdict], sum(r["bucket"] == verdict for r in records))
        self.assertEqual(report["total_boxes"], len(boxes))
        self.assertEqual(report["total_images"], 60)
        self.assertEqual(report["images"]["failed"], 1)
        self.assertEqual(report["failed_images"][0]["image"], records[0]["image"])
        self.assertEqual(report["missing_boxes"], sum(len(r["missing"]) for r in records))
        self.assertEqual(report["orphan_labels"], 1)
        self.assertEqual(report["status"], "complete")
        self.assertEqual([c["name"] for c in report["per_class"]][:3], ["zero", "one", "two"])
        self.assertEqual(sum(c["boxes"] for c in report["per_class"]), len(boxes))
        self.assertEqual(list(report["reasons"]), REASONS)
        for reason, count in report["reasons"].items():
            self.assertEqual(count, sum(b["reason"] == reason for b in boxes), reason)
        self.assertGreater(report["reasons"]["class"], 0)
        self.assertEqual(report["per_size"], self.sizes(records))
        self.assertEqual([s["size"] for s in report["per_size"] if s["boxes"]], ["small", "medium"])
        swaps = {}
        for b in boxes:
            if b["reason"] == "class" and b["suggested"] is not None:
                key = (b["class"], b["suggested"])
                swaps[key] = swaps.get(key, 0) + 1
        self.assertEqual({(s["labelled"], s["suggested"]): s["count"] for s in report["swaps"]}, swaps)
        self.assertEqual([r["rank"] for r in report["per_rank"]], [0, 1, 2])
        self.assertEqual(sum(r["images"] for r in report["per_rank"]), 60)
        for record in records:
            self.assertEqual(list(record), ["image", "label", "split", "bucket", "score", "width", "height", "boxes",
                                            "missing", "invalid", "error"])
            self.assertTrue(0 <= record["score"] <= 1)
            product = 1
            for box in record["boxes"]:
                self.assertEqual(list(box), [
                    "line", "class", "name", "xywhn", "verdict", "reason", "score", "suggested",
                    "suggested_name", "own", "rival", "contest", "near", "margin", "shift", "ghost",
                    "dup", "location", "refined"])
                self.assertTrue(0 < box["score"] <= 1)
                product *= 1 - (1 - box["score"]) ** 2
            for missing in record["missing"]:
                self.assertEqual(list(missing), ["class", "name", "confidence", "score", "xywhn"])
                self.assertTrue(0 < missing["score"] <= 1 - .999 * .5)     # --missing-conf
                product *= missing["score"]
            # Objects that are seen, but not by enough to be listed, lower it a little further.
            self.assertLessEqual(record["score"], product * 1.00001)
        worst = sorted(b["score"] for b in boxes)[:20]
        self.assertEqual(len(set(worst)), 20)

    def test_labels_and_splits(self):
        """Where an image's labels are and which split it is of, at any number of ranks."""
        files = sorted(os.listdir(os.path.join(DATA, "images")))[:24]
        parts = {"train": files[:15], "val": files[15:]}
        for split, names in parts.items():
            self.part(split, names)
        with open(self.path("data", "data.yaml"), "w") as file:
            file.write("train: train/images\nval: val/images\n"
                       "names: [zero, one, two, three, four, five, six, seven, eight, nine]\n")
        os.remove(self.path("data", "train", "labels", os.path.splitext(files[0])[0] + ".txt"))
        with open(self.path("data", "val", "images", files[20]), "w") as file:
            file.write("no picture")
        first = None
        for ranks in (1, 3, 30):
            self.verify_demo("--overwrite", data=self.path("data", "data.yaml"), ranks=ranks)
            with open(self.path("output", "verification_records.jsonl"), "rb") as file:
                first = first or file.read()
                file.seek(0)
                self.assertEqual(file.read(), first)
        wanted = [["%s/images/%s" % (split, name), "%s/labels/%s.txt" % (split, os.path.splitext(name)[0]), split]
                  for split, names in parts.items() for name in names]
        wanted[0][1] = None
        self.assertEqual([[r["image"], r["label"], r["split"]] for r in self.records()], wanted)
        # A folder has no splits; a path that does not lie below it is whole.
        self.verify_demo("--overwrite", data=self.path("data", "val", "images"), ranks=2)
        for record, name in zip(self.records(), parts["val"], strict=True):
            label = self.path("data", "val", "labels", os.path.splitext(name)[0] + ".txt")
            self.assertEqual([record["image"], record["label"], record["split"]], [name, label, None])

    def part(self, name, files):
        """A split of the demo's pictures below data/."""
        for kind, suffix in (("images", None), ("labels", ".txt")):
            os.makedirs(self.path("data", name, kind))
            for file in files:
                file = os.path.splitext(file)[0] + suffix if suffix else file
                shutil.copy(os.path.join(DATA, kind, file), self.path("data", name, kind))

    def test_predictions(self):
        self.verify_demo("--save-json", "--save-txt", data=self.dataset(pictures=10), ranks=3)
        with open(self.path("output", "predictions.json")) as file:
            predictions = json.load(file)
        self.assertGreater(len(predictions), 10)
        lines = 0
        for folder, _, files in os.walk(self.path("output", "predicted")):
            for name in files:
                with open(os.path.join(folder, name)) as file:
                    lines += len(file.readlines())
        self.assertEqual(lines, len(predictions))
        for p in predictions:
            self.assertGreaterEqual(p["score"], 0.25)
            self.assertIn(p["category_id"], range(10))

    def test_predictions_of_nothing_are_valid_json(self):
        data = self.dataset(pictures=2)
        for name in os.listdir(os.path.join(data, "images")):
            open(os.path.join(data, "images", name), "w").close()
        self.verify_demo("--save-json", data=data, code=1)  # none can be read
        with open(self.path("output", "predictions.json")) as file:
            self.assertEqual(json.load(file), [])

    def test_read_only_originals(self):
        data = self.dataset(pictures=3)
        for base, _, files in os.walk(data):
            for name in files:
                os.chmod(os.path.join(base, name), stat.S_IRUSR)
        before = snapshot(data)
        self.verify_demo(data=data)
        self.assertEqual(snapshot(data), before)
        self.assertEqual(len(self.placed(self.buckets())), 3)

    def test_other_class_order_and_unknown_classes(self):
        data = self.dataset(pictures=30)
        self.verify_demo(data=data, cwd=self.folder)
        plain = self.records()
        names = ["Nine", "eight", "seven", "SIX", "five", "four", "three", "two", "one", "zeppelin"]
        for name in os.listdir(os.path.join(data, "labels")):
            path = os.path.join(data, "labels", name)
            with open(path) as file:
                rows = [line.split() for line in file if line.strip()]
            with open(path, "w") as file:
                file.writelines(" ".join([str(9 - int(r[0])), *r[1:]]) + "\n" for r in rows)
        with open(os.path.join(data, "data.yaml"), "w") as file:
            json.dump({"path": data, "train": "images", "names": names}, file)
        out = self.verify_demo("--overwrite", data=os.path.join(data, "data.yaml"), ranks=3)
        self.assertEqual(out.count("WARNING: the model does not know 1 of the data set's 10 "
                                   "classes, their boxes are uncertain: zeppelin\n"), 1)
        unknown = 0
        for a, b in zip(plain, self.records()):
            for p, q in zip(a["boxes"], b["boxes"]):
                self.assertEqual(p["class"], 9 - q["class"])
                if q["class"] == 9:
                    self.assertEqual((q["verdict"], q["reason"]), ("uncertain", "unknown_class"))
                    unknown += 1
                elif p["suggested"] and all(x["class"] for x in a["boxes"]):
                    self.assertEqual((p["verdict"], p["own"]), (q["verdict"], q["own"]))
        self.assertGreater(unknown, 0)


if __name__ == "__main__":
    main()
