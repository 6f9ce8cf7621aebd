"""The application's routes, each as a client sees it: a real server, real sockets."""

import asyncio
import contextlib
import gzip
import http.client
import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import app
from app.httpd.runner import Runner, listen
from app.landing import FIELDS, ROUTES
from app.main import create_server
from app.settings import Settings

TEXT = "text/plain; charset=utf-8"


@dataclass
class Answer:
    """What came back, all of it."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Site:
    """A running server, and how to ask it."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, method: str, target: str, body: object = None, **headers: str) -> Answer:
        """One request on a connection of its own. Headers: If_None_Match="..." and so on."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(client):
            client.request(method, target, body, fields)  # type: ignore[arg-type]
            answer = client.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def get(self, target: str, **headers: str) -> Answer:
        """GET."""
        return self.ask("GET", target, **headers)

    def raw(self, data: bytes) -> bytes:
        """Whatever comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as client:
            client.sendall(data)
            with client.makefile("rb") as answer:
                return answer.read()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The application in a thread, on a free port."""
    runner = Runner(create_server(Settings.from_environment({"LOOP": "asyncio"})))
    listener = listen("127.0.0.1", 0)
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    serving = loop.create_task(runner.serve([listener], ready.set))
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,))
    thread.start()
    assert ready.wait(10)
    yield Site(listener.getsockname()[1])
    loop.call_soon_threadsafe(runner.leave)
    thread.join(10)
    loop.close()
    listener.close()


def test_index(site: Site) -> None:
    """A page that says what this is and who answered, and links to the rest."""
    answer = site.get("/", X_Request_Id="from-a-proxy")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    page = answer.body.decode()
    assert page.startswith("<!doctype html>")
    assert f"<dd>{app.__version__}</dd>" in page
    assert "<dd>from-a-proxy</dd>" in page
    assert {name: answer.headers[name] for name in FIELDS} == FIELDS
    targets = [each.target or each.path for each in ROUTES if each.method == "GET"]
    for target in targets:
        assert f'<a href="{target}">' in page
        assert target == "/park" or site.get(target).status == 200, target


@pytest.mark.parametrize(
    ("target", "kind", "body"),
    [
        ("/plaintext", TEXT, b"Hello, World!"),
        ("/json", "application/json", b'{"message":"Hello, World!"}'),
        ("/hello", TEXT, b"Hello, Anonymous"),
        ("/hello/Ada", TEXT, b"Hello, Ada"),
        ("/hello/J%C3%BCrgen%20%26%20%E5%B1%B1", TEXT, "Hello, Jürgen & 山".encode()),
        ("/hello/a%2Fb", TEXT, b"Hello, a/b"),
        ("/hello/a+b", TEXT, b"Hello, a+b"),
        ("/sleep?seconds=0", TEXT, b"slept 0 s\n"),
        ("/sleep?seconds=0.25", TEXT, b"slept 0.25 s\n"),
        ("/stream?chunks=3", TEXT, b"line 1\nline 2\nline 3\n"),
        ("/stream?chunks=0", TEXT, b""),
        ("/healthz", TEXT, b"alive\n"),
        ("/readyz", TEXT, b"ready\n"),
    ],
)
def test_answer(site: Site, target: str, kind: str, body: bytes) -> None:
    """GET gives this; HEAD the same fields and no body."""
    answer = site.get(target)
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (200, kind, body)
    head = site.ask("HEAD", target)
    assert (head.status, head.body) == (200, b"")
    alike = ["Content-Type", "Content-Length", "Cache-Control"]
    assert [head.headers[name] for name in alike] == [answer.headers[name] for name in alike]


def test_time(site: Site) -> None:
    """The time as time.ctime() gives it, never from a cache."""
    before = int(time.time())
    answer = site.get("/time")
    told = time.mktime(time.strptime(answer.body.decode()))
    assert before <= told <= time.time()
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "target",
    [
        "/sleep?seconds=30.1",
        "/sleep?seconds=-1",
        "/sleep?seconds=1e1",
        "/sleep?seconds=nan",
        "/sleep?seconds=inf",
        "/sleep?seconds=",
        "/sleep?seconds=1_0",
        "/sleep?seconds=%D9%A1",
        "/sleep?seconds=0.0000000001",
        "/sleep?seconds=0&seconds=0",
        "/sleep?minutes=0",
        "/sleep?seconds=0&minutes=0",
        "/stream?chunks=1001",
        "/stream?chunks=1.5",
        "/stream?chunks=x",
        "/stream?lines=1",
    ],
)
def test_query_that_is_not_allowed(site: Site, target: str) -> None:
    """400, and what is allowed."""
    answer = site.get(target)
    assert answer.status == 400
    assert b"the query takes only" in answer.body


def test_sleep_holds_up_nobody(site: Site) -> None:
    """Others are answered while one sleeps."""
    sleeper = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    with contextlib.closing(sleeper):
        sleeper.request("GET", "/sleep?seconds=0.5")
        began = time.monotonic()
        assert site.get("/plaintext").status == 200
        assert time.monotonic() - began < 0.5
        assert sleeper.getresponse().read() == b"slept 0.5 s\n"


def test_park_and_release(site: Site) -> None:
    """Whoever is parked waits for a release; the one who releases is told how many went."""
    assert site.ask("POST", "/release").body == b"0"
    parked = [http.client.HTTPConnection("127.0.0.1", site.port, timeout=10) for _ in range(3)]
    for each in parked:
        each.request("GET", "/park")
    deadline, released = time.monotonic() + 10, 0
    while released < 3:
        assert time.monotonic() < deadline
        released += int(site.ask("POST", "/release").body)
    assert [each.getresponse().read() for each in parked] == [b"done"] * 3
    for each in parked:
        each.close()


def test_park_whose_client_leaves(site: Site) -> None:
    """It is not counted among those who were let go. It leaves with a reset: one that only
    closes might still be reading, and would be answered."""
    client = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
    client.request("GET", "/park")
    assert site.get("/plaintext").status == 200
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    assert site.get("/plaintext").status == 200
    assert site.ask("POST", "/release").body == b"0"


def test_park_that_nobody_releases(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """504 after a while."""
    monkeypatch.setattr("app.content.LONGEST_PARK", 0.1)
    assert site.get("/park").status == 504


@pytest.mark.parametrize("size", [0, 1, 5000, 1 << 20])
def test_echo(site: Site, size: int) -> None:
    """The body as it came, with its type, sized and chunked."""
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    pieces = (body[at : at + 1000] for at in range(0, size, 1000))
    for sent in (body, pieces):
        answer = site.ask("POST", "/echo", sent, Content_Type="application/x-own; a=b")
        assert (answer.status, answer.body) == (200, body)
        assert answer.headers["Content-Type"] == "application/x-own; a=b"


def test_echo_without_a_type(site: Site) -> None:
    """Bytes of no known kind; nothing that a browser would run."""
    answer = site.raw(
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\n<b>"
    )
    assert b"\r\nContent-Type: application/octet-stream\r\n" in answer
    assert answer.endswith(b"\r\n\r\n<b>")


def test_echo_of_too_much(site: Site) -> None:
    """413 above the limit, which is 1 MiB."""
    answer = site.raw(
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n"
    )
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_headers(site: Site) -> None:
    """The request's fields, one a line, in their order, as they were written."""
    answer = site.raw(
        b"GET /headers HTTP/1.1\r\nhost: a\r\nX-B:  2 \r\nx-a: 1\r\nX-B: 3\r\n"
        b"Connection: close\r\n\r\n"
    )
    body = answer.partition(b"\r\n\r\n")[2]
    assert body == b"host: a\nX-B: 2\nx-a: 1\nX-B: 3\nConnection: close\n"


def test_stream(site: Site) -> None:
    """Each line is a chunk; an HTTP/1.0 client gets the lines as they are."""
    answer = site.raw(b"GET /stream?chunks=2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"\r\nTransfer-Encoding: chunked" in head
    assert body == b"7\r\nline 1\n\r\n7\r\nline 2\n\r\n0\r\n\r\n"
    answer = site.raw(b"GET /stream?chunks=2 HTTP/1.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in head
    assert body == b"line 1\nline 2\n"


def test_static(site: Site) -> None:
    """The page's style sheet, which browsers keep and ask for again by its tag."""
    sheet = "/static/slipway.css"
    answer = site.get(sheet)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
    assert "max-age=3600" in answer.headers["Cache-Control"]
    again = site.get(sheet, If_None_Match=answer.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    part = site.get(sheet, Range="bytes=0-4")
    assert (part.status, part.body) == (206, answer.body[:5])
    packed = site.get(sheet, Accept_Encoding="gzip")
    if packed.headers["Content-Encoding"] == "gzip":
        assert gzip.decompress(packed.body) == answer.body


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/static/", 404),
        ("/static/none.css", 404),
        ("/static/../handlers.py", 400),
        ("/static/%2e%2e/handlers.py", 400),
        ("/static/..%2fhandlers.py", 404),
    ],
)
def test_no_such_file(site: Site, target: str, status: int) -> None:
    """Not found, and no way out of the folder."""
    ask = f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer = site.raw(ask.encode())
    assert int(answer.split()[1]) == status
    assert b"def " not in answer


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("/plaintext", "GET, HEAD, OPTIONS"),
        ("/hello/Ada", "GET, HEAD, OPTIONS"),
        ("/release", "OPTIONS, POST"),
        ("/echo", "OPTIONS, POST"),
        ("/static/slipway.css", "GET, HEAD, OPTIONS"),
    ],
)
def test_methods(site: Site, target: str, allowed: str) -> None:
    """OPTIONS and 405 say what is allowed; a method that nobody here knows is 501."""
    options = site.ask("OPTIONS", target)
    assert (options.status, options.headers["Allow"], options.body) == (204, allowed, b"")
    wrong = "POST" if "GET" in allowed else "GET"
    refused = site.ask(wrong, target)
    assert (refused.status, refused.headers["Allow"]) == (405, allowed)
    assert site.ask("BREW", target).status == 501


def test_not_found_by_accept(site: Site) -> None:
    """A small HTML page, or JSON where that is asked for."""
    page = site.get("/nowhere", Accept="text/html,application/json;q=0.9")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert b"<h1>404 Not Found</h1>" in page.body
    value = site.get("/nowhere", Accept="application/json")
    assert (value.status, value.headers["Content-Type"]) == (404, "application/json")
    assert json.loads(value.body)["status"] == 404


@pytest.mark.parametrize("target", ["/hello/%ff", "/hello/%zz", "/hello/%C3"])
def test_path_that_is_no_text(site: Site, target: str) -> None:
    """400 for what is not percent-encoded UTF-8."""
    assert site.get(target).status == 400


def test_request_id(site: Site) -> None:
    """Every answer has one, of its own."""
    found = [site.get(target).headers["X-Request-Id"] for target in ("/json", "/json", "/nowhere")]
    assert len(set(found)) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in found)
