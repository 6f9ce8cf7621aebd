"""Where a body ends, however its bytes arrive."""

import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.httpd.body import CHUNK_LINE_BYTES, EXTENSION_BYTES, ChunkedBody, SizedBody
from app.httpd.errors import Refusal
from app.httpd.limits import Limits
from tests.httpd.cutting import BEHIND, every_way

LIMITS = Limits(head=128, fields=3)


def decode(decoder: SizedBody | ChunkedBody, pieces: list[bytes]) -> Any:
    """What becomes of the pieces: body, trailers, whether whole, what is left; or a status."""
    buffer, out = bytearray(), bytearray()
    try:
        for piece in pieces:
            buffer += piece
            if not decoder.done:
                decoder.feed(buffer, out)
    except Refusal as refusal:
        return refusal.status
    return bytes(out), decoder.trailers, decoder.done, bytes(buffer)


def chunked(limit: int = 1000) -> ChunkedBody:
    """A decoder under the limits of these tests."""
    return ChunkedBody(limit, LIMITS)


WHOLE: list[tuple[bytes, bytes, list[bytes]]] = [
    (b"0\r\n\r\n", b"", []),
    (b"5\r\nhello\r\n0\r\n\r\n", b"hello", []),
    (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", b"hello world", []),
    (b"a\r\n0123456789\r\n0\r\n\r\n", b"0123456789", []),
    (b"A\r\n0123456789\r\n0\r\n\r\n", b"0123456789", []),
    (b"0000000000000005\r\nhello\r\n000\r\n\r\n", b"hello", []),
    (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n", []),
    (b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", b"0\r\n\r\n", []),
    (b"5;a\r\nhello\r\n0;b\r\n\r\n", b"hello", []),
    (b"5;a=b;c\r\nhello\r\n0\r\n\r\n", b"hello", []),
    (b'5 ; a = "x;\\"\xff y"\r\nhello\r\n0\r\n\r\n', b"hello", []),
    (b"0\r\nX-Sum: 1\r\n\r\n", b"", [b"X-Sum: 1"]),
    (b"1\r\na\r\n0\r\nX-A: 1\r\nX-A:\t2 \r\n\r\n", b"a", [b"X-A: 1", b"X-A:\t2 "]),
]


@pytest.mark.parametrize(("data", "body", "trailers"), WHOLE)
def test_chunked(data: bytes, body: bytes, trailers: list[bytes]) -> None:
    """A chunked body ends where it ends, and not a byte behind it is taken."""
    for pieces, behind in every_way(data):
        assert (body, trailers, True, behind) == decode(chunked(), pieces)


WRONG: list[tuple[str, bytes]] = [
    ("a sign", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("a minus", b"-1\r\nhello\r\n0\r\n\r\n"),
    ("a prefix", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("an underscore", b"5_0\r\nhello\r\n0\r\n\r\n"),
    ("a space before", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("a space behind", b"5 \r\nhello\r\n0\r\n\r\n"),
    ("no size", b"\r\nhello\r\n0\r\n\r\n"),
    ("no digit", b"g\r\nhello\r\n0\r\n\r\n"),
    ("an Arabic digit", "\u0665\r\nhello\r\n0\r\n\r\n".encode()),
    ("NUL", b"5\0\r\nhello\r\n0\r\n\r\n"),
    ("bare LF after the size", b"5\nhello\r\n0\r\n\r\n"),
    ("bare CR after the size", b"5\rhello\r\n0\r\n\r\n"),
    ("bare LF after the data", b"5\r\nhello\n0\r\n\r\n"),
    ("two other bytes after the data", b"5\r\nhelloXY0\r\n\r\n"),
    ("CR and another byte after the data", b"5\r\nhello\rX0\r\n\r\n"),
    ("more data than said", b"5\r\nhello!\r\n0\r\n\r\n"),
    ("17 digits", b"00000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("an extension without a name", b"5;\r\nhello\r\n0\r\n\r\n"),
    ("an extension without a value", b"5;a=\r\nhello\r\n0\r\n\r\n"),
    ("an extension without a semicolon", b"5 a\r\nhello\r\n0\r\n\r\n"),
    ("an open quote", b'5;a="b\r\nhello\r\n0\r\n\r\n'),
    ("a bare CR in a quote", b'5;a="\rb"\r\nhello\r\n0\r\n\r\n'),
    ("a bare LF in an extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("a control in an extension", b"5;a\x07\r\nhello\r\n0\r\n\r\n"),
    ("a trailer without a colon", b"0\r\nX\r\n\r\n"),
    ("a folded trailer", b"0\r\nX: a\r\n b\r\n\r\n"),
    ("a space before the colon", b"0\r\nX : a\r\n\r\n"),
    ("a bare LF in trailers", b"0\r\nX: a\n\r\n\r\n"),
    ("a bare LF at the end", b"0\r\n\nX: a\r\n\r\n"),
    ("NUL in a trailer", b"0\r\nX: \0\r\n\r\n"),
    ("a length as trailer", b"0\r\nContent-Length: 5\r\n\r\n"),
    ("a coding as trailer", b"0\r\ntransfer-encoding: chunked\r\n\r\n"),
    ("a host as trailer", b"0\r\nHost: a\r\n\r\n"),
    ("a cookie as trailer", b"0\r\nCookie: a=b\r\n\r\n"),
    ("credentials as trailer", b"0\r\nAuthorization: a\r\n\r\n"),
    ("an origin as trailer", b"0\r\nX-Forwarded-For: ::1\r\n\r\n"),
    ("a disguised length as trailer", b"0\r\nContent_Length: 5\r\n\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("data", [row[1] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_not_chunked(data: bytes) -> None:
    """What is not chunked coding is refused however it arrives, before it is over."""
    for pieces, _ in every_way(data):
        assert decode(chunked(), pieces) == 400, pieces


@pytest.mark.parametrize("begin", [b"x", b"5x", b"5\n", b"5\rx", b"5;\x00", b"\r", b"5\r\nhelloX"])
def test_refused_at_the_first_wrong_byte(begin: bytes) -> None:
    """Nobody waits for the rest of a line that cannot become right."""
    for pieces, behind in every_way(begin):
        assert behind or decode(chunked(), pieces) == 400


@pytest.mark.parametrize("data", [b"0\r\n", b"0\r\n\r", b"5\r\nhello\r\n", b"5\r\nhel", b"5", b"",
                                  b"0\r\nX: a\r\n", b"0\r\nX: a\r\n\r"])  # fmt: skip
def test_not_over_yet(data: bytes) -> None:
    """A body that is cut anywhere before its last byte is not whole (RFC 9112 8)."""
    assert decode(chunked(), [data])[2] is False


@pytest.mark.parametrize(
    ("expected", "limit", "data"),
    [
        (b"12345", 5, b"5\r\n12345\r\n0\r\n\r\n"),
        (413, 4, b"5\r\n"),
        (b"12345", 5, b"3\r\n123\r\n2\r\n45\r\n0\r\n\r\n"),
        (413, 4, b"3\r\n123\r\n2\r\n"),
        (413, 1 << 40, b"ffffffffffffffff\r\n"),
        (413, 1000, b"7fffffffffffffff\r\n"),
    ],
)
def test_body_limit(expected: Any, limit: int, data: bytes) -> None:
    """A chunk over the limit is refused by its size line, before its bytes come."""
    for pieces, behind in every_way(data):
        given = decode(chunked(limit), pieces)
        assert expected == (given if isinstance(given, int) else given[0]), behind


@pytest.mark.parametrize(
    ("expected", "length"), [(False, CHUNK_LINE_BYTES), (True, CHUNK_LINE_BYTES + 1)]
)
def test_chunk_line_limit(expected: bool, length: int) -> None:
    """A chunk line may have so many bytes, its CR LF included, and not one more."""
    line = b"0;" + b"a" * (length - 4) + b"\r\n"
    assert length == len(line)
    for pieces, _ in every_way(line + b"\r\n"):
        assert expected == (decode(chunked(), pieces) == 400)


def test_long_extension_is_refused_early() -> None:
    """An extension without end is refused when it is too long, whatever follows."""
    assert decode(chunked(), [b"0;"] + [b"a"] * (CHUNK_LINE_BYTES - 2)) == 400
    assert decode(chunked(), [b"0;" + b"a" * 65536 + b"\r\n\r\n"]) == 400


@pytest.mark.parametrize(("expected", "more"), [(True, 0), (400, 1)])
def test_extensions_together(expected: Any, more: int) -> None:
    """All extensions of a body together may have so many bytes, and not one more."""
    one = b"1;" + b"a" * 127 + b"\r\nx\r\n"  # 128 bytes of extension
    last = b"1" + b";aa" * more + b"\r\nx\r\n0\r\n\r\n"
    given = decode(chunked(), [one * (EXTENSION_BYTES // 128) + last])
    assert expected == (given if isinstance(given, int) else given[2])


@pytest.mark.parametrize(("expected", "size"), [(False, 128), (True, 129)])
def test_trailer_bytes(expected: bool, size: int) -> None:
    """Trailers are held to the bytes of a head."""
    trailers = b"X: ".ljust(size, b"a")
    for pieces, _ in every_way(b"0\r\n" + trailers + b"\r\n\r\n"):
        assert expected == (decode(chunked(), pieces) == 431)


def test_trailers_without_end() -> None:
    """Trailers that never end are refused when they are too long."""
    assert decode(chunked(), [b"0\r\n", b"X: "] + [b"a"] * 129) == 431


@pytest.mark.parametrize(("expected", "count"), [(False, 3), (True, 4)])
def test_trailer_count(expected: bool, count: int) -> None:
    """Trailers are held to the number of fields of a head."""
    given = decode(chunked(), [b"0\r\n" + b"A: b\r\n" * count + b"\r\n"])
    assert expected == (given == 431)


@pytest.mark.parametrize("length", [0, 1, 5])
def test_sized(length: int) -> None:
    """A sized body is as long as was said, and not a byte behind it is taken."""
    body = b"hello"[:length]
    for pieces, behind in every_way(body):
        assert (body, [], True, behind) == decode(SizedBody(length), pieces)


def test_sized_counts_down() -> None:
    """How many bytes are still to come is known at every byte."""
    decoder = SizedBody(3)
    seen = [(decoder.remaining, decoder.done)]
    for byte in (b"a", b"b", b"c"):
        decoder.feed(bytearray(byte), bytearray())
        seen.append((decoder.remaining, decoder.done))
    assert seen == [(3, False), (2, False), (1, False), (0, True)]


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.data())
def test_round_trip(parts: list[bytes], data: st.DataObject) -> None:
    """What is encoded in chunks comes out again, at any cuts, and what is behind stays."""
    coded = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n" + BEHIND
    at = sorted(data.draw(st.sets(st.integers(0, len(coded)), max_size=12)))
    pieces = [coded[a:b] for a, b in zip([0, *at], [*at, len(coded)], strict=True)]
    assert (b"".join(parts), [], True, BEHIND) == decode(chunked(), pieces)


@given(
    st.lists(
        st.sampled_from(
            [b"5", b"0", b"\r\n", b"\n", b"\r", b";", b"a", b'"', b"=", b" ", b"hello", b"X: 1"]
        )
    )
)
def test_cuts_decide_nothing(parts: list[bytes]) -> None:
    """Any bytes at all mean the same whole and byte by byte."""
    data = b"".join(parts)
    assert decode(chunked(), [data]) == decode(
        chunked(), [data[i : i + 1] for i in range(len(data))]
    )


def test_a_million_chunks_are_no_objects() -> None:
    """Chunks of one byte cost neither memory nor more than linear time."""
    decoder, buffer, out = chunked(10**7), bytearray(), bytearray()
    piece = b"1\r\na\r\n" * 10_000
    began = time.perf_counter()
    tracemalloc.start()
    for _ in range(20):
        buffer += piece
        decoder.feed(buffer, out)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(out), len(buffer)) == (200_000, 0)
    assert peak < 2_000_000
    assert time.perf_counter() - began < 10  # about 1.5 s, most of it the tracing


def test_trailers_byte_by_byte_are_linear() -> None:
    """A long trailer section that comes in single bytes is looked at once."""
    decoder, buffer, out = ChunkedBody(0, Limits(head=65_536)), bytearray(b"0\r\nX: "), bytearray()
    began = time.perf_counter()
    for _ in range(60_000):
        buffer += b"a"
        decoder.feed(buffer, out)
    assert time.perf_counter() - began < 3  # about 0.1 s; looked at again and again, 20 s
