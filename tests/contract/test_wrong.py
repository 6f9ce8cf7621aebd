"""Clients that are wrong, by mistake or on purpose: refused or closed, never served.

Each of the tables is tried with a good request glued on, which a server that guesses would take
for a second one, and which gives a server that waits for more what it waits for.
"""

import re

import pytest

from tests.contract.serving import Server
from tests.contract.variants import Ability, needs
from tests.contract.wire import head_of

NEXT = head_of("GET", "/hello/next", "Connection: close")
CHUNKED = "Transfer-Encoding: chunked"
BLANK = b"\r\n\r\n"


def post(*fields: str, body: bytes = b"0\r\n\r\n") -> bytes:
    """A POST with these fields."""
    return head_of("POST", "/echo", *fields) + body


def get(line: bytes) -> bytes:
    """A GET with this among its fields."""
    return b"GET /plaintext HTTP/1.1\r\nHost: a\r\n" + line + BLANK


# Nobody may take these for a request: bodies would be cut in the wrong place, requests smuggled.
NEVER = {
    "no HTTP": b"\x00\x01\x02\x03\xff\xfe\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "long target": b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "length and chunks": post("Content-Length: 5", CHUNKED),
    "two lengths": post("Content-Length: 5", "Content-Length: 6", body=b"hello!"),
    "length list": post("Content-Length: 5, 6", body=b"hello!"),
    "length of letters": post("Content-Length: five", body=b"hello"),
    "negative length": post("Content-Length: -1", body=b"hello"),
    "hexadecimal length": post("Content-Length: 0x5", body=b"hello"),
    "signed length": post("Content-Length: +5", body=b"hello"),
    "underscored length": post("Content-Length: 0_5", body=b"hello"),
    "no chunk size": post(CHUNKED, body=b"\r\nhello\r\n0\r\n\r\n"),
    "chunk size of letters": post(CHUNKED, body=b"five\r\nhello\r\n0\r\n\r\n"),
    "negative chunk size": post(CHUNKED, body=b"-5\r\nhello\r\n0\r\n\r\n"),
    "prefixed chunk size": post(CHUNKED, body=b"0x5\r\nhello\r\n0\r\n\r\n"),
    "signed chunk size": post(CHUNKED, body=b"+5\r\nhello\r\n0\r\n\r\n"),
    "long chunk": post(CHUNKED, body=b"5\r\nhello!\r\n0\r\n\r\n"),
    "unknown coding": post("Transfer-Encoding: xchunked"),
    "chunked is not last": post("Transfer-Encoding: chunked, identity"),
}

# Nobody needs so much, and whoever takes it takes any amount.
TOO_MUCH = {
    "large head": get(b"X-Large: " + b"a" * (1 << 20)),
    "many fields": get(b"\r\n".join(b"X-%d: a" % each for each in range(20000))),
}

# These have one meaning to whoever reads them kindly, and another to the next in the line.
STRICT = {
    "bare CR": get(b"X-A: b\rX-C: d"),
    "bare CR in the line": b"GET /plaintext HTTP/1.1\rX-A: b\r\nHost: a\r\n\r\n",
    "NUL in a field": get(b"X-A: b\x00c"),
    "space before the colon": get(b"X-A : b"),
    "no colon": get(b"X-A"),
    "no name": get(b": b"),
    "folded": get(b"X-A: b\r\n c"),
    "folded first": b"GET /plaintext HTTP/1.1\r\n Host: a\r\n\r\n",
    "HTTP/0.9": b"GET /plaintext\r\n\r\n",
    "two spaces": b"GET  /plaintext HTTP/1.1\r\nHost: a\r\n\r\n",
    "lower-case version": b"GET /plaintext http/1.1\r\nHost: a\r\n\r\n",
    "version 9": b"GET /plaintext HTTP/9.9\r\nHost: a\r\n\r\n",
    "no Host": b"GET /plaintext HTTP/1.1\r\n\r\n",
    "two Hosts": get(b"Host: b"),
    "bytes in the target": b"GET /hello/J\xf6rg HTTP/1.1\r\nHost: a\r\n\r\n",
    "chunks twice": post("Transfer-Encoding: chunked, chunked"),
    "equal lengths": post("Content-Length: 5", "Content-Length: 5", body=b"hello"),
    "chunks to HTTP/1.0": head_of("POST", "/echo", CHUNKED, version="1.0") + b"0\r\n\r\n",
}


def verdict(server: Server, sent: bytes) -> str:
    """What came of it: nothing, where it was refused or the connection closed."""
    with server.connect() as wire:
        try:
            wire.send(sent)
            wire.send(NEXT)
        except ConnectionError:
            pass  # closed before all of it was there: what was said is still to be read
        try:
            found = wire.rest()
        except TimeoutError:
            return "neither an answer nor an end"
    refused = not found or re.match(rb"HTTP/1\.[01] [45]", found)
    return "" if refused and b" 200 OK" not in found else f"answered {found[:300]!r}"


@pytest.mark.parametrize("sent", NEVER.values(), ids=NEVER)
def test_never(server: Server, sent: bytes) -> None:
    """Refused or closed; the next client is served."""
    assert verdict(server, sent) == ""
    assert server.answers()


@needs(Ability.BOUNDED)
@pytest.mark.parametrize("sent", TOO_MUCH.values(), ids=TOO_MUCH)
def test_too_much(server: Server, sent: bytes) -> None:
    """So are those that have no end."""
    assert verdict(server, sent) == ""
    assert server.answers()


@needs(Ability.STRICT)
def test_strict(server: Server) -> None:
    """All of these as well."""
    found = {name: verdict(server, sent) for name, sent in STRICT.items()}
    assert {name: each for name, each in found.items() if each} == {}
    assert server.answers()


def test_many(server: Server) -> None:
    """However many of them come: the server is there for the next."""
    for sent in [*NEVER.values(), *TOO_MUCH.values(), *STRICT.values()] * 3:
        with server.connect() as wire:
            try:
                wire.send(sent)
            except ConnectionError:
                continue
            wire.reset()
    assert server.answers()
    assert server.process.poll() is None
