#!/usr/bin/env python3
"""Asks axe-core about each view of the page, in light and dark, with 400 classes; axe.sh has it.

usage: axe.py AXE_JS
"""
import json
import sys
import tempfile

from browser import Browser, make_page

# What is on the screen: a name, and the script that brings it there.
VIEWS = [
    ("grid", ""),
    ("copies", "document.querySelector('.copies').scrollIntoView()"),
    ("grid by class, with weak ones", "review.view.set_weak(true); review.view.set_group('class')"),
    ("filtered", "review.view.toggle('reason', 'class')"),
    ("table of classes", "document.getElementById('tab1').click()"),
    ("some decided", "review.decisions.make(review.data.findings.slice(0, 3).map((f, i) => [f, "
                     "{action: ['keep', 'skip', 'delete'][i], class: null, xywhn: null}]), 'x')"),
    ("large", "review.view.clear(); review.large.open()"),
    ("large, decided, other labels", "review.act('others').run()"),
    ("moving a box", "review.act('box').run()"),
    ("class", "review.handles.cancel(); review.act('class').run()"),
    ("help", "review.dialogs.help()"),
    ("all at once", "review.dialogs.all(review.view.shown)"),
    ("finished", "review.finish.open()"),
    ("a file", "review.dialogs.load('a.jsonl', 'no')"),
]
RUN = """const done = arguments[0];
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
    "best-practice"]}).then(r => done({passes: r.passes.length, violations: r.violations.map(v => [
    v.id, v.help, v.nodes.map(n => n.html.slice(0, 200))])}),
    e => done({passes: 0, violations: [String(e)]}));"""


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        axe = file.read()
    failures = 0
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        url = "file://" + make_page(folder, "--classes", 400)
        browser.driver.set_script_timeout(120)
        for dark in (False, True):
            browser.dark(dark)
            browser.driver.get(url)
            browser.driver.execute_async_script(
                "const done = arguments[0]; (function look() { document.body.classList.contains("
                "'ready') ? done() : setTimeout(look, 20) })()")
            # Past the page's policy, which lets no other script in: as the browser's own.
            browser.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
            for name, script in VIEWS:
                browser.driver.execute_script(script)
                found = browser.driver.execute_async_script(RUN)
                failures += len(found["violations"])
                print("%s, %s: %d violations, %d rules passed" % (
                    name, "dark" if dark else "light", len(found["violations"]), found["passes"]))
                for violation in found["violations"]:
                    print("  ", json.dumps(violation))
            browser.driver.execute_script("review.dialogs.close(); review.store.forget()")
    print("violations: %d" % failures)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
