"""tools/verify-kfold: what it reads, what it keeps together, what it writes."""

import os
import shlex
import subprocess
import sys

from harness import ROOT, Case, main

KFOLD = os.path.join(ROOT, "tools", "verify-kfold")


class Kfold(Case):
    def kfold(self, *arguments, code=0, cwd=None):
        done = subprocess.run([sys.executable, KFOLD, *map(str, arguments)], cwd=cwd or self.folder,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.shown, self.errors = done.stdout, done.stderr
        return done.stdout

    def folds(self, k=3, output="folds"):
        """The lines of each list."""
        found = []
        for i in range(k):
            with open(self.path(output, "fold%d.txt" % (i + 1)), "rb") as file:
                found.append(os.fsdecode(file.read()).splitlines())
        return found

    def text(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(os.fsencode(text))
        return path

    def list_of(self, names, name="all.txt"):
        return self.write(name, "".join(n + "\n" for n in names))

    def fold_of(self, folds):
        return {os.path.basename(path): i for i, fold in enumerate(folds) for path in fold}

    def names_file(self):
        return self.write("classes.txt", "cat\ndog\n")

    def test_every_image_is_in_one_fold_and_folds_are_even(self):
        names = ["images/%012d.jpg" % (7919 * i) for i in range(1000)]
        self.names_file()
        self.kfold(self.list_of(names), "-k", 5)
        folds = self.folds(5)
        self.assertEqual(sorted(sum(folds, [])), sorted(self.path(n) for n in names))
        self.assertEqual({len(fold) for fold in folds}, {200})
        self.kfold(self.path("all.txt"), "-k", 5, "--output", "again")
        self.assertEqual(self.folds(5, "again"), folds)

    def test_frames_of_a_video_stay_together(self):
        names = ["images/%s/clip %d_%05d.jpg" % ("train" if i % 2 else "val", v, i)
                 for v in range(12) for i in range(40)] + ["images/%08x.jpg" % i for i in range(30)]
        self.names_file()
        shown = self.kfold(self.list_of(names))
        self.assertIn("480 images in 12 groups, the largest 'clip 0_' (40)", shown)
        found = self.fold_of(self.folds())
        for v in range(12):
            self.assertEqual(len({found["clip %d_%05d.jpg" % (v, i)] for i in range(40)}), 1)
        self.assertEqual(sorted(map(len, self.folds())), [170, 170, 170])
        self.kfold(self.path("all.txt"), "--group", "none", "--output", "none")
        found = self.fold_of(self.folds(output="none"))
        self.assertEqual(len({found["clip 0_%05d.jpg" % i] for i in range(40)}), 3)

    def test_equal_names_in_two_folders_are_two_videos(self):
        names = ["%s/images/frame%03d.png" % (v, i) for v in "abc" for i in range(10)]
        self.names_file()
        self.kfold(self.list_of(names))
        for fold in self.folds():
            self.assertEqual(len(fold), 10)
            self.assertEqual(len({os.path.dirname(path) for path in fold}), 1)

    def test_augmented_copies_stay_together(self):
        names = ["images/pic-%c%d_jpg.rf.%032x.jpg" % (97 + i % 26, i, 99 * i + c)
                 for i in range(60) for c in range(3)]
        self.names_file()
        shown = self.kfold(self.list_of(names))
        self.assertIn("by '.rf.': 180 images in 60 groups", shown)
        found = self.fold_of(self.folds())
        for i in range(60):
            self.assertEqual(len({found[n.split("/")[1]] for n in names[3 * i:3 * i + 3]}), 1)
        self.assertEqual({len(fold) for fold in self.folds()}, {60})

    def test_copies_of_frames_follow_their_video(self):
        names = ["images/v%d_%04d_png.rf.%032x.jpg" % (v, i, 1000 * v + 10 * i + c)
                 for v in range(6) for i in range(5) for c in range(2)]
        self.names_file()
        self.kfold(self.list_of(names))
        found = self.fold_of(self.folds())
        for v in range(6):
            self.assertEqual(len({f for n, f in found.items() if n.startswith("v%d_" % v)}), 1)

    def test_a_name_of_the_whole_set_is_no_video(self):
        self.names_file()
        shown = self.kfold(self.list_of(["images/COCO_train_%012d.jpg" % i for i in range(99)]))
        self.assertIn("99 images of 99 begin with 'COCO_train_'", shown)
        self.assertEqual({len(fold) for fold in self.folds()}, {33})

    def test_a_name_of_a_class_is_no_video(self):
        """All cats in one fold would leave the others none to learn from."""
        self.list_of(["images/%s%04d.jpg" % (n, i) for n in ("cat_", "Traffic-Light ", "v1_") for i in range(30)])
        for names in ("[dog, cat, traffic light]", "\n  0: dog\n  1: 'cat' # a pet\n  2: traffic_light\n",
                      "\n- dog\n- cat\n- traffic light\n"):
            self.write("data.yaml", "train: all.txt\nnames: %s\n" % names)
            shown = self.kfold("data.yaml", "--dry-run")
            self.assertIn("names that begin with a class's, as 'Traffic-Light ' does", shown)
            self.assertIn("30 images in 1 group, the largest 'v1_' (30)", shown)
            self.assertIn("folds of 30, 30, 30", shown)

    def test_a_rule_of_the_users_own(self):
        names = ["images/%d/%05d.jpg" % (v, i) for v in range(9) for i in range(11)]
        self.names_file()
        self.kfold(self.list_of(names), "--group", r"images/(\d+)/")
        for fold in self.folds():
            self.assertEqual(len({os.path.dirname(path) for path in fold}), 3)
        self.kfold(self.path("all.txt"), "--group", "no such", "--output", "b")
        self.assertIn("No name matches --group no such", self.shown)
        self.kfold(self.path("all.txt"), "--group", "(", "--output", "c", code=2)
        self.assertIn("--group (: ", self.errors)

    YAML = ("\ufeff# a set\r\npath: ../the set # here\r\ntrain:\r\n- images/a b\r\n- 'more.txt'\r\n"
            "val: [ \"images/c\", images/a b ]\r\ntest: # none\r\nnc: 2\r\nnames:\r\n  0: caf\u00e9\r\n"
            "  1: 'it''s # 2'\r\nkpt_shape: [17, 3]\r\n")

    def test_a_data_yaml_as_people_write_them(self):
        """Windows line ends, blanks, a list of folders and lists, comments; the classes stay as written."""
        self.write("conf/data.yaml", self.YAML)
        for name in ("a b/1.jpg", "a b/2.PNG", "c/3.jpeg", "c/note.md", "c/.hidden/4.jpg"):
            self.write("the set/images/" + name, "")
        self.write("the set/more.txt", "./images/d/5.jpg\r\n\r\nimages/d/6.jpg  \r\n")
        shown = self.kfold("conf/data.yaml", "-k", 2, "--output", "my folds")
        self.assertIn("5 images in 2 folds", shown)
        every = sorted(sum(self.folds(2, "my folds"), []))
        base = self.path("the set", "images") + "/"
        self.assertEqual(every, sorted(base + n for n in ("a b/1.jpg", "a b/2.PNG", "c/3.jpeg", "d/5.jpg", "d/6.jpg")))
        self.assertEqual(self.text("my folds", "fold2.yaml"),
                         'path: "%s"\ntrain: [fold1.txt]\nval: fold2.txt\nnc: 2\nnames:\n  0: caf\u00e9\n'
                         "  1: 'it''s # 2'\nkpt_shape: [17, 3]\n" % self.path("my folds"))
        self.kfold("conf/data.yaml", "-k", 2, "--split", "val", "--output", "val")
        self.assertEqual(len(sum(self.folds(2, "val"), [])), 3)
        self.kfold("conf/data.yaml", "--split", "holdout", code=2)
        self.assertIn("there are train, val and test", self.errors)

    def test_verify_takes_what_it_writes(self):
        """Each list, and each data set to train on: its train and val are all images, none twice."""
        self.dataset("the data", pictures=12)
        self.write("the data/data.yaml", "path: .\ntrain: images\nnames: [%s]\n" % ", ".join("abcdefghij"))
        self.kfold("the data/data.yaml")
        for i, fold in enumerate(self.folds(), 1):
            self.verify_demo("--dry-run", data=self.path("folds", "fold%d.txt" % i), ranks=0)
            self.assertIn("Images: 4\n", self.stdout)
            self.write("names.yaml", self.text("folds", "fold%d.yaml" % i).replace("[a, b,", "[zero, one,"))
            self.verify_demo("--dry-run", data=self.path("names.yaml"), ranks=0)
            self.assertIn("Images: 12\n", self.stdout)
            self.assertNotIn("more than once", self.stdout)

    def test_the_commands_name_what_is_there(self):
        self.dataset("the data", pictures=6)
        self.write("the data/classes.txt", "zero\n")
        self.kfold("the data", "-k", 2, "--model", "my model.pt", "--epochs", 7, cwd=self.folder)
        lines = [shlex.split(line) for line in self.text("folds", "commands.txt").splitlines() if line[0] != "#"]
        self.assertEqual(len(lines), 3)
        for i, line in enumerate(lines[:2], 1):
            self.assertEqual(line, ["yolo", "detect", "train", "model=my model.pt",
                                    "data=" + self.path("folds", "fold%d.yaml" % i), "epochs=7",
                                    "project=" + self.path("folds", "runs"), "name=fold%d" % i])
        self.assertEqual(lines[2][:3], ["verify", "--data", self.path("the data")])
        for i in (1, 2):
            model = self.path("folds", "runs", "fold%d" % i, "weights", "best.pt")
            self.assertIn("%s=%s" % (model, self.path("folds", "fold%d.txt" % i)), lines[2])

    def test_what_is_refused(self):
        self.kfold("nothing.yaml", code=2)
        self.assertIn("no such file", self.errors)
        self.list_of(["images/a.jpg", "images/b.jpg", "images/c.jpg"])
        self.kfold("all.txt", code=2)
        self.assertIn("no class names", self.errors)
        self.names_file()
        self.kfold("all.txt", "-k", 4, code=2)
        self.assertIn("3 images in 3 groups cannot be parted into 4 folds", self.errors)
        self.write("other/thing", "")
        self.kfold("all.txt", "--output", "other", code=2)
        self.assertIn("is there already", self.errors)
        self.write("model.yaml", "backbone:\n  - [-1, 1]\n")
        self.kfold("model.yaml", code=2)
        self.assertIn("no names", self.errors)
        self.assertEqual(os.listdir(self.path("other")), ["thing"])

    def test_nothing_is_written_by_a_dry_run(self):
        self.dataset("data", pictures=6)
        before = self.tree(".")
        self.assertIn("6 images in 3 folds of 2, 2, 2", self.kfold("data", "--dry-run"))
        self.assertEqual(self.tree("."), before)

    def test_names_of_any_bytes(self):
        self.names_file()
        odd = "images/" + os.fsdecode(b"\xff\xc3\xa9 %.jpg")
        self.kfold(self.list_of([odd, "images/b.jpg", "images/c.jpg"]))
        self.assertIn(self.path(odd), sum(self.folds(), []))

    def test_links_to_folders_once_and_what_verify_wrote_not_at_all(self):
        self.dataset("data", pictures=6)
        os.symlink("images", self.path("data", "link"))
        self.write("data/output/.verify/run.json", "{}")
        self.write("data/output/correct/JPEGImages/1.jpg", "")
        self.assertIn("6 images", self.kfold("data", "--dry-run"))
        self.assertIn("which verify wrote", self.errors)


if __name__ == "__main__":
    main()
