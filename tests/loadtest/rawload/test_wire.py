"""Answers: what is one, what it says, and that what is none is refused however it arrives."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.rawload import wire
from loadtest.rawload.wire import Answer, Reader
from tests.loadtest.rawload.answers import (
    BAD,
    BOTH,
    CHUNKED,
    CODING,
    GOOD,
    HEADS,
    MORE,
    NO_FIELD,
    NO_NUMBER,
    NO_SIZE,
    NO_STATUS,
    NONE,
    OK,
    SIZED,
)
from tests.loadtest.rawload.arriving import WAITS, endings, outcome, outcomes


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with empty caches, and leaves none behind."""
    monkeypatch.setattr(wire, "_heads", {})
    monkeypatch.setattr(wire, "_lines", {})


@pytest.mark.parametrize("name", GOOD)
def test_answers(name: str) -> None:
    """A good answer is the same however it arrives."""
    data, expected = GOOD[name]
    assert outcomes(data) == [expected]


@pytest.mark.parametrize("name", GOOD)
def test_answers_that_end_early(name: str) -> None:
    """Closed at any byte before its last, it is named by where that was, and is no answer."""
    data, _ = GOOD[name]
    interim = 0
    while data[interim : interim + 10] == b"HTTP/1.1 1":
        interim = data.index(b"\r\n\r\n", interim) + 4
    body = data.index(b"\r\n\r\n", interim) + 4
    starts = {
        0,
        *(each.start() for each in re.finditer(rb"HTTP/1", data) if each.start() <= interim),
    }
    for at, named in endings(data):
        if at in starts:
            assert named == "closed without an answer", at
        else:
            assert named == ("closed within the head" if at < body else "closed within the body"), (
                at
            )


@pytest.mark.parametrize("name", GOOD)
def test_answers_again(name: str) -> None:
    """The second time, with all that is remembered, it is the same; one reader takes both."""
    data, expected = GOOD[name]
    reader = Reader()
    for _ in range(2):
        assert [reader.feed(data[:9]), reader.feed(data[9:])] == [None, expected]
        assert reader.feed(data) == expected
    assert outcomes(data) == [expected]


@pytest.mark.parametrize("name", GOOD)
def test_bytes_behind(name: str) -> None:
    """Bytes behind it that belong to nothing: refused in one piece, and no part of it in two."""
    data, expected = GOOD[name]
    assert outcome([data + b"x"]) in (MORE, NONE)
    assert outcome([data, b"x"]) == expected


@pytest.mark.parametrize("name", HEADS)
def test_answers_to_head(name: str) -> None:
    """To a HEAD there is no body, whatever the head says of one; and a body is refused."""
    data = HEADS[name]
    assert outcomes(data, bodiless=True) == [Answer(200, b"", False)]
    assert outcome([data + b"hello"], bodiless=True) == NONE


def test_head_is_over_with_its_answer() -> None:
    """The answer after that to a HEAD has its body."""
    reader = Reader()
    reader.begin(bodiless=True)
    assert reader.feed(HEADS["after an interim one"]) == Answer(200, b"", False)
    reader.begin()
    assert [reader.feed(SIZED[:-5]), reader.feed(b"hello")] == [None, Answer(200, b"hello", False)]


@pytest.mark.parametrize("name", BAD)
def test_no_answers(name: str) -> None:
    """What is wrong has its own name, the same however it arrives and however often."""
    data, expected = BAD[name]
    assert outcomes(data) == [expected]
    assert outcomes(data) == [expected]


def test_every_fault_has_a_case() -> None:
    """The tables, and the tests of limits and ends, have each name that the module can give."""
    source = Path(wire.__file__).read_text()
    named = set(re.findall(r'(?:Fault\(f?| else )"([^"]+)"', source))
    tried = {expected for _, expected in BAD.values()} | {MORE, NONE}
    ends = {"closed within the body", "closed within the head", "closed without an answer"}
    limits = {"a head above {LIMIT_HEAD} bytes", "a chunk line above {LIMIT_HEAD} bytes"}
    assert "no Content-Length" in named
    tried = {each.replace(str(wire.LIMIT_BODY), "{LIMIT_BODY}") for each in tried}
    assert named - tried - ends - limits == set()


def test_more_than_a_length_says() -> None:
    """Bytes beyond the announced ones are refused where they come with the last of them."""
    assert outcome([SIZED + b"x"]) == MORE
    assert outcome([SIZED[:-2], b"lox"]) == MORE
    assert outcome([CHUNKED, b"0\r\n\r\nx"]) == MORE


# ---- each byte


def allowed(before: bytes, after: bytes) -> set[int]:
    """The bytes that may stand there."""
    return {at for at in range(256) if isinstance(outcome([before + bytes([at]) + after]), Answer)}


VISIBLE, OBSOLETE = set(range(0x21, 0x7F)), set(range(0x80, 0x100))
TEXT = VISIBLE | OBSOLETE | {0x20, 0x09}
LENGTH = b"Content-Length: 0\r\n\r\n"


def test_bytes_of_a_reason() -> None:
    """Visible ones, spaces, tabs, and those above ASCII (RFC 9112, section 4)."""
    assert allowed(b"HTTP/1.1 200 a", b"b\r\n" + LENGTH) == TEXT


def test_bytes_of_a_name() -> None:
    """Those of a token (RFC 9110, section 5.6.2)."""
    token = set(b"!#$%&'*+-.^_`|~0123456789") | {*range(0x41, 0x5B), *range(0x61, 0x7B)}
    # A colon ends the name, and what comes after it is the value.
    assert allowed(OK + b"X", b"Y: z\r\n" + LENGTH) == token | {0x3A}
    assert allowed(OK, b": z\r\n" + LENGTH) == token


def test_bytes_of_a_value() -> None:
    """Visible ones, spaces, tabs, and those above ASCII (RFC 9110, section 5.5)."""
    for value in (b"a", b""):
        assert allowed(OK + b"X: " + value, value + b"\r\n" + LENGTH) == TEXT


def test_bytes_of_an_extension() -> None:
    """The same; a CR or LF there would end the line for somebody else (RFC 9112, section 7.1.1)."""
    assert allowed(CHUNKED + b"1;a", b"b\r\nx\r\n0\r\n\r\n") == TEXT


def test_bytes_of_a_size() -> None:
    """Digits of both cases only; a semicolon begins an extension (RFC 9112, section 7.1)."""
    found = {
        at for at in range(256) if outcome([CHUNKED + bytes([at]) + b"\r\n" + b"x" * 15]) != NO_SIZE
    }
    assert found == set(b"0123456789abcdefABCDEF")


# ---- limits


def test_limit_of_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head of as many bytes as the limit is read; with one more it is refused, in any pieces."""
    monkeypatch.setattr(wire, "LIMIT_HEAD", 60)
    head = OK + b"Content-Length: 0\r\nX: "
    fits = head + b"x" * (60 - len(head)) + b"\r\n\r\n"
    assert outcomes(fits) == [Answer(200, b"", False)]
    assert outcomes(b"HTTP/1.1 100 \r\n\r\n" + fits) == [Answer(200, b"", False)]
    above = head + b"x" * (61 - len(head)) + b"\r\n\r\n"
    assert outcomes(above) == ["a head above 60 bytes"]
    assert outcomes(b"x" * 64) == ["a head above 60 bytes"]
    assert outcome([b"x" * 63]) == WAITS


def test_limit_of_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a body, sized or chunked."""
    monkeypatch.setattr(wire, "LIMIT_BODY", 10)
    above = "a body above 10 bytes"
    for size, expected in ((10, Answer(200, b"x" * 10, False)), (11, above)):
        sized = OK + b"Content-Length: %d\r\n\r\n" % size + b"x" * size
        assert outcomes(sized) == [expected]
        whole = CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size)
        assert outcomes(whole) == [expected]
        pieces = CHUNKED + b"1\r\nx\r\n" * size + b"0\r\n\r\n"
        assert outcomes(pieces) == [expected]


def test_limit_of_a_chunk_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a line between chunks, or of a trailer."""
    monkeypatch.setattr(wire, "LIMIT_HEAD", 60)
    above = "a chunk line above 60 bytes"
    for size, expected in ((60, Answer(200, b"x", False)), (61, above)):
        extended = CHUNKED + b"1;" + b"a" * (size - 2) + b"\r\nx\r\n0\r\n\r\n"
        assert outcomes(extended) == [expected]
        trailed = CHUNKED + b"1\r\nx\r\n0\r\nX:" + b"a" * (size - 2) + b"\r\n\r\n"
        assert outcomes(trailed) == [expected]


def test_many_interim_answers() -> None:
    """A server may send thousands of them: they nest nothing, and the real answer still comes."""
    data = b"HTTP/1.1 100 \r\n\r\n" * 5_000 + SIZED
    assert outcome([data]) == Answer(200, b"hello", False)


# ---- what is remembered


def test_memory_of_heads_and_lines_is_bounded() -> None:
    """A server that answers differently each time fills no memory."""
    for number in range(3 * wire.LIMIT_KNOWN):
        expected = Answer(200, b"%d" % (number % 10), False)
        head = b"Content-Length: 1\r\nX-%d: y\r\n\r\n" % number
        assert outcome([OK + head + expected.body]) == expected
        assert len(wire._heads) <= wire.LIMIT_KNOWN
        assert len(wire._lines) <= wire.LIMIT_KNOWN
    assert outcome([SIZED]) == Answer(200, b"hello", False)


def test_what_is_remembered_tells_heads_apart() -> None:
    """Lines that were seen under one status line mean the same under another, and no more."""
    length, close = b"Content-Length: 1\r\n", b"Connection: close\r\n"
    for _ in range(2):
        assert outcome([OK + length + b"\r\nx"]) == Answer(200, b"x", False)
        assert outcome([OK + close + length + b"\r\nx"]) == Answer(200, b"x", True)
        assert outcome([OK + length + length + b"\r\nx"]) == "more than one Content-Length"
        assert outcome([OK + close + b"\r\nx"]) == "no Content-Length"
        assert outcome([b"HTTP/1.0 404 \r\n" + length + b"\r\nx"]) == Answer(404, b"x", True)


@pytest.mark.parametrize("name", BAD)
def test_no_bad_head_is_remembered(name: str) -> None:
    """Neither it nor its bad line; its good lines may be."""
    data, expected = BAD[name]
    assert outcome([data]) == expected
    if expected in (NO_STATUS, NO_FIELD, NO_NUMBER, CODING, BOTH):
        assert not [head for head in wire._heads if not head.startswith(b"HTTP/1.1 100")]
    assert all(wire.FIELD_LINE.fullmatch(line) for line in wire._lines)


# ---- what nobody thinks of

LINES = [
    *(OK, b"HTTP/1.0 200 \r\n", b"HTTP/1.1 100 \r\n", b"HTTP/1.1 204 \r\n", b"HTTP/1.1 304 x\r\n"),
    *(b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: 99\r\n", b"X: y\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"\r\n", b"\n", b"\r", b": "),
    *(b"5\r\nhello\r\n", b"0\r\n", b"hello", b"a;b=c\r\n", b"\x00", b"\xff"),
]
WIRE = st.one_of(
    st.lists(st.one_of(st.sampled_from(LINES), st.binary(max_size=3)), max_size=12).map(b"".join),
    st.binary(max_size=40),
)


@settings(max_examples=400, deadline=None, database=None)
@given(data=WIRE, cuts=st.lists(st.integers(0, 200), max_size=6), bodiless=st.booleans())
def test_nothing_but_faults(data: bytes, cuts: list[int], bodiless: bool) -> None:
    """Whatever comes is an answer, a Fault, or not over yet; and where it was cut does not matter,
    but for bytes after the end, which only one piece shows."""
    whole = outcome([data], bodiless=bodiless)
    places = [0, *sorted(at for at in cuts if at < len(data)), len(data)]
    pieces = [data[a:b] for a, b in pairwise(places) if b > a]
    cut = outcome(pieces, bodiless=bodiless)
    assert cut == whole or (whole in (MORE, NONE) and isinstance(cut, Answer))
