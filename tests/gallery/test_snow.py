"""snow: its published uses, and what it makes of what handlers give, yield and raise. How it
serves the application is the contract's to try."""

import threading
from collections.abc import Generator
from typing import Any

import pytest

from app.gallery import snow_app
from app.gallery.snow import (
    Future,
    Handler,
    HttpNotFound,
    HttpRequest,
    HttpResponse,
    Snow,
    TimeoutFuture,
    accepts,
)
from app.httpd import Refusal, UsageError
from tests.gallery.snowing import PATIENCE, Routes, ask, connect, head, rest, serving, told

# ---- the three published uses


def test_published_uses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain answer; one after a while; one that is parked until another request says done."""
    monkeypatch.setattr(snow_app, "ASYNC_SECONDS", 0.05)
    published = snow_app.Published()
    arrived = threading.Semaphore(0)

    def park(request: HttpRequest) -> Any:
        arrived.release()
        return published.park(request)

    routes: Routes = [
        (r"/", snow_app.plaintext),
        (r"/async/", published.wait),
        (r"/req/", park),
        (r"/stop/", published.stop),
    ]
    with serving(routes) as (address, _), connect(address) as parked:
        assert told(ask(address, "/")) == (200, b"Hello, World!")
        assert told(ask(address, "/async/")) == (200, b"async")
        parked.sendall(head("/req/", "Connection: close"))
        assert arrived.acquire(timeout=PATIENCE)
        assert told(ask(address, "/stop/")) == (200, b"stop")
        assert told(rest(parked)) == (200, b"done")
        assert told(ask(address, "/stop/")) == (200, b"stop")


# ---- what a handler may give, and how it may fail


def _cookies(_: HttpRequest) -> HttpResponse:
    response = HttpResponse(b"bytes", 201)
    response.headers["X-Own"] = "a"
    response.cookies["name"] = "value"
    return response


def _raises(_: HttpRequest) -> HttpResponse:
    raise ConnectionResetError("the password is swordfish")


def _fails_later(_: HttpRequest) -> Generator[Future, Any, HttpResponse]:
    yield TimeoutFuture(0)
    raise TimeoutError("its own, and not ours")


def _catches(_: HttpRequest) -> Generator[Future, Any, HttpResponse]:
    try:
        yield Future(timeout=0.01)
    except TimeoutError:
        yield TimeoutFuture(0.01)
    return HttpResponse("nevertheless")


def _too_late(_: HttpRequest) -> Generator[Future]:
    yield Future(lambda *_: HttpResponse("never"), timeout=0.01)


def _yields_nonsense(_: HttpRequest) -> Generator[Any]:
    yield 5


def _yields_nothing(_: HttpRequest) -> Generator[None, Any, HttpResponse]:
    for _turn in range(3):
        yield
    return HttpResponse("after some turns")


def _timer_with_callback(_: HttpRequest) -> Generator[Future]:
    yield TimeoutFuture(0.01, lambda request, future: HttpResponse(f"{request.url} {future.ready}"))


def _ready(_: HttpRequest) -> Generator[Future, Any, HttpResponse]:
    future = Future()
    future.set_result(7)
    result = yield future
    return HttpResponse(f"{result}")


def _callback_fails(_: HttpRequest) -> Generator[Future]:
    yield TimeoutFuture(0, lambda *_: 1 / 0)


def _unsendable(_: HttpRequest) -> HttpResponse:
    return HttpResponse("a", headers={"X-A": "b\r\nX-C: d"})


def _returns_not_found(_: HttpRequest) -> Refusal:
    return HttpNotFound("no such thing")


@pytest.mark.parametrize(
    ("handler", "status", "body"),
    [
        (_cookies, 201, b"bytes"),
        (_catches, 200, b"nevertheless"),
        (_yields_nothing, 200, b"after some turns"),
        (_timer_with_callback, 200, b"/it True"),
        (_ready, 200, b"7"),
        (_too_late, 504, b"<h1>504 Gateway Timeout</h1>"),
        (_returns_not_found, 404, b"no such thing"),
    ],
)
def test_answers(
    caplog: pytest.LogCaptureFixture, handler: Handler, status: int, body: bytes
) -> None:
    """What becomes of what a handler gives and yields; none of it is worth a line in the log."""
    with serving([(r"/it", handler)]) as (address, _):
        found = told(ask(address, "/it"))
        assert (found[0], body in found[1]) == (status, True)
    assert caplog.records == []


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        (_raises, ConnectionResetError),
        (_fails_later, TimeoutError),
        (_callback_fails, ZeroDivisionError),
        (_yields_nonsense, UsageError),
        (_unsendable, UsageError),
        (lambda _: "text", UsageError),
        (lambda _: HttpResponse("", 99), UsageError),
    ],
)
def test_failures(
    caplog: pytest.LogCaptureFixture, handler: Handler, error: type[Exception]
) -> None:
    """An error is a 500 that says nothing, and a traceback in the log; the next one is served."""
    with serving([(r"/it", handler)]) as (address, _):
        status, body = told(ask(address, "/it"))
        assert (status, b"swordfish" in body) == (500, False)
        assert told(ask(address, "/up")) == (200, b"up")
    assert [each.exc_info and each.exc_info[0] for each in caplog.records] == [error]


def test_headers_and_cookies() -> None:
    """They are sent."""
    with serving([(r"/it", _cookies)]) as (address, _):
        answer = ask(address, "/it")
    assert b"\r\nX-Own: a\r\n" in answer
    assert b"\r\nContent-Type: application/octet-stream\r\n" in answer
    assert b"\r\nSet-Cookie: name=value; Path=/; Secure; HttpOnly; SameSite=Lax\r\n" in answer


def test_request() -> None:
    """A request of its own for everybody, with what was sent."""

    @accepts("POST")
    def handler(request: HttpRequest) -> HttpResponse:
        found = (
            request.method, request.url, request.protocol, request.headers["x-a"], request.body,
            request.match["name"], request.query, request.cookies,
        )  # fmt: skip
        return HttpResponse(repr(found))

    fields = ("X-A: b", "Cookie: c=d", "Content-Length: 4", "Connection: close")
    with serving([(r"/of/(?P<name>[^/]+)", handler)]) as (address, _), connect(address) as sock:
        sock.sendall(head("/of/a%2Fb?e=%66", *fields, method="POST") + b"body")
        found = told(rest(sock))
    wanted = ("POST", "/of/a%2Fb?e=%66", "HTTP/1.1", "b", b"body", "a%2Fb", [("e", "f")])
    assert found == (200, repr((*wanted, {"c": "d"})).encode())


@pytest.mark.parametrize(("path", "status"), [("/a", 200), ("/ab", 404), ("/b/a", 404)])
def test_pattern_is_of_the_whole_path(path: str, status: int) -> None:
    """A pattern that fits the beginning does not fit."""
    with serving([(r"/a", lambda _: HttpResponse("a"))]) as (address, _):
        assert told(ask(address, path))[0] == status


def test_unknown_method_of_a_route() -> None:
    """Is a mistake that is told at the start."""
    with pytest.raises(UsageError):
        Snow([(r"/", accepts("BREW")(lambda _: HttpResponse("tea")))])
