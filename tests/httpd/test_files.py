"""Files that the application chose."""

from pathlib import Path

import pytest

from app.httpd.errors import Refusal
from app.httpd.response import Response
from tests.httpd.asking import (
    CHANGED,
    EARLIER,
    HUNDRED,
    TAG,
    Site,
    field,
    names,
    sent,
)

pytestmark = pytest.mark.usefixtures("no_leak")


def test_send_file(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """An absolute path or one relative to the working directory, over links as well."""
    (site.root / "link").symlink_to("a.txt")
    monkeypatch.chdir(site.root)
    for path in (site.root / "a.txt", Path("a.txt"), Path("link"), Path("css/../a.txt")):
        response = sent(path)
        assert (response.status, response.body, field(response, "ETag")) == (200, HUNDRED, TAG)
    assert names(response) == {"ETag", "Last-Modified", "Accept-Ranges", "X-Content-Type-Options"}


@pytest.mark.parametrize("path", ["missing", "css", "", "a\0b", "a.txt/b", "\ud800"])
def test_send_no_file(site: Site, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A file that is not there is the client's 404, whatever the application thought."""
    monkeypatch.chdir(site.root)
    with pytest.raises(Refusal) as caught:
        sent(Path("unused"), response=Response.file(path))
    assert caught.value.status == 404


def test_the_same_response_again(site: Site) -> None:
    """An application may keep its Response and return it every time."""
    given = Response.file(site.root / "a.txt", headers=[("Vary", "Cookie")])
    first = sent(site.root, response=given, Range="bytes=0-9")
    second = sent(site.root, response=given)
    assert (given.status, given.length, given.fields) == (200, None, [b"Vary: Cookie\r\n"])
    assert (first.status, second.status) == (206, 200)
    assert names(first) == names(second) | {"Content-Range"}


def test_another_body_is_left_alone() -> None:
    """What is no file goes through as it is."""
    response = Response.text("hello")
    assert sent(Path("unused"), response=response) is response


def test_what_the_application_said_stands(site: Site) -> None:
    """Its fields and type are kept; its validators are the ones that count."""
    mine = [("ETag", '"mine"'), ("Last-Modified", EARLIER), ("X-Content-Type-Options", "no"),
            ("Accept-Ranges", "none"), ("Content-Disposition", "inline"), ("Vary", "Cookie"),
            ("Cache-Control", "no-cache"), ("Content-Language", "en")]  # fmt: skip
    given = Response.file(site.root / "a.txt", content_type="text/x", download_as="b", headers=mine)
    given.cookie("a", "b")
    before = list(given.fields)

    whole = sent(site.root, response=given)
    assert (whole.status, whole.content_type, whole.fields) == (200, b"text/x", before)
    same = sent(site.root, response=given, If_None_Match='"mine"')
    assert same.status == 304
    assert names(same) == names(whole) - {"Content-Disposition", "Content-Language"}
    assert sent(site.root, response=given, If_None_Match=TAG).status == 200
    assert sent(site.root, response=given, If_Modified_Since=EARLIER).status == 304
    assert (given.status, given.fields) == (200, before)  # it may be returned again


def test_a_date_of_the_application_that_is_none(site: Site) -> None:
    """Then the file's decides."""
    given = Response.file(site.root / "a.txt", headers=[("Last-Modified", "yesterday")])
    assert sent(site.root, response=given, If_Modified_Since=CHANGED).status == 304
    assert sent(site.root, response=given, If_Modified_Since=EARLIER).status == 200


def test_304_keeps_content_location(site: Site) -> None:
    """Of all that begins with Content- it alone stays (RFC 9110 15.4.5)."""
    given = Response.file(site.root / "a.txt", headers=[("Content-Location", "/a.en.txt")])
    assert (
        field(sent(site.root, response=given, If_None_Match="*"), "Content-Location") == "/a.en.txt"
    )


def test_download_as(site: Site) -> None:
    """Saved under another name, shown as what it is."""
    response = sent(
        site.root, response=Response.file(site.root / "a.txt", download_as='r"\r\n.pdf')
    )
    expected = "attachment; filename=\"r___.pdf\"; filename*=UTF-8''r%22__.pdf"
    assert expected == field(response, "Content-Disposition")
    assert response.content_type == b"text/plain; charset=utf-8"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods(site: Site, method: str) -> None:
    """What was done was done: no 304, no 412, no part, and no validators either."""
    response = sent(
        site.root / "a.txt", method, If_None_Match=TAG, If_Match='"other"', Range="bytes=0-9"
    )
    assert (response.status, response.body) == (200, HUNDRED)
    assert names(response) == {"X-Content-Type-Options"}


def test_other_statuses(site: Site) -> None:
    """An error page that is a file stays an error (RFC 9110 13.2.1)."""
    given = Response.file(site.root / "a.txt")
    given.status = 404
    response = sent(site.root, response=given, If_None_Match="*", If_Match='"b"', Range="bytes=0-9")
    assert (response.status, response.body) == (404, HUNDRED)
    assert names(response) == {"X-Content-Type-Options"}
