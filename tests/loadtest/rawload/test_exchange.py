"""A request as bytes, and what is wrong with an answer."""

import json
from typing import Any

import pytest

from loadtest.rawload.exchange import Ask
from loadtest.rawload.wire import Answer

ENCODED = {
    "plain": (Ask("/"), True, b"GET / HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    "close": (Ask("/"), False, b"GET / HTTP/1.1\r\nHost: a:1\r\nConnection: close\r\n\r\n"),
    "fields": (
        Ask("/x?y=1&z=%20", fields=(("Cookie", "a=b"), ("Cookie", "c=\u00e9"))),
        True,
        b"GET /x?y=1&z=%20 HTTP/1.1\r\nHost: a:1\r\nCookie: a=b\r\nCookie: c=\xe9\r\n\r\n",
    ),
    "a host of its own": (
        Ask("/", fields=(("host", "b"),)),
        True,
        b"GET / HTTP/1.1\r\nhost: b\r\n\r\n",
    ),
    "HEAD": (Ask("/", method="HEAD"), True, b"HEAD / HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    "OPTIONS": (Ask("*", method="OPTIONS"), True, b"OPTIONS * HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    "body": (
        Ask("/", method="PUT", body=b"\r\n\xff"),
        False,
        b"PUT / HTTP/1.1\r\nHost: a:1\r\nContent-Length: 3\r\nConnection: close\r\n\r\n\r\n\xff",
    ),
    "no body": (
        Ask("/", method="POST"),
        True,
        b"POST / HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n\r\n",
    ),
    "a body where few send one": (
        Ask("/", method="DELETE", body=b"x"),
        True,
        b"DELETE / HTTP/1.1\r\nHost: a:1\r\nContent-Length: 1\r\n\r\nx",
    ),
}


@pytest.mark.parametrize("name", ENCODED)
def test_encode(name: str) -> None:
    """Host first, Content-Length wherever there may be a body, Connection only to close."""
    ask, keeps, expected = ENCODED[name]
    assert ask.encode("a:1", keeps=keeps) == expected


REFUSED: dict[str, dict[str, Any]] = {
    "a target without a slash": {"target": "plaintext"},
    "an empty target": {"target": ""},
    "a space": {"target": "/a b"},
    "a line end": {"target": "/a\r\nX: y"},
    "a fragment": {"target": "/a#b"},
    "letters beyond ASCII": {"target": "/\u00fc"},
    "more than an asterisk": {"target": "*a"},
    "no method": {"method": ""},
    "two words as method": {"method": "GET /x"},
    "a field that ends the line": {"fields": (("X", "y\r\nZ: z"),)},
    "a field that ends the head": {"fields": (("X", "\n\n"),)},
    "a space around a value": {"fields": (("X", " y"),)},
    "a value that latin-1 has not": {"fields": (("X", "\u20ac"),)},
    "a colon in a name": {"fields": (("X:", "y"),)},
    "a length of its own": {"fields": (("content-length", "3"),)},
    "a coding": {"fields": (("Transfer-Encoding", "chunked"),)},
    "what --connections says": {"fields": (("CONNECTION", "close"),)},
}


@pytest.mark.parametrize("name", REFUSED)
def test_no_requests(name: str) -> None:
    """What would be another request, or none, is refused where it is written."""
    with pytest.raises(ValueError, match=r"is no|is said by"):
        Ask(**{"target": "/", **REFUSED[name]})


def strict(body: bytes) -> bool:
    """A check that trusts the body, as most are written."""
    return bool(json.loads(body).get("items")[0] == 1)


def divide(body: bytes) -> bool:
    """A check that nobody has tried."""
    return bool(1 / len(body))


def raised(kind: str) -> str:
    """The name of such a failure."""
    return f"the check raised {kind}"


FAULTS = {
    "right": (Ask("/", answer=b"ab"), 200, b"ab", ""),
    "nothing said": (Ask("/"), 200, b"whatever", ""),
    "empty": (Ask("/", answer=b""), 200, b"", ""),
    "status": (Ask("/", answer=b"ab"), 500, b"ab", "status 500"),
    "the status that must be": (Ask("/", status=404), 404, b"", ""),
    "a better status than must be": (Ask("/", status=404), 200, b"", "status 200"),
    "other bytes": (Ask("/", answer=b"ab"), 200, b"aB", "wrong body"),
    "fewer": (Ask("/", answer=b"ab"), 200, b"a", "a body of 1 bytes where 2 were due"),
    "more": (Ask("/", answer=b""), 200, b"a", "a body of 1 bytes where 0 were due"),
    "checked": (Ask("/", check=strict), 200, b'{"items": [1]}', ""),
    "checked and wrong": (Ask("/", check=strict), 200, b'{"items": [2]}', "wrong body"),
    "a check that finds no value": (Ask("/", check=strict), 200, b"{", raised("JSONDecodeError")),
    "a check that finds another type": (Ask("/", check=strict), 200, b"{}", raised("TypeError")),
    "a check that finds no item": (
        Ask("/", check=strict),
        200,
        b'{"items": []}',
        raised("IndexError"),
    ),
    "a check that finds a list": (Ask("/", check=strict), 200, b"[]", raised("AttributeError")),
    "a check that is wrong itself": (Ask("/", check=divide), 200, b"", raised("ZeroDivisionError")),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name: str) -> None:
    """Each has a name of its own, and the same one each time."""
    ask, status, body, expected = FAULTS[name]
    assert ask.fault(Answer(status, body, False)) == expected


def test_label() -> None:
    """It is counted under its target, or under the name that it was given."""
    assert (Ask("/x").label, Ask("/x", name="items").label) == ("/x", "items")
