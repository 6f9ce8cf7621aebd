"""Every byte against every class, and what the patterns make of whole words."""

import re
import string
from collections.abc import Callable

import pytest

from app.httpd import grammar
from app.httpd.errors import Refusal
from app.httpd.head import FIELD_BYTES, HeadParser, is_host
from app.httpd.limits import Limits

ALPHANUMERIC = (string.ascii_letters + string.digits).encode()
TOKEN = ALPHANUMERIC + b"!#$%&'*+-.^_`|~"  # RFC 9110 5.6.2
UNRESERVED = ALPHANUMERIC + b"-._~"  # RFC 3986 2.3
SUB_DELIMS = b"!$&'()*+,;="
VISIBLE = bytes(range(0x21, 0x7F))
OBS_TEXT = bytes(range(0x80, 0x100))
QUOTED = bytes(each for each in b"\t " + VISIBLE + OBS_TEXT if each not in b'"\\')


def line(byte: bytes) -> bool:
    """In a request line."""
    return bool(grammar.REQUEST_LINE.fullmatch(b"GET /" + byte + b" HTTP/1.1"))


def chunk(begin: bytes, end: bytes) -> Callable[[bytes], bool]:
    """In a chunk line, between these two."""
    return lambda byte: bool(grammar.CHUNK_LINE.fullmatch(begin + byte + end + b"\r\n"))


def text(pattern: re.Pattern[str]) -> Callable[[bytes], bool]:
    """In the middle of a word."""
    return lambda byte: bool(pattern.fullmatch("a" + byte.decode("latin-1") + "a"))


def data(pattern: re.Pattern[bytes]) -> Callable[[bytes], bool]:
    """In the middle of a word of bytes."""
    return lambda byte: bool(pattern.fullmatch(b"a" + byte + b"a"))


CLASSES: list[tuple[str, Callable[[bytes], bool], bytes]] = [
    ("a token", data(grammar.TOKEN), TOKEN),
    ("a method", lambda b: bool(grammar.REQUEST_LINE.fullmatch(b + b" / HTTP/1.1")), TOKEN),
    ("a target", line, UNRESERVED + SUB_DELIMS + b"/?:@[]"),
    ("a host", data(grammar.HOST), bytes(b for b in UNRESERVED + SUB_DELIMS if b != 0x2C)),
    ("a field value", lambda b: not b.translate(None, FIELD_BYTES), b"\t " + VISIBLE + OBS_TEXT),
    ("a chunk size", chunk(b"", b""), b"0123456789abcdefABCDEF"),
    ("an extension's name", chunk(b"5;a", b"a"), TOKEN + b";="),
    ("an extension's value", chunk(b"5;a=a", b"a"), TOKEN + b";"),
    ("a quoted extension", chunk(b'5;a="', b'"'), QUOTED),
    ("a quoted pair", chunk(b'5;a="\\', b'"'), b"\t " + VISIBLE + OBS_TEXT),
    ("before a semicolon", chunk(b"5", b";a"), b"0123456789abcdefABCDEF\t "),
    ("a request id", data(grammar.REQUEST_ID), ALPHANUMERIC + b"._~+/=:@-"),
    ("a name of ours", text(grammar.RESPONSE_NAME), TOKEN),
    ("a value of ours", text(grammar.RESPONSE_VALUE), b"\t " + VISIBLE + OBS_TEXT),
    ("a cookie", text(grammar.COOKIE_VALUE), bytes(b for b in VISIBLE if b not in b'",;\\')),
    ("a cookie's attribute", text(grammar.COOKIE_ATTRIBUTE), bytes(set(b" " + VISIBLE) - {0x3B})),
    ("a boundary", text(grammar.BOUNDARY), ALPHANUMERIC + b"'()+_,-./:=? "),
]


@pytest.mark.parametrize(
    ("accepts", "expected"), [row[1:] for row in CLASSES], ids=[r[0] for r in CLASSES]
)
def test_every_byte(accepts: Callable[[bytes], bool], expected: bytes) -> None:
    """Each of the 256 bytes is in a class or is not, and nothing but the RFC decides."""
    found = bytes(byte for byte in range(256) if accepts(bytes([byte])))
    assert sorted(expected) == sorted(found)


# gh-106052: with possessive groups Python before 3.11.5 takes all of these.
@pytest.mark.parametrize(
    ("pattern", "wrong"),
    [
        (grammar.REQUEST_LINE, b"GET /%4a% HTTP/1.1"),
        (grammar.REQUEST_LINE, b"GET /%4a%4 HTTP/1.1"),
        (grammar.HOST, b"%41%:42"),
        (grammar.HOST, b"a:80:"),
        (grammar.CHUNK_LINE, b"5;a= \r\n"),
        (grammar.CHUNK_LINE, b"5 ;a =\r\n"),
        (grammar.CHUNK_LINE, b'0;a;b;c=";d\r\n'),
        (grammar.CHUNK_LINE, b"5;\r\n"),
        (grammar.CHUNK_LINE, b"5 \r\n"),
        (grammar.CHUNK_LINE, b'5;a="\\"\r\n'),
        (grammar.ABSOLUTE_TARGET, b"http://"),
        (grammar.ABSOLUTE_TARGET, b"http://@/"),
        (grammar.ABSOLUTE_TARGET, b"ftp://a/"),
    ],
)
def test_nearly_right_is_wrong(pattern: re.Pattern[bytes], wrong: bytes) -> None:
    """A word that begins right and ends wrong does not match."""
    assert pattern.fullmatch(wrong) is None


def test_no_group_is_possessive() -> None:
    """Python before 3.11.5 gets possessive groups wrong, so no pattern has one."""
    patterns = [each.pattern for each in vars(grammar).values() if isinstance(each, re.Pattern)]
    texts = [each if isinstance(each, str) else each.decode("latin-1") for each in patterns]
    bare = [re.sub(r"\\.", "", each) for each in texts]
    bare = [re.sub(r"\[[^]]*\]", "", each) for each in bare]
    assert [each for each in bare if re.search(r"\)(?:[*+?]|\{[0-9,]+\})\+", each)] == []


@pytest.mark.parametrize(
    ("expected", "path"),
    [
        (True, "/."), (True, "/.."), (True, "/a/../b"), (True, "/%2e%2E/b"), (True, "/.%2e"),
        (True, "/a/./b"), (False, "/..."), (False, "/.a"), (False, "/a."), (False, "/a..b"),
        (False, "/..%2fa"), (False, "/%2e%2e%2e"),
    ],
)  # fmt: skip
def test_dot_segments(expected: bool, path: str) -> None:
    """A dot segment is one, plain or encoded; a name with dots is not."""
    assert expected == bool(grammar.DOT_SEGMENT.search(path))


@pytest.mark.parametrize("byte", range(256))
def test_encoded_controls(byte: int) -> None:
    """A control character is found by its percent-encoding, in both cases of the digits."""
    expected = byte < 0x20 or byte == 0x7F
    assert expected == bool(grammar.ENCODED_CONTROL.search(f"/a%{byte:02X}"))
    assert expected == bool(grammar.ENCODED_CONTROL.search(f"/a%{byte:02x}"))


def accepted(head: bytes) -> bool:
    """Whether a parser takes this head."""
    try:
        return bool(HeadParser(Limits(), lambda method: True).parse(head))
    except Refusal:
        return False


HOSTS: list[tuple[bool, bytes]] = [
    (True, b"a"), (True, b"A.b-c_d~"), (True, b"127.0.0.1"), (True, b"[::1]"), (True, b"[::1]:80"),
    (True, b"[::ffff:1.2.3.4]"), (True, b"a:"), (True, b"a:0"), (True, b"a:65535"), (True, b"%41"),
    (True, b"a!$&'()*+;=b"), (True, b"a" * 255 + b":65535"),
    (False, b""), (False, b":80"), (False, b"a:65536"), (False, b"a:100000"), (False, b"a:-1"),
    (False, b"a:b"), (False, b"a:1:2"), (False, b"::1"), (False, b"[::1"), (False, b"[]"),
    (False, b"[1.2.3.4]"), (False, b"[1:2]"), (False, b"[::1::]"), (False, b"[::1%25eth0]"),
    (False, b"[v1.a]"), (False, b"[::1]a"), (False, b"a/b"), (False, b"u@a"), (False, b"a,b"),
    (False, b"a, b"), (False, b"a b"), (False, b"a?b"), (False, b"a#b"), (False, b"%4"),
    (False, b"\xe9"), (False, b"a" * 262),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "value"), HOSTS)
def test_host(expected: bool, value: bytes) -> None:
    """A Host is one name or address and perhaps a port (RFC 9110 7.2), in both versions."""
    assert is_host(value) is expected
    for version in (b"1.0", b"1.1"):
        head = b"GET / HTTP/" + version + b"\r\nHost: " + value + b"\r\n\r\n"
        assert accepted(head) is expected
