"""What takes its time: several things at once, parking across workers, stopping, and a server
that goes away."""

import contextlib
import re
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest
from selenium.webdriver.common.by import By

from app import landing
from app.handlers import STATIC
from tests.contract.serving import Server
from tests.contract.test_neighbours import worker_of
from tests.contract.wire import Wire
from tests.landing.conftest import PATIENCE, WORKERS, Open, Page

MOST_PARKED = 4
ROUNDS = 5
BREAKING = "/plaintext"
SEEN = """
window.seen = [];
const [output] = arguments;
const observer = new MutationObserver(() => seen.push(output.textContent));
observer.observe(output, { childList: true, characterData: true, subtree: true });
"""


def waiting(page: Page) -> list[str]:
    """The lines below the button that parks."""
    lines = page.form("/park").find_elements(By.CSS_SELECTOR, ".answer li")
    return [each.text for each in lines]


@contextlib.contextmanager
def parked_in_every_worker(server: Server) -> Iterator[list[Wire]]:
    """A parked request of ours in each worker: which one has a connection it says on its page."""
    with contextlib.ExitStack() as stack:
        found: dict[int, Wire] = {}
        for _ in range(1000):
            if len(found) == WORKERS:
                break
            wire = stack.enter_context(server.connect())
            found.setdefault(worker_of(wire), wire)
        assert len(found) == WORKERS
        for wire in found.values():
            wire.start("GET", "/park")
        yield list(found.values())


def test_park_and_release(own: Server, opened: Open) -> None:
    """Four wait at once, a fifth is not asked for, and one press lets all go, those that wait in
    the other worker too."""
    page = opened(own.port)
    for count in range(1, MOST_PARKED + 1):
        page.press("/park")
        page.says("/park", f"{count} request{'s' if count > 1 else ''} parked.")
    page.press("/park")
    page.says("/park", "No more than these")
    assert waiting(page) == ["waits"] * MOST_PARKED
    with parked_in_every_worker(own) as others:
        released = 0
        # A request that was sent may not have been parked yet when the release comes.
        while released < MOST_PARKED + len(others):
            page.press("/release")
            page.until(lambda: page.said("/release").startswith("200 OK"), "it is released")
            released += int(page.body("/release"))
        assert [each.answer().expected() for each in others] == [b"done"] * WORKERS
    page.says("/park", "All have been answered.")
    assert released == MOST_PARKED + WORKERS
    lines = waiting(page)
    assert len(lines) == MOST_PARKED
    assert [each for each in lines if not each.startswith("200 OK: done, after ")] == []
    assert len({each.rpartition(", request ")[2] for each in lines}) == MOST_PARKED
    page.press("/park")
    page.says("/park", "1 request parked.")
    assert waiting(page) == ["waits"]


def test_parked_at_once(own: Server, opened: Open) -> None:
    """One release finds them all. Of requests for one address a browser that uses its cache sends
    the second when the first has been answered."""
    page = opened(own.port)
    first = []
    while MOST_PARKED not in first:
        assert len(first) < ROUNDS, first
        for _ in range(MOST_PARKED):
            page.press("/park")
        released = 0
        # As above: one that was sent late is found by a later release.
        while released < MOST_PARKED:
            page.press("/release")
            page.until(lambda: page.said("/release").startswith("200 OK"), "it is released")
            released += int(page.body("/release"))
            if released == int(page.body("/release")):
                first.append(released)
        page.says("/park", "All have been answered.")


def test_nobody_is_held_up(page: Page) -> None:
    """Something else is answered while one waits; that one can be stopped."""
    stop = page.form("/sleep").find_element(By.CSS_SELECTOR, ".stop")
    assert not stop.is_enabled()
    page.enter("/sleep", "30")
    page.press("/sleep")
    page.says("/sleep", "Waits for the answer.")
    page.press("/plaintext")
    page.says("/plaintext", "200 OK")
    assert page.said("/sleep") == "Waits for the answer."
    assert stop.is_enabled()
    stop.click()
    assert re.fullmatch(r"Stopped after (\d+ ms|\d\.\d s)\.", page.says("/sleep", "Stopped"))
    page.until(lambda: not stop.is_enabled(), "nothing to stop")
    # Whoever works by keyboard is not left nowhere.
    focused = page.browser.switch_to.active_element
    assert focused.accessible_name == "Try GET /sleep"


def test_asked_again_meanwhile(page: Page) -> None:
    """The answer before is given up, and does not come between."""
    page.browser.execute_script(SEEN, page.form("/sleep").find_element(By.TAG_NAME, "output"))
    page.enter("/sleep", "30")
    page.press("/sleep")
    page.says("/sleep", "Waits for the answer.")
    page.enter("/sleep", "0.25")
    page.press("/sleep")
    page.says("/sleep", "200 OK")
    assert page.body("/sleep") == "slept 0.25 s\n"
    assert [each for each in page.browser.execute_script("return seen") if "Stop" in each] == []
    stop = page.form("/sleep").find_element(By.CSS_SELECTOR, ".stop")
    page.until(lambda: not stop.is_enabled(), "nothing to stop")


def test_server_that_has_gone(own: Server, opened: Open) -> None:
    """Said in words, by what was waiting and by what is asked then."""
    page = opened(own.port)
    page.press("/park")
    page.says("/park", "1 request parked.")
    page.enter("/sleep", "30")
    page.press("/sleep")
    page.says("/sleep", "Waits")
    own.destroy()
    words = "No answer: the server is not there, or the connection to it broke."
    page.says("/sleep", words)
    page.says("/park", "All have been answered.")
    assert waiting(page) == [words]
    page.press("/plaintext")
    page.says("/plaintext", words)
    assert all("net::ERR_" in each for each in page.logged())


class Breaking(BaseHTTPRequestHandler):
    """The page with its files, and an answer that ends before its length is reached."""

    protocol_version = "HTTP/1.1"
    server: "Threads"

    def do_GET(self) -> None:
        kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
        file = STATIC / self.path.removeprefix("/static/")
        if self.path == "/":
            self.say("text/html; charset=utf-8", landing.page("a server that breaks off").encode())
        elif self.path.startswith("/static/"):
            self.say(kinds[file.suffix], file.read_bytes())
        else:
            self.say("text/plain", b"Hello", 8)
            self.server.seen.wait(PATIENCE)
            self.close_connection = True

    def say(self, kind: str, body: bytes, more: int = 0) -> None:
        """Answer; more: bytes that are promised and do not come."""
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) + more))
        for name, value in landing.FIELDS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Threads(socketserver.ThreadingTCPServer):
    """A thread for each connection; none is waited for. seen: the answer may end now."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        self.seen = threading.Event()
        super().__init__(("127.0.0.1", 0), Breaking)


@pytest.fixture
def breaking() -> Iterator[Threads]:
    """It listens on a free port."""
    with Threads() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_answer_that_breaks_off(breaking: Threads, opened: Open) -> None:
    """What has come is shown as it comes, and in the end that it is not all."""
    page = opened(breaking.server_address[1])
    page.press(BREAKING)
    page.until(lambda: page.said(BREAKING) and page.body(BREAKING) == "Hello", "its beginning")
    assert page.said(BREAKING) == "Waits for the answer."
    breaking.seen.set()
    page.says(BREAKING, "The answer broke off. 5 bytes had come.")
    (complaint,) = page.logged()
    assert "ERR_CONTENT_LENGTH_MISMATCH" in complaint


def test_answer_that_is_stopped(breaking: Threads, opened: Open) -> None:
    """What had come stays, and nothing more is waited for."""
    page = opened(breaking.server_address[1])
    page.press("/stream")
    page.until(lambda: page.said("/stream") and page.body("/stream") == "Hello", "its beginning")
    page.press("/stream", ".stop")
    assert page.says("/stream", "Stopped after").endswith(". 5 bytes had come.")
    assert page.body("/stream") == "Hello"
    breaking.seen.set()
