"""Several models and sizes that judge together, and folds: each image judged by a model of its own."""

import json
import os
import re
import shutil

from harness import DATA, MODEL, main
from resume_case import ResumeCase

YAML = os.path.join(DATA, "data.yaml")
SEVEN = 7


class Views(ResumeCase):
    FLAGS = ("--model", MODEL, "--data", YAML, "--imgsz", "320,256", "--threads", "1", "--save-json")

    def other_model(self, name="other.onnx"):
        """The demo's model, but for a class that it calls otherwise: the data set's seven is unknown."""
        with open(MODEL, "rb") as file:
            content = file.read()
        self.assertEqual(content.count(b"7: 'seven'"), 1)
        with open(self.path(name), "wb") as file:
            file.write(content.replace(b"7: 'seven'", b"7: 'sieve'"))
        return self.path(name)

    def fold_lists(self, *parts):
        """Lists of the demo's images, of which each has those that its part(number) is true for."""
        images = os.path.join(DATA, "images")
        for i, part in enumerate(parts):
            with open(self.path("%d.txt" % i), "w") as file:
                for n, name in enumerate(sorted(os.listdir(images))):
                    if part(n):
                        file.write(os.path.join(images, name) + "\n")

    def verify(self, output, *flags, **options):
        return self.run_verify("--data", YAML, "--output", output, "--place", "none", *flags,
                               **options)

    def says(self, *flags, words):
        self.verify("said", *flags, code=2, ranks=0)
        lines = self.stderr.splitlines()
        self.assertEqual(len(lines), 1, self.stderr)
        for word in words:
            self.assertIn(word, lines[0])
        self.assertFalse(os.path.exists(self.path("said")))

    def test_two_sizes(self):
        sizes = ("--model", MODEL, "--imgsz", "256,320", "--save-json", "--save-txt")
        for ranks, more in ((1, ()), (2, ("--batch", 4, "--threads", 2)), (3, ("--threads", 1))):
            self.verify("both%d" % ranks, *sizes, *more, ranks=ranks)
            self.assertEqual(self.tree("both%d" % ranks), self.tree("both1"))
        self.verify("turned", "--model", MODEL, "--imgsz", "320,256")
        self.assertEqual(self.records("turned"), self.records("both1"))
        self.assertEqual(self.report("both1")["parameters"]["imgsz"], [256, 320])
        one, other = [], []
        for size, own in ((256, one), (320, other)):
            self.verify("alone%d" % size, "--model", MODEL, "--imgsz", size)
            own += [box for r in self.records("alone%d" % size) for box in r["boxes"]]
        both = [box for r in self.records("both1") for box in r["boxes"]]
        for a, b, mean in zip(one, other, both):
            for name in ("own", "near"):
                self.assertAlmostEqual(mean[name], (a[name] + b[name]) / 2, delta=2e-4)
        self.assertNotEqual(one, both)

    def test_rectangles(self):
        for ranks in (1, 3):
            self.verify("rect%d" % ranks, "--model", MODEL, "--imgsz", "256,320", "--rect", ranks=ranks)
        self.assertEqual(self.records("rect1"), self.records("rect3"))

    def test_a_model_twice_is_as_once(self):
        self.verify("once", "--model", MODEL, "--imgsz", 256, "--save-json")
        self.verify("twice", "--model", "%s,%s" % (MODEL, MODEL), "--imgsz", 256, "--save-json")
        self.assertEqual(self.tree("twice"), self.tree("once"))
        self.assertEqual(self.report("twice")["model"], "%s,%s" % (MODEL, MODEL))

    def test_a_class_that_one_model_lacks(self):
        other = self.other_model()
        self.verify("alone", "--model", MODEL, "--imgsz", 256)
        self.verify("both", "--model", "%s,%s" % (other, MODEL), "--imgsz", 256)
        self.verify("lacking", "--model", other, "--imgsz", 256)
        sevens = 0
        for alone, both, lacking in zip(*(self.records(o) for o in ("alone", "both", "lacking"))):
            for a, b, c in zip(alone["boxes"], both["boxes"], lacking["boxes"]):
                self.assertEqual(a["own"], b["own"])
                if a["class"] != SEVEN:
                    continue
                sevens += 1
                self.assertEqual(a["near"], b["near"])
                self.assertEqual(c["reason"], "unknown_class")
                self.assertNotEqual(b["reason"], "unknown_class")
        self.assertGreater(sevens, 10)

    def test_folds(self):
        other = self.other_model()
        self.fold_lists(lambda n: n % 3 == 0, lambda n: n % 3 != 0)
        folds = ("--fold", "%s=0.txt" % MODEL, "--fold", "%s=1.txt" % other, "--imgsz", "256,320")
        self.verify("whole", "--model", MODEL, "--imgsz", "256,320")
        self.verify("lacking", "--model", other, "--imgsz", "256,320")
        for ranks in (1, 2):
            out = self.verify("folds%d" % ranks, *folds, ranks=ranks)
            self.assertIn("%s does not know 1 of the data set's 10 classes, their boxes in its images "
                          "are uncertain: seven" % other, out)
            self.assertNotIn("%s does not know" % MODEL, out)
        self.assertEqual(self.tree("folds1"), self.tree("folds2"))
        for n, (folded, whole, lacking) in enumerate(
                zip(*(self.records(o) for o in ("folds1", "whole", "lacking")))):
            self.assertEqual(folded["boxes"], (lacking if n % 3 else whole)["boxes"])
            self.assertEqual(folded["score"], (lacking if n % 3 else whole)["score"])
        self.assertEqual(self.report("folds1")["parameters"]["fold"],
                         ["%s=0.txt" % MODEL, "%s=1.txt" % other])
        self.assertEqual(self.report("folds1")["model"], "%s,%s" % (MODEL, other))

    def test_folds_of_a_split_and_a_config(self):
        with open(self.path("config.json"), "w") as file:
            json.dump({"fold": ["%s=train" % MODEL], "imgsz": [256], "data": YAML}, file)
        self.verify("split", "--config", "config.json")
        self.verify("plain", "--model", MODEL, "--imgsz", 256)
        self.assertEqual(self.tree("split"), self.tree("plain"))

    def test_what_is_wrong_is_said(self):
        self.fold_lists(lambda n: n < 150, lambda n: n > 100)
        fold = "%s=%%s" % MODEL
        self.says("--fold", fold % "lost.txt", words=["--fold", "lost.txt: no such file", "split"])
        self.says("--fold", fold % "0.txt", words=["50 of the data set's 200 images are in no list",
                                                   "0151."])
        self.says("--fold", fold % "0.txt", "--fold", "%s=1.txt" % self.other_model(),
                  words=["--fold", "1.txt", "0102.", "is in a list of %s, too" % MODEL])
        self.says("--fold", MODEL, words=["--fold %s: MODEL=LIST is expected" % MODEL])
        self.says("--fold", fold % "0.txt", "--model", MODEL, words=["leave --model out"])
        self.says("--model", MODEL + ",", words=["a model is missing beside a comma"])
        self.says("--model", MODEL + ",lost.onnx", words=["lost.onnx: "])
        with open(MODEL, "rb") as file:
            content = file.read()
        names = content[content.index(b"{0: 'zero'"):]
        names = names[:names.index(b"}")]
        strange = re.sub(rb"'(\w+)'", lambda name: b"'%s'" % name.group(1)[::-1], names)
        with open(self.path("strange.onnx"), "wb") as file:
            file.write(content.replace(names, strange))
        self.says("--model", MODEL + ",strange.onnx",
                  words=["strange.onnx shares no class name with the data set"])
        for name in ("a.cfg", "b.cfg"):
            shutil.copy(MODEL, self.path(name))
        self.says("--model", "a.cfg,b.cfg", "--weights", "x.weights",
                  words=["2 Darknet .cfg files", "x.weights"])

    def test_a_comma_in_a_name(self):
        shutil.copy(MODEL, self.path("a,b.onnx"))
        self.verify("comma", "--model", "a,b.onnx", "--imgsz", 256)
        self.verify("plain", "--model", MODEL, "--imgsz", 256)
        self.assertEqual(self.tree("comma"), self.tree("plain"))

    def test_inspect_shows_each(self):
        out = self.run_verify("--inspect", "--model", "%s,%s" % (MODEL, self.other_model()), "--imgsz",
                              "256,320", ranks=0)
        for path in (MODEL, "other.onnx"):
            for size in (256, 320):
                self.assertIn("%s at %d:\n" % (path, size), out)
        self.assertEqual(out.count("Parameters: 379790"), 4)

    def test_resume(self):
        process = self.start()
        self.interrupt(process, 20)
        self.assertLess(self.journalled(), 200)
        for flags, words in ((("--imgsz", "256,320"), "--imgsz was 320,256 and is 256,320 now"),
                             (("--imgsz", "320"), "--imgsz was 320,256 and is 320 now"),
                             (("--model", "%s,%s" % (MODEL, MODEL)), "--model is not what it was")):
            self.run_verify(*self.FLAGS, *flags, "--resume", code=2)
            self.assertIn(words, self.stderr)
        self.finish(ranks=3)
        self.check_result()

    def test_resume_with_other_folds(self):
        other = self.other_model()
        self.fold_lists(lambda n: n % 2 == 0, lambda n: n % 2 == 1)
        folds = ("--data", YAML, "--imgsz", "320", "--fold", "%s=%%d.txt" % MODEL, "--fold",
                 "%s=%%d.txt" % other)
        given = [flag % n if "%d" in flag else flag for flag, n in zip(folds, (0, 0, 0, 0, 0, 0, 0, 1))]
        turned = [flag % n if "%d" in flag else flag for flag, n in zip(folds, (0, 0, 0, 0, 0, 1, 0, 0))]
        self.run_verify(*given, "--place", "none")
        self.run_verify(*turned, "--place", "none", "--resume", code=2)
        self.assertIn("--fold is not what it was", self.stderr)
        self.run_verify(*given, "--place", "none", "--resume")


if __name__ == "__main__":
    main()
