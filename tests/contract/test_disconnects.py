"""Clients that leave: wherever in a request or an answer, the server is there for the next."""

import pytest

from tests.contract.serving import Server
from tests.contract.variants import Ability, needs
from tests.contract.wire import head_of

MANY = 20
LARGE = bytes(1 << 20)
LENGTH = f"Content-Length: {len(LARGE)}"
CHUNKED = "Transfer-Encoding: chunked"

LEFT = {
    "nothing": b"",
    "half a line": b"GET /pl",
    "half a head": b"GET /plaintext HTTP/1.1\r\nHost: contr",
    "a head": head_of("GET", "/plaintext"),
    "half a body": head_of("POST", "/echo", LENGTH) + LARGE[: 1 << 19],
    "half a chunk": head_of("POST", "/echo", CHUNKED) + b"64\r\nabc",
    "chunks without an end": head_of("POST", "/echo", CHUNKED) + b"3\r\nabc\r\n",
    "a large body": head_of("POST", "/echo", LENGTH) + LARGE,
    "a request for a stream": head_of("GET", "/stream?chunks=1000"),
    "fifty requests": head_of("GET", "/stream?chunks=1000") * 50,
    "a request that waits": head_of("GET", "/sleep?seconds=0.1"),
}


@pytest.mark.parametrize("sent", LEFT.values(), ids=LEFT)
@pytest.mark.parametrize("how", ["reset", "close"])
def test_leaves(server: Server, sent: bytes, how: str) -> None:
    """Having sent this, and nobody to take the answer; many of them, then one who stays."""
    for _ in range(MANY):
        wire = server.connect()
        wire.send(sent)
        if how == "reset":
            wire.reset()
        wire.sock.close()
    assert server.answers()
    assert server.process.poll() is None


@pytest.mark.parametrize("sent", ["a large body", "a request for a stream"])
def test_leaves_within_the_answer(server: Server, sent: str) -> None:
    """It has had the beginning."""
    for _ in range(MANY):
        wire = server.connect()
        wire.send(LEFT[sent])
        assert wire.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")
        wire.reset()
    assert server.answers()
    assert server.process.poll() is None


@needs(Ability.HALF_CLOSE)
def test_has_said_all(server: Server) -> None:
    """A client that closes its side behind its request still wants the answer."""
    lines = b"".join(b"line %d\n" % each for each in range(1, 1001))
    for method, target, body in (
        ("GET", "/stream?chunks=1000", lines),
        ("GET", "/plaintext", b"Hello, World!"),
        ("POST", "/echo", LARGE),
        ("GET", "/stream?chunks=2", b"line 1\nline 2\n"),
    ):
        with server.connect() as wire:
            wire.start(method, target, body if method == "POST" else b"")
            wire.finish()
            assert wire.answer().expected() == body
            assert wire.rest() == b""


@needs(Ability.CONCURRENCY, Ability.HALF_CLOSE)
def test_has_said_all_and_waits(server: Server) -> None:
    """Also where the answer takes a while."""
    with server.connect() as wire:
        wire.start("GET", "/sleep?seconds=0.2")
        wire.finish()
        assert wire.answer().expected() == b"slept 0.2 s\n"


def test_body_that_ends_early(server: Server) -> None:
    """It is not taken for the whole: no success."""
    for sent in (
        head_of("POST", "/echo", "Content-Length: 10") + b"short",
        head_of("POST", "/echo", CHUNKED) + b"5\r\nshort\r\n",
        head_of("POST", "/echo", CHUNKED) + b"5\r\nshort\r\n0\r\n",
    ):
        with server.connect() as wire:
            wire.send(sent)
            wire.finish()
            assert b" 200 OK" not in wire.rest(), sent
    assert server.answers()
