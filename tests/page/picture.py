#!/usr/bin/env python3
"""Makes docs/review.png anew: the top of a run's page, in a browser.

usage: picture.py PAGE [FILE]    PAGE: demo/output/review/index.html after demo/run.sh
"""
import io
import os
import sys

from browser import Browser
from PIL import Image
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 30  # seconds for the crops to come
COLOURS = 256  # flat ones for the most part


def main():
    page = os.path.abspath(sys.argv[1])
    to = sys.argv[2] if len(sys.argv) > 2 else os.path.join("docs", "review.png")
    with Browser(1280, 840) as browser:
        browser.driver.get("file://" + page)
        WebDriverWait(browser.driver, PATIENCE).until(lambda driver: driver.execute_script(
            "return document.querySelectorAll('.cell').length > 8 && "
            "document.querySelectorAll('.cell.blank').length === 0"))
        image = Image.open(io.BytesIO(browser.driver.get_screenshot_as_png())).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(to, optimize=True)


if __name__ == "__main__":
    main()
