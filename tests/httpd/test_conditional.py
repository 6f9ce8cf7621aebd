"""Preconditions and ranges, as tables: what was asked, what the file is, what follows."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from app.httpd.conditional import (
    LONGEST_RANGE,
    MOST_RANGES,
    Validators,
    format_date,
    not_modified,
    parse_date,
    parse_range,
    requested_range,
)
from app.httpd.errors import Refusal
from app.httpd.multidict import Headers

BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
CHANGED = "Sun, 06 Nov 1994 08:49:37 GMT"
AFTER = "Sun, 06 Nov 1994 08:49:38 GMT"
TO_COME = "Thu, 01 Jan 2026 00:00:01 GMT"
MODIFIED = 784111777  # CHANGED, the RFC's own example, in seconds
NOW = 1767225600.0  # a second before TO_COME

STRONG = Validators('"a"', MODIFIED)
WEAK = Validators('W/"a"', MODIFIED)
COMMA = Validators('"a,b"', MODIFIED)


def outcome(decide: Callable[..., Any], *args: Any) -> Any:
    """What decide gives, or the status and fields of its refusal."""
    try:
        return decide(*args)
    except Refusal as refusal:
        return (refusal.status, *refusal.headers)


PRECONDITIONS: list[tuple[str, Validators, dict[str, str], Any]] = [
    ("nothing asked", STRONG, {}, False),
    # RFC 9110 13.1.2
    ("the same tag", STRONG, {"If-None-Match": '"a"'}, True),
    ("another tag", STRONG, {"If-None-Match": '"b"'}, False),
    ("weak against strong", STRONG, {"If-None-Match": 'W/"a"'}, True),
    ("strong against weak", WEAK, {"If-None-Match": '"a"'}, True),
    ("one of several", STRONG, {"If-None-Match": '"b", W/"c" ,,\t"a",'}, True),
    ("a list with empty elements first", STRONG, {"If-None-Match": ', ,"a"'}, True),
    ("a comma inside a tag", COMMA, {"If-None-Match": '"x","a,b"'}, True),
    ("half of a tag with a comma", STRONG, {"If-None-Match": '"a,b"'}, False),
    ("a space inside a tag", STRONG, {"If-None-Match": '"a", "b c"'}, False),
    ("an empty tag", Validators('""', MODIFIED), {"If-None-Match": '""'}, True),
    ("any", STRONG, {"If-None-Match": "*"}, True),
    ("any and more is no list", STRONG, {"If-None-Match": '*, "a"'}, False),
    ("no quotes", STRONG, {"If-None-Match": "a"}, False),
    ("no comma", STRONG, {"If-None-Match": '"b" "a"'}, False),
    ("w in small", STRONG, {"If-None-Match": 'w/"a"'}, False),
    ("an open quote", STRONG, {"If-None-Match": '"a", "b'}, False),
    ("an empty field", STRONG, {"If-None-Match": ""}, False),
    # RFC 9110 13.1.3
    ("unchanged since then", STRONG, {"If-Modified-Since": CHANGED}, True),
    ("unchanged since later", STRONG, {"If-Modified-Since": AFTER}, True),
    ("changed since", STRONG, {"If-Modified-Since": BEFORE}, False),
    ("a date to come is ignored", STRONG, {"If-Modified-Since": TO_COME}, False),
    ("a bad date is ignored", STRONG, {"If-Modified-Since": "yesterday"}, False),
    ("a number is no date", STRONG, {"If-Modified-Since": "1767225600"}, False),
    ("two dates are none", STRONG, {"If-Modified-Since": f"{AFTER}, {AFTER}"}, False),
    ("tag beats date: 304", STRONG, {"If-None-Match": '"a"', "If-Modified-Since": BEFORE}, True),
    ("tag beats date: 200", STRONG, {"If-None-Match": '"b"', "If-Modified-Since": AFTER}, False),
    ("a bad tag beats it too", STRONG, {"If-None-Match": "b", "If-Modified-Since": AFTER}, False),
    # RFC 9110 13.1.1
    ("must be this tag", STRONG, {"If-Match": '"b", "a"'}, False),
    ("must be another tag", STRONG, {"If-Match": '"b"'}, (412,)),
    ("must be any", WEAK, {"If-Match": "*"}, False),
    ("weak never matches strongly", STRONG, {"If-Match": 'W/"a"'}, (412,)),
    ("strong does not match weak", WEAK, {"If-Match": '"a"'}, (412,)),
    ("weak does not match itself", WEAK, {"If-Match": 'W/"a"'}, (412,)),
    ("must be something unreadable", STRONG, {"If-Match": "a"}, (412,)),
    # RFC 9110 13.1.4
    ("must not be newer", STRONG, {"If-Unmodified-Since": CHANGED}, False),
    ("is newer", STRONG, {"If-Unmodified-Since": BEFORE}, (412,)),
    ("a bad date asks nothing", STRONG, {"If-Unmodified-Since": "yesterday"}, False),
    # RFC 9110 13.2.2: the order
    ("If-Match beats the date", STRONG, {"If-Match": '"a"', "If-Unmodified-Since": BEFORE}, False),
    ("and fails for it", STRONG, {"If-Match": '"b"', "If-Unmodified-Since": AFTER}, (412,)),
    ("412 before 304", STRONG, {"If-Match": '"b"', "If-None-Match": '"a"'}, (412,)),
    ("date 412 before 304", STRONG, {"If-Unmodified-Since": BEFORE, "If-None-Match": "*"}, (412,)),
    ("both hold: 304", STRONG, {"If-Match": '"a"', "If-None-Match": '"a"'}, True),
    ("and by date: 304", STRONG, {"If-Match": "*", "If-Modified-Since": AFTER}, True),
]


@pytest.mark.parametrize(
    ("current", "fields", "expected"), [row[1:] for row in PRECONDITIONS],
    ids=[row[0] for row in PRECONDITIONS],
)  # fmt: skip
def test_preconditions(current: Validators, fields: dict[str, str], expected: Any) -> None:
    """Each precondition alone and every pair whose order matters (RFC 9110 13)."""
    assert expected == outcome(not_modified, Headers(fields.items()), current, NOW)


def test_tags_in_several_lines() -> None:
    """A list that came in two field lines is one list (RFC 9110 5.3)."""
    headers = Headers([("If-None-Match", '"b"'), ("if-none-match", '"a"')])
    assert not_modified(headers, STRONG, NOW) is True


UNSATISFIABLE = (416, ("Content-Range", "bytes */100"))

RANGES: list[tuple[str, Any]] = [
    # RFC 9110 14.1.2
    ("bytes=0-9", range(10)),
    ("bytes=0-0", range(1)),
    ("bytes=99-99", range(99, 100)),
    ("bytes=90-", range(90, 100)),
    ("bytes=0-", range(100)),
    ("bytes=-10", range(90, 100)),
    ("bytes=-100", range(100)),
    ("bytes=-1000", range(100)),
    ("bytes=50-1000", range(50, 100)),
    ("bytes=007-08", range(7, 9)),
    ("BYTES=0-9", range(10)),
    ("bytes=5-99999999999999999999999999", range(5, 100)),
    # Unsatisfiable
    ("bytes=100-", UNSATISFIABLE),
    ("bytes=100-200", UNSATISFIABLE),
    ("bytes=99999999999999999999999999-", UNSATISFIABLE),
    ("bytes=-0", UNSATISFIABLE),
    ("bytes=100-,-0,200-300", UNSATISFIABLE),
    # Several that are one
    ("bytes=0-9,10-19", range(20)),
    ("bytes=10-19, 0-9", range(20)),
    ("bytes=0-9 ,\t5-14", range(15)),
    ("bytes=0-99,5-9", range(100)),
    ("bytes=0-9,0-9,0-9", range(10)),
    ("bytes=,0-9,,", range(10)),
    ("bytes= ,0-9", range(10)),
    ("bytes=0-9,100-", range(10)),
    ("bytes=-10,80-89", range(80, 100)),
    # Several with a gap: the whole
    ("bytes=0-8,10-19", None),
    ("bytes=0-0,-1", None),
    ("bytes=0-9,50-59,10-19", None),
    # Bad syntax and other units: the whole
    ("", None),
    ("bytes", None),
    ("bytes=", None),
    ("bytes=,", None),
    ("bytes=-", None),
    ("bytes=a-b", None),
    ("bytes=9-0", None),
    ("bytes=0-9,9-0", None),
    ("bytes=0-9,x", None),
    ("bytes=0-9;10-19", None),
    ("bytes=0-9 10-19", None),
    ("bytes=--9", None),
    ("bytes=0--9", None),
    ("bytes=0-9-", None),
    ("bytes=+0-9", None),
    ("bytes=0_0-9", None),
    ("bytes=0x0-9", None),
    ("bytes=\xb2-9", None),
    ("bytes=0 - 9", None),
    ("bytes= 0-9", None),
    ("bytes =0-9", None),
    ("bytes=0-9\xa0", None),
    ("bytes=0-9\n", None),
    (" bytes=0-9", None),
    ("bytes:0-9", None),
    ("items=0-9", None),
    ("0-9", None),
]


@pytest.mark.parametrize(("field", "expected"), RANGES)
def test_ranges(field: str, expected: Any) -> None:
    """A Range field for 100 bytes: one range, the whole (None), or 416 with the size."""
    assert expected == outcome(parse_range, field, 100)


@pytest.mark.parametrize("field", ["bytes=0-", "bytes=0-9", "bytes=-1", "bytes=5-"])
def test_ranges_of_nothing(field: str) -> None:
    """An empty file is sent as it is: no range of it can be named, and 416 helps nobody."""
    assert parse_range(field, 0) is None


def test_digits_of_other_scripts() -> None:
    """int() would take them; the grammar does not."""
    assert parse_range("bytes=\N{ARABIC-INDIC DIGIT ONE}-9", 100) is None
    assert parse_range("byte\N{LATIN SMALL LETTER LONG S}=0-9", 100) is None


def test_range_count_is_bounded() -> None:
    """As many ranges as are allowed, and one more (CVE-2011-3192)."""
    most = "bytes=" + ",".join(["0-9"] * MOST_RANGES)
    assert parse_range(most, 100) == range(10)
    assert parse_range(most + ",0-9", 100) is None


def test_range_length_is_bounded() -> None:
    """As long a field as is allowed, and one character more."""
    longest = "bytes=0-" + "9" * (LONGEST_RANGE - len("bytes=0-"))
    assert parse_range(longest, 100) == range(100)
    assert parse_range(longest + "9", 100) is None


@pytest.mark.parametrize("field", ["bytes=" + "0-," * 9999, "bytes=" + " \t" * 16_000 + "0-"])
def test_a_hostile_range_is_cheap(field: str) -> None:
    """32 KiB of ranges cost next to nothing (CVE-2025-62727): ten thousand in a second."""
    began = time.process_time()
    for _ in range(1000):
        parse_range(field, 100)
    assert time.process_time() - began < 0.1


IF_RANGES: list[tuple[str, Validators, str | None, Any]] = [
    ("none", STRONG, None, range(10)),
    ("the same tag", STRONG, '"a"', range(10)),
    ("another tag", STRONG, '"b"', None),
    ("weak of the same", STRONG, 'W/"a"', None),
    ("weak never matches", WEAK, 'W/"a"', None),
    ("strong against weak", WEAK, '"a"', None),
    ("one tag, not a list", STRONG, '"a", "b"', None),
    ("any is not allowed", STRONG, "*", None),
    ("the same date", STRONG, CHANGED, range(10)),
    ("an earlier date", STRONG, BEFORE, None),
    ("a later date", STRONG, AFTER, None),
    ("the date of what may still change", WEAK, CHANGED, None),
    ("unreadable", STRONG, "a", None),
    ("empty", STRONG, "", None),
]


@pytest.mark.parametrize(
    ("current", "field", "expected"), [row[1:] for row in IF_RANGES],
    ids=[row[0] for row in IF_RANGES],
)  # fmt: skip
def test_if_range(current: Validators, field: str | None, expected: Any) -> None:
    """A part only of what the client has a part of already (RFC 9110 13.1.5), else the whole."""
    pairs = [("Range", "bytes=0-9")] + ([("If-Range", field)] if field is not None else [])
    assert expected == outcome(requested_range, Headers(pairs), current, 100, NOW)


def test_if_range_before_416() -> None:
    """Of another version the whole is sent, though the range lies behind its end."""
    headers = Headers([("Range", "bytes=100-"), ("If-Range", '"b"')])
    assert requested_range(headers, STRONG, 100, NOW) is None
    assert outcome(requested_range, headers, Validators('"b"', 0), 100, NOW) == UNSATISFIABLE


def test_if_range_alone() -> None:
    """Without Range it says nothing."""
    assert requested_range(Headers([("If-Range", '"a"')]), STRONG, 100, NOW) is None


DATES: list[tuple[str, int | None]] = [
    ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
    ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
    ("Sun Nov  6 08:49:37 1994", 784111777),
    ("Wed Nov 16 08:49:37 1994", 784975777),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
    ("Wed, 31 Dec 1969 23:59:59 GMT", -1),
    ("Tue, 29 Feb 2000 12:00:00 GMT", 951825600),
    ("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799),
    ("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800),  # a leap second
    # Two digits: not more than 50 years ahead of 2026
    ("Saturday, 01-Jan-00 00:00:00 GMT", 946684800),
    ("Wednesday, 01-Jan-76 00:00:00 GMT", 3345062400),
    ("Saturday, 01-Jan-77 00:00:00 GMT", 220924800),
    # None of the three
    ("Sun, 6 Nov 1994 08:49:37 GMT", None),
    ("Sun, 06 Nov 1994 08:49:37", None),
    ("Sun, 06 Nov 1994 08:49:37 UTC", None),
    ("Sun, 06 Nov 1994 08:49:37 +0000", None),
    ("Sun, 06 Nov 1994 08:49:37 gmt", None),
    ("sun, 06 nov 1994 08:49:37 GMT", None),
    ("Sun, 06 Nov 1994 24:00:00 GMT", None),
    ("Sun, 06 Nov 1994 08:60:00 GMT", None),
    ("Sun, 06 Nov 1994 08:49:61 GMT", None),
    ("Sun, 31 Nov 1994 08:49:37 GMT", None),
    ("Sun, 29 Feb 1900 08:49:37 GMT", None),
    ("Sun, 00 Nov 1994 08:49:37 GMT", None),
    ("Sun, 06 Nov 0000 08:49:37 GMT", None),
    ("Sun,  06 Nov 1994 08:49:37 GMT", None),
    ("Sun, 06 Nov 1994 08:49:37 GMT\n", None),
    ("Sun, \u0660\u0666 Nov 1994 08:49:37 GMT", None),
    ("06 Nov 1994 08:49:37 GMT", None),
    ("1994-11-06T08:49:37Z", None),
    ("0", None),
    ("", None),
]


@pytest.mark.parametrize(("field", "expected"), DATES)
def test_dates(field: str, expected: int | None) -> None:
    """The three forms of RFC 9110 5.6.7, to the second, and nothing that looks like them."""
    assert expected == parse_date(field, NOW)


@pytest.mark.parametrize("seconds", [0, 784111777, 951825600, 1767225600])
def test_dates_come_back(seconds: int) -> None:
    """What is written as Last-Modified is read as the same second."""
    assert seconds == parse_date(format_date(seconds), NOW)


def test_date_form() -> None:
    """The one form that is written (RFC 9110 5.6.7)."""
    assert format_date(784111777) == "Sun, 06 Nov 1994 08:49:37 GMT"
