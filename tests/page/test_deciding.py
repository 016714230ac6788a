#!/usr/bin/env python3
"""Deciding: by keyboard alone, undone, kept, downloaded, taken in again, finished."""
import json
import os
import shlex

from page_case import PageCase, main
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

MEMBERS = ["image", "label", "line", "text", "action", "class", "xywhn"]


def suggestion(finding):
    """What the suggestion comes to: (action, class, box), or None."""
    reason = finding["reason"]
    if reason in ("class", "contested"):
        return ("class", finding["suggested"], None)
    if reason == "location":
        return ("box", finding["class"], finding["refined"])
    if reason in ("duplicate", "unseen"):
        return ("delete", None, None)
    return ("add", finding["class"], finding["xywhn"]) if reason == "missing" else None


class Deciding(PageCase):
    def current(self):
        """The finding that keys are for now, as data has it; None: none is open."""
        return self.data["findings"][self.js("return review.view.finding().number")]

    def start(self):
        self.press(Keys.TAB, Keys.ENTER)  # the link to the findings
        self.js("document.activeElement.blur()")
        self.press(Keys.HOME)

    def decision(self, finding):
        decision = self.js("return review.decisions.of(review.data.findings[arguments[0]])",
                           self.data["findings"].index(finding))
        return decision and (decision["action"], decision["class"], decision["xywhn"])

    def line_of(self, finding):
        image = self.data["images"][finding["image"]]
        for line in self.lines():
            if line["image"] == image["name"] and (finding["line"] or None) == line["line"]:
                return line
        return None

    def test_two_hundred_by_keyboard(self):
        self.start()
        expected, done = [], 0
        self.press(Keys.ENTER)  # from here on large
        while done < 200:
            finding = self.current()
            wanted = suggestion(finding)
            turn = done % 8
            if turn == 5 and finding["kind"] != "invalid":
                self.press("c", *"bowl", Keys.ENTER)
                wanted = ("add" if finding["kind"] == "missing" else "class", 33,
                          finding["xywhn"] if finding["kind"] == "missing" else None)
            elif turn == 6 and finding["kind"] == "box":
                self.press("b", Keys.ARROW_RIGHT, Keys.ENTER)
                x = finding["xywhn"][0] + 1 / 640
                wanted = ("box", finding["class"],
                          [min(x, 1 - finding["xywhn"][2] / 2)] + finding["xywhn"][1:])
            elif turn == 7 and finding["kind"] != "missing":
                self.press("d")
                wanted = ("delete", None, None)
            elif wanted and turn < 5:
                self.press("a")
            else:
                self.press("k")
                wanted = ("keep", None, None)
            made = self.decision(finding)
            self.assertIsNotNone(made, (done, finding))
            self.assertEqual(made[:2], wanted[:2], finding)
            if wanted[2]:
                for a, b in zip(made[2], wanted[2]):
                    self.assertAlmostEqual(a, b, places=5)
            expected.append(finding)
            done += 1
        self.assertEqual(len({json.dumps(f, sort_keys=True) for f in expected}), 200)
        self.press("w")
        lines = [json.loads(line) for line in self.downloaded().splitlines()]
        self.assertEqual(len(lines), 200)
        for line in lines:
            self.assertEqual(list(line), MEMBERS)

    def test_lines_say_what_was_judged(self):
        self.start()
        for finding in self.data["findings"]:
            if finding["kind"] == "box":
                break
        self.js("review.decisions.make([[review.data.findings[arguments[0]], "
                "{action: 'keep', class: null, xywhn: null}]], 'x')",
                self.data["findings"].index(finding))
        image = self.data["images"][finding["image"]]
        self.assertEqual(self.lines(), [{
            "image": image["name"], "label": image["label"], "line": finding["line"],
            "text": finding["text"], "action": "keep", "class": None, "xywhn": None}])

    def test_class_then_box_is_one_decision(self):
        self.start()
        at = next(i for i, f in enumerate(self.data["findings"]) if f["reason"] == "class")
        show = "review.view.current = %d; review.large.open()" % at
        self.js(show)
        self.press("c", *"clock", Keys.ENTER)
        self.js(show)
        self.press("b", Keys.ARROW_DOWN, Keys.ENTER)
        line, = self.lines()
        self.assertEqual((line["action"], line["class"]), ("box", 57))
        self.js(show)
        self.press("c", *"bowl", Keys.ENTER)
        again, = self.lines()
        self.assertEqual((again["action"], again["class"], again["xywhn"]),
                         ("box", 33, line["xywhn"]))

    def test_other_of_two_labels(self):
        at = next(i for i, f in enumerate(self.data["findings"]) if f.get("other"))
        self.js("review.view.current = %d; review.large.open()" % at)
        self.press("o")
        line, = self.lines()
        other = self.data["findings"][at]["other"]
        self.assertEqual((line["line"], line["text"], line["action"]),
                         (other["line"], other["text"], "delete"))

    def test_undo_of_everything(self):
        self.start()
        self.press("a", "k", "s", "d")
        before = self.js("return review.decisions.progress()")
        self.js("review.dialogs.all(review.view.shown)")
        self.press(Keys.TAB, Keys.ENTER)
        self.press(Keys.ESCAPE)
        self.press("u")
        self.assertEqual(self.js("return review.decisions.progress()"), before)
        for _ in range(4):
            self.chord(Keys.CONTROL, "z")
        self.assertEqual(self.lines(), [])
        self.assertEqual(self.js("return review.decisions.progress().skipped"), 0)
        for _ in range(4):
            self.press("r")
        self.assertEqual(self.js("return review.decisions.progress()"), before)

    def test_all_at_once_says_how_many(self):
        self.js("review.view.toggle('reason', 'location')")
        n = sum(f["reason"] == "location" for f in self.data["findings"])
        self.js("review.grid.focus(0)")
        self.press("a")
        self.chord(Keys.SHIFT, "a")
        self.assertIn("Decide %d findings at once" % n, self.text("dialog"))
        self.button("Take the suggestion for %d findings" % (n - 1), "dialog").click()
        self.assertEqual({line["action"] for line in self.lines()}, {"box"})
        self.assertEqual(len(self.lines()), n)

    def test_remembers_decisions_and_place(self):
        self.start()
        self.press("a", "k", "s")
        self.js("review.view.set_group('reason'); review.view.toggle('reason', 'missing')")
        self.js("review.grid.focus(2); review.large.open(); review.store.keep_now()")
        lines, at = self.lines(), self.js("return review.view.finding().number")
        self.load()
        self.assertEqual(self.lines(), lines)
        self.assertEqual(self.js("return review.decisions.progress().skipped"), 1)
        self.assertEqual(self.js("return [review.view.finding().number, review.large.is_open(), "
                                 "review.view.group]"), [at, True, "reason"])

    def load_file(self, text):
        path = os.path.join(self.folder, "loaded.jsonl")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.driver.find_element(By.ID, "load-file").send_keys(path)
        self.wait_for("return document.querySelector('dialog') !== null")

    def test_loads_what_it_wrote(self):
        self.js("review.dialogs.all(review.view.shown)")
        self.button("Take the suggestion", "dialog").click()
        text = self.js("return review.lines_write()")
        self.open()
        self.assertEqual(self.lines(), [])
        self.load_file(text)
        self.button("Add", "dialog").click()
        self.assertEqual(self.js("return review.lines_write()"), text)

    def test_merges_and_refuses_what_is_no_decision(self):
        self.js("review.grid.focus(0)")
        self.press("k")
        mine, = self.lines()
        theirs = dict(mine, action="delete")
        foreign = {"image": "elsewhere.jpg", "label": None, "line": 4, "text": "1 .5 .5 .1 .1",
                   "action": "delete", "class": None, "xywhn": None}
        bad = ["no json", "[1]", '{"image": 3, "action": "keep"}',
               json.dumps(dict(mine, action="explode")), json.dumps(dict(mine, action="class")),
               json.dumps(dict(mine, action="box", **{"class": 1}, xywhn=[1, 2, 3]))]
        text = "\ufeff" + "\r\n".join([json.dumps(theirs), json.dumps(foreign), ""] + bad)
        self.load_file(text)
        shown = self.text("dialog")
        self.assertIn("1 that differ", shown)
        self.assertIn("6 lines: 4, 5, 6, 7, 8, 9", shown)
        self.button("Add; where they differ, keep mine", "dialog").click()
        self.assertEqual(self.lines(), [mine, foreign])
        self.load_file(text)
        self.button("Add; where they differ, take the file's", "dialog").click()
        self.assertEqual(self.lines(), [theirs, foreign])

    def test_finished(self):
        self.js("review.dialogs.all(review.view.shown)")
        self.button("Skip", "dialog").click()
        self.assertIn("skipped", self.text("dialog h2"))
        self.button("Go through the skipped ones", "dialog").click()
        n = len(self.js("return review.view.shown.map(f => 1)"))
        self.js("review.dialogs.all(review.view.shown)")
        self.button("Keep the labels of %d findings" % n, "dialog").click()
        self.assertEqual(self.text("dialog h2"), "All %d decided" % n)
        words = shlex.split(self.text("#command"))
        self.assertEqual(words, ["verify", "apply", self.data["run"]["output"],
                                 "decisions.jsonl"])
        self.button("Copy", "dialog").click()
        self.assertEqual(self.js("return String(getSelection())"), self.text("#command"))
        self.button("Download", "dialog").click()
        self.assertEqual(len(self.downloaded().splitlines()), n)

    def test_box_by_its_handles(self):
        at = next(i for i, f in enumerate(self.data["findings"]) if f["reason"] == "class")
        self.js("review.view.current = %d; review.large.open()" % at)
        self.press("b")
        from selenium.webdriver.common.action_chains import ActionChains
        handle = self.driver.find_elements(By.CSS_SELECTOR, ".handle")[4]  # lower right
        ActionChains(self.driver).drag_and_drop_by_offset(handle, -12, -9).perform()
        self.press(Keys.ENTER)
        line, = self.lines()
        old = self.data["findings"][at]["xywhn"]
        left = lambda box, i: box[i] - box[i + 2] / 2
        for i in (0, 1):
            self.assertAlmostEqual(left(line["xywhn"], i), left(old, i), places=5)
            self.assertLess(line["xywhn"][i + 2], old[i + 2])

    def test_escape_leaves_the_box(self):
        at = next(i for i, f in enumerate(self.data["findings"]) if f["kind"] == "box")
        self.js("review.view.current = %d; review.large.open()" % at)
        self.press("b", Keys.ARROW_LEFT, "d", Keys.ESCAPE)
        self.assertEqual(self.lines(), [])
        self.assertTrue(self.js("return review.large.is_open()"))

    def test_keys_do_nothing_where_one_types(self):
        self.driver.find_element(By.CSS_SELECTOR, "input[type=search]").send_keys("akds")
        self.assertEqual(self.lines(), [])

    def test_letters_can_be_switched_off(self):
        self.js("review.keys.set_on(false); review.grid.focus(0)")
        self.press("k", "d")
        self.assertEqual(self.lines(), [])
        self.press(Keys.ENTER)
        self.assertTrue(self.js("return review.large.is_open()"))
        self.js("review.keys.set_on(true)")

    def test_last_one_of_two_findings_of_a_line(self):
        pair = self.js("""
            const f = review.data.findings.find(f => f.kind === "box");
            const twin = Object.assign({}, f, { number: review.data.findings.length });
            review.data.findings.push(twin);
            const to = action => ({ action, class: null, xywhn: null });
            review.decisions.make([[f, to("delete")], [twin, to("keep")]], "x");
            return review.lines_write();""")
        self.assertEqual([json.loads(line)["action"] for line in pair.splitlines()], ["delete"])


if __name__ == "__main__":
    main()
