#!/usr/bin/env python3
"""Basics of access that need no tool: names, roles, contrast, sizes, focus, in each view, light and
dark. axe.sh asks for more."""
from axe import VIEWS
from page_case import PageCase, main
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

# Texts whose contrast to what is behind them is below 4.5: [[text, contrast], …]. Behind is the
# nearest ancestor with an opaque ground; what lies on pictures has a ground of its own.
CONTRASTS = """
const channel = v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
function color(text) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = text;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
}
function ground(node) {
    for (; node; node = node.parentElement) {
        const c = color(getComputedStyle(node).backgroundColor);
        if (c[3] > 250)
            return c;
    }
    return [255, 255, 255];
}
const low = [];
const root = document.querySelector("dialog") || document.body;
const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility({visibilityProperty: true}) ||
        node.closest("svg, .unseen, #said, .skip, :disabled"))
        continue;
    const a = light(color(getComputedStyle(node).color)) + .05, b = light(ground(node)) + .05;
    const contrast = Math.max(a, b) / Math.min(a, b);
    if (contrast < 4.5)
        low.push([walk.currentNode.data, contrast]);
}
return low;"""

# What can be operated and is on the screen, and has no name, or is smaller than 24 pixels.
OPERATED = """
const root = document.querySelector("dialog") || document.body, bad = [];
root.querySelectorAll("button, select, input, [role=gridcell][tabindex]").forEach(node => {
    if (!node.checkVisibility({visibilityProperty: true}) || node.closest(".unseen") ||
        node.closest("[inert]"))
        return;
    const box = node.getBoundingClientRect();
    const name = node.getAttribute("aria-label") || node.textContent || (node.labels &&
        Array.from(node.labels).map(label => label.textContent).join(""));
    const target = node.type === "checkbox" && node.closest("label")
        ? node.closest("label").getBoundingClientRect() : box;
    if (!name.trim() || Math.min(target.width, target.height) < 23.5)
        bad.push([node.outerHTML.slice(0, 150), target.width, target.height]);
});
return bad;"""

DOUBLED = """
const ids = Array.from(document.querySelectorAll("[id]")).map(node => node.id);
return ids.filter((id, i) => ids.indexOf(id) !== i);"""


class Access(PageCase):
    options = ("--classes", 400)

    def check_views(self):
        for name, script in VIEWS:
            self.js(script)
            with self.subTest(view=name):
                self.assertEqual(self.js(CONTRASTS), [])
                self.assertEqual(self.js(OPERATED), [])
                self.assertEqual(self.js(DOUBLED), [])

    def test_light(self):
        self.check_views()

    def test_dark(self):
        self.browser.dark()
        try:
            self.check_views()
        finally:
            self.browser.dark(False)

    def test_document(self):
        self.assertEqual(self.js("return document.documentElement.lang"), "en")
        self.assertTrue(self.driver.title)
        self.assertEqual(len(self.driver.find_elements(By.TAG_NAME, "h1")), 1)
        self.assertEqual(self.js("return document.querySelectorAll('img:not([alt])').length"), 0)

    def test_focus_is_seen(self):
        for _ in range(25):
            self.press(Keys.TAB)
            style = self.js("const s = getComputedStyle(document.activeElement);"
                            "return [s.outlineStyle, parseFloat(s.outlineWidth)]")
            self.assertEqual(style[0], "solid")
            self.assertGreaterEqual(style[1], 2)

    def test_grid_is_one_stop(self):
        self.js("review.grid.focus(0)")
        stops = self.driver.find_elements(By.CSS_SELECTOR, '.cell[tabindex="0"]')
        self.assertEqual(len(stops), 1)
        self.press(Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
        self.assertEqual(self.js("return document.activeElement === document.querySelector("
                                 "'.cell[tabindex=\"0\"]')"), True)
        self.assertNotEqual(self.js("return review.view.current"), 0)

    def test_grid_is_named(self):
        grid = self.driver.find_element(By.ID, "findings")
        self.assertEqual(grid.get_attribute("role"), "grid")
        columns = int(grid.get_attribute("aria-colcount"))
        self.assertEqual(int(grid.get_attribute("aria-rowcount")),
                         -(-len(self.js("return review.view.shown.map(() => 1)")) // columns))

    def test_what_happens_is_said(self):
        self.js("review.grid.focus(0)")
        self.press("k")
        self.assertIn("kept", self.js("return document.getElementById('said').textContent"))

    def test_dialog_gives_the_focus_back(self):
        self.js("review.large.open()")
        self.press("?")
        self.assertTrue(self.js("return document.querySelector('dialog').contains("
                                "document.activeElement)"))
        self.press(Keys.ESCAPE)
        self.assertEqual(self.js("return document.activeElement.tagName"), "H2")
        self.assertTrue(self.js("return review.large.is_open()"))

    def test_boxes_differ_without_colours(self):
        self.js("review.view.toggle('reason', 'location'); review.large.open()")
        dash = lambda kind: self.js("return getComputedStyle(document.querySelector("
                                    "'.overlay rect.' + arguments[0])).strokeDasharray", kind)
        self.assertEqual(dash("model"), "none")
        self.assertNotEqual(dash("label"), "none")

    def test_tablet(self):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": 768, "height": 1024, "deviceScaleFactor": 1, "mobile": False})
        try:
            for script in ("", "review.large.open()", "review.act('box').run()",
                           "review.handles.cancel(); review.dialogs.help()"):
                self.js(script)
                self.assertLessEqual(self.js("return document.documentElement.scrollWidth"), 768)
        finally:
            self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
                "width": 1440, "height": 900, "deviceScaleFactor": 1, "mobile": False})


if __name__ == "__main__":
    main()
