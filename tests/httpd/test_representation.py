"""What a file's name says of it, and which coding of it a client gets."""

import mimetypes

import pytest

from app.httpd import representation
from app.httpd.representation import attachment, cache_control, choose_coding, content_type
from app.httpd.response import encode_field

TYPES = [
    ("index.html", "text/html; charset=utf-8"),
    ("app.css", "text/css; charset=utf-8"),
    ("app.js", "text/javascript; charset=utf-8"),
    ("app.min.mjs", "text/javascript; charset=utf-8"),
    ("APP.JS", "text/javascript; charset=utf-8"),
    ("APP.JS.MAP", "application/json"),
    ("notes.txt", "text/plain; charset=utf-8"),
    ("data.json", "application/json"),
    ("logo.svg", "image/svg+xml"),
    ("photo.jpeg", "image/jpeg"),
    ("font.woff2", "font/woff2"),
    ("module.wasm", "application/wasm"),
    ("app.js.gz", "application/gzip"),
    ("app.js.br", "application/octet-stream"),
    ("archive.tgz", "application/octet-stream"),
    ("letter.rtf", "application/rtf"),
    ("noending", "application/octet-stream"),
    ("dot.", "application/octet-stream"),
    ("what.is-this", "application/octet-stream"),
    ("/srv/v1.css/file", "application/octet-stream"),
    ("/srv/v1.css/file.png", "image/png"),
]


@pytest.mark.parametrize(("name", "expected"), TYPES)
def test_content_type(name: str, expected: str) -> None:
    """The type by the last ending, in any case; text is UTF-8, the unknown is bytes."""
    assert expected == content_type(name)


def test_web_types_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose tables are wrong still serves scripts as scripts."""
    monkeypatch.setattr(mimetypes, "guess_type", lambda _: ("text/wrong", None))
    representation._type_of.cache_clear()
    try:
        assert content_type("app.js") == "text/javascript; charset=utf-8"
        assert content_type("letter.rtf") == "text/wrong; charset=utf-8"
    finally:
        representation._type_of.cache_clear()


YEAR = "public, max-age=31536000, immutable"
HOUR = "public, max-age=3600"

AGES = [
    ("app.3f2a9c1d.js", YEAR),
    ("app-3f2a9c1d.js", YEAR),
    ("app.3F2A9C1D.js", YEAR),
    ("app.3f2a9c1d.min.js.map", YEAR),
    ("a-b.0123456789abcdef0123456789abcdef.css", YEAR),
    ("app.js", HOUR),
    ("app.3f2a9c1.js", HOUR),  # 7 digits
    ("app.3f2a9c1g.js", HOUR),
    ("app3f2a9c1d.js", HOUR),
    ("3f2a9c1d.js", HOUR),
    ("app.3f2a9c1d", HOUR),
    ("report-20260131.pdf", HOUR),
    ("the.deadbeef.js", HOUR),
    ("", HOUR),
]


@pytest.mark.parametrize(("name", "expected"), AGES)
def test_cache_control(name: str, expected: str) -> None:
    """A year for a name with a hash of 8 or more hex digits, among them digit and letter."""
    assert expected == cache_control(name, 3600)


CODINGS: list[tuple[str, list[str], str]] = [
    # What browsers send
    ("gzip, deflate, br, zstd", ["br", "gzip"], "br"),
    ("gzip, deflate, br, zstd", ["gzip"], "gzip"),
    ("gzip, deflate", ["br", "gzip"], "gzip"),
    ("gzip, deflate", ["br"], "identity"),
    ("gzip, deflate, br", [], "identity"),
    ("GZip", ["gzip"], "gzip"),
    ("x-gzip", ["gzip"], "gzip"),
    ("", ["br", "gzip"], "identity"),
    ("identity", ["br", "gzip"], "identity"),
    # Weights (RFC 9110 12.4.2): the highest, and of equals the smaller file
    ("gzip;q=1.0, br;q=0.9", ["br", "gzip"], "gzip"),
    ("gzip;q=0.8, br;q=0.8", ["br", "gzip"], "br"),
    ("gzip ; q=0.5\t,br;Q=0.001", ["br", "gzip"], "gzip"),
    ("br;q=0, gzip", ["br", "gzip"], "gzip"),
    ("br;q=0.000, gzip;q=0.", ["br", "gzip"], "identity"),
    ("gzip;q=0.5", ["gzip"], "gzip"),
    ("gzip;q=0.5, identity;q=0.5", ["gzip"], "gzip"),
    ("gzip;q=0.5, identity", ["gzip"], "identity"),
    ("gzip;q=0.5, identity;q=0.6", ["gzip"], "identity"),
    ("gzip;q=0, gzip", ["gzip"], "identity"),
    # The rest
    ("*", ["br", "gzip"], "br"),
    ("*;q=0.5, gzip", ["br", "gzip"], "gzip"),
    ("br;q=0, *", ["br", "gzip"], "gzip"),
    ("gzip;q=0.1, *;q=0.5", ["gzip"], "identity"),
    ("*;q=0", ["br", "gzip"], "identity"),
    ("gzip, *;q=0", ["br", "gzip"], "gzip"),
    # Whoever refuses what there is gets what can be read
    ("identity;q=0", ["br", "gzip"], "identity"),
    ("identity;q=0, gzip;q=0.1", ["br", "gzip"], "gzip"),
    ("identity;q=0, *;q=0", ["br", "gzip"], "identity"),
    # What cannot be read is not accepted
    ("gzip;q=1.1", ["gzip"], "identity"),
    ("gzip;q=1.0001", ["gzip"], "identity"),
    ("gzip;q=-1", ["gzip"], "identity"),
    ("gzip;q=nan", ["gzip"], "identity"),
    ("gzip;q=inf", ["gzip"], "identity"),
    ("gzip;q=\xb2", ["gzip"], "identity"),
    ("gzip;q =1", ["gzip"], "identity"),
    ("gzip;level=9", ["gzip"], "identity"),
    ("gzip;q=1;q=0", ["gzip"], "identity"),
    ("gzip br", ["br", "gzip"], "identity"),
    ("gzip\n", ["gzip"], "identity"),
    ("\xa0gzip", ["gzip"], "identity"),
    ("gzip;;, br", ["br", "gzip"], "br"),
    (",, ,gzip,", ["gzip"], "gzip"),
]


@pytest.mark.parametrize(("accept", "offered", "expected"), CODINGS)
def test_choose_coding(accept: str, offered: list[str], expected: str) -> None:
    """The coding with the highest weight that there is (RFC 9110 12.5.3)."""
    assert expected == choose_coding(accept, offered)


NAMES = [
    ("report.pdf", 'attachment; filename="report.pdf"'),
    ("annual report.pdf", 'attachment; filename="annual report.pdf"'),
    ("", "attachment"),
    ("naïve.txt", "attachment; filename=\"na_ve.txt\"; filename*=UTF-8''na%C3%AFve.txt"),
    ("€.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%E2%82%AC.txt"),
    ('a"b.txt', "attachment; filename=\"a_b.txt\"; filename*=UTF-8''a%22b.txt"),
    ("100%41.txt", "attachment; filename=\"100_41.txt\"; filename*=UTF-8''100%2541.txt"),
    ("a'b(c)*;d,e", 'attachment; filename="a\'b(c)*;d,e"'),
    ("é'()*;,", "attachment; filename=\"_'()*;,\"; filename*=UTF-8''%C3%A9%27%28%29%2A%3B%2C"),
    # Never what could end the field, name a folder or hide the ending
    ("a\r\nSet-Cookie: b=c", 'attachment; filename="a__Set-Cookie: b=c"'),
    ("a\0b\x7fc\x85d\te", 'attachment; filename="a_b_c_d_e"'),
    ("../../etc/passwd", 'attachment; filename=".._.._etc_passwd"'),
    ("..\\boot.ini", 'attachment; filename=".._boot.ini"'),
    ("exe.\N{RIGHT-TO-LEFT OVERRIDE}gpj", 'attachment; filename="exe._gpj"'),
    ("\udcff.txt", 'attachment; filename="_.txt"'),
]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_attachment(name: str, expected: str) -> None:
    """A name to save under, plain where it can be, and both ways where not (RFC 6266 4.3)."""
    assert expected == attachment(name)


def test_attachment_can_always_be_sent() -> None:
    """No character whatever makes a field that is refused."""
    for code in (*range(0x3000), *range(0xD700, 0xE100), 0xFFFE, 0x1F600, 0xE0001, 0x10FFFF):
        encode_field("Content-Disposition", attachment(f"a{chr(code)}b"))
