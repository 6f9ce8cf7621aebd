"""Every route is tried from the page, and what comes back is shown."""

import json
import re
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from app import __version__
from app.landing import ROUTES
from tests.contract.serving import Server
from tests.landing.conftest import WORKERS, Page

# What is shown of each route's answer, as it is asked if nobody changes anything.
SHOWN = {
    "/plaintext": "Hello, World!",
    "/json": r'\{"message":"Hello, World!"\}',
    "/hello": "Hello, Anonymous",
    "/hello/{name}": "Hello, Ada",
    "/time": r"\w{3} \w{3} .\d \d\d:\d\d:\d\d \d{4}",
    "/sleep": "slept 1 s\n",
    "/release": "[0-9]+",
    "/echo": "Good morning",
    "/headers": r"(?s)Host: 127\.0\.0\.1:\d+\n.*User-Agent: Mozilla.*",
    "/stream": "".join(f"line {number}\n" for number in range(1, 11)),
    "/healthz": "alive\n",
    "/readyz": "ready\n",
    "/static/{path}": r"(?s).*:root \{.*",
}


def test_all_are_tried() -> None:
    """Here, or in test_waiting."""
    assert {*SHOWN, "/park"} == {each.path for each in ROUTES}


@pytest.mark.parametrize("path", SHOWN)
def test_try(page: Page, path: str) -> None:
    """Pressing the button shows status, time, size, some fields and the body."""
    page.press(path)
    said = page.says(path, "200 OK")
    assert re.match(r"200 OK\. Answered after (less than 1 ms|\d+ ms|1\.\d s); \d+ ", said)
    assert re.fullmatch(SHOWN[path], page.body(path))
    fields = page.form(path).find_element(By.CSS_SELECTOR, ".answer dl").text
    assert re.search(r"content-type\n\w+/\w+", fields)
    assert re.search(r"x-request-id\n[0-9a-f]{32}$", fields)


def accessed(server: Server) -> list[dict[str, object]]:
    """The access log."""
    lines = Path(server.errors.parent, "stdout").read_text().splitlines()
    return [json.loads(each) for each in lines if each.endswith("}")]


def test_facts(page: Page, shared: Server) -> None:
    """They are true: the worker is one of the workers, the request is found in the access log."""
    names = [each.text for each in page.browser.find_elements(By.CSS_SELECTOR, ".facts dt")]
    values = [each.text for each in page.browser.find_elements(By.CSS_SELECTOR, ".facts dd")]
    facts = dict(zip(names, values, strict=True))
    assert [*facts] == ["server", "runs on", "version", "worker", "request"]
    servers = {"protocol": "the Protocol server", "aiohttp": "aiohttp"}
    assert facts["server"] == servers[shared.variant.way.name]
    loops = re.findall(r"Python (\S+) with (\w+)", shared.errors.read_text())
    assert facts["runs on"] == f"CPython {loops[0][0]}, {loops[0][1]}"
    assert facts["version"] == __version__
    workers = re.findall(r"Booting worker with pid: (\d+)", shared.errors.read_text())
    assert len(workers) == WORKERS
    assert facts["worker"] in workers
    page.until(
        lambda: any(facts["request"] in each.values() for each in accessed(shared)), "it is logged"
    )


@pytest.mark.parametrize("name", ["Jürgen & 山", "a/b", "<b>?x=1#y</b>", "100%", "%2F", " "])
def test_name(page: Page, name: str) -> None:
    """Whatever is put there greets, and is text."""
    page.enter("/hello/{name}", name)
    page.press("/hello/{name}")
    page.says("/hello/{name}", "200 OK")
    assert page.body("/hello/{name}") == f"Hello, {name}"


@pytest.mark.parametrize("name", [".", ".."])
def test_no_name(page: Page, name: str) -> None:
    """What cannot be a part of a path is not asked for."""
    page.enter("/hello/{name}", name)
    page.press("/hello/{name}")
    assert page.browser.find_elements(By.CSS_SELECTOR, "input[data-segment]:invalid")
    assert page.browser.find_elements(By.CSS_SELECTOR, ".answer dl") == []


@pytest.mark.parametrize("body", ["", "<img src=x onerror=alert(1)>", "a\nb\n", "ö山😀" * 9])
def test_body(page: Page, body: str) -> None:
    """It comes back as text, whatever it is."""
    page.enter("/echo", body)
    page.press("/echo")
    said = page.says("/echo", "200 OK")
    size = len(body.encode())
    assert said.endswith(f"; {size} bytes.")
    assert page.body("/echo") == body
    assert page.browser.find_elements(By.CSS_SELECTOR, ".answer img") == []


def test_large_body(page: Page) -> None:
    """It is read to its end, and its beginning is shown."""
    page.enter("/echo", "x" * 200_000)
    page.press("/echo")
    page.says("/echo", "200000 bytes, of which 16384 characters are shown.")
    assert page.body("/echo") == "x" * 16384


def test_body_that_is_too_large(page: Page) -> None:
    """The service's refusal is shown."""
    page.enter("/echo", "x" * ((1 << 20) + 1))
    page.press("/echo")
    page.says("/echo", "413 Content Too Large")
    (complaint,) = page.logged()
    assert "413" in complaint


def test_stream(page: Page) -> None:
    """Every line, how many, and when the first and the last came."""
    page.enter("/stream", "1000")
    page.press("/stream")
    said = page.says("/stream", "200 OK")
    assert re.search(r"; 1000 lines, 8893 bytes, the first after .+, the last after .+\.$", said)
    assert page.body("/stream") == "".join(f"line {number}\n" for number in range(1, 1001))


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("/sleep", "31", "400 Bad Request: the query takes only seconds, a number from 0 to 30. "),
        ("/stream", "1.5", "400 Bad Request: the query takes only chunks, a whole number from 0 "),
        ("/hello/{name}", "", "404 Not Found. Answered"),
    ],
)
def test_refusal(page: Page, path: str, value: str, words: str) -> None:
    """The service is the judge of what it is asked, and its reason is shown."""
    page.enter(path, value)
    page.press(path)
    assert page.says(path, "Answered").startswith(words)
    assert "bad" in str(page.form(path).find_element(By.TAG_NAME, "output").get_attribute("class"))
    (complaint,) = page.logged()
    assert f"status of {words[:3]}" in complaint


def test_asked_again(page: Page) -> None:
    """The link leads to the page again, which is another request."""

    def request() -> str:
        return page.browser.find_elements(By.CSS_SELECTOR, ".facts dd")[-1].text

    before = request()
    page.browser.find_element(By.LINK_TEXT, "Ask again").click()
    page.until(lambda: request() != before, "another request")
