"""Static files: what of a folder is served, and what is never opened."""

import asyncio
import errno
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from app.httpd import files
from app.httpd.errors import Refusal, UsageError
from app.httpd.files import FilePieces, StaticFiles
from app.httpd.request import NO_BODY, Request
from app.httpd.router import Endpoint
from tests.httpd.asking import (
    CHANGED,
    HUNDRED,
    LARGE,
    TAG,
    Local,
    Site,
    field,
    request,
    sent,
    write,
)

pytestmark = pytest.mark.usefixtures("no_leak")


def test_whole(site: Site) -> None:
    """A file with all that a cache must know of it (RFC 9110 8, RFC 9111 5.2)."""
    response = site.get("a.txt")
    assert (response.status, response.body, response.length) == (200, HUNDRED, 100)
    assert response.content_type == b"text/plain; charset=utf-8"
    assert sorted(response.fields) == [
        b"Accept-Ranges: bytes\r\n",
        b"Cache-Control: public, max-age=60\r\n",
        f"ETag: {TAG}\r\n".encode(),
        f"Last-Modified: {CHANGED}\r\n".encode(),
        b"X-Content-Type-Options: nosniff\r\n",
    ]


def test_below(site: Site) -> None:
    """A file in a folder of the folder, also when its name is percent-encoded: once, not twice."""
    write(site.root / "css" / "é~ %41.css", b"odd")
    assert site.get("css/app.css").body == HUNDRED
    assert site.get("c%73s/%61pp%2ecss").body == HUNDRED
    assert site.get("css/%C3%A9~%20%2541.css").body == b"odd"
    assert site.refusal("css/%25C3%25A9~%20A.css").status == 404


def test_empty_file(site: Site) -> None:
    """Nothing is something, and no range of it fails."""
    write(site.root / "empty.js", b"")
    response = site.get("empty.js", Range="bytes=0-")
    assert (response.status, response.body, response.length) == (200, b"", 0)


def test_hashed_name(site: Site) -> None:
    """What never changes is never asked for again."""
    write(site.root / "app.3f2a9c1d.js", b"")
    expected = "public, max-age=31536000, immutable"
    assert expected == field(site.get("app.3f2a9c1d.js"), "Cache-Control")


def test_no_max_age(site: Site) -> None:
    """max_age may be 0."""
    assert field(Site(site.root, max_age=0).get("a.txt"), "Cache-Control") == "public, max-age=0"


def test_head(site: Site) -> None:
    """HEAD is GET without the bytes, Range or not (RFC 9110 9.3.2, 14.2)."""
    write(site.root / "large.bin", LARGE)
    for path in ("a.txt", "large.bin"):
        whole, head = site.get(path), site.get(path, "HEAD", Range="bytes=0-9")
        assert (whole.status, sorted(whole.fields)) == (head.status, sorted(head.fields))
        assert (whole.content_type, whole.length) == (head.content_type, head.length)
        for response in (whole, head):
            if isinstance(response.body, FilePieces):  # the exchange closes what it does not send
                asyncio.run(response.body.aclose())


NOT_BELOW = [
    "",
    "/",
    "/a.txt",
    "css",
    "css/",
    "css//app.css",
    "a.txt/",
    "a.txt/b",
    "missing",
    "missing/a.txt",
    "%2e%2e%2fsecret.txt",
    "..%2fsecret.txt",
    "..%5csecret.txt",
    "css%2fapp.css",
    "css%5capp.css",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "//etc/passwd",
    ".env",
    "%2eenv",
    ".git/config",
    "css/.hidden",
    "...",
    ".../a.txt",
    "GIT~1/config",
    "css/APP~12.CSS",
    "x" * 256,
    "x/" * 2000,
    "C:/a.txt",
    "a.txt%20",
    "a.txt.",
    "%252e%252e/secret.txt",
    "%EF%BC%8E%EF%BC%8E/secret.txt",  # full-width dots
]


@pytest.mark.parametrize("path", NOT_BELOW, ids=[repr(path[:30]) for path in NOT_BELOW])
def test_not_below(site: Site, path: str) -> None:
    """Nothing outside, no dotfile, no folder, no second spelling: 404, and no word on why."""
    for name in (".env", ".git/config", "css/.hidden", "GIT~1/config", "css/APP~12.CSS"):
        write(site.root / name, b"secret")
    refusal = site.refusal(path)
    assert (refusal.status, refusal.reason, refusal.headers) == (404, "Not Found", ())


REFUSED_EARLIER = [
    "../secret.txt",
    "%2e%2e/secret.txt",
    "css/../../secret.txt",
    "css/%2E./a.txt",
    "./a.txt",
    "..",
    "a%00.txt",
    "a.txt%00",
    "a%0d%0aX: b",
    "%c0%afetc/passwd",
    "%c0%ae%c0%ae/secret.txt",
    "%ff",
    "%zz",
    "a%",
    "a.txt\\..",
]


@pytest.mark.parametrize("path", REFUSED_EARLIER)
def test_refused_earlier(site: Site, path: str) -> None:
    """Dot segments, controls, bad escapes and what is not UTF-8 never get as far as here."""
    assert site.refusal(path).status == 400


OUTSIDE = [
    "",
    "/",
    "..",
    "../secret.txt",
    "css/../a.txt",
    "./a.txt",
    "css/./app.css",
    "/a.txt",
    "css//app.css",
    "css/",
    "a.txt\0",
    "\0",
    "css\\app.css",
    "..\\secret.txt",
    "css/app.css\n",
    "\udcff",
    "\ud800",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_every_segment_is_checked_here_too(site: Site, path: str) -> None:
    """Whoever hands the path on, it is not believed: none of these is even looked for."""
    write(site.root / "css\\app.css", b"one name on this system, two on others")
    asked = request("/static/x", site.router)
    match = site.router.resolve(asked._head.line)
    hostile = type(match)(match.endpoint, "/static/x", {"path": path})
    with pytest.raises(Refusal) as caught:
        match.handler(Request(asked._head, hostile, b"id", Local(), NO_BODY))
    assert caught.value.status == 404


def test_no_redirect(site: Site) -> None:
    """A folder is not there, with a slash or without: nothing to redirect to //evil.com."""
    for path in ("css", "css/", "/evil.com", "/evil.com/"):
        assert site.refusal(path).status == 404


def test_links_below_are_not_followed(site: Site) -> None:
    """No link, to whatever and wherever it stands (CVE-2024-23334)."""
    (site.root / "file-out").symlink_to(site.root.parent / "secret.txt")
    (site.root / "file-in").symlink_to("a.txt")
    (site.root / "folder-out").symlink_to(site.root.parent / "web1")
    (site.root / "folder-in").symlink_to("css")
    (site.root / "loop").symlink_to("loop")
    (site.root / "dangling").symlink_to("missing")
    for path in ("file-out", "file-in", "folder-out/secret.txt", "folder-in/app.css", "folder-in",
                 "loop", "loop/a.txt", "dangling"):  # fmt: skip
        assert site.refusal(path).status == 404


def test_the_folder_itself_may_be_a_link(site: Site) -> None:
    """It is resolved once: what the link says later does not matter."""
    link = site.root.parent / "current"
    link.symlink_to("web")
    through = Site(link)
    link.unlink()
    link.symlink_to("web1")
    assert through.get("a.txt").body == HUNDRED
    assert through.refusal("secret.txt").status == 404


def test_what_is_no_file(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIFO does not block the loop, a socket is no file, nor is a device."""
    os.mkfifo(site.root / "fifo")
    monkeypatch.chdir(site.root)  # the path of a socket has to be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for path in ("fifo", "fifo/a", "socket", "css"):
            assert site.refusal(path).status == 404
            with pytest.raises(Refusal):
                sent(site.root / path)
    assert Site(Path("/dev")).refusal("null").status == 404


@pytest.mark.parametrize(
    "code", [errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV]
)
def test_may_not_be_read(site: Site, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """What the system keeps from us is not there."""
    fail_to_open(monkeypatch, code)
    assert site.refusal("a.txt").status == 404
    with pytest.raises(Refusal) as caught:
        sent(site.root / "a.txt")
    assert caught.value.status == 404


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM])
def test_the_machine_fails(site: Site, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """No descriptor left or a broken disk is no 404, which would be believed and kept."""
    fail_to_open(monkeypatch, code)
    with pytest.raises(OSError, match="made up") as caught:
        site.get("a.txt")
    assert caught.value.errno == code


def fail_to_open(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Make every open of a.txt fail."""
    real = os.open

    def fail(path: str, flags: int, **options: Any) -> int:
        if path.endswith("a.txt"):
            raise OSError(code, "made up")
        return real(path, flags, **options)

    monkeypatch.setattr(os, "open", fail)


def test_exchanged_between_look_and_open(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sibling that becomes a link after it was looked at is still not followed."""
    (site.root / "a.txt.br").symlink_to(site.root.parent / "secret.txt")
    monkeypatch.setattr(files, "_is_as_new", lambda name, *_: name == "a.txt.br")
    assert site.refusal("a.txt", Accept_Encoding="br").status == 404


def test_wrong_use(tmp_path: Path) -> None:
    """A folder that is none, or a time that is none, stops the start."""
    for directory in (tmp_path / "missing", write(tmp_path / "file", b"")):
        with pytest.raises(UsageError, match="is not a directory"):
            StaticFiles(directory, max_age=60)
    with pytest.raises(UsageError, match="max_age"):
        StaticFiles(tmp_path, max_age=-1)


def test_name_of_the_handler(tmp_path: Path) -> None:
    """Logs say which folder."""
    name = Endpoint(StaticFiles(tmp_path), "/").name
    assert name == f"app.httpd.files.StaticFiles({os.path.realpath(tmp_path)!r})"
