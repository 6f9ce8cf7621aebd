"""The page where scripts are off: links are links, and forms are forms."""

import re
import threading

import pytest
from selenium.webdriver.common.by import By

from app.landing import ROUTES, Route
from tests.contract.serving import Server
from tests.landing.conftest import PATIENCE, Open, Page
from tests.landing.test_answers import SHOWN

LINKED = [each for each in ROUTES if each.method == "GET" and each.path != "/park"]


@pytest.fixture
def plain(opened: Open, shared: Server) -> Page:
    """The page without scripts."""
    return opened(shared.port, 320, scripts=False)


def shows(page: Page, pattern: str) -> None:
    """Wait for an answer that is a page of its own."""

    def text() -> str:
        return page.browser.find_element(By.TAG_NAME, "body").text

    # Nothing of a browser's own is around a text, and of ours there is no heading.
    page.until(lambda: page.browser.find_elements(By.TAG_NAME, "h1") == [], "another page")
    assert re.fullmatch(pattern.strip(), text()), text()


@pytest.mark.parametrize("path", SHOWN)
def test_form(plain: Page, path: str) -> None:
    """The button opens the answer."""
    plain.press(path)
    # The encoding of a form that is text puts the field's name before, and a line's end after.
    shows(plain, SHOWN[path] if path != "/echo" else "body=Good morning")


@pytest.mark.parametrize("route", LINKED, ids=lambda each: each.path)
def test_link(plain: Page, route: Route) -> None:
    """It opens the answer too."""
    plain.browser.find_element(By.LINK_TEXT, route.path).click()
    shows(plain, SHOWN[route.path])
    assert plain.browser.current_url.endswith(route.target or route.path)


def test_park(plain: Page, shared: Server) -> None:
    """The browser waits, until somebody else releases it."""
    answered = threading.Event()

    def release() -> None:
        while not answered.wait(0.05):
            shared.release()

    thread = threading.Thread(target=release)
    thread.start()
    try:
        plain.press("/park")
        shows(plain, "done")
    finally:
        answered.set()
        thread.join(PATIENCE)


def test_values(plain: Page) -> None:
    """What is put into the fields is sent."""
    field = plain.form("/sleep").find_element(By.TAG_NAME, "input")
    field.clear()
    field.send_keys("0.5")
    plain.press("/sleep")
    shows(plain, "slept 0.5 s")


def test_what_only_a_script_can_do_is_not_shown(plain: Page) -> None:
    """Neither a field that no form could send, nor a button that does nothing."""
    assert not plain.form("/hello/{name}").find_element(By.TAG_NAME, "input").is_displayed()
    stops = plain.browser.find_elements(By.CSS_SELECTOR, ".stop")
    assert len(stops) == 2
    assert not any(each.is_displayed() for each in stops)
    assert "Scripts are off" in plain.browser.find_element(By.TAG_NAME, "noscript").text
