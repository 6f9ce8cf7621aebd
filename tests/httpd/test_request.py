"""A request as a handler sees it."""

# ruff: noqa: E501 (a case a line reads best)

import asyncio
import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.httpd.errors import Refusal, UsageError
from app.httpd.forwarded import Peer, TrustedProxies
from app.httpd.head import HeadParser
from app.httpd.limits import Limits
from app.httpd.request import NO_BODY, Request
from app.httpd.router import Endpoint, Router

URLENCODED = "application/x-www-form-urlencoded"


class Local:
    """Where the requests here come from."""

    peer = Peer("127.0.0.1", "http", TrustedProxies(["127.0.0.1"]))
    draining = False


class Pieces:
    """A body that arrives in these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = list(pieces)
        self.trailers = [b"X-Sum: 1"]

    async def read(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def make(
    target: str = "/hello/you", *lines: str, body: Any = NO_BODY, version: str = "1.1"
) -> Request:
    """A request for this target with these field lines."""
    router = Router()
    router.add("/hello/{name}", ["GET"], Endpoint(lambda request: None, "/hello/{name}"))
    text = "".join(f"{line}\r\n" for line in ("Host: a:80", *lines))
    data = f"GET {target} HTTP/{version}\r\n{text}\r\n".encode("latin-1")
    head = HeadParser(Limits(), router.knows).parse(data)
    return Request(head, router.resolve(head.line), b"id", Local(), body)


def asked(request: Request, what: str) -> Any:
    """What an awaited method gives, or the status of its refusal."""
    try:
        return asyncio.run(getattr(request, what)())
    except Refusal as refusal:
        return refusal.status


def test_the_line() -> None:
    """Method, target, path, query, version and parameters are what was sent."""
    request = make("/hello/J%C3%B6rg%2F?a=1&b=%20&a=2")
    assert (request.method, request.target) == ("GET", "/hello/J%C3%B6rg%2F?a=1&b=%20&a=2")
    assert (request.raw_path, request.path) == ("/hello/J%C3%B6rg%2F", "/hello/J\u00f6rg/")
    assert (dict(request.params), request.route) == ({"name": "J\u00f6rg/"}, "/hello/{name}")
    assert request.query.pairs == [("a", "1"), ("b", " "), ("a", "2")]
    assert (request.http_version, make(version="1.0").http_version) == ("1.1", "1.0")
    assert (request.id, request.host, request.draining) == ("id", "a:80", False)
    assert repr(request) == "<Request GET /hello/J%C3%B6rg%2F?a=1&b=%20&a=2 id>"


def test_query_that_is_not_text() -> None:
    """A query that is not UTF-8 is refused when somebody looks."""
    with pytest.raises(Refusal, match="400"):
        make("/hello/you?a=%ff").query  # noqa: B018


def test_fields() -> None:
    """Fields are read once, in any case; Cookie lines are one."""
    request = make("/hello/you", "X-A: 1", "Cookie: a=b", "x-a: 2", "Cookie: c=d; a=e")
    assert request.headers.all("X-a") == ["1", "2"]
    assert request.headers is request.headers
    assert request.cookies == {"a": "b", "c": "d"}
    assert request.cookies is request.cookies


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ("", "X: y"), ("", "User-Agents: a"), ("", "User-Agent:"), ("a b", "User-Agent: a b"),
        ("a", "uSER-aGENT:\ta "), ("\xe9", "User-Agent: \xe9"), ("", "Upgrade: a"),
    ],
)  # fmt: skip
def test_user_agent(expected: str, line: str) -> None:
    """The agent is found in any case, and is the first of two."""
    assert make("/hello/you", line).user_agent == expected
    assert make("/hello/you", line, "User-Agent: second").user_agent in (expected, "second")


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        ("", "X: y"),
        ("text/html", "Content-Type: Text/HTML"),
        ("text/html", "content-type:text/html ; charset=utf-8"),
        ("", "Content-Type:"),
    ],
)
def test_content_type(expected: str, line: str) -> None:
    """A media type is in lower case and has no parameters."""
    assert make("/hello/you", line).content_type == expected


def test_origin() -> None:
    """Client and scheme are the peer's, or what a trusted one forwards."""
    assert (make().client, make().scheme) == ("127.0.0.1", "http")
    request = make("/hello/you", "X-Forwarded-For: 1.2.3.4, 5.6.7.8", "X-Forwarded-Proto: https")
    assert (request.client, request.scheme) == ("5.6.7.8", "https")


def test_state_is_each_requests_own() -> None:
    """The application may keep things on a request; nothing else can be set or found."""
    request = make()
    request.state["a"] = 1
    assert (request.state, make().state) == ({"a": 1}, {})
    with pytest.raises(AttributeError):
        request.colour = "red"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match="a Request has no 'colour'"):
        request.colour  # noqa: B018


def test_body() -> None:
    """A body is whole, may be asked for again, and is empty where there is none."""
    request = make(body=Pieces(b"a", b"bc", b"d"))
    assert (asked(request, "body"), asked(request, "body")) == (b"abcd", b"abcd")
    assert asked(make(), "body") == b""
    assert request.trailers.pairs == [("X-Sum", "1")]


def test_chunks_once() -> None:
    """A body is streamed once; asking again is the application's mistake, and is said to be."""

    async def read(request: Request) -> list[bytes]:
        return [piece async for piece in request.chunks()]

    request = make(body=Pieces(b"a", b"bc"))
    assert asyncio.run(read(request)) == [b"a", b"bc"]
    for again in (read(request), request.body(), request.json()):
        with pytest.raises(UsageError, match=r"GET /hello/\{name\} was read before"):
            asyncio.run(again)


def test_body_in_a_million_pieces() -> None:
    """A body that comes two bytes at a time is not kept as a million objects."""

    async def read() -> int:
        return len(await make(body=Many()).body())

    class Many(Pieces):
        left = 200_000

        async def read(self) -> bytes:
            self.left -= 1
            return b"%02d" % (self.left % 100) if self.left >= 0 else b""

    tracemalloc.start()
    assert asyncio.run(read()) == 400_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_500_000


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ({"a": [1, 2.5, None, True, "\u00e9"]}, b'{"a": [1, 2.5, null, true, "\xc3\xa9"]}'),
        (5, b" 5\n"),
        ({"a": 2}, b'{"a": 1, "a": 2}'),
        ("\U0001f600", rb'"\ud83d\ude00"'),
        (1e308, b"1e308"),
        (10**400, b"1" + b"0" * 400),
    ],
)
def test_json(expected: Any, body: bytes) -> None:
    """JSON is what RFC 8259 says; of two equal names the last wins."""
    assert asked(make(body=Pieces(body)), "json") == expected


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"{", b"{'a': 1}", b"[1,]", b"NaN", b"[Infinity]", b"-Infinity", b"1e999", b"-1e999",
        b"nul", b"01", b"\xff", b'"\xff"', b"\xef\xbb\xbf1", '"a"'.encode("utf-16"), '"a"'.encode("utf-32"),
        b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b'"\x00"',
        rb'"\ud800"', rb'{"\udfff": 1}', rb'"\ude00\ud83d"', b'"\xed\xa0\x80"', b"1 2",
    ],
)  # fmt: skip
def test_what_is_not_json(body: bytes) -> None:
    """NaN, numbers out of reach, endless nesting, half characters, other encodings: 400."""
    assert asked(make(body=Pieces(body)), "json") == 400


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
))  # fmt: skip
def test_json_round_trip(value: Any) -> None:
    """What JSON can say comes out again."""
    body = json.dumps(value).encode()
    assert asked(make(body=Pieces(body)), "json") == value


@pytest.mark.parametrize(
    ("expected", "coding"), [(415, "gzip"), (415, "identity, br"), (1, "identity")]
)
def test_coded_bodies(expected: int, coding: str) -> None:
    """Nothing is decompressed; who sends a coded body is told so."""
    coded = make("/hello/you", f"Content-Encoding: {coding}", body=Pieces(b"1"))
    assert asked(coded, "json") == expected
    if expected == 415:
        assert asked(make("/hello/you", f"Content-Encoding: {coding}"), "form") == 415


def test_form() -> None:
    """A form is read once, and its files are closed with the request."""
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\ndata\r\n--x--\r\n'
    request = make("/hello/you", "Content-Type: multipart/form-data; boundary=x", body=Pieces(body))
    file: Any = asked(request, "form")["f"]
    assert (file.filename, file.size, file.file.read()) == ("n", 4, b"data")
    assert asked(request, "form")["f"] is file
    request.close()
    request.close()
    assert file.file.closed


def test_form_after_body() -> None:
    """A body that was read whole is no form any more, and the mistake is named."""
    request = make("/hello/you", f"Content-Type: {URLENCODED}", body=Pieces(b"a=1"))
    assert asked(request, "body") == b"a=1"
    with pytest.raises(UsageError, match="was read before"):
        asked(request, "form")


def test_deep_json_is_refused_fast() -> None:
    """A megabyte of brackets costs no more than its bytes."""
    began = time.perf_counter()
    assert asked(make(body=Pieces(b"[" * 1_000_000)), "json") == 400
    assert time.perf_counter() - began < 2
