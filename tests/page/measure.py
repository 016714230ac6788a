#!/usr/bin/env python3
"""The page's numbers: how soon it opens, what memory it takes, how smoothly it scrolls.

usage: measure.py [INDEX_HTML]

Without a page, one of 10,000 made-up findings. Exit status 1 where a number is missed: opens in
2 s, 300 MB (the page's process, its share of what it shares; opened, and scrolled), 50 frames a
second at a screen's height in 1/4 s. Run it on a machine that has nothing else to do.
"""
import glob
import os
import sys
import tempfile
import time

from browser import Browser, make_page

FRAMES, STEP = 300, 60  # pixels a frame
READY = """const done = arguments[0]; (function look() {
    document.body && document.body.classList.contains("ready") &&
        !document.querySelector(".cell.blank") ? requestAnimationFrame(done) : setTimeout(look, 5)
})()"""
SCROLL = """const [step, frames, done] = arguments, times = [];
const browse = document.getElementById("browse");
requestAnimationFrame(function frame(now) {
    times.push(now);
    browse.scrollTop += step;
    times.length <= frames ? requestAnimationFrame(frame) : done(times);
})"""


def memory():
    """Megabytes of the largest process that shows pages, by its proportional share."""
    most = 0
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                if b"--type=renderer" not in file.read():
                    continue
            with open(os.path.join(os.path.dirname(path), "smaps_rollup")) as file:
                share = next(line for line in file if line.startswith("Pss:"))
            most = max(most, int(share.split()[1]) / 1024)
        except (OSError, StopIteration):
            continue
    return most


def measure(path):
    missed = []

    def say(words, value, unit, good):
        print("%-44s %8.1f %s%s" % (words, value, unit, "" if good else "   missed"))
        if not good:
            missed.append(words)

    with Browser() as browser:
        driver = browser.driver
        driver.set_script_timeout(120)
        begin = time.monotonic()
        driver.get("file://" + path.replace(" ", "%20"))
        driver.execute_async_script(READY)
        opened = time.monotonic() - begin
        say("opens, crops on the screen included", opened, "s", opened < 2)
        time.sleep(1)
        say("memory, opened", memory(), "MB", memory() < 300)
        times = driver.execute_async_script(SCROLL, STEP, FRAMES)
        rate = 1000 * (len(times) - 1) / (times[-1] - times[0])
        say("frames a second, %d pixels a frame" % STEP, rate, "", rate >= 50)
        for _ in range(2):
            driver.execute_async_script(SCROLL, 2000, FRAMES)
        say("memory, scrolled to the end", memory(), "MB", memory() < 300)
        cells = driver.execute_script("return document.querySelectorAll('.cell').length")
        say("crops in the document", cells, "", cells < 200)
    return 1 if missed else 0


def main():
    if len(sys.argv) > 1:
        sys.exit(measure(os.path.abspath(sys.argv[1])))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(measure(make_page(folder, "--findings", 10000)))


if __name__ == "__main__":
    main()
