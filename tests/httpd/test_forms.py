"""HTML forms, as browsers send them and as nobody should."""

# ruff: noqa: E501 (a case a line reads best)

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.httpd.errors import Refusal
from app.httpd.forms import FIELDS, PARTS, SPOOL_BYTES, TEXT_BYTES, Upload, parse_fields, read_form
from tests.httpd.asking import none_left_open
from tests.httpd.cutting import cuts

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


async def _read(kind: str, pieces: list[bytes]) -> list[tuple[str, Any]]:
    async def chunks() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    form = await read_form(kind, chunks())
    pairs: list[tuple[str, Any]] = []
    for name, value in form.pairs:
        if isinstance(value, Upload):
            content = value.file.read()
            assert value.size == len(content)
            pairs.append((name, (value.filename, value.content_type, content)))
            value.file.close()
        else:
            pairs.append((name, value))
    return pairs


def read(kind: str, *pieces: bytes) -> Any:
    """The pairs of a form, its files read and closed; the status of a refusal."""
    try:
        return asyncio.run(_read(kind, list(pieces)))
    except Refusal as refusal:
        return refusal.status


def part(name: str, content: bytes, filename: str = "", kind: str = "") -> bytes:
    """One part of a multipart form, with its boundary."""
    more = f'; filename="{filename}"' if filename else ""
    lines = f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n'
    lines += f"Content-Type: {kind}\r\n" if kind else ""
    return lines.encode() + b"\r\n" + content + b"\r\n"


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ([], ""),
        ([("a", "1")], "a=1"),
        ([("a", "1"), ("b", "2"), ("a", "3")], "a=1&b=2&a=3"),
        ([("a", ""), ("b", "")], "a=&b"),
        ([("a b", "c+d")], "a+b=c%2Bd"),
        ([("a", "b=c")], "a=b=c"),
        ([("a", "\u00e9")], "a=%C3%A9"),
        ([("", "a")], "=a"),
        ([("a", "1"), ("b", "2")], "&&a=1&&b=2&"),
        ([("a", "1;b=2")], "a=1;b=2"),
        ([("a", "\r\n\0")], "a=%0d%0a%00"),
    ],
)
def test_fields(expected: list[tuple[str, str]], text: str) -> None:
    """Names and values in order, decoded, also empty ones and those sent twice."""
    assert parse_fields(text) == expected
    for pieces in cuts(text.encode()):
        assert read(URLENCODED + " ; charset=UTF-8", *pieces) == expected


@pytest.mark.parametrize(("expected", "count"), [(FIELDS, FIELDS), (413, FIELDS + 1)])
def test_most_fields(expected: int, count: int) -> None:
    """So many fields are read, and one more is refused."""
    given = read(URLENCODED, b"&".join([b"a=1"] * count))
    assert expected == (given if isinstance(given, int) else len(given))


@pytest.mark.parametrize("body", [b"a=%ff", b"%c0%af=a", b"a=\xff", b"a=%ed%a0%80"])
def test_fields_that_are_not_text(body: bytes) -> None:
    """What is not UTF-8 is refused."""
    assert read(URLENCODED, body) == 400


@given(st.lists(st.tuples(st.text(), st.text()), max_size=10))
def test_fields_round_trip(pairs: list[tuple[str, str]]) -> None:
    """What a browser would send comes out again."""
    from urllib.parse import urlencode

    try:
        text = urlencode(pairs)
    except UnicodeEncodeError:
        return
    assert parse_fields(text) == pairs


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/mixed; boundary=x", "application/json"]
)
def test_no_form(kind: str) -> None:
    """Another content type is 415."""
    assert read(kind, b"a=1") == 415


BODY = (
    part("a", b"1") + part("f", b"\r\n--\r\n--y\0\xff", "a b.txt", "text/x") + part("a", b"\xc3\xa9")
    + part("g", b"", "../../etc/passwd") + b"--x--"
)  # fmt: skip
PAIRS = [
    ("a", "1"), ("f", ("a b.txt", "text/x", b"\r\n--\r\n--y\0\xff")), ("a", "\u00e9"),
    ("g", ("../../etc/passwd", "", b"")),
]  # fmt: skip


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\nwhat follows is not looked at"])
def test_multipart(end: bytes) -> None:
    """Fields and files come out the same at every cut, also in the last boundary."""
    for pieces in cuts(BODY + end):
        assert read(MULTIPART, *pieces) == PAIRS, pieces


@pytest.mark.parametrize("kind", [
    "Multipart/Form-Data; boundary=x", 'multipart/form-data; charset=utf-8; boundary="x"',
    "multipart/form-data;boundary=x",
])  # fmt: skip
def test_boundary(kind: str) -> None:
    """A boundary is found however the field is written."""
    assert read(kind, BODY) == PAIRS


@pytest.mark.parametrize("kind", [
    "multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""',
    'multipart/form-data; boundary="x "', "multipart/form-data; boundary=" + "x" * 71,
    'multipart/form-data; boundary="a\\"b"', "multipart/form-data; boundary=\xe9",
])  # fmt: skip
def test_no_boundary(kind: str) -> None:
    """A form without a boundary, or with one that is none (RFC 2046 5.1.1), is refused."""
    assert read(kind, BODY) == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x",
        b"--x\r\n",
        BODY[:-2],
        BODY[:-10],
        BODY[: BODY.index(b"a b.txt") + 30],
        b"--x\r\n\r\na\r\n--x--",
        b"--x\r\nContent-Disposition: attachment; name=a\r\n\r\na\r\n--x--",
        b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--",
        b"--x\r\nContent-Disposition: form-data; name=\r\n\r\na\r\n--x--",
        b'--x\r\nContent-Disposition: form-data; name="a"\n\na\r\n--x--',
        b'--x\r\nContent-Disposition form-data; name="a"\r\n\r\na\r\n--x--',
        b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\na\r\n--x--',
        part("a", b"\xff") + b"--x--",
        part("a", b"1") + b"--xy--",
    ],
)
def test_broken_multipart(body: bytes) -> None:
    """A form that is cut short or is not one is refused, at every cut, and leaves no file open."""
    with none_left_open():
        for pieces in cuts(body):
            assert read(MULTIPART, *pieces) == 400, pieces


@pytest.mark.parametrize(("expected", "count"), [(PARTS, PARTS), (413, PARTS + 1)])
def test_most_parts(expected: int, count: int) -> None:
    """So many parts are read, and one more is refused; no file stays open."""
    with none_left_open():
        given = read(MULTIPART, part("f", b"1" * 10, "a") * count + b"--x--")
        assert expected == (given if isinstance(given, int) else len(given))


@pytest.mark.parametrize(("expected", "more"), [(3, 0), (413, 1)])
def test_text_bytes(expected: int, more: int) -> None:
    """All fields together may have so many bytes; files do not count."""
    half = b"a" * (TEXT_BYTES // 2)
    body = part("f", half * 4, "f") + part("a", half) + part("b", half + b"a" * more) + b"--x--"
    given = read(MULTIPART, *[body[at : at + 65_536] for at in range(0, len(body), 65_536)])
    assert expected == (given if isinstance(given, int) else len(given))


@pytest.mark.parametrize(("expected", "size"), [(False, SPOOL_BYTES), (True, SPOOL_BYTES + 1)])
def test_large_files_go_to_disk(expected: bool, size: int) -> None:
    """A file above the bound is not kept in memory, and comes back whole."""
    upload = Upload("a", "b")
    upload.file.write(b"a" * size)
    assert getattr(upload.file, "_rolled") is expected  # noqa: B009 (no stub knows it)
    upload.file.close()
    with none_left_open():
        assert read(MULTIPART, part("f", b"a" * size, "a") + b"--x--") == [
            ("f", ("a", "", b"a" * size))
        ]


@pytest.mark.parametrize("error", [asyncio.CancelledError, Refusal(408), OSError])
def test_files_are_closed_when_the_body_fails(error: Any) -> None:
    """A client that leaves, or a body that breaks, leaves no file open."""

    async def broken() -> AsyncIterator[bytes]:
        yield (
            part("f", b"a" * (SPOOL_BYTES + 1), "a") + part("g", b"a" * (SPOOL_BYTES + 1), "b")[:-2]
        )
        raise error

    with none_left_open(), pytest.raises(error if isinstance(error, type) else type(error)):
        asyncio.run(_consume(broken()))


async def _consume(chunks: AsyncIterator[bytes]) -> None:
    await read_form(MULTIPART, chunks)


def test_too_long_a_header_of_a_part() -> None:
    """A part whose header never ends is refused when it is too long."""
    assert read(MULTIPART, b"--x\r\nContent-Disposition: ", *[b"a" * 1000] * 9) == 413
