"""Preconditions and ranges: whether the client needs the bytes, and which of them.

Pure. Knows what a representation's validators and size are, and nothing of where its bytes
lie or how an answer is made of them. What a client writes here is a hint: what cannot be read
is ignored, and the whole answer is always right.
"""

import re
from datetime import date
from email.utils import formatdate
from functools import lru_cache
from time import gmtime
from typing import NamedTuple

from .errors import Refusal
from .multidict import Headers

# More is no player that seeks and no download that resumes; the whole file is a right answer
# to any of them (RFC 9110 14.2), and the cheapest to a flood (CVE-2011-3192, CVE-2025-62727).
LONGEST_RANGE = 256  # characters
MOST_RANGES = 16

# RFC 9110 8.8.3 and 5.6.1: a list may have empty elements, a tag may have a comma.
_TAG = r'(?:W/)?+"[\x21\x23-\x7e\x80-\xff]*+"'
ENTITY_TAG = re.compile(_TAG)
ENTITY_TAGS = re.compile(rf"[ \t,]*+{_TAG}(?:[ \t]*+,[ \t,]*+{_TAG})*+[ \t,]*+")

# RFC 9110 14.1.1 and 14.1.2; the unit in any case.
_RANGE = r"(?:[0-9]++-[0-9]*+|-[0-9]++)"
BYTE_RANGES = re.compile(rf"(?i:bytes)=({_RANGE}?+(?:[ \t]*+,[ \t]*+{_RANGE}?+)*+)", re.ASCII)
BYTE_RANGE = re.compile(r"([0-9]*+)-([0-9]*+)")

# RFC 9110 5.6.7: one form is written, all three are understood.
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_CLOCK = r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
HTTP_DATES = (
    re.compile(
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}})"
        rf" {_CLOCK} GMT"
    ),
    re.compile(
        rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>[0-9]{{2}})-{_MONTH}"
        rf"-(?P<year>[0-9]{{2}}) {_CLOCK} GMT"
    ),
    re.compile(
        rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) {_MONTH} (?P<day>[ 0-9][0-9]) {_CLOCK}"
        rf" (?P<year>[0-9]{{4}})"
    ),
)
_EPOCH = date(1970, 1, 1).toordinal()


class Validators(NamedTuple):
    """What tells one version of a representation from another (RFC 9110 8.8).

    etag: as it is sent, quotes and W/ included. modified: whole seconds since 1970.
    """

    etag: str
    modified: int


def not_modified(headers: Headers, current: Validators, now: float) -> bool:
    """Evaluate the preconditions of a GET or HEAD, in the order of RFC 9110 13.2.2.

    now: seconds since 1970. True when the answer is 304. Raises Refusal(412).
    """
    if "if-match" in headers:
        if not _listed(headers.joined("if-match"), current.etag, weak=False):
            raise Refusal(412)
    elif "if-unmodified-since" in headers:
        limit = parse_date(headers["if-unmodified-since"], now)
        if limit is not None and current.modified > limit:
            raise Refusal(412)
    if "if-none-match" in headers:  # If-Modified-Since is not looked at then (13.1.3)
        return _listed(headers.joined("if-none-match"), current.etag, weak=True)
    if "if-modified-since" in headers:
        since = parse_date(headers["if-modified-since"], now)
        # A date to come is the mistake of a clock, and proves nothing.
        return since is not None and current.modified <= since <= now
    return False


def _listed(field: str, etag: str, *, weak: bool) -> bool:
    """Whether a list of tags has this one (RFC 9110 8.8.3.2); "*" has every one.

    A list that cannot be read has none: If-Match then fails, If-None-Match sends the whole.
    """
    if field == "*":
        return True
    if not ENTITY_TAGS.fullmatch(field):
        return False
    tags = ENTITY_TAG.findall(field)
    if weak:
        return etag.removeprefix("W/") in [tag.removeprefix("W/") for tag in tags]
    return not etag.startswith("W/") and etag in tags


def requested_range(headers: Headers, current: Validators, size: int, now: float) -> "range | None":
    """The part of a representation that a GET asks for; None for the whole.

    size: of the representation, bytes. now: seconds since 1970. Raises Refusal(416).
    """
    if "range" not in headers:
        return None
    if "if-range" in headers and not _same(headers["if-range"], current, now):
        return None
    return parse_range(headers["range"], size)


def _same(field: str, current: Validators, now: float) -> bool:
    """If-Range: the validator given, strong, is the current one (RFC 9110 13.1.5)."""
    if current.etag.startswith("W/"):
        return False  # it may change again in the second that its date names (8.8.2.2)
    if field.endswith('"'):
        return field == current.etag
    return parse_date(field, now) == current.modified


def parse_range(field: str, size: int) -> "range | None":
    """Parse a Range field for a representation of size bytes (RFC 9110 14.2).

    None where it is to be ignored: another unit, bad syntax, an empty representation, too
    many ranges, or ranges that leave a gap; those would be multipart, which costs more than
    it saves. Raises Refusal(416) when no range has a byte in common with the representation.
    """
    match = BYTE_RANGES.fullmatch(field) if len(field) <= LONGEST_RANGE else None
    ranges = BYTE_RANGE.findall(match[1]) if match else []
    if not size or not 0 < len(ranges) <= MOST_RANGES:
        return None
    parts = []
    for first, last in ranges:
        if not first:
            part = range(max(size - int(last), 0), size)
        elif last and int(last) < int(first):
            return None
        else:
            part = range(int(first), min(int(last) + 1, size) if last else size)
        if part:
            parts.append(part)
    if not parts:
        raise Refusal(416, headers=(("Content-Range", f"bytes */{size}"),))
    return _coalesce(parts)


def _coalesce(parts: list[range]) -> "range | None":
    """One range of several that overlap or adjoin; None where they leave a gap."""
    parts.sort(key=lambda part: part.start)
    end = parts[0].stop
    for part in parts:
        if part.start > end:
            return None
        end = max(end, part.stop)
    return range(parts[0].start, end)


@lru_cache(maxsize=512)  # of the dates of files, not of what clients send
def format_date(seconds: int) -> str:
    """Seconds since 1970 as an HTTP-date, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7)."""
    return formatdate(seconds, usegmt=True)


def parse_date(field: str, now: float) -> int | None:
    """Parse an HTTP-date, in any of its three forms, to whole seconds since 1970.

    now decides the century of a year of two digits. None for what is no date.
    """
    match = next(filter(None, (form.fullmatch(field) for form in HTTP_DATES)), None)
    if match is None:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        this_year = gmtime(now).tm_year
        year += this_year - this_year % 100
        if year > this_year + 50:  # RFC 9110 5.6.7: then it is in the past
            year -= 100
    try:
        day = date(year, _MONTHS.index(match["month"]) + 1, int(match["day"]))
    except ValueError:
        return None
    clock = int(match["hour"]) * 3600 + int(match["minute"]) * 60 + int(match["second"])
    return (day.toordinal() - _EPOCH) * 86_400 + clock
