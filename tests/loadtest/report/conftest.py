"""A real browser, for what only a browser knows: what is drawn, how large, and what scripts do."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

BROWSER, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-background-networking", "--no-first-run"),
]


@pytest.fixture(scope="session")
def browser() -> Iterator[webdriver.Chrome]:
    """One for all tests. Where it is not installed they are skipped, but not in CI."""
    absent = [str(path) for path in (BROWSER, DRIVER) if not path.exists()]
    if absent:
        told = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        told(f"the page is not tried in a browser: no {' and no '.join(absent)}")
    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    service = Service(str(DRIVER))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()
