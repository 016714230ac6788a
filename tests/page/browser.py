"""A browser for tests of the page: Debian's Chromium, without a window, with its own profile."""
import functools
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77  # the exit status that ctest takes for it

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    import PIL.Image  # make_page.py needs it
except ImportError as missing:
    print("skipped: " + str(missing))
    sys.exit(SKIPPED)

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not BROWSER or not DRIVER:
    print("skipped: chromium or chromedriver is not installed")
    sys.exit(SKIPPED)


def make_page(folder, *options):
    """Makes a page of findings that are made up; the path of its index.html."""
    subprocess.run([sys.executable, os.path.join(HERE, "make_page.py"), folder,
                    *map(str, options)], check=True)
    return os.path.join(folder, "review", "index.html")


class Browser:
    """A browser that is closed, and its profile removed, at the end of a with statement."""

    def __init__(self, width=1440, height=900, arguments=(), preferences=None):
        self.profile = tempfile.mkdtemp(prefix="page-")
        self.downloads = os.path.join(self.profile, "downloads")
        options = Options()
        options.binary_location = BROWSER
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--disable-background-networking", "--no-first-run", "--disable-gpu",
                         "--hide-scrollbars", "--window-size=%d,%d" % (width, height),
                         "--user-data-dir=" + os.path.join(self.profile, "profile"), *arguments):
            options.add_argument(argument)
        options.add_experimental_option("prefs", dict({
            "download.default_directory": self.downloads}, **(preferences or {})))
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def complaints(self):
        """What the browser's console has said since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def dark(self, on=True):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if on else "light"}]})


class Server:
    """A web server on loopback for a folder, ended at the end of a with statement."""

    def __init__(self, folder):
        class Handler(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return "http://127.0.0.1:%d/" % self.server.server_address[1]

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
