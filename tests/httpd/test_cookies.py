"""Cookies as they come and as they are set."""

import string
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.httpd.cookies import MOST_COOKIES, encode_cookie, parse_cookies
from app.httpd.errors import UsageError

OCTETS = "".join(chr(b) for b in range(0x21, 0x7F) if chr(b) not in '",;\\')
TOKEN = string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~"


def encode(name: Any = "a", value: Any = "b", **options: Any) -> str:
    """A cookie of which only these things are said."""
    plain: dict[str, Any] = {"max_age": None, "path": "", "domain": "", "secure": False,
                             "http_only": False, "same_site": ""}  # fmt: skip
    return encode_cookie(name, value, **plain | options)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], {}),
        ([""], {}),
        (["a=b"], {"a": "b"}),
        (["a=b; c=d"], {"a": "b", "c": "d"}),
        (["a=b;c=d ;\te=f"], {"a": "b", "c": "d", "e": "f"}),
        (["a=b", "c=d"], {"a": "b", "c": "d"}),
        (["a=b; a=c", "a=d"], {"a": "b"}),
        (["a="], {"a": ""}),
        (["=a; b; ;; c=d"], {"c": "d"}),
        (["a=b=c"], {"a": "b=c"}),
        (['a="b c"; d="'], {"a": "b c", "d": '"'}),
        (['a=""'], {"a": ""}),
        (["a=b,c=d"], {"a": "b,c=d"}),
        (["$Version=1; a=\xff"], {"$Version": "1", "a": "\xff"}),
    ],
)
def test_parse(values: list[str], expected: dict[str, str]) -> None:
    """Cookie fields are read as one; the first of a name wins; what is no pair is skipped."""
    assert parse_cookies(values) == expected


@pytest.mark.parametrize(
    ("expected", "count"), [(MOST_COOKIES, MOST_COOKIES), (MOST_COOKIES, MOST_COOKIES + 1)]
)
def test_most_cookies(expected: int, count: int) -> None:
    """So many cookies are read, and no more."""
    assert len(parse_cookies(["; ".join(f"n{n}=v" for n in range(count))])) == expected


def test_a_flood_is_cheap() -> None:
    """A field of nothing but semicolons costs no more than its bytes."""
    began = time.perf_counter()
    for _ in range(100):
        parse_cookies([";" * 32_000])
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("expected", "options"),
    [
        ("a=b", {}),
        ("a=b; Max-Age=0", {"max_age": 0}),
        ("a=b; Max-Age=60; Path=/; Domain=x.y; Secure; HttpOnly; SameSite=Lax",
         {"max_age": 60, "path": "/", "domain": "x.y", "secure": True, "http_only": True,
          "same_site": "Lax"}),
        ("a=b; Secure; SameSite=None", {"secure": True, "same_site": "None"}),
        ("__Host-a=b; Path=/; Secure", {"name": "__Host-a", "path": "/", "secure": True}),
        ("__Secure-a=b; Secure", {"name": "__Secure-a", "secure": True}),
        ("a=", {"value": ""}),
    ],
)  # fmt: skip
def test_encode(expected: str, options: dict[str, Any]) -> None:
    """A cookie says what was asked for, and nothing else."""
    assert encode(**options) == expected


@pytest.mark.parametrize(
    ("cause", "options"),
    [
        ("token", {"name": ""}),
        ("token", {"name": "a b"}),
        ("token", {"name": "a\r\nX: y"}),
        ("token", {"name": "\u00e9"}),
        ("encode it", {"value": "a;b"}),
        ("encode it", {"value": "a b"}),
        ("encode it", {"value": "a\r\nX: y"}),
        ("encode it", {"value": "\0"}),
        ("encode it", {"value": "\u00e9"}),
        ("';'", {"path": "/;x"}),
        ("';'", {"path": "/\n"}),
        ("';'", {"domain": "x\x7f"}),
        ("same_site", {"same_site": "lax"}),
        ("Secure", {"same_site": "None"}),
        ("Secure", {"name": "__Secure-a"}),
        ("Secure", {"name": "__Host-a", "path": "/"}),
        ("another path", {"name": "__Host-a", "path": "/b", "secure": True}),
        ("another path", {"name": "__Host-a", "path": "/", "domain": "x.y", "secure": True}),
        ("whole number", {"max_age": 1.5}),
        ("whole number", {"max_age": "60"}),
        ("are str", {"value": 5}),
        ("are str", {"value": b"b"}),
        ("are str", {"name": None}),
        ("are str", {"path": None}),
    ],
)
def test_what_may_not_be_set(cause: str, options: dict[str, Any]) -> None:
    """What could not be sent, or would be dropped by browsers, is a UsageError that says why."""
    with pytest.raises(UsageError, match=cause) as caught:
        encode(**options)
    assert "\r" not in str(caught.value)


@given(st.dictionaries(st.text(TOKEN, min_size=1), st.text(OCTETS), max_size=20))
def test_round_trip(cookies: dict[str, str]) -> None:
    """What was set comes back as it was."""
    assert parse_cookies(["; ".join(encode(n, v) for n, v in cookies.items())]) == cookies


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=5))
def test_anything_can_be_read(values: list[str]) -> None:
    """No field makes the reader fail."""
    for name, value in parse_cookies(values).items():
        assert name
        assert ";" not in name + value
