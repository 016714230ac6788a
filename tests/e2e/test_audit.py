"""bench/audit: the pages and the form, and the truth of two people's forms."""

import csv
import json
import os
import subprocess
import sys

from harness import DATA, ROOT, Case, main

AUDIT = os.path.join(ROOT, "bench", "audit")
HEAD = ["image", "line", "class", "level", "kind", "detail"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Audit(Case):
    def call(self, script, *arguments, code=0):
        done = subprocess.run([sys.executable, os.path.join(AUDIT, script), *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.errors = done.stderr
        return done.stdout

    def form(self, name, *rows):
        with open(self.path(name), "w", newline="") as file:
            csv.writer(file).writerows([HEAD, *rows])
        return self.path(name)

    def merge(self, a, b, **options):
        said = self.call("merge.py", self.form("a.csv", *a), self.form("b.csv", *b), "--output",
                         self.path("truth.json"), **options)
        if options.get("code"):
            return said
        with open(self.path("truth.json")) as file:
            self.truth = json.load(file)
        return said

    def test_sheets_of_the_demo(self):
        """A row a picture and a label, every label's number on its page, beside the raw picture."""
        self.call("sheets.py", DATA, self.path("audit"), "--a-page", "50")
        with open(self.path("audit", "form.csv"), newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), HEAD)
        self.assertEqual(sum(row["line"] == "0" for row in rows), 200)
        folder = os.path.join(DATA, "labels")
        lines = sum(read(os.path.join(folder, name)).count("\n") for name in os.listdir(folder))
        self.assertEqual(sum(row["line"] != "0" for row in rows), lines)
        self.assertIn("seven", {row["class"] for row in rows})
        pages = sorted(name for name in os.listdir(self.path("audit")) if name.startswith("sheet"))
        self.assertEqual(len(pages), 4)
        text = read(self.path("audit", pages[0]))
        self.assertEqual(text.count("<section>"), 50)
        self.assertEqual(text.count("<img "), 100)
        one = text[:text.index("</section>")]
        first = [row for row in rows if row["image"] == rows[0]["image"] and row["line"] != "0"]
        for row in first:
            self.assertIn("<i>%s</i>" % row["line"], one)
            self.assertIn('<li value="%s">%s</li>' % (row["line"], row["class"]), one)
        source = one[one.index('src="') + 5:].split('"')[0]
        self.assertTrue(os.path.exists(self.path("audit", source)))

    def test_names_and_labels_as_they_come(self):
        os.makedirs(self.path("s", "images", "deep"))
        os.makedirs(self.path("s", "labels", "deep"))
        open(self.path("s", "images", "deep", "a <b> #1.jpg"), "w").close()
        with open(self.path("s", "labels", "deep", "a <b> #1.txt"), "w") as file:
            file.write("1 0.1 0.2 0.5 0.2 0.5 0.6\n\n0 0.5 0.5 0.2 0.2\n")
        for names in ("names: [cat, 'a dog']\n", "names:\n- cat\n- a dog\n",
                      "names:\n  0: cat\n  1: \"a dog\"\nnc: 2\n"):
            with open(self.path("s", "data.yaml"), "w") as file:
                file.write("path: .\n" + names)
            self.call("sheets.py", self.path("s"), self.path("out"))
            text = read(self.path("out", "sheet001.html"))
            self.assertIn("left:10.000%;top:20.000%;width:40.000%;height:40.000%", text)
            self.assertIn('<li value="1">a dog</li><li value="3">cat</li>', text)
            self.assertIn("a%20%3Cb%3E%20%231.jpg", text)
            self.assertIn("a &lt;b&gt; #1.jpg", text)
            for name in os.listdir(self.path("out")):
                os.remove(self.path("out", name))
            os.rmdir(self.path("out"))

    def test_levels(self):
        """real: both, one sure. arguable: both unsure, or one sure. one: one, unsure."""
        seen = ["p.jpg", 0, "", "seen", "", ""]
        label = lambda line, level, kind="spurious", detail="": ["p.jpg", line, "cat", level, kind, detail]
        self.merge([seen, label(1, "sure"), label(2, "unsure"), label(3, "sure"), label(4, "unsure"), label(5, "", ""),
                    label(6, "unsure", "location", "0.1 0.1 0.3 0.3"), label(7, "sure", "class", "dog")],
                   [seen, label(1, "unsure"), label(2, "unsure"), label(6, "sure", "location+group", "0.2 0.1 0.4 0.3"),
                    label(8, "Sure", "duplicate", "2")])
        self.assertEqual(self.truth["p.jpg"]["labels"], [
            {"line": 1, "kind": ["spurious"], "level": "real"},
            {"line": 2, "kind": ["spurious"], "level": "arguable"},
            {"line": 3, "kind": ["spurious"], "level": "arguable"},
            {"line": 4, "kind": ["spurious"], "level": "one"},
            {"line": 6, "kind": ["group", "location"], "level": "real", "true_box": [0.15, 0.1, 0.35, 0.3]},
            {"line": 7, "kind": ["class"], "level": "arguable", "true_class": "dog"},
            {"line": 8, "kind": ["duplicate"], "level": "arguable", "of": 2}])

    def test_missing_objects_are_matched_by_place(self):
        seen = ["p.jpg", 0, "", "seen", "", ""]
        gone = lambda level, box, name="cat": ["p.jpg", "", name, level, "missing", box]
        self.merge([seen, gone("sure", "0.1 0.1 0.3 0.3"), gone("unsure", "0.6 0.6 0.9 0.9")],
                   [seen, gone("unsure", "0.1 0.1 0.3 0.32"), gone("sure", "0.1 0.12 0.3 0.3"),
                    gone("unsure", "0,0,0.05,0.05", "dog")])
        self.assertEqual([(m["class"], m["level"]) for m in self.truth["p.jpg"]["missing"]],
                         [("cat", "real"), ("cat", "one"), ("cat", "arguable"), ("dog", "one")])

    def test_agreement(self):
        """20 and 15 of which both have 10: Chapman says 21 * 16 / 11 - 1 in all."""
        seen = [["p.jpg", 0, "", "seen", "", ""], ["q.jpg", 0, "", "seen", "", ""]]
        rows = lambda lines: seen[:1] + [["p.jpg", n, "cat", "sure", "spurious", ""] for n in lines]
        said = self.merge(rows(range(1, 21)), rows(range(11, 26)) + seen[1:])
        self.assertIn("1 pictures, 1 left out", said)
        self.assertIn("wrong labels: 20 and 15, of which both have 10 (0.50 of the first's, 0.67 of the second's); "
                      "about 30 in all, 5 of them in neither form", said)
        self.assertEqual(list(self.truth), ["p.jpg"])

    def test_what_is_wrong_in_a_form_is_said(self):
        seen = ["p.jpg", 0, "", "seen", "", ""]
        for row, says in ((["p.jpg", 1, "cat", "maybe", "class", ""], "a.csv, line 3: level 'maybe'"),
                          (["p.jpg", 1, "cat", "sure", "odd", ""], "a.csv, line 3: kind 'odd'"),
                          (["p.jpg", 1, "cat", "sure", "", ""], "a.csv, line 3: kind ''"),
                          (["p.jpg", "", "cat", "sure", "missing", "1 2 3"], "a.csv, line 3: '1 2 3' is no box"),
                          (["p.jpg", "x", "cat", "sure", "class", ""], "a.csv, line 3: neither")):
            self.merge([seen, row], [seen], code=2)
            self.assertIn(says, self.errors)
        self.merge([seen], [["p.jpg", 0, "", "", "", ""]], code=2)
        self.assertIn("no picture is marked as seen in both forms", self.errors)


if __name__ == "__main__":
    main()
