"""The routes, asked by three clients."""

import json
import re
import time

import pytest

from app.landing import FIELDS, ROUTES
from tests.contract.clients import Client
from tests.contract.serving import Server
from tests.contract.variants import Ability, needs
from tests.contract.wire import head_of

TEXT = "text/plain; charset=utf-8"
SHEET = "/static/slipway.css"
HTML = "text/html; charset=utf-8"
JSON = "application/json"

ANSWERS = [
    ("/plaintext", TEXT, b"Hello, World!"),
    ("/json", JSON, b'{"message":"Hello, World!"}'),
    ("/hello", TEXT, b"Hello, Anonymous"),
    ("/hello/Ada", TEXT, b"Hello, Ada"),
    ("/hello/J%C3%B6rg%20%26%20%E5%B1%B1", TEXT, "Hello, Jörg & 山".encode()),
    ("/hello/a+b", TEXT, b"Hello, a+b"),
    ("/hello/100%25", TEXT, b"Hello, 100%"),
    ("/stream?chunks=3", TEXT, b"line 1\nline 2\nline 3\n"),
    ("/stream?chunks=0", TEXT, b""),
    ("/stream", TEXT, b"".join(b"line %d\n" % number for number in range(1, 11))),
    ("/healthz", TEXT, b"alive\n"),
    ("/readyz", TEXT, b"ready\n"),
]
SLOW = [
    ("/sleep?seconds=0", TEXT, b"slept 0 s\n"),
    ("/sleep?seconds=0.05", TEXT, b"slept 0.05 s\n"),
]
TABLE = [
    *ANSWERS,
    *(pytest.param(*each, marks=needs(Ability.CONCURRENCY)) for each in SLOW),
    pytest.param("/hello/a%2Fb", TEXT, b"Hello, a/b", marks=needs(Ability.ENCODED_SLASH)),
]
# Whose values are another answer's own, or say how it travels.
OF_ONE_ANSWER = {
    *("date", "expires", "x-request-id", "connection", "keep-alive", "transfer-encoding")
}


@pytest.mark.parametrize(("target", "kind", "body"), TABLE)
def test_get(client: Client, target: str, kind: str, body: bytes) -> None:
    """GET gives this."""
    answer = client.ask("GET", target)
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, kind, body)


@pytest.mark.parametrize("target", [*(each[0] for each in ANSWERS), SHEET])
def test_head(client: Client, target: str) -> None:
    """HEAD gives the same fields and no body."""
    answer, head = client.ask("GET", target), client.ask("HEAD", target)
    assert (head.status, head.body) == (200, b"")
    found, expected = (
        {name.lower(): value for name, value in each.headers.items()} for each in (head, answer)
    )
    for name in OF_ONE_ANSWER:
        found.pop(name, None)
        expected.pop(name, None)
    assert found == expected


def test_nothing_follows_a_head(server: Server) -> None:
    """Not one byte after the blank line, whatever the client may believe."""
    with server.connect() as wire:
        wire.send(head_of("HEAD", "/plaintext", "Connection: close"))
        assert wire.rest().partition(b"\r\n\r\n")[2] == b""


def test_index(client: Client) -> None:
    """A page that says who answered and leads on."""
    answer = client.ask("GET", "/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, HTML)
    page = answer.body.decode()
    assert page.startswith("<!doctype html>")
    assert re.search(r"<dt>server</dt><dd>[^<]+</dd>", page)
    assert re.search(r"<dt>worker</dt><dd>\d+</dd>", page)
    for each in ROUTES:
        assert f'data-route="{each.path}"' in page
    # So strict that nothing of this page, or slipped into it, could run or be sent elsewhere.
    assert {name: answer.headers[name] for name in FIELDS} == FIELDS


def test_index_of_a_hostile_request(server: Server) -> None:
    """A request id that is none stands nowhere on the page."""
    with server.connect() as wire:
        answer = wire.ask("GET", "/", b"", "X-Request-Id: <script>alert(1)</script>\"'&")
    assert answer.status == 200
    assert b"alert(1)" not in answer.body


@needs(Ability.REQUEST_ID)
def test_index_has_the_request_id(server: Server) -> None:
    """The one that the answer carries, made here or brought along (test_ids.py)."""
    for given in ((), ("X-Request-Id: from/a=proxy",)):
        with server.connect() as wire:
            answer = wire.ask("GET", "/", b"", *given)
        found = answer.headers["X-Request-Id"]
        assert f"<dt>request</dt><dd>{found}</dd>".encode() in answer.body


def test_time(client: Client) -> None:
    """The time as time.ctime() gives it, never from a cache."""
    before = int(time.time())
    answer = client.ask("GET", "/time")
    assert (answer.status, answer.headers["Content-Type"]) == (200, TEXT)
    assert before <= time.mktime(time.strptime(answer.body.decode())) <= time.time()
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "target",
    [
        *(f"/sleep?seconds={each}" for each in ("30.1", "-1", "1e1", "nan", "inf", "", "1_0")),
        "/sleep?seconds=%D9%A1",
        "/sleep?seconds=0&seconds=0",
        "/sleep?minutes=0",
        "/sleep?seconds=0&minutes=0",
    ],
)
@needs(Ability.CONCURRENCY)
def test_sleep_that_is_not_allowed(server: Server, target: str) -> None:
    """400, and what is allowed."""
    with server.connect() as wire:
        answer = wire.ask("GET", target)
    assert answer.status == 400
    assert b"the query takes only seconds" in answer.body


@pytest.mark.parametrize(
    "target",
    [
        *(f"/stream?chunks={each}" for each in ("1001", "-1", "1.5", "x", "", "%D9%A1")),
        "/stream?chunks=1&chunks=1",
        "/stream?lines=1",
    ],
)
def test_stream_that_is_not_allowed(server: Server, target: str) -> None:
    """400, and what is allowed."""
    with server.connect() as wire:
        answer = wire.ask("GET", target)
    assert answer.status == 400
    assert b"the query takes only chunks" in answer.body


@pytest.mark.parametrize("target", ["/hello/%ff", "/hello/%C3", "/%ff"])
def test_path_that_is_no_text(server: Server, target: str) -> None:
    """400 for what is not percent-encoded UTF-8."""
    with server.connect() as wire:
        assert wire.ask("GET", target).status == 400


# with gallery:
@pytest.mark.parametrize(
    ("method", "target"),
    [("GET", "/sleep?seconds=1"), ("GET", "/park"), ("POST", "/release")],
)
@pytest.mark.lacks(Ability.CONCURRENCY)
def test_waiting_is_refused(client: Client, method: str, target: str) -> None:
    """A server that has one request at a time says so, and does not hang."""
    body = b"" if method == "POST" else None
    page = client.ask(method, target, body, Accept="text/html")
    assert (page.status, page.headers["Content-Type"]) == (501, HTML)
    assert b"<h1>501 Not Implemented</h1>" in page.body
    value = client.ask(method, target, body, Accept="application/json")
    assert (value.status, value.headers["Content-Type"]) == (501, JSON)
    assert json.loads(value.body)["status"] == 501


# end gallery
@pytest.mark.parametrize("target", ["/nowhere", "/hello/", "/hello/a/b", "/plaintext/", "/Json"])
def test_no_such_path(client: Client, target: str) -> None:
    """A small HTML page, or JSON where that is asked for."""
    page = client.ask("GET", target, Accept="text/html,application/json;q=0.9")
    assert (page.status, page.headers["Content-Type"]) == (404, HTML)
    assert b"<h1>404 Not Found</h1>" in page.body
    value = client.ask("GET", target, Accept="application/json")
    assert (value.status, value.headers["Content-Type"]) == (404, JSON)
    assert json.loads(value.body)["status"] == 404
