"""Bodies of requests: sized, in chunks, large, too large, and those that wait to be wanted."""

import contextlib

import pytest

from tests.contract.clients import Client
from tests.contract.serving import Server
from tests.contract.variants import Ability, needs
from tests.contract.wire import chunked, head_of

LIMIT = 1 << 20  # bytes
KIND = "application/x-own; a=b"
CHUNKED = "Transfer-Encoding: chunked"


def pattern(size: int) -> bytes:
    """Bytes that are not all alike."""
    return (bytes(range(256)) * (size // 256 + 1))[:size]


@pytest.mark.parametrize("size", [0, 1, 5000, LIMIT])
def test_sized(client: Client, size: int) -> None:
    """The body as it came, with its type."""
    answer = client.ask("POST", "/echo", pattern(size), Content_Type=KIND)
    assert (answer.status, answer.headers["Content-Type"]) == (200, KIND)
    assert answer.body == pattern(size)


@pytest.mark.parametrize("size", [0, 1, 5000, LIMIT])
@needs(Ability.CHUNKED)
def test_chunked(client: Client, size: int) -> None:
    """The same without a length."""
    answer = client.ask("POST", "/echo", pattern(size), chunked=True, Content_Type=KIND)
    assert (answer.status, answer.headers["Content-Type"]) == (200, KIND)
    assert answer.body == pattern(size)


@pytest.mark.parametrize(
    "body",
    [
        b"1\r\na\r\n2\r\nbc\r\n00003\r\ndef\r\n0\r\n\r\n",
        b'A;name;b="c d;e"\r\nabcdefghij\r\na\r\nabcdefghij\r\n000\r\n\r\n',
        b"3\r\n\r\n0\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n",
        b"2\r\nab\r\n0\r\nX-Trailer: is left out\r\n\r\n",
        b"".join(b"1\r\n%c\r\n" % (each,) for each in range(256)) + b"0\r\n\r\n",
    ],
    ids=["sizes", "extensions", "line-ends", "trailer", "one-byte-each"],
)
@needs(Ability.CHUNKED)
def test_odd_chunks(server: Server, body: bytes) -> None:
    """Chunks of any size, with extensions and trailers, which mean nothing here; at once and
    byte by byte."""
    data, rest = bytearray(), body
    while size := int(rest.partition(b"\r\n")[0].partition(b";")[0], 16):
        rest = rest.partition(b"\r\n")[2]
        data += rest[:size]
        rest = rest[size + 2 :]
    for pieces in ([body], [body[at : at + 1] for at in range(len(body))]):
        with server.connect() as wire:
            wire.send(head_of("POST", "/echo", CHUNKED, "Connection: close"))
            for each in pieces:
                wire.send(each)
            assert wire.answer().expected() == bytes(data)


def test_without_a_body(server: Server) -> None:
    """Neither a length nor chunks: there is none, and its type is that of any bytes."""
    with server.connect() as wire:
        wire.send(head_of("POST", "/echo", "Connection: close"))
        answer = wire.answer()
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_announced_too_large(server: Server) -> None:
    """413 on the announcement: the body does not have to come."""
    with server.connect() as wire:
        wire.send(head_of("POST", "/echo", f"Content-Length: {LIMIT + 1}"))
        assert wire.answer().status == 413


def test_sent_too_large(server: Server) -> None:
    """413 also reaches a client that sends all of it first: closing while it sends would reset
    the connection, and the reset eat the answer. Only who closes after each answer anyway, with
    others waiting, may be quicker than the client."""
    hasty = not server.variant.way.can(Ability.KEEP_ALIVE)
    with server.connect() as wire, contextlib.suppress(ConnectionError if hasty else ()):
        wire.send(head_of("POST", "/echo", f"Content-Length: {LIMIT + 1}"))
        wire.send(bytes(LIMIT + 1))
        assert wire.answer().status == 413
    assert server.answers()


def test_expected_too_large(server: Server) -> None:
    """413 instead of 100, or after it where the server has said that before it looked."""
    with server.connect() as wire:
        fields = (f"Content-Length: {LIMIT + 1}", "Expect: 100-continue")
        wire.send(head_of("POST", "/echo", *fields))
        answer = wire.answer()
        if answer.status == 100:
            answer = wire.answer()
        assert answer.status == 413


@needs(Ability.CHUNKED)
def test_grown_too_large(server: Server) -> None:
    """413 as soon as the chunks are too many."""
    with server.connect() as wire:
        wire.send(head_of("POST", "/echo", CHUNKED))
        wire.send(chunked(*[bytes(1 << 16)] * 16, b"x"))
        assert wire.answer().status == 413


def test_expected(server: Server) -> None:
    """100 to a client that waits to be told, once, and then the answer."""
    with server.connect() as wire:
        fields = ("Content-Length: 5", "Expect: 100-continue", "Connection: close")
        wire.send(head_of("POST", "/echo", *fields))
        assert wire.answer().status == 100
        wire.send(b"hello")
        assert wire.answer().expected() == b"hello"
        assert wire.rest() == b""


def test_unread(server: Server) -> None:
    """A body that its handler does not want spoils nothing: it is answered all the same."""
    with server.connect() as wire:
        wire.start("POST", "/release", pattern(5000), "Connection: close")
        assert wire.answer().status in (200, 501)
    assert server.answers()


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "DELETE"])
def test_where_none_belongs(server: Server, method: str) -> None:
    """It is not taken for the next request: that one is answered, or the connection closed."""
    smuggled = head_of("GET", "/hello/smuggled")
    with server.connect() as wire:
        wire.start(method, "/plaintext", smuggled)
        assert wire.answer(method).status in (200, 204, 400, 405)
        wire.finish()
        assert b"smuggled" not in wire.rest()


def test_headers(client: Client) -> None:
    """/headers says what came."""
    answer = client.ask("GET", "/headers", X_First="1", X_Second="b c")
    lines = {line.lower() for line in answer.body.decode().splitlines()}
    assert answer.status == 200
    assert lines >= {"x-first: 1", "x-second: b c"}


@needs(Ability.FIELDS)
def test_headers_as_sent(server: Server) -> None:
    """Each as it was written, all of them, in their order."""
    fields = ("X-B:  2 ", "x-a: 1", "X-B: 3", "Connection: close")
    with server.connect() as wire:
        wire.send(head_of("GET", "/headers", *fields))
        body = wire.answer().expected()
    assert body == b"Host: contract\nX-B: 2\nx-a: 1\nX-B: 3\nConnection: close\n"
