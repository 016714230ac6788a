#!/usr/bin/env python3
"""The page as it opens: numbers, the grid, filters, groups, what it is made of."""
import base64
import hashlib
import os
import re
import unittest
from collections import Counter

from browser import HERE, Server
from page_case import PageCase, main
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

SOURCE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "src", "review", "page")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


class Assembled(PageCase):
    options = ("--findings", 3)

    def test_holds_its_parts_and_their_hashes(self):
        page, template = read(self.path), read(SOURCE, "index.html")
        for tag, suffix, named in (("script", ".js", r'<script src="(\w+\.js)">'),
                                   ("style", ".css", r'href="(\w+\.css)"')):
            names = re.findall(named, template)
            self.assertEqual(sorted(names), sorted(n for n in os.listdir(SOURCE)
                                                   if n.endswith(suffix)))
            inside = re.search("<%s>(.*)</%s>" % (tag, tag), page, re.S).group(1)
            self.assertEqual(inside, "\n" + "".join(read(SOURCE, name) for name in names))
            digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
            self.assertIn("'sha256-" + digest + "'", page)
            self.assertNotIn("</", inside.replace("</" + tag, "") if tag == "style" else "")

    def test_scripts_end_nowhere_inside(self):
        for name in os.listdir(SOURCE):
            if name.endswith((".js", ".css")):
                self.assertNotRegex(read(SOURCE, name).lower(), r"</(script|style)|<!--", name)

    def test_asks_no_network(self):
        self.assertNotRegex(read(self.path), r"https?://(?!www\.w3\.org/2000/svg)")

    def test_policy_runs_nothing_else(self):
        self.js("var s = document.createElement('script'); s.textContent = 'window.ran = 1';"
                "document.head.append(s)")
        self.js("document.body.insertAdjacentHTML('beforeend', "
                "'<img src=data:, onerror=\"window.ran = 1\">')")
        self.assertIsNone(self.js("return window.ran || null"))
        self.assertTrue(any("Content Security Policy" in line
                            for line in self.browser.complaints()))

    def test_says_what_is_missing(self):
        os.rename(os.path.join(self.folder, "review/data/images-000.js"), self.path + ".away")
        try:
            self.driver.get(self.url)
            self.wait_for("return !document.getElementById('notice').hidden")
            self.assertIn("images-000.js", self.text("#notice"))
            self.browser.complaints()
        finally:
            os.rename(self.path + ".away", os.path.join(self.folder, "review/data/images-000.js"))


class Opened(PageCase):
    def shown(self):
        return self.js("return review.view.shown.map(f => f.number)")

    def findings(self, **members):
        return [i for i, f in enumerate(self.data["findings"])
                if all(f.get(name) == value for name, value in members.items())]

    def test_worst_first_weak_ones_folded(self):
        strong = [i for i, f in enumerate(self.data["findings"]) if f["reason"] != "weak"]
        self.assertEqual(self.shown(), strong)
        self.assertIn("%d findings" % len(strong), self.text(".tools"))
        self.driver.find_element(By.CSS_SELECTOR, ".tools input[type=checkbox]").click()
        self.assertEqual(self.shown(), list(range(len(self.data["findings"]))))
        first = self.driver.find_element(By.CSS_SELECTOR, ".cell")
        self.assertTrue(first.get_attribute("aria-label").startswith(
            self.js("return review.words(review.data.findings[0])")))

    def test_over_http(self):
        with Server(self.folder) as address:
            self.open(address + "review/index.html")
            self.wait_for("return document.querySelectorAll('.cell:not(.blank)').length > 8")
            self.js("review.large.open()")
            self.wait_for("const image = document.querySelector('.sheet img');"
                          "return image !== null && image.naturalWidth > 0")
            self.driver.get("about:blank")

    def test_crops_come(self):
        self.wait_for("return document.querySelectorAll('.cell').length > 8 && "
                      "document.querySelectorAll('.cell.blank').length === 0")

    def test_numbers(self):
        report = self.data["run"]["report"]
        numbers = self.text(".numbers")
        for member in ("total_images", "total_boxes", "correct", "mislabeled"):
            self.assertIn("{:,}".format(report[member]), numbers)

    def test_what_was_judged(self):
        self.assertTrue(self.text(".about").endswith(
            " UTC. Of 1,700 polygons and 1 pose the boxes alone were judged."))

    def test_copies(self):
        items = [item.text.split("\n") for item in
                 self.driver.find_elements(By.CSS_SELECTOR, ".copies > ul > li")]
        self.assertEqual([item[0] for item in items],
                         ["12 pictures, across splits, labels differ", "2 pictures, across splits",
                          "2 pictures"])
        self.assertEqual(items[1][1:], ["street/001-0.jpg train", "street/001-1.jpg val"])
        self.assertEqual((len(items[0]), items[0][-1]), (6, "8 more"))
        self.wait_for("return document.querySelectorAll('.copies canvas').length === 8 && "
                      "document.querySelectorAll('.copies canvas.blank').length === 0")
        self.assertIn("street/000-1.jpg val, lacking elsewhere: bicycle, airplane",
                      self.text(".copies li"))
        self.js("delete review.data.run.report.near_duplicates")
        self.assertIsNone(self.js("return review.copies_card()"))

    def test_each_chart_filters(self):
        most = Counter(f["reason"] for f in self.data["findings"]).most_common(1)[0][0]
        self.driver.find_element(By.CSS_SELECTOR, ".bars button").click()
        self.assertEqual(self.shown(), self.findings(reason="class"))
        self.assertEqual(most, "class")
        pair = self.driver.find_element(By.CSS_SELECTOR, ".pair")
        pair.click()
        self.assertEqual(len(self.shown()), self.js("return review.data.findings.filter(f => "
                         "f.reason === 'class' && String(review.pair_of(f)) === "
                         "String(review.view.filter('pair'))).length"))
        self.assertEqual(pair.get_attribute("aria-pressed"), "true")
        self.assertEqual(len(self.driver.find_elements(By.CSS_SELECTOR, ".chip")), 2)
        for chip in range(2):
            self.driver.find_element(By.CSS_SELECTOR, ".chip").click()
        self.driver.find_element(By.CSS_SELECTOR, ".column").click()
        self.assertEqual(self.shown(), [i for i, f in enumerate(self.data["findings"])
                                        if f["score"] is not None and f["score"] < 1e-5
                                        and f["reason"] != "weak"])
        self.js("review.view.clear()")
        self.driver.find_elements(By.CSS_SELECTOR, ".strip")[5].click()
        self.assertEqual(self.shown(), [i for i in self.findings(reason="class")
                                        if self.data["findings"][i]["margin"] >= 4])
        self.js("review.view.clear()")
        self.driver.find_element(By.CSS_SELECTOR, ".numbers button").click()
        self.assertEqual(self.shown(), self.findings(verdict="mislabeled"))
        self.js("review.view.clear()")
        self.driver.find_element(By.ID, "tab1").click()
        self.driver.find_element(By.CSS_SELECTOR, ".classes tbody button").click()
        number = self.js("return review.view.filter('class')")
        self.assertEqual(self.shown(), [i for i, f in enumerate(self.data["findings"])
                                        if number in (f.get("class"), f.get("suggested"))
                                        and f["reason"] != "weak"])

    def test_groups(self):
        for group, key in (("reason", lambda f: f["reason"]), ("image", lambda f: f["image"]),
                           ("class", lambda f: f["class"])):
            self.js("review.view.set_group(arguments[0])", group)
            expected = Counter(key(f) for f in self.data["findings"] if f["reason"] != "weak")
            sizes = self.js("return review.view.groups.map(g => g.findings.length)")
            self.assertEqual(sorted(sizes), sorted(expected.values()), group)
        self.assertTrue(self.text(".head h3"))

    def test_search_and_nothing_left(self):
        box = self.driver.find_element(By.CSS_SELECTOR, "input[type=search]")
        box.send_keys("000007.jpg")
        self.wait_for("return review.view.shown.length < 5")
        self.assertTrue(all(self.data["findings"][i]["image"] == 7 for i in self.shown()))
        box.send_keys("nowhere")
        self.wait_for("return !document.getElementById('none').hidden")
        self.button("Show all").click()
        self.assertGreater(len(self.shown()), 100)

    def test_large_falls_back_to_the_crop(self):
        self.js("review.data.findings.forEach(f => { f.picture.picture = null })")
        self.js("review.grid.focus(0)")
        self.press(Keys.ENTER)
        self.wait_for("return !document.querySelector('.stage-note').hidden")
        self.wait_for("return !document.querySelector('canvas.crop').hidden")

    def show_large(self, at):
        self.js("review.view.current = review.view.shown.findIndex(f => f.number === "
                "arguments[0]); review.large.open()", at)

    def kinds(self):
        """Of the boxes that are drawn on the large picture."""
        return self.js("return Array.from(document.querySelectorAll("
                       "'.overlay rect:not(.halo)')).map(r => r.getAttribute('class'))")

    def test_large_shows_boxes_and_others(self):
        at = self.findings(reason="location")[0]
        self.show_large(at)
        self.assertEqual(sorted(self.kinds()), ["label", "model"])
        self.press("l")
        image = self.data["images"][self.data["findings"][at]["image"]]
        self.assertEqual(len(self.kinds()), 2 + len(image["boxes"]) - 1 + len(image["missing"]))
        self.assertIn("Other labels", self.text("#large"))
        dash = self.js("return getComputedStyle(document.querySelector('.overlay .label'))"
                       ".strokeDasharray")
        self.assertNotEqual(dash, "none")
        for _ in range(6):
            self.press("+")
        self.assertEqual(self.js(
            "const stage = document.querySelector('.stage').getBoundingClientRect();"
            "return Array.from(document.querySelectorAll('.overlay rect:not(.halo)')).filter(r => {"
            "const b = r.getBoundingClientRect(); return b.right >= stage.left && b.left <= "
            "stage.right && b.bottom >= stage.top && b.top <= stage.bottom }).length"),
            len(self.driver.find_elements(By.CSS_SELECTOR, ".overlay text")))
        before = self.js("return document.querySelector('.sheet').style.transform")
        self.press("+")
        self.assertNotEqual(before, self.js(
            "return document.querySelector('.sheet').style.transform"))

    def test_prints_the_list(self):
        self.wait_for("return document.querySelectorAll('.cell.blank').length === 0")
        self.js("window.dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(len(self.driver.find_elements(By.CSS_SELECTOR, ".printed li")), 120)
        self.js("window.dispatchEvent(new Event('afterprint'))")
        self.assertEqual(self.driver.find_elements(By.CSS_SELECTOR, ".printed"), [])


class Hostile(PageCase):
    options = ("--hostile", "--findings", 80)

    def test_nothing_runs_and_nothing_breaks(self):
        for act in ("review.view.set_group('class')", "review.view.set_group('image')",
                    "review.view.set_group('pair')", "review.large.open()",
                    "review.stage.toggle_others() && review.large.update()",
                    "review.large.close()", "review.dialogs.classes(() => 0)",
                    "review.dialogs.close()", "review.dialogs.all(review.view.shown)",
                    "review.dialogs.close()", "window.dispatchEvent(new Event('beforeprint'))",
                    "document.getElementById('tab1').click()"):
            self.js(act)
        self.assertIsNone(self.js("return window.broken || null"))
        self.assertEqual(self.js("return document.querySelectorAll('#browse img, #browse script, "
                                 "#browse b').length"), 0)
        self.assertIn("<img src=x", self.js("return document.body.textContent"))
        self.assertNotIn("\u202e", self.js("return document.body.textContent"))

    def test_names_fit(self):
        width = self.js("return [document.documentElement.scrollWidth, "
                        "document.getElementById('browse').scrollWidth, innerWidth]")
        self.assertLessEqual(max(width[:2]), width[2])

    def test_decisions_keep_names_as_they_are(self):
        self.js("review.decisions.make(review.data.findings.map(f => "
                "[f, {action: 'keep', class: null, xywhn: null}]), 'all')")
        names = {line["image"] for line in self.lines()}
        self.assertEqual(names, {self.data["images"][f["image"]]["name"]
                                 for f in self.data["findings"]})


class ManyFindings(PageCase):
    options = ("--findings", 3000, "--images", 300, "--classes", 400)

    def test_only_what_is_seen_is_in_the_document(self):
        count = lambda: self.js("return document.querySelectorAll('.cell').length")
        self.assertLess(count(), 120)
        for top in (4000, 20000, 1e7):
            self.js("document.getElementById('browse').scrollTop = arguments[0]", top)
            self.wait_for("return document.querySelectorAll('.cell').length > 8 && "
                          "document.querySelectorAll('.cell.blank').length === 0")
            self.assertLess(count(), 120)
        self.press(Keys.HOME)
        self.js("review.grid.focus(0)")
        self.press(Keys.END)
        self.assertEqual(self.js("return review.view.current"),
                         self.js("return review.view.shown.length") - 1)

    def test_class_names_by_typing(self):
        self.js("review.grid.focus(0)")
        self.press("c")
        self.press(*"species 212")
        self.assertIn("species 212", self.text("[role=option]"))


class WithoutStorage(PageCase):
    options = ("--findings", 20)
    browser_options = {"preferences": {
        "profile.default_content_setting_values.cookies": 2}}

    def test_works_and_says_so(self):
        self.js("review.grid.focus(0)")
        self.press("k")
        self.js("review.store.keep_now()")
        self.assertEqual(len(self.lines()), 1)
        self.assertIn("keeps nothing", self.text("#notice"))


if __name__ == "__main__":
    main()
