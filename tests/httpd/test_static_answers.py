"""Static files as a cache sees them: codings, conditions, ranges, validators."""

import os
import time

import pytest

from app.httpd.conditional import parse_date
from tests.httpd.asking import (
    CHANGED,
    EARLIER,
    HUNDRED,
    MODIFIED,
    TAG,
    Site,
    field,
    names,
    write,
)

pytestmark = pytest.mark.usefixtures("no_leak")


@pytest.fixture
def packed(site: Site) -> Site:
    """app.js beside its smaller selves; their bytes say which they are."""
    write(site.root / "app.js", b"plain" * 9)
    write(site.root / "app.js.br", b"br" * 9)
    write(site.root / "app.js.gz", b"gzip" * 9)
    return site


@pytest.mark.parametrize(
    ("accept", "coding", "data"),
    [
        ("gzip, deflate, br, zstd", "br", b"br" * 9),
        ("gzip, deflate", "gzip", b"gzip" * 9),
        ("gzip;q=1, br;q=0.5", "gzip", b"gzip" * 9),
        ("identity", None, b"plain" * 9),
        ("identity;q=0", None, b"plain" * 9),
        ("", None, b"plain" * 9),
        (None, None, b"plain" * 9),
    ],
)
def test_siblings(packed: Site, accept: str | None, coding: str | None, data: bytes) -> None:
    """The sibling that the client likes best, as what it is when unpacked; caches are told."""
    response = packed.get("app.js", **{} if accept is None else {"Accept_Encoding": accept})
    assert (200, data) == (response.status, response.body)
    assert coding == field(response, "Content-Encoding")
    assert field(response, "Vary") == "Accept-Encoding"
    assert response.content_type == b"text/javascript; charset=utf-8"


def test_siblings_have_their_own_tags(packed: Site) -> None:
    """No two codings share a tag, though date and size were the same (RFC 9110 8.8.3.3)."""
    for name in ("app.js", "app.js.br", "app.js.gz"):
        write(packed.root / name, b"equal")
    tags = [
        field(packed.get("app.js", Accept_Encoding=each), "ETag") for each in ("", "br", "gzip")
    ]
    stem = f'"{MODIFIED * 10**9:x}-5'
    assert tags == [f'{stem}"', f'{stem}-br"', f'{stem}-gzip"']


def test_siblings_and_conditions(packed: Site) -> None:
    """A tag is of one coding; 304 keeps Vary and Cache-Control (RFC 9110 15.4.5)."""
    tag = field(packed.get("app.js", Accept_Encoding="br"), "ETag") or ""
    same = packed.get("app.js", Accept_Encoding="br", If_None_Match=tag)
    assert (same.status, names(same)) == (
        304,
        {"ETag", "Vary", "Cache-Control", "X-Content-Type-Options"},
    )
    assert packed.get("app.js", Accept_Encoding="gzip", If_None_Match=tag).status == 200


def test_range_of_a_sibling(packed: Site) -> None:
    """A range counts the bytes that are sent, the packed ones."""
    response = packed.get("app.js", Accept_Encoding="br", Range="bytes=1-2")
    assert (response.status, response.body) == (206, b"rb")
    assert field(response, "Content-Range") == "bytes 1-2/18"
    assert field(response, "Content-Encoding") == "br"


@pytest.mark.parametrize(
    ("modified", "coding"),
    [(MODIFIED + 1, "br"), (MODIFIED, "br"), (MODIFIED - 1, None)],
)
def test_age_of_a_sibling(packed: Site, modified: int, coding: str | None) -> None:
    """What was packed before the file was changed is not what the file is."""
    (packed.root / "app.js.gz").unlink()
    os.utime(packed.root / "app.js", ns=(0, MODIFIED * 10**9 + 999_999_999))
    os.utime(packed.root / "app.js.br", (modified, modified))
    response = packed.get("app.js", Accept_Encoding="br")
    assert coding == field(response, "Content-Encoding")
    assert (field(response, "Vary") is None) == (coding is None)


def test_siblings_that_are_none(site: Site) -> None:
    """A folder or a link is no sibling, a sibling alone is no file."""
    (site.root / "a.txt.br").mkdir()
    (site.root / "a.txt.gz").symlink_to("css/app.css")
    response = site.get("a.txt", Accept_Encoding="br, gzip")
    assert (response.body, field(response, "Vary")) == (HUNDRED, None)
    write(site.root / "only.js.gz", b"")
    assert site.refusal("only.js", Accept_Encoding="gzip").status == 404


def test_sibling_asked_for_by_name(packed: Site) -> None:
    """Then it is a file like others, and not to be unpacked."""
    response = packed.get("app.js.gz", Accept_Encoding="gzip")
    assert (response.content_type, field(response, "Content-Encoding")) == (
        b"application/gzip",
        None,
    )


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"If_None_Match": TAG}, 304),
        ({"If_None_Match": "W/" + TAG}, 304),
        ({"If_None_Match": "*"}, 304),
        ({"If_None_Match": '"other"'}, 200),
        ({"If_None_Match": '"other"', "If_Modified_Since": CHANGED}, 200),
        ({"If_Modified_Since": CHANGED}, 304),
        ({"If_Modified_Since": EARLIER}, 200),
        ({"If_Modified_Since": "Fri, 31 Dec 9999 23:59:59 GMT"}, 200),
        ({"If_Match": TAG}, 200),
        ({"If_Unmodified_Since": CHANGED}, 200),
        ({"If_None_Match": TAG, "Range": "bytes=0-9"}, 304),
        ({"Range": "bytes=0-9", "If_Range": TAG}, 206),
        ({"Range": "bytes=0-9", "If_Range": CHANGED}, 206),
        ({"Range": "bytes=0-9", "If_Range": '"other"'}, 200),
        ({"Range": "bytes=0-9", "If_Range": EARLIER}, 200),
    ],
)
def test_conditions(site: Site, fields: dict[str, str], status: int) -> None:
    """A client that has the file is told so, for GET and HEAD; 304 says what to keep."""
    for method in ("GET", "HEAD"):
        response = site.get("a.txt", method, **fields)
        expected = 200 if method == "HEAD" and status == 206 else status
        assert (expected, TAG) == (response.status, field(response, "ETag"))
        assert field(response, "Cache-Control") == "public, max-age=60"
        if status == 304:
            assert (response.body, response.content_type) == (b"", None)
            assert not names(response) & {"Last-Modified", "Accept-Ranges", "Content-Range"}


@pytest.mark.parametrize("fields", [{"If_Match": '"other"'}, {"If_Unmodified_Since": EARLIER}])
def test_precondition_failed(site: Site, fields: dict[str, str]) -> None:
    """412, and the file is closed."""
    assert site.refusal("a.txt", **fields).status == 412


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-9", "bytes 0-9/100"),
        ("bytes=0-", "bytes 0-99/100"),
        ("bytes=-1", "bytes 99-99/100"),
        ("bytes=90-1000", "bytes 90-99/100"),
        ("bytes=10-19,0-9", "bytes 0-19/100"),
    ],
)
def test_range(site: Site, asked: str, expected: str) -> None:
    """One range, exactly its bytes, with the fields of the whole (RFC 9110 15.3.7)."""
    response = site.get("a.txt", Range=asked)
    first, last = map(int, expected[6:-4].split("-"))
    assert (206, HUNDRED[first : last + 1]) == (response.status, response.body)
    assert (expected, last + 1 - first) == (field(response, "Content-Range"), response.length)
    assert names(site.get("a.txt")) | {"Content-Range"} == names(response)
    assert response.content_type == b"text/plain; charset=utf-8"


def test_range_ignored(site: Site) -> None:
    """What cannot or need not be understood is answered with the whole."""
    for asked in ("bytes=0-1,50-60", "bytes=9-0", "lines=0-9", "bytes=a", "bytes=" + "0-," * 99):
        response = site.get("a.txt", Range=asked)
        assert (
            response.status,
            response.body,
            field(response, "Content-Range"),
        ) == (200, HUNDRED, None)


def test_range_not_satisfiable(site: Site) -> None:
    """416 with the size (RFC 9110 15.5.17)."""
    refusal = site.refusal("a.txt", Range="bytes=100-")
    assert (refusal.status, refusal.headers) == (416, (("Content-Range", "bytes */100"),))


def test_a_file_just_written_has_a_weak_tag(site: Site) -> None:
    """It may be written again within the clock's step; a part of it cannot be resumed yet."""
    os.utime(site.root / "a.txt")
    tag = field(site.get("a.txt"), "ETag") or ""
    assert tag.startswith('W/"')
    assert site.get("a.txt", If_None_Match=tag).status == 304
    assert site.get("a.txt", Range="bytes=0-9", If_Range=tag).status == 200
    assert site.get("a.txt", Range="bytes=0-9").status == 206


def test_tag_tells_versions_apart(site: Site) -> None:
    """Another nanosecond or another size is another tag."""
    tags = set()
    for nanosecond, data in ((0, b"one"), (1, b"two"), (1, b"three")):
        write(site.root / "a.txt", data)
        os.utime(site.root / "a.txt", ns=(0, MODIFIED * 10**9 + nanosecond))
        tags.add(field(site.get("a.txt"), "ETag"))
    assert len(tags) == 3


def test_dates_out_of_range(site: Site) -> None:
    """A file from the future is as new as now (RFC 9110 8.8.2.1), one from before 1970 is old."""
    now = int(time.time())
    os.utime(site.root / "a.txt", (now + 10**6, now + 10**6))
    said = parse_date(field(site.get("a.txt"), "Last-Modified") or "", now)
    assert said is not None
    assert now <= said <= time.time()
    os.utime(site.root / "a.txt", (-1, -1))
    assert field(site.get("a.txt"), "Last-Modified") == "Thu, 01 Jan 1970 00:00:00 GMT"
