"""verify apply: what is refused and said, the layouts of data sets, what a copy may replace, what is
accepted by reason, and what it must never do to files that are not its own."""

import fcntl
import json
import os
import shutil

from apply_case import ApplyCase, contents, read, write
from harness import DATA, MODEL, main

BOX = "0.5 0.5 0.25 0.25"
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
LABEL = ("1 %s\n2 %s\n" % (BOX, BOX)).encode()


def decision(name="a", line=1, text="1 " + BOX, action="class", **more):
    values = {"image": "images/%s.png" % name, "label": "labels/%s.txt" % name, "line": line,
              "text": text, "action": action, "class": 5 if action == "class" else None,
              "xywhn": None}
    values.update(more)
    return values


class Apply(ApplyCase):
    def setUp(self):
        super().setUp()
        self.data = self.make_set("data", {"a": LABEL, "b": LABEL, "sub/c d": LABEL, "none": None})
        write(os.path.join(self.data, "labels", "orphan.txt"), b"0 " + BOX.encode())
        write(os.path.join(self.data, "labels", "notes.md"), b"mine")
        self.run_on(self.data)
        self.before = contents(self.data)

    def change(self, *decisions, code=0, flags=(), **options):
        """Applies them; whatever came of it, the data set is as it was."""
        self.apply(self.write_decisions(decisions), *flags, code=code, **options)
        if "--in-place" not in flags:
            self.assertEqual(contents(self.data), self.before)

    def corrected(self, *path, base=("o", "corrected")):
        return read(self.path(*base, *path)).decode()

    # ---------------------------------------------------------------- copies

    def test_copy(self):
        self.change(decision(), decision("sub/c d", 2, "2 " + BOX, "delete"), ranks=2)
        self.assertEqual(self.corrected("labels", "a.txt"), "5 %s\n2 %s\n" % (BOX, BOX))
        self.assertEqual(self.corrected("labels", "sub", "c d.txt"), "1 %s\n" % BOX)
        self.assertEqual(self.corrected("labels", "b.txt"), LABEL.decode())
        self.assertEqual(self.corrected("labels", "orphan.txt"), "0 " + BOX)
        self.assertEqual(sorted(os.listdir(self.path("o", "corrected"))),
                         ["changes.diff", "labels"])
        self.assertEqual(sorted(os.listdir(self.path("o", "corrected", "labels"))),
                         ["a.txt", "b.txt", "orphan.txt", "sub"])
        for said in ("2 label files", "class 1", "deleted 1", "Unchanged: 2",
                     "Left out: 1 files", self.path("o", "corrected")):
            self.assertIn(said, self.stdout)
        # A folder that is there is somebody's by now.
        self.change(decision(), code=2)
        self.assertIn("is there already", self.stderr)

    def test_label_file_is_made(self):
        add = decision("none", None, None, "add", label=None, xywhn=[.5, .5, .25, .125])
        add["class"] = 3
        self.change(add)
        self.assertEqual(self.corrected("labels", "none.txt"), "3 0.5 0.5 0.25 0.125\n")
        self.assertIn("--- /dev/null", self.corrected("changes.diff"))
        if shutil.which("patch"):
            self.patch(self.path("o", "corrected"),
                       self.path("o", "corrected", "changes.diff"), "-R")
            self.assertFalse(os.path.exists(self.path("o", "corrected", "labels", "none.txt")))
        self.change(add, flags=("--in-place",))
        self.assertEqual(read(os.path.join(self.data, "labels", "none.txt")),
                         b"3 0.5 0.5 0.25 0.125\n")
        self.apply("--undo", 1)
        self.assertEqual(contents(self.data), self.before)
        # Not without its image.
        os.rename(os.path.join(self.data, "images", "none.png"), self.path("away.png"))
        self.change_fails(add, "its image is not where it was")

    def change_fails(self, decided, *says, flags=("--to", "never")):
        self.apply(self.write_decisions([decided]), *flags, code=2)
        for part in says:
            self.assertIn(part, self.stderr)
        self.assertFalse(os.path.exists(self.path("never")))
        self.assertFalse(os.path.exists(self.path("never.unfinished")))

    def test_moved_data_set(self):
        os.rename(self.data, self.path("moved"))
        self.change_fails(decision(), "no such label")
        self.apply(self.write_decisions([decision()]), "--data", self.path("moved"))
        self.assertEqual(self.corrected("labels", "a.txt"), "5 %s\n2 %s\n" % (BOX, BOX))

    def test_dry_run(self):
        before = contents(self.folder)
        self.change(decision(), decision(line=2, text="2 " + BOX, action="box",
                                         xywhn=[.5, .5, .1, .1]),
                    decision("b", 2, "stale"), code=3, flags=("--dry-run",))
        self.assertIn("labels/a.txt:1: class 1 one -> 5 five", self.stdout)
        self.assertIn("labels/a.txt:2: box 0.5 0.5 0.25 0.25 -> 0.5 0.5 0.1 0.1", self.stdout)
        after = contents(self.folder)
        after.pop("decisions.jsonl")
        self.assertEqual(after, before)

    # ---------------------------------------------------------------- what is refused

    def test_refused_lines(self):
        nan = decision(action="box", xywhn="X")
        wrong = [
            ("{", "not a JSON object"),
            ("[]", "not a JSON object"),
            (json.dumps(decision()) + " {}", "not a JSON object"),
            (decision(action="rename"), "\"action\""),
            (decision(line=0), "\"line\""),
            (decision(line=-1), "\"line\""),
            (decision(line="1"), "\"line\""),
            (decision(line=2 ** 40), "\"line\""),
            (decision(text=None), "\"text\""),
            (decision(**{"class": 10}), "\"class\" is no class"),
            (decision(**{"class": -1}), "\"class\" is no class"),
            (decision(**{"class": 1.0}), "\"class\""),
            (decision(**{"class": None}), "\"class\" is missing"),
            (decision(action="box"), "\"xywhn\""),
            (decision(action="box", xywhn=[.5, .5, .5]), "\"xywhn\""),
            (decision(action="box", xywhn=[.5, .5, .5, 1.5]), "0 to 1"),
            (decision(action="box", xywhn=[.5, -.5, .5, .5]), "0 to 1"),
            (decision(action="box", xywhn=[.5, .5, .5, 0]), "without width or height"),
            (decision(action="box", xywhn=[.5, .5, .5, ".5"]), "\"xywhn\""),
            (json.dumps(nan).replace('"X"', "[0.5, 0.5, NaN, 0.5]"), "\"xywhn\""),
            (json.dumps(nan).replace('"X"', "[0.5, 0.5, 1e999, 0.5]"), "0 to 1"),
            (decision(action="add", line=3, xywhn=[.5, .5, .5, .5], **{"class": 1}), "\"line\""),
            (decision(image="images/other.png"), "image is not of this run"),
            (decision(image=None, label="labels/other.txt"), "label file is not of this run"),
            (decision(image=None, label="../../etc/passwd"), "label file is not of this run"),
            (decision(image=None, label="/etc/passwd"), "label file is not of this run"),
            (decision(image=None, label=None), "\"image\" is missing"),
            (decision(label="labels/b.txt"), "not this image's"),
        ]
        self.change(*(d for d, _ in wrong), decision(), code=3)
        lines = [line for line in self.stderr.splitlines() if "refused: " in line]
        self.assertEqual(len(lines), len(wrong), self.stderr)
        for number, (_, says) in enumerate(wrong, 1):
            found = [line for line in lines
                     if "line %d:" % number in line or "decision %d:" % number in line]
            self.assertTrue(any(says in line for line in found), (number, says, self.stderr))
        self.assertEqual(self.corrected("labels", "a.txt"), "5 %s\n2 %s\n" % (BOX, BOX))

    def test_stale(self):
        """What was changed since is refused, and nothing else is lost."""
        write(os.path.join(self.data, "labels", "a.txt"), b"1 0.4 0.4 0.1 0.1\n" + LABEL)
        self.before = contents(self.data)
        self.change(decision(), decision("b"), code=3)
        self.assertIn("labels/a.txt, line 1", self.stderr)
        self.assertEqual(self.corrected("labels", "b.txt"), "5 %s\n2 %s\n" % (BOX, BOX))
        self.assertEqual(read(self.path("o", "corrected", "labels", "a.txt")),
                         b"1 0.4 0.4 0.1 0.1\n" + LABEL)
        self.change_fails(decision(), "refused")

    def test_contradictions(self):
        self.change(decision(), decision(**{"class": 6}), decision("b"), decision("b"), code=3)
        self.assertEqual(self.stderr.count("contradicts"), 2)
        self.assertEqual(self.corrected("labels", "a.txt"), LABEL.decode())
        self.assertEqual(self.corrected("labels", "b.txt"), "5 %s\n2 %s\n" % (BOX, BOX))

    def test_nothing(self):
        self.change_fails(decision(action="keep"), "leave all labels as they are")
        self.change_fails(decision(**{"class": 1}), "leave all labels as they are")
        self.change_fails("", "nothing is to be applied")
        for flags, says in (((), "what is to be applied"),
                            (("--accept", "weak"), "weak"),
                            (("--accept", "class", "--min-precision", ".5"), "no estimate"),
                            (("--accept", "missing", "--min-precision", ".5"), "--accept class"),
                            (("decisions.jsonl", "--accept", "class"), "one of both"),
                            (("decisions.jsonl", "--max-score", ".5"), "--accept"),
                            (("decisions.jsonl", "--to", "x", "--in-place"), "one of both"),
                            (("--undo", 1), "nothing was applied"),
                            (("--undo", 1, "--in-place"), "--undo"),
                            (("absent.jsonl",), "absent.jsonl")):
            self.apply(*flags, code=2)
            self.assertIn(says, self.stderr)
        self.assertEqual(contents(self.data), self.before)

    # ---------------------------------------------------------------- in place

    def test_in_place(self):
        label = os.path.join(self.data, "labels", "a.txt")
        os.chmod(label, 0o640)
        before = contents(self.data)
        caches = [os.path.join(self.data, name) for name in
                  ("labels.cache", "labels/sub.cache", "images.cache", "labels/a.cache")]
        for cache in caches:
            write(cache, b"cache")
        self.change(decision(), decision("sub/c d"), flags=("--in-place",))
        self.assertEqual([os.path.exists(cache) for cache in caches], [False, False, True, True])
        self.assertEqual(self.stdout.count("Removed the trainer's cache"), 2)
        self.assertEqual(read(label).decode(), "5 %s\n2 %s\n" % (BOX, BOX))
        self.assertEqual(os.stat(label).st_mode & 0o777, 0o640)
        for cache in caches[2:]:
            os.remove(cache)
        # What was applied is not there any more.
        self.change(decision(), flags=("--in-place",), code=2)
        # A second one of the same file: undone in turn.
        self.change(decision(text="5 " + BOX, **{"class": 6}), flags=("--in-place",))
        self.apply("--undo", 1, code=3)
        self.assertIn("labels/a.txt: somebody has changed it since", self.stderr)
        self.apply("--undo", 2)
        self.apply("--undo", 1)
        self.assertEqual(contents(self.data), before)
        self.assertEqual([name for _, _, names in os.walk(self.data) for name in names
                          if name.startswith(".")], [])

    def test_in_place_changed_since(self):
        label = os.path.join(self.data, "labels", "a.txt")
        self.change(decision(), decision("b"), flags=("--in-place",))
        write(label, b"mine")
        self.apply("--undo", 1, code=3)
        self.assertEqual(read(label), b"mine")
        self.assertEqual(read(os.path.join(self.data, "labels", "b.txt")), LABEL)
        write(label, ("5 %s\n2 %s\n" % (BOX, BOX)).encode())
        self.apply("--undo", 1)
        self.assertEqual(contents(self.data), self.before)

    def test_links(self):
        """A label file that is a link is copied, and never written through."""
        labels = os.path.join(self.data, "labels")
        write(self.path("users.txt"), LABEL)
        os.rename(os.path.join(labels, "a.txt"), os.path.join(labels, "real.txt"))
        os.symlink("real.txt", os.path.join(labels, "a.txt"))
        os.remove(os.path.join(labels, "b.txt"))
        os.symlink(self.path("users.txt"), os.path.join(labels, "b.txt"))
        os.link(os.path.join(labels, "sub", "c d.txt"), self.path("other name"))
        self.run_on(self.data, "o2")
        decisions = self.write_decisions([decision(), decision("b"), decision("sub/c d")])
        self.apply(decisions, output="o2", code=3)
        self.assertIn("labels/b.txt", self.stderr)
        self.assertEqual(self.corrected("labels", "a.txt", base=("o2", "corrected")),
                         "5 %s\n2 %s\n" % (BOX, BOX))
        self.assertFalse(os.path.lexists(self.path("o2", "corrected", "labels", "b.txt")))
        self.assertFalse(os.path.islink(self.path("o2", "corrected", "labels", "a.txt")))
        self.apply(decisions, "--in-place", output="o2", code=3)
        self.assertEqual(self.stderr.count("refused"), 2)
        for path in (os.path.join(labels, "real.txt"), self.path("users.txt"),
                     self.path("other name")):
            self.assertEqual(read(path), LABEL, path)

    def test_label_folder_leaves_the_data_set(self):
        shutil.move(os.path.join(self.data, "labels"), self.path("elsewhere"))
        os.symlink(self.path("elsewhere"), os.path.join(self.data, "labels"))
        self.change_fails(decision(), "leaves the data set", flags=("--in-place",))
        self.assertEqual(read(self.path("elsewhere", "a.txt")), LABEL)

    def test_in_use(self):
        os.makedirs(self.path("o", ".verify"), exist_ok=True)
        with open(self.path("o", ".verify", "lock"), "w", encoding="utf-8") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)
            self.change(decision(), code=2)
            self.assertIn("in use", self.stderr)

    def test_where_a_copy_may_not_be(self):
        for to in ("data/labels/new", "data/images/new", "data/new", "data", "new-link/x"):
            if to.startswith("new-link"):
                os.symlink(self.data, self.path("new-link"))
            self.change(decision(), flags=("--to", self.path(to)), code=2)
        self.assertEqual(contents(self.data), self.before)
        write(self.path("mine", "file"), b"mine")
        write(self.path("to.unfinished", "file"), b"mine")
        for to in ("mine", "to"):
            self.change(decision(), flags=("--to", self.path(to)), code=2)
        self.assertEqual(contents(self.path("mine")).keys(), {"file"})
        self.assertEqual(contents(self.path("to.unfinished")).keys(), {"file"})
        os.mkdir(self.path("empty"))
        self.change(decision(), flags=("--to", self.path("empty")))
        # A run within the data set has its output there.
        self.run_on(self.data, "data/o")
        self.apply(self.path("decisions.jsonl"), output="data/o")


class Layouts(ApplyCase):
    def check(self, base, changed, kept, to="o/corrected"):
        for path in changed:
            self.assertEqual(read(self.path(to, path)).decode(), "5 %s\n2 %s\n" % (BOX, BOX), path)
        for path in kept:
            self.assertEqual(read(self.path(to, path)), read(os.path.join(base, path)), path)
        self.assertEqual(sorted(contents(self.path(to))), sorted([*changed, *kept, "changes.diff"]))

    def decide(self, *images):
        return self.write_decisions([decision(image=image, label=None) for image in images])

    def test_layouts(self):
        cases = (
            # Roboflow's, YOLO's, Pascal VOC's folders.
            ("train/images/a.png", "train/labels/a.txt", "valid/images/b.png",
             "valid/labels/b.txt"),
            ("images/train/a.png", "labels/train/a.txt", "images/val/b.png", "labels/val/b.txt"),
            ("JPEGImages/a.png", "labels/a.txt", "JPEGImages/x/b.png", "labels/x/b.txt"),
            ("a.png", "a.txt", "sub/b.png", "sub/b.txt"),
        )
        import rig
        for number, (image, label, other, other_label) in enumerate(cases):
            base = self.path("set%d" % number)
            for path in (image, other):
                write(os.path.join(base, path), rig.png(64, 64, lambda x, y: x * y))
            for path in (label, other_label):
                write(os.path.join(base, path), LABEL)
            output = "o%d" % number
            self.run_on(base, output)
            self.apply(self.decide(image), output=output)
            self.check(base, [label], [other_label], output + "/corrected")

    def test_list_from_elsewhere(self):
        """Paths are below the folder that the list and the labels share."""
        base = self.make_set("far/set", {"a": LABEL, "b": LABEL})
        listed = "".join("%s/images/%s.png\n" % (base, name) for name in "ab")
        write(self.path("far", "lists", "all.txt"), listed.encode())
        self.run_on(self.path("far", "lists", "all.txt"))
        self.apply(self.decide(base + "/images/a.png"))
        self.check(self.path("far"), ["set/labels/a.txt"], ["set/labels/b.txt"])
        self.apply(self.path("decisions.jsonl"), "--in-place")
        self.assertEqual(read(os.path.join(base, "labels", "a.txt")).decode(),
                         "5 %s\n2 %s\n" % (BOX, BOX))
        self.apply("--undo", 1)
        self.assertEqual(read(os.path.join(base, "labels", "a.txt")), LABEL)

    def test_part_of_a_data_set(self):
        """Label files of splits that the run did not read are none of its business."""
        base = self.make_set("set", {"train/a": LABEL, "val/b": LABEL})
        write(os.path.join(base, "data.yaml"),
              b"path: .\ntrain: images/train\nval: images/val\nnames: [%s]\n"
              % b", ".join(name.encode() for name in NAMES))
        self.run_on(os.path.join(base, "data.yaml"), "o", "--split", "train")
        self.apply(self.decide("images/train/a.png"))
        self.check(base, ["labels/train/a.txt"], [])


class Accept(ApplyCase):
    """On the demo's planted errors: what was found is restored, and not found again."""

    def verify(self, data, output):
        self.run_verify("--model", MODEL, "--data", data, "--imgsz", 256, "--output",
                        self.path(output), ranks=2)

    def plant_duplicates(self, labels):
        """A second label of an object, behind the others: what the demo does not have."""
        for name in sorted(os.listdir(labels))[::10]:
            path = os.path.join(labels, name)
            first = read(path).split(b"\n")[0].split()
            if len(first) == 5:
                shifted = b"%.6f" % (float(first[1]) + 0.1 * float(first[3]))
                write(path, read(path) + b" ".join([first[0], shifted, *first[2:]]) + b"\n")

    def test_planted_errors(self):
        data = shutil.copytree(DATA, self.path("data"))
        self.plant_duplicates(os.path.join(data, "labels"))
        truth = json.loads(read(os.path.join(DATA, "truth.json")))
        self.verify(os.path.join(data, "data.yaml"), "o")
        wanted = {"class": {}, "duplicate": {}, "location": {}}
        for record in self.records("o"):
            for box in record["boxes"]:
                if box["reason"] in wanted:
                    wanted[box["reason"]][record["image"], box["line"]] = record, box
        self.assertTrue(all(wanted.values()), [len(found) for found in wanted.values()])
        # Only surely wrong ones: the self-test's estimate.
        self.apply("--accept", "class", "--min-precision", ".95", "--dry-run")
        some = self.stdout.count(" -> ")
        self.assertIn("Precision 0.95", self.stdout)
        self.assertLessEqual(some, len(wanted["class"]))
        self.apply("--accept", "class", "--max-score", ".001", "--dry-run")
        self.assertEqual(self.stdout.count(" -> "),
                         sum(box["score"] < .001 for _, box in wanted["class"].values()))
        before = contents(data)
        self.apply("--accept", "class,duplicate,location", "--in-place")
        swaps = restored = 0
        for (image, line), (record, box) in wanted["class"].items():
            name = os.path.basename(image)
            planted = {t["line"]: t for t in truth[name] if t["kind"] == "swap"}
            if line in planted:
                # Lines before it that were duplicates are gone.
                gone = sum(1 for (i, n) in wanted["duplicate"] if i == image and n < line)
                text = read(os.path.join(data, record["label"])).splitlines()[line - 1 - gone]
                swaps += 1
                restored += int(text.split()[0]) == planted[line]["true_class"]
        self.assertGreater(swaps, 10)
        self.assertGreaterEqual(restored, .95 * swaps)
        # None of them is called again.
        self.verify(os.path.join(data, "data.yaml"), "again")
        again = {(record["image"], tuple(box["xywhn"][:2])) for record in self.records("again")
                 for box in record["boxes"] if box["reason"] in wanted}
        old = {(record["image"], tuple((box["refined"] if reason == "location" else
                                        box["xywhn"])[:2]))
               for reason in wanted for record, box in wanted[reason].values()}
        self.assertEqual(old & again, set())
        self.apply("--accept", "class,duplicate,location", "--in-place", code=2)
        self.apply("--undo", 1)
        self.assertEqual(contents(data), before)

    def test_missing(self):
        """Missing objects get labels, once."""
        data = shutil.copytree(DATA, self.path("data"))
        self.verify(os.path.join(data, "data.yaml"), "o")
        missing = [(record, m) for record in self.records("o") for m in record["missing"]]
        self.assertTrue(missing)
        self.apply("--accept", "missing", "--to", self.path("to"))
        self.assertIn("added %d" % len(missing), self.stdout)
        for record, m in missing:
            label = read(self.path("to", "labels", os.path.splitext(
                os.path.basename(record["image"]))[0] + ".txt")).decode()
            boxes = [[float(v) for v in line.split()] for line in label.splitlines()]
            self.assertIn([m["class"], *m["xywhn"]], boxes)
        self.apply("--accept", "missing", "--in-place")
        self.apply("--accept", "missing", "--in-place", code=2)
        self.assertEqual(self.stderr.count("has this label already"), len(missing))


if __name__ == "__main__":
    main()
