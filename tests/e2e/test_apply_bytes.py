"""verify apply on 500 label files of every oddity: what is decided changes, all else keeps its bytes,
and both patch and --undo bring the same bytes back."""

import os
import random
import shutil

from apply_case import ApplyCase, contents, copy_tree, decide, odd_file, read
from harness import main

FILES = 500


class Bytes(ApplyCase):
    def setUp(self):
        super().setUp()
        chance = random.Random(16)
        files = [odd_file(chance) for _ in range(FILES)]
        names = ["%s%d" % (("a b/", "q\"q'/", "é/", "tab\t/", "")[i % 5], i) for i in range(FILES)]
        self.data = self.make_set("data", dict(zip(names, files)))
        self.run_on(self.data)
        self.decisions, self.refused, self.expected = [], 0, {}
        for name, content in zip(names, files):
            decisions, refused, after = decide(chance, "images/%s.png" % name,
                                               "labels/%s.txt" % name, content)
            chance.shuffle(decisions)
            self.decisions += decisions
            self.refused += refused
            self.expected["labels/%s.txt" % name] = after
        chance.shuffle(self.decisions)
        # Additions to one file come in the order of the file of decisions; there is one at most.
        self.file = self.write_decisions(self.decisions)

    def check_labels(self, folder):
        found = {name: content for name, (_, content) in contents(folder).items()
                 if name.endswith(".txt")}
        self.assertEqual(found.keys(), self.expected.keys())
        for name, content in self.expected.items():
            self.assertEqual(found[name], content, name)

    def test_all(self):
        code = 3 if self.refused else 0
        before = contents(self.data)
        # A copy.
        self.apply(self.file, "--to", self.path("to"), code=code)
        self.assertEqual(self.stderr.count("refused: "), self.refused, self.stderr[-2000:])
        self.check_labels(self.path("to"))
        self.assertEqual(contents(self.data), before)
        diff = self.path("to", "changes.diff")
        if shutil.which("patch"):
            # From the originals to the copy, and back.
            originals = copy_tree(os.path.join(self.data, "labels"), self.path("forth", "labels"))
            self.patch(self.path("forth"), diff)
            self.check_labels(self.path("forth"))
            self.patch(self.path("to"), diff, "-R")
            self.assertEqual(contents(self.path("to", "labels")),
                             contents(os.path.join(self.data, "labels")))
            shutil.rmtree(originals)
        # The data set itself, and back.
        self.apply(self.file, "--in-place", code=code)
        self.check_labels(self.data)
        self.assertEqual(read(self.path("o", "applied-1", "changes.diff")), read(diff))
        self.apply("--undo", 1)
        self.assertEqual(contents(self.data), before)
        self.apply("--undo", 1, code=2)


if __name__ == "__main__":
    main()
