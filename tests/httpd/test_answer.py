"""From what a handler did to the bytes of its answer."""

# ruff: noqa: E501 (a case a line reads best)

import json
import logging
from typing import Any

import pytest

from app.httpd.answer import CLOSE, KEEP, encode, explain, failed, stream_framing, to_response
from app.httpd.errors import ClientGone, Refusal, UsageError
from app.httpd.head import Head, RequestLine
from app.httpd.request import Request
from app.httpd.response import CHUNKED, HTML, JSON, UNSAID, Response
from app.httpd.router import Router
from tests.httpd.asking import request as asking

BEGIN = b"BEGIN\r\n"
ID = b"X-Request-Id: i\r\n"


def request(accept: str = "") -> Request:
    """A request for /."""
    router = Router()
    return asking("*", router, "OPTIONS", **({"Accept": accept} if accept else {}))


def head(method: str = "GET", minor: int = 1) -> Head:
    """The head of a request for /."""
    return Head(RequestLine(method, "/", minor), [])


@pytest.mark.parametrize(
    ("result", "kind", "body"),
    [
        ("\u00e9<p>", HTML, b"\xc3\xa9<p>"),
        (b"a", b"application/octet-stream", b"a"),
        (bytearray(b"a"), b"application/octet-stream", b"a"),
        (memoryview(b"a"), b"application/octet-stream", b"a"),
        ({"a": 1}, JSON, b'{"a":1}'),
        ([1, None], JSON, b"[1,null]"),
        (Response.text("a"), b"text/plain; charset=utf-8", b"a"),
    ],
)
def test_what_handlers_return(result: Any, kind: bytes, body: bytes) -> None:
    """A str is HTML, bytes are bytes, a dict or a list is JSON, a Response is itself."""
    response = to_response(result, "h")
    assert (response.status, response.content_type, response.body) == (200, kind, body)


@pytest.mark.parametrize(
    "result", [None, 5, {1, 2}, (b"a", 200), object(), "\ud800", {"a": {1}}, [float("nan")]]
)
def test_what_handlers_may_not_return(result: Any) -> None:
    """Anything else is a UsageError that names the handler."""
    with pytest.raises(UsageError, match=r"handler module\.h"):
        to_response(result, "module.h")


ACCEPTS = [
    (False, ""), (False, "*/*"), (False, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (True, "application/json"), (True, "APPLICATION/JSON"), (True, "application/json, text/plain, */*"),
    (True, "application/json;q=0.5"), (False, "application/json;q=0"), (False, "application/json;q=0, */*"),
    (True, "text/html;q=0.4, application/json;q=0.5"), (False, "text/html, application/json"),
    (False, "text/html;q=0.9, application/json;q=0.8"), (True, "application/problem+json"),
    (False, "text/json"), (True, "*/*;q=0.1, application/json"), (True, "text/*;q=0.3,application/json;q=0.4"),
    (False, "text/*, application/json;q=0.9"), (False, "application/json;q=x"), (False, "application/json;q=1.5"),
    (True, "application/json ; charset=utf-8 ; q=1.000"), (False, "application/jsonx"),
    (False, "a/b," * 40 + "application/json"), (False, "," * 30_000 + "json"), (False, ";=;json;q"),
]  # fmt: skip


@pytest.mark.parametrize(("as_json", "accept"), ACCEPTS)
def test_explain(as_json: bool, accept: str) -> None:
    """A refusal is JSON for those who would rather have JSON than HTML (RFC 9110 12.5.1)."""
    response = explain(Refusal(404, "no <such> thing"), accept)
    assert (response.status, response.content_type) == (404, JSON if as_json else HTML)
    assert isinstance(response.body, bytes)
    if as_json:
        assert json.loads(response.body) == {
            "status": 404,
            "error": "Not Found",
            "reason": "no <such> thing",
        }
    else:
        assert b"<h1>404 Not Found</h1><p>no &lt;such&gt; thing</p>" in response.body


def test_explain_keeps_fields() -> None:
    """The fields of a refusal go out with it."""
    response = explain(Refusal(405, headers=(("Allow", "GET"),)))
    assert response.fields == [b"Allow: GET\r\n"]


def test_failure_says_nothing_inside(caplog: pytest.LogCaptureFixture) -> None:
    """An exception is a 500 that tells the client nothing, and a log line that tells all."""
    with caplog.at_level(logging.ERROR, "slipway.error"):
        response = failed(request(), "module.h", ValueError("secret"), None)
    assert response.status == 500
    assert b"secret" not in response.body  # type: ignore[operator]
    assert "ValueError in handler module.h, OPTIONS *, request id: secret" in caplog.text
    assert "Traceback" not in str(response.body)


@pytest.mark.parametrize(("status", "error"), [(404, Refusal(404)), (500, ClientGone())])
def test_refusal_is_no_failure(
    status: int, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusal and a client that left are not logged as errors."""
    assert failed(request(), "h", error, None).status == status
    assert caplog.text == ""


def test_refusal_asks_accept() -> None:
    """A refusal in a handler is answered as the client accepts."""
    assert failed(request("application/json"), "h", Refusal(404), None).content_type == JSON


@pytest.mark.parametrize(
    ("expected", "hook"),
    [
        (200, lambda request, error: "sorry"),
        (418, lambda request, error: Response(b"", 418)),
        (404, lambda request, error: None),
        (404, lambda request, error: 1 / 0),
        (404, lambda request, error: 5),
    ],
)
def test_error_hook(expected: int, hook: Any) -> None:
    """The application's hook answers, or leaves it to the server; its own faults change nothing."""
    assert failed(request(), "h", Refusal(404), hook).status == expected


@pytest.mark.parametrize("refusal", [
    Refusal(404, "\ud800"), Refusal(404, 5), Refusal(401, headers=(("A", "b\r\nC: d"),)),  # type: ignore[arg-type]
    Refusal(401, headers=(("Content-Length", "5"),)), Refusal(401, headers=("A",)),  # type: ignore[arg-type]
])  # fmt: skip
def test_refusal_that_cannot_be_sent(refusal: Refusal, caplog: pytest.LogCaptureFixture) -> None:
    """A refusal with fields that are none is a 500, and the log names the handler."""
    response = failed(request(), "module.h", refusal, None)
    assert (response.status, response.fields) == (500, [])
    assert "module.h" in caplog.text


@pytest.mark.parametrize(
    ("expected", "response", "of", "keep"),
    [
        (b"Content-Type: a/b\r\nContent-Length: 1\r\n" + ID + b"\r\nx", Response(b"x", 200, "a/b"), head(), True),
        (b"Content-Type: a/b\r\nContent-Length: 1\r\n" + ID + CLOSE + b"\r\nx", Response(b"x", 200, "a/b"), head(), False),
        (b"Content-Type: a/b\r\nContent-Length: 1\r\n" + ID + KEEP + b"\r\nx", Response(b"x", 200, "a/b"), head(minor=0), True),
        (b"Content-Type: a/b\r\nContent-Length: 1\r\n" + ID + CLOSE + b"\r\nx", Response(b"x", 200, "a/b"), head(minor=0), False),
        (b"Content-Type: a/b\r\nContent-Length: 1\r\n" + ID + b"\r\n", Response(b"x", 200, "a/b"), head("HEAD"), True),
        (b"Content-Type: a/b\r\nContent-Length: 1\r\n" + ID + b"\r\nx", Response(b"x", 404, "a/b"), head(), True),
        (b"Content-Type: application/octet-stream\r\nContent-Length: 1\r\n" + ID + b"\r\nx", Response(b"x"), head(), True),
        (b"Content-Length: 0\r\n" + ID + b"\r\n", Response(), head(), True),
        (b"Content-Length: 0\r\n" + ID + b"\r\n", Response(b"", 205), head(), True),
        (ID + b"\r\n", Response(b"", 204), head(), True),
        (b"A: b\r\n" + ID + b"\r\n", Response(b"", 304, None, {"A": "b"}), head(), True),
        (b"Content-Type: a/b\r\nContent-Length: 1\r\nA: b\r\n" + ID + b"\r\nx", Response(b"x", 200, "a/b", {"A": "b"}), head(), True),
    ],
)  # fmt: skip
def test_encode(expected: bytes, response: Response, of: Head, keep: bool) -> None:
    """An answer has a length, or none where it has no body; HEAD has GET's fields and no byte more."""
    assert encode(BEGIN, of, response, b"i", keep) == BEGIN + expected


@pytest.mark.parametrize(
    "response",
    [Response(b"xy", 200, "a/b"), Response(b"xy"), Response(b"", 404), Response(b"", 304)],
)
def test_head_is_get_without_body(response: Response) -> None:
    """HEAD is answered with the very head of GET (RFC 9110 9.3.2)."""
    get = encode(BEGIN, head(), response, b"i", True)
    assert (
        encode(BEGIN, head("HEAD"), response, b"i", True)
        == get.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    )


async def _nothing() -> Any:
    yield b""


@pytest.mark.parametrize(
    ("expected", "status", "length", "minor"),
    [
        (CHUNKED, 200, None, 1),
        (UNSAID, 200, None, 0),
        (5, 200, 5, 1),
        (5, 200, 5, 0),
        (0, 200, 0, 1),
    ],
)
def test_stream_framing(expected: int, status: int, length: int | None, minor: int) -> None:
    """Pieces go by length where it is known, else in chunks, which HTTP/1.0 never sees."""
    response = Response.stream(_nothing(), status=status, length=length)
    assert stream_framing(head(minor=minor), response) == expected


def test_stream_without_content() -> None:
    """A status without content has no framing."""
    response = Response.stream(_nothing())
    response.status = 304
    assert stream_framing(head(), response) == UNSAID
