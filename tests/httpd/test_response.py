"""Answers as handlers make them, and what no answer may be."""

# ruff: noqa: E501 (a case a line reads best)

import time
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.httpd.errors import PHRASES, Refusal, UsageError
from app.httpd.response import (
    CHUNKED,
    OWN_FIELDS,
    UNSAID,
    Response,
    StatusLines,
    encode_field,
    encode_head,
    encode_json,
)


async def pieces() -> AsyncIterator[bytes]:
    """A body that comes in one piece."""
    yield b"a"


@pytest.mark.parametrize(
    ("response", "status", "kind", "body"),
    [
        (Response(), 200, None, b""),
        (Response(b"a"), 200, None, b"a"),
        (Response(bytearray(b"a")), 200, None, b"a"),  # type: ignore[arg-type]
        (Response(memoryview(b"a")), 200, None, b"a"),  # type: ignore[arg-type]
        (Response(b"a", 404, "text/css"), 404, b"text/css", b"a"),
        (Response(b"a", 200, b"text/css"), 200, b"text/css", b"a"),
        (Response(b"a", 200, ""), 200, None, b"a"),
        (Response(b"", 204), 204, None, b""),
        (Response.text("\u00e9"), 200, b"text/plain; charset=utf-8", b"\xc3\xa9"),
        (Response.html("<p>", 201), 201, b"text/html; charset=utf-8", b"<p>"),
        (
            Response.json({"a": ["\u00e9", None]}),
            200,
            b"application/json",
            b'{"a":["\xc3\xa9",null]}',
        ),
    ],
)
def test_what_it_is_made_of(
    response: Response, status: int, kind: bytes | None, body: bytes
) -> None:
    """An answer has the status, type and body that were asked for."""
    assert (response.status, response.content_type, response.body) == (status, kind, body)


@pytest.mark.parametrize(
    "headers", [[("A", "b"), ("C", "d")], {"A": "b", "C": "d"}, iter([("A", "b"), ("C", "d")])]
)
def test_headers(headers: Any) -> None:
    """Fields are pairs or a mapping, and go out in their order."""
    assert Response(headers=headers).add("A", "e").fields == [b"A: b\r\n", b"C: d\r\n", b"A: e\r\n"]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
def test_content_type_is_one(name: str) -> None:
    """A Content-Type among the fields replaces the other; there are never two."""
    response = Response(b"a", content_type="a/b", headers=[(name, "c/d")])
    assert (response.content_type, response.fields) == (b"c/d", [])


BAD_TEXT = ["a\rb", "a\nb", "a\r\nX: y", "\0", "a\x07", "\x7f", "\u0394", "\ud800"]

WRONG: list[tuple[str, Any]] = [
    ("Response.text", lambda: Response("a")),  # type: ignore[arg-type]
    ("not int", lambda: Response(5)),  # type: ignore[arg-type]
    ("not list", lambda: Response([b"a"])),  # type: ignore[arg-type]
    ("not dict", lambda: Response({})),  # type: ignore[arg-type]
    *[
        ("final HTTP status", lambda status=status: Response(b"", status))
        for status in (0, 99, 100, 101, 199, 299, 600, -200, "200", None, [200], True, 404.0)
    ],
    *[
        ("has no body", lambda status=status: Response(b"a", status)) for status in (204, 205, 304)
    ],
    ("has no body", lambda: Response.stream(pieces(), status=204)),
    ("pieces", lambda: Response(b"abc", length=2)),
    ("pieces", lambda: Response(Response.file("a").body, length=2)),
    ("number of bytes", lambda: Response.stream(pieces(), length=-1)),
    ("number of bytes", lambda: Response.stream(pieces(), length="1")),  # type: ignore[arg-type]
    ("async iterable", lambda: Response.stream([b"a"])),  # type: ignore[arg-type]
    ("not text", lambda: Response.text(b"a")),  # type: ignore[arg-type]
    ("not text", lambda: Response.html(5)),  # type: ignore[arg-type]
    ("not text", lambda: Response.text("\ud800")),
    ("not text", lambda: Response.html("\ud800")),
    ("not JSON", lambda: Response.json({1, 2})),
    ("not JSON", lambda: Response.json(float("nan"))),
    ("not JSON", lambda: Response.json("\ud800")),
    *[("'X-A'", lambda text=text: Response(headers=[("X-A", text)])) for text in BAD_TEXT],
    *[("token", lambda text=text: Response(headers=[(text, "a")])) for text in [*BAD_TEXT, "", "a b", "a:"]],
    *[("Content-Type", lambda text=text: Response(content_type=text)) for text in BAD_TEXT],
    ("Content-Type", lambda: Response(content_type=b"a\r\nX: y")),
    ("content-type", lambda: Response(b"").add("content-type", "a\nb")),
    ("content type", lambda: Response(content_type=["a"])),  # type: ignore[arg-type]
    ("name and value", lambda: Response(content_type=5)),  # type: ignore[arg-type]
    *[("server's to set", lambda name=name: Response(headers=[(name, "a")])) for name in OWN_FIELDS],
    ("server's to set", lambda: Response().add("Content-LENGTH", "5")),
    ("name and value", lambda: Response(headers=[("A", 5)])),  # type: ignore[list-item]
    ("name and value", lambda: Response(headers=[(b"A", "b")])),  # type: ignore[list-item]
    ("pairs", lambda: Response(headers="abc")),  # type: ignore[arg-type]
    ("pairs", lambda: Response(headers=[("A", "b", "c")])),  # type: ignore[list-item]
    ("pairs", lambda: Response(headers=5)),  # type: ignore[arg-type]
    *[("str or a Path", lambda path=path: Response.file(path)) for path in (b"a", 5, None)],
    ("cookie", lambda: Response().cookie("a b", "c")),
    ("cookie", lambda: Response().cookie("a", "b\r\nX: y")),
    ("another host", lambda: Response.redirect("//evil.example")),
    ("another host", lambda: Response.redirect("/\\evil.example")),
    ("not a redirect", lambda: Response.redirect("/", 200)),
    ("not a redirect", lambda: Response.redirect("/", 304)),
    *[("location", lambda text=text: Response.redirect("/" + text))
      for text in ("\r\nX: y", "\n", "\0", "\t/evil.example", "\x7f", "\ud800")],
    ("location", lambda: Response.redirect("")),
    ("location", lambda: Response.redirect(b"/")),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize(("cause", "make"), WRONG)
def test_wrong_use(cause: str, make: Any) -> None:
    """What could not be sent is a UsageError that names the cause, and injects nothing itself."""
    with pytest.raises(UsageError, match=cause) as caught:
        make()
    assert "\r" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("expected", "location"),
    [
        (b"/a?b=c&d#e", "/a?b=c&d#e"),
        (b"https://a.example/%C3%A9", "https://a.example/\u00e9"),
        (b"/a%20b%22%3C", '/a b"<'),
        (b"/%41%zz", "/%41%zz"),
        (b"/%5Cevil.example", "/%5Cevil.example"),
        (b"a/../b", "a/../b"),
    ],
)
def test_redirect(expected: bytes, location: str) -> None:
    """A location is percent-encoded where it must be, and not twice."""
    response = Response.redirect(location, headers={"A": "b"})
    assert (response.status, response.body, response.content_type) == (303, b"", None)
    assert response.fields == [b"Location: " + expected + b"\r\n", b"A: b\r\n"]


def test_cookie_is_safe_by_default() -> None:
    """A cookie that says nothing else is Secure, HttpOnly and SameSite."""
    assert Response().cookie("a", "b").cookie("c", "", max_age=0).fields == [
        b"Set-Cookie: a=b; Path=/; Secure; HttpOnly; SameSite=Lax\r\n",
        b"Set-Cookie: c=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax\r\n",
    ]


def test_content_types_are_not_hoarded() -> None:
    """An application that echoes its clients' types keeps a bounded number of short ones."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(2000):
        Response(b"", content_type=f"a/{number}" + "b" * 4000)
        Response(b"", content_type=f"a/{number}")
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 200_000


@pytest.mark.parametrize("value", [b"a", {1}, float("inf"), {(1, 2): 3}, object()])
def test_what_json_cannot_say(value: Any) -> None:
    """A value that is not JSON is a UsageError."""
    with pytest.raises(UsageError, match="not JSON"):
        encode_json(value)


def test_json_that_never_ends() -> None:
    """A value inside itself is a UsageError."""
    value: list[Any] = []
    value.append(value)
    with pytest.raises(UsageError, match="not JSON"):
        encode_json(value)


def test_field() -> None:
    """A field keeps TAB and the upper half of latin-1."""
    assert encode_field("A", "b\tc \xe9\xff") == b"A: b\tc \xe9\xff\r\n"


@pytest.mark.parametrize("status", sorted(PHRASES))
def test_status_lines(status: int) -> None:
    """An answer begins with a status line, a short Server and the Date in GMT."""
    first, server, date, rest = StatusLines()[status].split(b"\r\n")
    assert first == f"HTTP/1.1 {status} {PHRASES[status]}".encode()
    assert (server, rest) == (b"Server: slipway", b"")
    assert abs(time.mktime(time.strptime(date.decode(), "Date: %a, %d %b %Y %H:%M:%S GMT"))
               - time.mktime(time.gmtime())) < 5  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "response", "length", "connection"),
    [
        (b"B\r\nContent-Length: 0\r\nX-Request-Id: i\r\n\r\n", Response(), 0, b""),
        (b"B\r\nContent-Type: application/octet-stream\r\nContent-Length: 1\r\nX-Request-Id: i\r\n\r\n", Response(b"a"), 1, b""),
        (b"B\r\nContent-Type: a/b\r\nTransfer-Encoding: chunked\r\nX-Request-Id: i\r\n\r\n", Response(b"", 200, "a/b"), CHUNKED, b""),
        (b"B\r\nA: b\r\nX-Request-Id: i\r\nConnection: close\r\n\r\n", Response(headers={"A": "b"}), UNSAID, b"Connection: close\r\n"),
    ],
)  # fmt: skip
def test_head(expected: bytes, response: Response, length: int, connection: bytes) -> None:
    """A head never has both a length and a coding, nor two of either."""
    assert encode_head(b"B\r\n", response, length, b"i", connection) == expected


@pytest.mark.parametrize("status", [200, 302, 399, 499, 600, 0, -1])
def test_refusals_are_errors(status: int) -> None:
    """A refusal has an error status that can be sent."""
    with pytest.raises(ValueError, match=str(status)):
        Refusal(status)


def test_refusal_says_what_it_is() -> None:
    """A refusal without a reason has its status's, and reads well in a log."""
    assert str(Refusal(404)) == "404 Not Found"
    assert (Refusal(404, "no").reason, Refusal(405, headers=(("A", "b"),)).headers) == (
        "no",
        (("A", "b"),),
    )
