"""Heads: what is one, what it says, and that what is none is refused however it arrives."""

# ruff: noqa: E501 (a case a line reads best)

import time
import tracemalloc
from typing import Any

import pytest

from app.httpd.errors import Refusal
from app.httpd.head import (
    LONGEST_HEAD,
    LONGEST_LINE,
    LONGEST_METHOD,
    MEMORY_ENTRIES,
    Head,
    HeadParser,
)
from app.httpd.limits import Limits
from tests.httpd.cutting import every_way

KNOWN = {"GET", "HEAD", "POST", "OPTIONS", "TRACE"}
BLANK = b"\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


def parser(**limits: int) -> HeadParser:
    """One that has seen nothing."""
    return HeadParser(Limits(**limits), KNOWN.__contains__)


def receive(pieces: list[bytes], heads: HeadParser) -> Any:
    """As a connection does: a Head, the status of a refusal, or None for one that is not over."""
    buffer = bytearray()
    try:
        for piece in pieces:
            known = len(buffer)
            buffer += piece
            end = buffer.find(BLANK)
            if end >= 0:
                return heads.parse(bytes(buffer[: end + 4]))
            heads.check_partial(buffer, known)
    except Refusal as refusal:
        return refusal.status
    return None


def outcomes(data: bytes, **limits: int) -> list[Any]:
    """What becomes of data in all the ways it may arrive, each met once."""
    found = []
    for pieces, _ in every_way(data):
        given = receive(pieces, parser(**limits))
        given = facts(given) if isinstance(given, Head) else given
        if given not in found:
            found.append(given)
    return found


def facts(head: Head) -> dict[str, Any]:
    """What a head says, in plain values."""
    line = head.line
    return {
        "method": line.method, "target": line.target, "path": line.path, "query": line.query,
        "minor": line.minor, "host": head.host, "keep_alive": head.keep_alive,
        "length": head.length, "expects": head.expects_continue, "fields": head.fields,
    }  # fmt: skip


# What is said, and what it means; of what is not mentioned nothing is expected.
RIGHT: list[tuple[bytes, dict[str, Any]]] = [
    (b"GET / HTTP/1.1\r\nHost: a\r\n", {"method": "GET", "path": "/", "minor": 1, "host": b"a", "keep_alive": True, "length": 0}),
    (b"GET /a%20b?c=d?e HTTP/1.1\r\nHost: a:80\r\n", {"path": "/a%20b", "query": "c=d?e", "host": b"a:80"}),
    (b"GET //a//b?[x] HTTP/1.1\r\nHost: [::1]:80\r\n", {"path": "//a//b", "query": "[x]", "host": b"[::1]:80"}),
    (b"GET / HTTP/1.1\r\nHost: 0.0.0.0=5000\r\n", {"host": b"0.0.0.0=5000"}),
    (b"GET / HTTP/1.1\r\nhOST:a\t \r\n", {"host": b"a"}),
    (b"GET / HTTP/1.2\r\nHost: a\r\n", {"minor": 2, "keep_alive": True}),
    (b"GET / HTTP/1.9\r\nHost: a\r\n", {"minor": 9, "keep_alive": True}),
    (b"GET / HTTP/1.0\r\n", {"minor": 0, "host": b"", "keep_alive": False}),
    (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n", {"keep_alive": True}),
    (b"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n", {"keep_alive": False}),
    (GET + b"Connection: close\r\n", {"keep_alive": False}),
    (GET + b"Connection: x, CLOSE ,y\r\n", {"keep_alive": False}),
    (GET + b"Connection: x\r\nConnection:\tclose\r\n", {"keep_alive": False}),
    (GET + b"Connection: not-close\r\n", {"keep_alive": True}),
    (GET + b"Connection: host\r\n", {"host": b"a", "keep_alive": True}),
    # RFC 9112 3.2.2: the target's authority goes before Host
    (b"GET http://b:1/c?d HTTP/1.1\r\nHost: a\r\n", {"host": b"b:1", "path": "/c", "query": "d", "target": "http://b:1/c?d"}),
    (b"GET HTTPS://b?d HTTP/1.1\r\nHost: a\r\n", {"host": b"b", "path": "/", "query": "d"}),
    (b"GET http://b HTTP/1.0\r\n", {"host": b"b", "path": "/"}),
    (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n", {"target": "*", "path": "*", "query": ""}),
    (b"TRACE / HTTP/1.1\r\nHost: a\r\n", {"method": "TRACE"}),
    (POST + b"Content-Length: 0\r\n", {"length": 0}),
    (POST + b"Content-Length:\t17 \r\n", {"length": 17}),
    (POST + b"Content-Length: 999999999999999999\r\n", {"length": 10**18 - 1}),
    (POST + b"Transfer-Encoding: chunked\r\n", {"length": -1}),
    (POST + b"transfer-encoding:\t CHUNKED \r\n", {"length": -1}),
    (GET + b"Content-Length: 5\r\n", {"length": 5}),
    (POST + b"Content-Length: 5\r\nExpect: 100-Continue\r\n", {"expects": True}),
    (POST + b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", {"expects": True}),
    (POST + b"Content-Length: 0\r\nExpect: 100-continue\r\n", {"expects": False}),
    (b"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n", {"expects": False}),
    (b"POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: else\r\n", {"expects": False, "length": 5}),
    (GET + b"Upgrade: h2c\r\nConnection: upgrade\r\n", {"keep_alive": True, "length": 0}),
    (GET + b"X: \x80\xff\t\r\nY:\r\n", {"fields": [b"Host: a", b"X: \x80\xff\t", b"Y:"]}),
    (GET + b"Cookie: a=b\r\nCookie: c=d\r\n", {"fields": [b"Host: a", b"Cookie: a=b", b"Cookie: c=d"]}),
    (GET + b"X_Other: a\r\n", {"fields": [b"Host: a", b"X_Other: a"]}),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), RIGHT)
def test_right(data: bytes, expected: dict[str, Any]) -> None:
    """A head means one thing, whole, byte by byte, cut in two, with a request behind it."""
    found = outcomes(data + b"\r\n")
    assert [expected] == [{name: each[name] for name in expected} for each in found]


@pytest.mark.parametrize("data", [row[0] for row in RIGHT])
def test_remembered(data: bytes) -> None:
    """A head that is known by heart means what it meant the first time."""
    heads = parser()
    assert facts(heads.parse(data + b"\r\n")) == facts(heads.parse(data + b"\r\n"))


WRONG: list[tuple[int, str, bytes]] = [
    # 1: the request line
    (400, "two spaces", b"GET  / HTTP/1.1\r\nHost: a\r\n"),
    (400, "a tab", b"GET\t/ HTTP/1.1\r\nHost: a\r\n"),
    (400, "a vertical tab", b"GET\x0b/ HTTP/1.1\r\nHost: a\r\n"),
    (400, "a trailing space", b"GET / HTTP/1.1 \r\nHost: a\r\n"),
    (400, "a leading space", b" GET / HTTP/1.1\r\nHost: a\r\n"),
    (400, "a bare LF", b"GET / HTTP/1.1\nHost: a\r\n"),
    (400, "a bare CR", b"GET / HTTP/1.1\rHost: a\r\n"),
    (400, "CR CR LF", b"GET / HTTP/1.1\r\r\nHost: a\r\n"),
    (400, "no version", b"GET /\r\n"),
    (400, "nothing but a word", b"GET\r\n"),
    (400, "version 1", b"GET / HTTP/1\r\nHost: a\r\n"),
    (400, "version 01.01", b"GET / HTTP/01.01\r\nHost: a\r\n"),
    (400, "version 1.32", b"GET / HTTP/1.32\r\nHost: a\r\n"),
    (400, "version in small", b"GET / http/1.1\r\nHost: a\r\n"),
    (400, "a space in the version", b"GET / HTTP/ 1.1\r\nHost: a\r\n"),
    (400, "a sign in the version", b"GET / HTTP/+1.1\r\nHost: a\r\n"),
    (505, "version 2.0", b"GET / HTTP/2.0\r\nHost: a\r\n"),
    (505, "version 0.9", b"GET / HTTP/0.9\r\n"),
    (505, "HTTP/2 begins", b"PRI * HTTP/2.0\r\n"),
    (501, "an unknown method", b"BREW / HTTP/1.1\r\nHost: a\r\n"),
    (501, "a method in small", b"get / HTTP/1.1\r\nHost: a\r\n"),
    (501, "a method that begins right", b"GETS / HTTP/1.1\r\nHost: a\r\n"),
    (501, "a dash before the method", b"-bl / HTTP/1.1\r\nHost: a\r\n"),
    (400, "a colon in the method", b"GET: / HTTP/1.1\r\nHost: a\r\n"),
    (400, "NUL in the method", b"G\0T / HTTP/1.1\r\nHost: a\r\n"),
    (400, "8 bits in the method", b"G\xc9T / HTTP/1.1\r\nHost: a\r\n"),
    (400, "TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    (400, "raw UTF-8 in the target", "GET /\u00e9 HTTP/1.1\r\nHost: a\r\n".encode()),
    (400, "a fragment", b"GET /#a HTTP/1.1\r\nHost: a\r\n"),
    (400, "a broken escape", b"GET /%zz HTTP/1.1\r\nHost: a\r\n"),
    (400, "half an escape", b"GET /%4 HTTP/1.1\r\nHost: a\r\n"),
    (400, "a backslash", b"GET /\\a HTTP/1.1\r\nHost: a\r\n"),
    (400, "an escaped NUL", b"GET /%00 HTTP/1.1\r\nHost: a\r\n"),
    (400, "an escaped CR LF", b"GET /%0d%0A HTTP/1.1\r\nHost: a\r\n"),
    (400, "a dot segment", b"GET /a/../b HTTP/1.1\r\nHost: a\r\n"),
    (400, "an escaped dot segment", b"GET /%2e%2E/b HTTP/1.1\r\nHost: a\r\n"),
    # 2: target and Host
    (400, "a relative target", b"GET a/b HTTP/1.1\r\nHost: a\r\n"),
    (400, "no target", b"GET  HTTP/1.1\r\nHost: a\r\n"),
    (400, "* for GET", b"GET * HTTP/1.1\r\nHost: a\r\n"),
    (400, "*a for OPTIONS", b"OPTIONS *a HTTP/1.1\r\nHost: a\r\n"),
    (400, "an authority for GET", b"GET a:80 HTTP/1.1\r\nHost: a\r\n"),
    (501, "CONNECT", b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n"),
    (501, "CONNECT to a path", b"CONNECT / HTTP/1.1\r\nHost: a\r\n"),
    (400, "userinfo in the target", b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n"),
    (400, "no host in the target", b"GET http:///b HTTP/1.1\r\nHost: a\r\n"),
    (400, "a bad port in the target", b"GET http://a:b/ HTTP/1.1\r\nHost: a\r\n"),
    (400, "another scheme", b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n"),
    (400, "a dot segment behind a host", b"GET http://a/../b HTTP/1.1\r\nHost: a\r\n"),
    (400, "an absolute target without Host", b"GET http://a/ HTTP/1.1\r\n"),
    (400, "no Host", b"GET / HTTP/1.1\r\n"),
    (400, "two Hosts", GET + b"Host: b\r\n"),
    (400, "two equal Hosts", GET + b"HOST: a\r\n"),
    (400, "an empty Host", b"GET / HTTP/1.1\r\nHost:\r\n"),
    (400, "a Host of space", b"GET / HTTP/1.1\r\nHost: \t\r\n"),
    (400, "a bad Host in 1.0", b"GET / HTTP/1.0\r\nHost: a/b\r\n"),
    # 4: fields
    (400, "an empty name", GET + b": a\r\n"),
    (400, "a bracket in a name", GET + b"X[: a\r\n"),
    (400, "8 bits in a name", GET + b"X\xa0: a\r\n"),
    (400, "a space before the colon", GET + b"X : a\r\n"),
    (400, "a tab before the colon", GET + b"X\t: a\r\n"),
    (400, "no colon", GET + b"X\r\n"),
    (400, "a fold", GET + b"X: a\r\n b\r\n"),
    (400, "a fold by a tab", GET + b"X: a\r\n\tb: c\r\n"),
    (400, "space behind the request line", b"GET / HTTP/1.1\r\n Host: a\r\n"),
    (400, "NUL in a value", GET + b"X: \0\r\n"),
    (400, "BEL in a value", GET + b"X: \x07\r\n"),
    (400, "DEL in a value", GET + b"X: \x7f\r\n"),
    (400, "a bare CR in a value", GET + b"X: a\rb\r\n"),
    (400, "a bare LF in a value", GET + b"X: a\nb\r\n"),
    (400, "CR before the end", GET + b"\r\r\n"),
    (400, "a disguised length", POST + b"Content_Length: 5\r\n"),
    (400, "a disguised origin", GET + b"X_Forwarded_For: ::1\r\n"),
    *[
        (400, f"two of {name.decode()}", GET + name + b": 1\r\n" + name.upper() + b": 1\r\n")
        for name in (b"Content-Length", b"Content-Type", b"Authorization", b"Range", b"If-Range",
                     b"If-Modified-Since", b"X-Request-Id", b"Origin")
    ],
    # 5: framing
    *[
        (400, f"the length {value!r}", POST + b"Content-Length: " + value + b"\r\n")
        for value in (b"+5", b"-1", b"-0", b"0x5", b"0o5", b"1_0", b"1 0", b"", b"5abc", b"5,5",
                      b"05", b"00", b"\xd9\xa5", b"5\x0b", b"5\xa0", b"\xb2", b"10" * 10, b"5.0")
    ],
    *[
        (status, f"the coding {value!r}", POST + b"Transfer-Encoding: " + value + b"\r\n")
        for status, value in (
            (400, b""), (400, b"identity"), (400, b"xchunked"), (400, b"chunkedx"),
            (400, b"chunked, identity"), (400, b"chunked, chunked"), (400, b"chunked,"),
            (400, b",chunked"), (400, b"chunked;x"), (400, b'"chunked"'), (400, b"\x0bchunked"),
            (400, b"\xa0chunked"), (400, b"chunked\0"), (400, b"chunked, gzip"), (400, b"ch unked"),
            (501, b"gzip"), (501, b"gzip, chunked"), (501, b"DEFLATE"), (400, b"gzip, gzip"),
        )
    ],
    (400, "two lines of chunked", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
    (400, "chunked, then another line", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
    (400, "a length and a coding", POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    (400, "a coding and a length", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
    (400, "a coding in 1.0", b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n"),
    # 8
    (417, "another expectation", POST + b"Content-Length: 5\r\nExpect: a\r\n"),
    (417, "two expectations", POST + b"Content-Length: 5\r\nExpect: 100-continue, a\r\n"),
    (417, "an empty expectation", POST + b"Expect:\r\n"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "data"), [(r[0], r[2]) for r in WRONG], ids=[r[1] for r in WRONG]
)
def test_wrong(status: int, data: bytes) -> None:
    """What is not HTTP is refused with one status, however it arrives."""
    assert outcomes(data + b"\r\n") == [status]


def test_refusals_reflect_nothing() -> None:
    """No reason repeats what was sent: it may be another client's, or a script."""
    for _, name, data in WRONG:
        marked = data.replace(b"Host: a", b"Host: zqxj").replace(b" HTTP/", b"?zqxj HTTP/")
        with pytest.raises(Refusal) as caught:
            parser().parse(marked + b"X-zqxj: zqxj\r\n\r\n")
        assert "zqxj" not in str(caught.value), name


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\rX", GET + b"X: \0", b"\x16", b" ", b"\0"]
)
def test_refused_at_once(data: bytes) -> None:
    """What cannot become a head is refused before it is over."""
    assert {receive(pieces, parser()) for pieces, behind in every_way(data) if not behind} == {400}


@pytest.mark.parametrize(("status", "length"), [(None, 100), (414, 101)])
def test_request_line_limit(status: int | None, length: int) -> None:
    """A request line may have so many bytes and not one more, however it arrives."""
    line = b"GET /".ljust(length - 9, b"a") + b" HTTP/1.1"
    assert length == len(line)
    found = outcomes(line + b"\r\nHost: a\r\n\r\n", request_line=100)
    assert [each if isinstance(each, int) else None for each in found] == [status]


@pytest.mark.parametrize("size", [150, 400, 5000])
def test_too_long_a_line_is_not_too_long_a_head(size: int) -> None:
    """A target over the limit is 414 (RFC 9112 3), also when it is over the head's as well."""
    assert outcomes(
        b"GET /".ljust(size, b"a") + b" HTTP/1.1\r\n\r\n", request_line=100, head=300
    ) == [414]


def test_too_long_a_method() -> None:
    """A line that is too long before its first space has no method (RFC 9112 3)."""
    assert outcomes(b"G" * 150, request_line=100) == [501]
    assert outcomes(b"G" * 150 + b" / HTTP/1.1\r\n\r\n", request_line=100) == [501]
    assert outcomes(b"G" * LONGEST_METHOD + b" /" + b"a" * 150, request_line=100) == [414]


@pytest.mark.parametrize(("status", "size"), [(None, 300), (431, 301)])
def test_head_limit(status: int | None, size: int) -> None:
    """A head may have so many bytes, its blank line included, and not one more."""
    data = (GET + b"X: ").ljust(size - 4, b"a") + BLANK
    assert size == len(data)
    found = outcomes(data, head=300, request_line=100)
    assert [each if isinstance(each, int) else None for each in found] == [status]


@pytest.mark.parametrize(("status", "count"), [(None, 5), (431, 6)])
def test_field_limit(status: int | None, count: int) -> None:
    """A head may have so many fields and not one more."""
    found = outcomes(GET + b"X: a\r\n" * (count - 1) + b"\r\n", fields=5)
    assert [each if isinstance(each, int) else None for each in found] == [status]


def test_only_what_fits_is_remembered() -> None:
    """What is long, or differs in every request, or is a secret, is parsed each time."""
    heads = parser()
    short = GET + b"\r\n"
    assert heads.parse(short) is heads.heads[short]
    for line in (
        b"Cookie: a=b",
        b"Authorization: a",
        b"X-Request-Id: a",
        b"X: " + b"a" * LONGEST_LINE,
    ):
        heads.parse(GET + line + b"\r\n\r\n")
        assert line not in heads._fields
    heads.parse(GET + b"X: a\r\n" * 20 + b"Y: " + b"a" * (LONGEST_HEAD - 150) + b"\r\n\r\n")
    assert list(heads.heads) == [short]


def test_memory_is_bounded() -> None:
    """A flood of different lines, names and heads is forgotten again."""
    heads = parser()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(3 * MEMORY_ENTRIES):
        line = b"GET /%d?" % number + b"x" * 200 + b" HTTP/1.1\r\nHost: a\r\n"
        name = b"n%d" % number
        heads.parse(line + name.ljust(64, b"a") + b":" + b"v" * 180 + b"\r\n\r\n")
        heads.parse(b"GET /%d HTTP/1.1\r\nHost: a\r\n" % number + b"m:\r\nn:\r\no:\r\np:\r\n\r\n")
    grown = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert grown < 6 * 1024 * 1024
    memories = (heads.heads, heads._lines, heads._fields, heads._fields._names)
    assert max(map(len, memories)) <= MEMORY_ENTRIES


def test_byte_by_byte_is_linear() -> None:
    """A head of 32 KiB that comes in single bytes is looked at once."""
    heads, buffer = parser(), bytearray()
    began = time.perf_counter()
    for byte in (GET + b"X: ").ljust(32_000, b"a"):
        known = len(buffer)
        buffer.append(byte)
        heads.check_partial(buffer, known)
    assert time.perf_counter() - began < 2  # about 0.04 s; from the beginning each time, 10 s
