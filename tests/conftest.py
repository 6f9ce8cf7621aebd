"""What all tests have: signals as in a terminal, and, for those who ask, a real browser, for what
only a browser knows: what is drawn, how large, and what scripts do."""

import os
import shutil
import signal
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

# A shell starts a job in the background with SIGINT ignored, and all that the tests start would
# ignore it as well, until it has a handler of its own.
signal.signal(signal.SIGINT, signal.default_int_handler)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--no-first-run"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    """One for all tests of a file; no longer, for others measure what this process has started.
    Where it is not installed they are skipped, but not in CI."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    # GitHub's machines have the driver in a folder that this variable names.
    at = os.pathsep.join([os.environ.get("CHROMEWEBDRIVER", ""), os.environ.get("PATH", "")])
    driver_program = shutil.which("chromedriver", path=at)
    if program is None or driver_program is None:
        told = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        told("no browser: needs Chromium and chromedriver (apt-get install chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = str(program)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(str(driver_program)))
    try:
        yield driver
    finally:
        driver.quit()
