"""The WSGI ways without their server: what a callable is given, and what it gives."""

import io
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast
from wsgiref.types import WSGIApplication, WSGIEnvironment
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from gunicorn.http.errors import InvalidHeader

from app.gallery import under_gunicorn, webob_app, werkzeug_app, wsgi
from app.gallery.lot import Lot
from app.gallery.refusals import explained
from app.httpd import Refusal
from app.httpd.carrier import Carrier
from app.httpd.request import NO_BODY
from app.main import create_server
from app.settings import Settings

SETTINGS = Settings.from_environment({})
LIMIT = SETTINGS.limits.body
Found = tuple[int, dict[str, str], bytes]
FACTORIES = [wsgi.application, webob_app.application, werkzeug_app.application]


def environ_of(method: str, path: str, **given: Any) -> WSGIEnvironment:
    """An environ as a server gives it. given: HTTP_ACCEPT="..." and so on."""
    path, _, query = path.partition("?")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
    }
    setup_testing_defaults(environ)
    return environ | given


def call(application: WSGIApplication, environ: WSGIEnvironment) -> Found:
    """Status, fields and body, of a callable that keeps to PEP 3333."""
    began: list[Any] = []

    def start_response(status: str, fields: list[tuple[str, str]], exc_info: Any = None) -> Any:
        began[:] = [int(status[:3]), dict(fields)]
        return began.append

    pieces = cast("Any", validator(application)(environ, start_response))
    try:
        body = b"".join(pieces)
    finally:
        pieces.close()
    return began[0], began[1], body


@pytest.fixture(params=FACTORIES, ids=lambda each: each.__module__.rpartition(".")[2])
def application(request: pytest.FixtureRequest) -> Iterator[WSGIApplication]:
    """Each of the three, told nothing."""
    factory: under_gunicorn.Factory = request.param
    with factory(SETTINGS, lambda: False) as made:
        yield made


# ---- all three


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/plaintext", 200, b"Hello, World!"),
        ("HEAD", "/plaintext", 200, b""),
        ("GET", "/hello/Ada", 200, b"Hello, Ada"),
        ("GET", "/stream?chunks=2", 200, b"line 1\nline 2\n"),
        ("HEAD", "/stream?chunks=2", 200, b""),
        ("OPTIONS", "/echo", 204, b""),
        ("POST", "/release", 200, b"0"),
        ("GET", "/readyz", 200, b"ready\n"),
    ],
)
def test_answer(
    application: WSGIApplication, method: str, path: str, status: int, body: bytes
) -> None:
    """PEP 3333 is kept, and the contract."""
    found = call(application, environ_of(method, path))
    assert (found[0], found[2]) == (status, body)


@pytest.mark.filterwarnings("ignore:Unknown REQUEST_METHOD")  # it is meant to be
@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("HEAD", 404), ("BREW", 501)])
def test_refused(application: WSGIApplication, method: str, status: int) -> None:
    """In the library's words, and in JSON for who wants that."""
    found = call(application, environ_of(method, "/nowhere", HTTP_ACCEPT="application/json"))
    assert (found[0], found[1]["Content-Type"]) == (status, "application/json")
    assert (found[2] == b"") == (method == "HEAD")


@pytest.mark.parametrize("factory", FACTORIES)
def test_told(factory: under_gunicorn.Factory) -> None:
    """A worker that was told to stop wants no more traffic."""
    with factory(SETTINGS, lambda: True) as made:
        assert call(made, environ_of("GET", "/readyz"))[::2] == (503, b"draining\n")


def test_body(application: WSGIApplication) -> None:
    """A body comes back, one that ends early or is too large does not."""
    for length, sent, status in [(5, b"hello", 200), (9, b"hello", 400), (LIMIT + 1, b"", 413)]:
        stream = io.BytesIO(sent)
        given = {"CONTENT_LENGTH": str(length), "wsgi.input": stream}
        found = call(application, environ_of("POST", "/echo", **given))
        assert found[0] == status, length


CLOCK = [
    ("GET", "/clock", "127.0.0.1:8000", 200),
    ("GET", "/clock/", "127.0.0.1:8000", 200),
    ("GET", "/clock", "localhost:8000", 200),
    ("POST", "/clock", "127.0.0.1:8000", 501),
    ("HEAD", "/clock", "127.0.0.1:8000", 501),
    ("GET", "/clock/x", "127.0.0.1:8000", 404),
    ("GET", "/clock", "localhost:80", 404),
    ("GET", "/clock", "example.org", 404),
]


@pytest.mark.parametrize(("method", "path", "host", "status"), CLOCK)
def test_clock(
    application: WSGIApplication, method: str, path: str, host: str, status: int
) -> None:
    """The time to who asks for it here; what else is asked, or elsewhere, is refused."""
    found = call(application, environ_of(method, path, HTTP_HOST=host))
    assert found[0] == status
    if status == 200:
        assert found[1]["Content-Type"] == "text/plain; charset=utf-8"


# ---- raw WSGI


def test_environ_is_the_clients() -> None:
    """What the server and the machine put into it is not shown."""
    environ = environ_of("GET", "/", HTTP_X_WORD="J\xc3\xb6rg", HOME="/root", PATH="/bin")
    shown = call(wsgi.show_environ, environ)[2].decode()
    assert "HTTP_X_WORD: Jörg\n" in shown
    assert "REQUEST_METHOD: GET\n" in shown
    for name in ("HOME", "PATH:", "wsgi.", "SERVER_NAME"):
        assert name not in shown


def test_mounted() -> None:
    """What is mounted sees where it is, and only what is below."""
    shown = call(
        wsgi.Mounted(wsgi.clock, environ=wsgi.show_environ),
        environ_of("GET", "/environ/below", SCRIPT_NAME="/site"),
    )[2].decode()
    assert "SCRIPT_NAME: /site/environ\n" in shown
    assert "PATH_INFO: /below\n" in shown


@pytest.mark.parametrize(
    ("given", "target"),
    [
        ({"RAW_URI": "/a%2Fb?c"}, "/a%2Fb?c"),
        ({"REQUEST_URI": "/a%2Fb?c"}, "/a%2Fb?c"),
        ({"PATH_INFO": "/\xc3\xb6 ?", "QUERY_STRING": "x=%20"}, "/%C3%B6%20%3F?x=%20"),
        ({"SCRIPT_NAME": "/site", "PATH_INFO": "/x"}, "/site/x"),
    ],
)
def test_target(given: dict[str, str], target: str) -> None:
    """As it was sent, where the server says; else as it may have been."""
    assert wsgi.target(environ_of("GET", "/", **given)) == target


def test_composed() -> None:
    """The head says what the environ says."""
    carrier = Carrier(create_server(SETTINGS))
    fields = {"HTTP_X_TWO_WORDS": "1", "CONTENT_TYPE": "a/b", "CONTENT_LENGTH": "3"}
    head = wsgi.compose(carrier, environ_of("POST", "/echo", **fields))
    assert (head.line.method, head.line.target, head.length) == ("POST", "/echo", 3)
    assert {b"X-Two-Words: 1", b"Content-Type: a/b"} <= set(head.fields)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"CONTENT_LENGTH": "3", "wsgi.input": io.BytesIO(b"ab")}, 400),
        ({"CONTENT_LENGTH": str(LIMIT + 1)}, 413),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 411),
        (
            {
                "HTTP_TRANSFER_ENCODING": "chunked",
                "wsgi.input_terminated": True,
                "wsgi.input": io.BytesIO(bytes(LIMIT + 1)),
            },
            413,
        ),
    ],
)
def test_body_that_is_refused(given: dict[str, Any], status: int) -> None:
    """Too short, too long, or of no known end."""
    carrier = Carrier(create_server(SETTINGS))
    environ = environ_of("POST", "/echo", **given)
    with pytest.raises(Refusal) as refused:
        wsgi.read_body(carrier, wsgi.compose(carrier, environ), environ)
    assert refused.value.status == status


def test_body_that_nobody_wants() -> None:
    """The body of what is refused is not read at all."""
    carrier = Carrier(create_server(SETTINGS))
    environ = environ_of("POST", "/nowhere", CONTENT_LENGTH="5", **{"wsgi.input": None})
    assert wsgi.read_body(carrier, wsgi.compose(carrier, environ), environ) == b""


@pytest.mark.parametrize(
    ("method", "path", "threads", "processes", "waits"),
    [
        ("GET", "/sleep", False, False, True),
        ("HEAD", "/park", False, False, True),
        ("POST", "/release", False, False, True),
        ("GET", "/sleep", True, False, False),
        ("GET", "/sleep", False, True, False),
        ("OPTIONS", "/sleep", False, False, False),
        ("DELETE", "/sleep", False, False, False),
        ("GET", "/plaintext", False, False, False),
    ],
)
def test_would_wait(method: str, path: str, threads: bool, processes: bool, waits: bool) -> None:
    """Only where nobody else would be served meanwhile."""
    carrier = Carrier(create_server(SETTINGS))
    environ = environ_of(
        method, path, **{"wsgi.multithread": threads, "wsgi.multiprocess": processes}
    )
    asked = carrier.call(wsgi.compose(carrier, environ), carrier.peer(""), NO_BODY)
    assert wsgi.would_wait(asked, environ) == waits


# ---- under gunicorn


@pytest.mark.parametrize(
    ("value", "closes"),
    [("close", True), ("keep-alive, Close", True), ("keep-alive", False), ("closed", False)],
)
def test_asked_to_close(value: str, closes: bool) -> None:
    """Connection is a list."""
    request = fake_request(("HOST", "a"), ("CONNECTION", value))
    under_gunicorn.look_again(cast("Any", None), cast("Any", request))
    assert bool(request.closed) == closes


def test_no_host() -> None:
    """HTTP/1.1 asks for one, HTTP/1.0 does not."""
    with pytest.raises(InvalidHeader):
        under_gunicorn.look_again(cast("Any", None), cast("Any", fake_request()))
    under_gunicorn.look_again(cast("Any", None), cast("Any", fake_request(minor=0)))


def fake_request(*headers: tuple[str, str], minor: int = 1) -> SimpleNamespace:
    """As much of gunicorn's as is looked at."""
    closed: list[bool] = []
    return SimpleNamespace(
        headers=headers, version=(1, minor), closed=closed, force_close=lambda: closed.append(True)
    )


# ---- what they share


def test_lot() -> None:
    """Who is parked is let go by a release, once, and is counted."""
    lot, outcomes = Lot(), list[bool]()
    waiting = [threading.Thread(target=lambda: outcomes.append(lot.park(20))) for _ in range(3)]
    for each in waiting:
        each.start()
    released = 0
    while released < 3:
        released += lot.release()
    for each in waiting:
        each.join()
    assert (released, outcomes, lot.release()) == (3, [True] * 3, 0)


def test_lot_gives_up() -> None:
    """Nobody came, and who has given up is not counted."""
    lot = Lot()
    assert not lot.park(0)
    assert lot.release() == 0


def test_explained() -> None:
    """Status, fields and body of a refusal."""
    status, fields, body = explained(Refusal(405, headers=(("Allow", "GET"),)), "")
    assert status == "405 Method Not Allowed"
    assert dict(fields) == {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(body)),
        "Allow": "GET",
    }
