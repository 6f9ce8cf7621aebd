"""The page at `/` of both deployable servers, each of two workers, in a real browser."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from tests.contract.serving import Server
from tests.contract.variants import VARIANTS, Variant

PATIENCE = 15.0  # seconds
WORKERS = 2
DEPLOYED = [each for each in VARIANTS if each.gunicorn]


@dataclass(frozen=True)
class Page:
    """The page as it is open now."""

    browser: Chrome

    def form(self, path: str) -> WebElement:
        """A route's form."""
        return self.browser.find_element(By.CSS_SELECTOR, f'form[data-route="{path}"]')

    def press(self, path: str, button: str = "button:not(.stop)") -> None:
        """Press a route's button."""
        self.form(path).find_element(By.CSS_SELECTOR, button).click()

    def enter(self, path: str, value: str) -> None:
        """Put something else into a route's field."""
        field = self.form(path).find_element(By.CSS_SELECTOR, "input, textarea")
        self.browser.execute_script("arguments[0].value = arguments[1]", field, value)

    def said(self, path: str) -> str:
        """The words below a route's button."""
        return self.form(path).find_element(By.TAG_NAME, "output").text

    def says(self, path: str, words: str) -> str:
        """Wait for these words; gives all that is said."""
        self.until(lambda: words in self.said(path), f"{path} says {words!r}", path)
        return self.said(path)

    def body(self, path: str) -> str:
        """The body that is shown, as it is in the document."""
        found = self.form(path).find_element(By.CSS_SELECTOR, ".answer pre")
        return str(found.get_property("textContent"))

    def until(self, condition: Callable[[], object], what: str, path: str = "") -> None:
        """Wait. AssertionError if it does not come to that."""
        wait = WebDriverWait(self.browser, PATIENCE, poll_frequency=0.02)
        try:
            wait.until(lambda _: condition())
        except TimeoutException:
            told = f"; it says {self.said(path)!r}" if path else ""
            raise AssertionError(f"{what}: not in {PATIENCE} s{told}") from None

    def logged(self) -> list[str]:
        """What the browser complained of since it was asked last."""
        return [each["message"] for each in self.browser.get_log("browser")]  # type: ignore[no-untyped-call]


@pytest.fixture(scope="session", params=DEPLOYED, ids=lambda each: each.way.name)
def variant(request: pytest.FixtureRequest) -> Variant:
    """The server that is tried."""
    found: Variant = request.param
    return found


@pytest.fixture(scope="session")
def shared(variant: Variant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It runs, from its first test to its last."""
    yield from serving(variant, tmp_path_factory)


@pytest.fixture
def own(variant: Variant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for this test alone."""
    yield from serving(variant, tmp_path_factory)


def serving(variant: Variant, folders: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that answers, destroyed in the end."""
    server = Server(variant, folders.mktemp("server"), WORKERS)
    try:
        if not server.answers():
            pytest.fail(f"{variant.name} does not answer\n{server.new_errors()}")
        yield server
    finally:
        server.destroy()


Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Chrome) -> Iterator[Open]:
    """Opens the page at a port; afterwards the browser may have nothing to complain of, no
    breach of the page's policy either."""
    pages = []

    def show(port: int, width: int = 1400, scripts: bool = True) -> Page:
        resize(browser, width)
        emulate(browser, "light")
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        page = Page(browser)
        page.logged()
        browser.get(f"http://127.0.0.1:{port}/")
        pages.append(page)
        return page

    yield show
    complaints = [each for page in pages for each in page.logged()]
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    browser.get("about:blank")  # whatever still waits is given up
    # Answers that are text name no icon: there the browser looks for one by itself.
    assert [each for each in complaints if "/favicon.ico " not in each] == []


@pytest.fixture
def page(shared: Server, opened: Open) -> Page:
    """The page, wide and light."""
    return opened(shared.port)


def resize(browser: Chrome, width: int) -> None:
    """A window, or a phone, of so many CSS pixels."""
    device = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)


def emulate(browser: Chrome, scheme: str, motion: str = "no-preference") -> None:
    """What somebody has told the system that they prefer."""
    features = [
        {"name": "prefers-color-scheme", "value": scheme},
        {"name": "prefers-reduced-motion", "value": motion},
    ]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
