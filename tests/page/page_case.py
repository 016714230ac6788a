"""What tests of the page share: a page that is made once, its data, and a browser."""
import json
import os
import re
import shutil
import sys
import tempfile
import time
import unittest

from browser import SKIPPED, Browser, make_page
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 30  # seconds for what takes a moment, on a machine that has other work


def main():
    """Runs the calling file's tests; SKIPPED where all that ran passed and some did not run."""
    result = unittest.main(exit=False).result
    sys.exit(1 if not result.wasSuccessful() else SKIPPED if result.skipped else 0)


def page_data(review):
    """What the data scripts say: {"run": …, "findings": […], "images": […]}."""
    data = {"findings": [], "images": [], "copies": []}
    folder = os.path.join(review, "data")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            text = file.read()
        kind, value = re.fullmatch(r'page_data\("(\w+)", \d+, (.*)\);\n', text, re.S).groups()
        if kind == "run":
            data["run"] = json.loads(value)
        else:
            data[kind] += json.loads(value)
    return data


class PageCase(unittest.TestCase):
    """One made-up page and one browser for a class; each test begins with nothing kept."""
    options = ()            # of make_page.py
    browser_options = {}    # of Browser

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="page ")  # with a space, as folders of people's have
        cls.path = make_page(cls.folder, *cls.options)
        cls.data = page_data(os.path.dirname(cls.path))
        cls.browser = Browser(**cls.browser_options)
        cls.driver = cls.browser.driver
        cls.url = "file://" + cls.path.replace(" ", "%20")

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        shutil.rmtree(cls.folder)

    def setUp(self):
        self.open()

    def tearDown(self):
        said = [line for line in self.browser.complaints() if "favicon" not in line]
        self.assertEqual(said, [], "the browser's console is silent")

    def open(self, url=None):
        """Opens the page with nothing kept from before."""
        self.load(url)
        self.js("review.store.forget()")
        self.load(url)

    def load(self, url=None):
        """Opens the page, or opens it again."""
        self.driver.get(url or self.url)
        self.wait_for("return document.body.classList.contains('ready')")

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait_for(self, script):
        return WebDriverWait(self.driver, PATIENCE, 0.05).until(lambda _: self.js(script))

    def press(self, *keys):
        """Keys as a person presses them, one after the other."""
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def chord(self, *keys):
        chain = ActionChains(self.driver)
        for key in keys[:-1]:
            chain = chain.key_down(key)
        chain = chain.send_keys(keys[-1])
        for key in keys[:-1]:
            chain = chain.key_up(key)
        chain.perform()

    def text(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css).text

    def button(self, words, within="body"):
        """The button that is shown and whose text or name begins so."""
        for node in self.driver.find_elements(By.CSS_SELECTOR, within + " button"):
            name = node.get_attribute("aria-label") or node.text
            if node.is_displayed() and name.startswith(words):
                return node
        raise AssertionError("no button " + words)

    def lines(self):
        """The decisions as they would be downloaded."""
        return [json.loads(line) for line in self.js("return review.lines_write()").splitlines()]

    def downloaded(self, name="decisions.jsonl"):
        path, end = os.path.join(self.browser.downloads, name), time.monotonic() + PATIENCE
        while not os.path.exists(path):
            self.assertLess(time.monotonic(), end, "nothing was downloaded")
            time.sleep(.05)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        os.remove(path)
        return text
