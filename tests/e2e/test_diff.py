"""verify diff: findings that are gone, new, still there, whatever order the runs have their images in."""

import json
import os
import random
import shutil

from finished_run import box, finished_run, missing, record
from harness import DATA, MODEL, Case, main

NAMES = ["cup", "bowl", "<tv>"]
PLACE, NEAR, FAR = [.5, .5, .2, .2], [.52, .5, .2, .2], [.2, .2, .1, .1]


def wrong(name, xywhn, reason="class", line=1, score=.01, suggested="bowl"):
    return box(line, NAMES.index(name), name, xywhn, reason, score=score, suggested=1,
               suggested_name=suggested)


class Diff(Case):
    def runs(self, old, new, **more):
        for name, records in (("old", old), ("new", new)):
            shutil.rmtree(self.path(name), ignore_errors=True)
            finished_run(self.path(name), self.path("data"), NAMES, records, **more)

    def diff(self, code, *flags, ranks=0):
        """What --json prints."""
        out = self.run_verify("diff", "old", "new", "--json", *flags, code=code, ranks=ranks)
        found = json.loads(out)
        counts = {"gone": 0, "new": 0, "still": 0}
        for each in found["findings"]:
            counts[each["change"]] += 1
        self.assertEqual({key: found["counts"][key] for key in counts}, counts)
        for table in ("by_reason", "by_class"):
            for row in found["counts"][table]:
                listed = [e for e in found["findings"] if e.get(
                    "reason" if table == "by_reason" else "name") in row.values()]
                self.assertEqual(sum(row[key] for key in counts), len(listed))
        return found

    def changes(self, found):
        return sorted((e["change"], e["image"], e["reason"], e.get("name")) for e in found["findings"])

    def test_same(self):
        records = [record("images/a.jpg", [wrong("cup", PLACE)], [missing(2, "<tv>", FAR)],
                          [{"line": 3, "reason": "bad"}])]
        self.runs(records, records)
        found = self.diff(0)
        self.assertEqual(found["counts"]["still"], 3)
        self.assertEqual(found["images"], {"both": 1, "only_old": 0, "only_new": 0,
                                           "unreadable": 0})
        self.assertEqual(found["settings"], {})
        self.run_verify("diff", "old", "new", ranks=2)
        self.run_verify("diff", "old", "new", "--quiet", ranks=0)
        self.assertEqual(self.stdout, "")

    def test_gone_and_new(self):
        old = [record("a.jpg", [wrong("cup", PLACE), box(2, 0, "cup", FAR)]),
               record("b.jpg", [], [missing(0, "cup", PLACE)], [{"line": 1, "reason": "bad"}]),
               record("c.jpg", [box(1, 0, "cup", PLACE)])]
        new = [record("a.jpg", [box(1, 1, "bowl", PLACE), box(2, 0, "cup", FAR)]),
               record("b.jpg", [box(1, 0, "cup", PLACE)]),
               record("c.jpg", [wrong("cup", PLACE, "location", score=.03)], [],
                      [{"line": 2, "reason": "worse"}])]
        self.runs(old, new)
        found = self.diff(4)
        self.assertEqual(self.changes(found), sorted([
            ("gone", "a.jpg", "class", "cup"), ("gone", "b.jpg", "missing", "cup"),
            ("gone", "b.jpg", "invalid", None), ("new", "c.jpg", "location", "cup"),
            ("new", "c.jpg", "invalid", None)]))
        out = self.run_verify("diff", "old", "new", ranks=0, code=4)
        self.assertIn("%12d%12d%14d   in all\n" % (3, 2, 0), out)
        self.assertIn("%12d%12d%14d   location\n" % (0, 1, 0), out)
        self.assertIn("  c.jpg, line 1: cup (location, 0.03)\n"
                      "  c.jpg, line 2: worse (invalid)\n", out)
        self.run_verify("diff", "new", "old", ranks=0, code=4)
        self.run_verify("diff", "old", "new", "--quiet", ranks=2, code=4)

    def test_boxes_not_lines(self):
        """Lines that moved, boxes that were nudged, a reason that changed: the same findings."""
        self.runs([record("a.jpg", [wrong("cup", PLACE, line=1), wrong("<tv>", FAR, line=2)])],
                  [record("a.jpg", [box(1, 0, "cup", [.8, .8, .1, .1]), wrong("<tv>", FAR, line=2),
                                    wrong("cup", NEAR, "contested", line=3)])])
        found = self.diff(0)
        self.assertEqual(self.changes(found), [("still", "a.jpg", "class", "<tv>"),
                                               ("still", "a.jpg", "contested", "cup")])

    def test_another_class_or_place_or_kind(self):
        for new in ([wrong("bowl", PLACE)], []), ([wrong("cup", FAR)], []), ([], [missing(0, "cup", PLACE)]):
            self.runs([record("a.jpg", [wrong("cup", PLACE)])], [record("a.jpg", *new)])
            found = self.diff(4)
            self.assertEqual([c[0] for c in self.changes(found)], ["gone", "new"])

    def test_the_best_overlap_counts(self):
        """Of two in one place each has its own partner."""
        a, b = [.50, .5, .2, .2], [.55, .5, .2, .2]
        self.runs([record("a.jpg", [wrong("cup", b, line=1, score=.01), wrong("cup", a, line=2, score=.02)])],
                  [record("a.jpg", [wrong("cup", a, line=1, score=.01), wrong("cup", b, line=2, score=.02)])])
        self.assertEqual(self.diff(0)["counts"]["still"], 2)
        self.runs([record("a.jpg", [wrong("cup", b, line=1, score=.01)])],
                  [record("a.jpg", [wrong("cup", a, line=1), wrong("cup", b, line=2)])])
        found = self.diff(4)
        (fresh,) = [e for e in found["findings"] if e["change"] == "new"]
        self.assertEqual(fresh["xywhn"], a)

    def test_two_labels_on_one_object(self):
        """They are one finding, whichever of them is the worse one."""
        def pair(first, second):
            return [record("a.jpg", [
                wrong("cup", PLACE, score=first), wrong("bowl", PLACE, line=2, score=second)])]
        self.runs(pair(.01, .02), pair(.02, .01))
        self.assertEqual(self.diff(0)["counts"]["still"], 1)

    def test_weak_labels_are_no_findings(self):
        self.runs([record("a.jpg", [box(1, 0, "cup", PLACE)])],
                  [record("a.jpg", [box(1, 0, "cup", PLACE, "weak"),
                                    box(2, 2, "<tv>", FAR, "unknown_class")])])
        self.assertEqual(self.diff(0)["findings"], [])

    def test_images_of_one_run(self):
        one = record("one.jpg", [wrong("cup", PLACE)])
        both = record("both.jpg")
        clean = record("clean.jpg", [box(1, 0, "cup", PLACE)])
        self.runs([one, both, clean], [both])
        found = self.diff(0)
        self.assertEqual(found["only_old"], ["one.jpg", "clean.jpg"])
        self.assertEqual(self.changes(found), [("gone", "one.jpg", "class", "cup")])
        self.runs([both], [clean, both, one])
        found = self.diff(4)
        self.assertEqual((found["only_old"], found["only_new"]), ([], ["clean.jpg", "one.jpg"]))
        self.assertEqual(self.changes(found), [("new", "one.jpg", "class", "cup")])
        out = self.run_verify("diff", "old", "new", ranks=0, code=4)
        self.assertIn("Images: 1 in both, 0 in the old run alone, 2 in the new one", out)

    def test_no_image_in_common(self):
        self.runs([record("a.jpg")], [record("b.jpg")])
        self.run_verify("diff", "old", "new", ranks=0, code=2)
        self.assertIn("no image in common", self.stderr)

    def test_unreadable(self):
        self.runs([record("a.jpg", [wrong("cup", PLACE)]), record("b.jpg")],
                  [record("a.jpg", error="truncated"), record("b.jpg")])
        found = self.diff(0)
        self.assertEqual((found["findings"], found["images"]["unreadable"]), ([], 1))

    def test_any_order(self):
        generator = random.Random(1)
        names = ["images/%d.jpg" % i for i in range(3000)]

        def one(name):
            boxes = [wrong("cup", PLACE)] if generator.random() < .3 else [box(1, 0, "cup", PLACE)]
            return record(name, boxes)
        old = [one(name) for name in names[:2900]]
        new = [one(name) for name in names[100:]]
        had = {r["image"]: r["bucket"] == "mislabeled" for r in old}
        has = {r["image"]: r["bucket"] == "mislabeled" for r in new}
        expected = sorted(
            [("gone", n, "class", "cup") for n in had if had[n] and not has.get(n)] +
            [("new", n, "class", "cup") for n in has if has[n] and not had.get(n)] +
            [("still", n, "class", "cup") for n in has if has[n] and had.get(n)])
        shuffled = list(new)
        generator.shuffle(shuffled)
        for order in new, new[::-1], shuffled, new[1000:] + new[:1000]:
            self.runs(old, order)
            found = self.diff(4)
            self.assertEqual(self.changes(found), expected)
            self.assertEqual(found["images"], {"both": 2800, "only_old": 100, "only_new": 100,
                                               "unreadable": 0})
            self.assertEqual(found["only_old"], names[:100])
            fresh = [r["image"] for r in order if r["image"] not in had]
            self.assertEqual(found["only_new"], fresh)

    def test_an_image_twice_in_a_list(self):
        twice = [record("a.jpg", [wrong("cup", PLACE)]), record("b.jpg"),
                 record("a.jpg", [wrong("cup", PLACE)])]
        self.runs(twice, twice[1:] + twice[:1])
        found = self.diff(0)
        self.assertEqual((found["images"]["both"], found["counts"]["still"]), (3, 2))

    def test_settings(self):
        record_a = [record("a.jpg")]
        finished_run(self.path("old"), "/", NAMES, record_a,
                     parameters={"model": "a.pt", "max-margin": 3.5, "data": "x", "threads": 2})
        finished_run(self.path("new"), "/", NAMES, record_a,
                     parameters={"model": "a.pt", "max-margin": 3, "data": "y", "threads": 3})
        self.assertEqual(self.diff(0)["settings"], {"max-margin": [3.5, 3]})
        out = self.run_verify("diff", "old", "new", ranks=0)
        self.assertIn("The runs differ in --max-margin: 3.5 and 3\n", out)

    def test_hostile_names(self):
        name = "images/\u202e\x1b[2J</script>\n\"'" + "ü" * 100 + ".jpg"
        self.runs([record("b.jpg"), record(name)], [record("b.jpg"), record(name, [wrong("<tv>", PLACE)])])
        found = self.diff(4)
        self.assertEqual(found["findings"][0]["image"], name)
        out = self.run_verify("diff", "old", "new", ranks=0, code=4)
        self.assertNotIn("\x1b", out)
        self.assertNotIn("\u202e", out)

    def test_records_and_report_alone_are_enough(self):
        self.runs([record("a.jpg")], [record("a.jpg")])
        shutil.rmtree(self.path("old", ".verify"))
        self.diff(0)

    def test_no_run(self):
        self.runs([record("a.jpg")], [record("a.jpg")])
        for words in (("old",), ("old", "new", "more"), ("old", "nowhere"), ("data", "old")):
            self.run_verify("diff", *words, ranks=0, code=2)
        with open(self.path("old", "verification_records.jsonl"), "a") as file:
            file.write("{\"image\": ")
        self.run_verify("diff", "old", "new", ranks=0, code=2)
        shutil.rmtree(self.path("old"))
        finished_run(self.path("old"), "/", NAMES, [record("a.jpg")], status="interrupted")
        self.run_verify("diff", "old", "new", ranks=0, code=2)
        self.assertIn("--resume", self.stderr)

    def test_corrected_labels(self):
        """What a data set's CI does: verify, correct, verify again, compare."""
        data = self.dataset("set", pictures=60)
        flags = "--place", "none"
        self.verify_demo("--output", self.path("old"), *flags, data=data)
        corrected = 0
        for each in self.records("old"):
            for found in each["boxes"]:
                if found["reason"] == "class":
                    path = os.path.join(data, each["label"])
                    with open(path) as file:
                        lines = file.read().splitlines()
                    line = lines[found["line"] - 1].split()
                    lines[found["line"] - 1] = " ".join([str(found["suggested"]), *line[1:]])
                    with open(path, "w") as file:
                        file.write("\n".join(lines) + "\n")
                    corrected += 1
        self.assertGreater(corrected, 3)
        self.verify_demo("--output", self.path("new"), *flags, data=data)
        found = self.diff(0)
        gone = [e for e in found["findings"] if e["change"] == "gone"]
        self.assertEqual(len([e for e in gone if e["reason"] == "class"]), corrected)


if __name__ == "__main__":
    main()
