"""Connections: how many requests they carry, in which pieces, and who closes them."""

import pytest

from tests.contract.serving import Server
from tests.contract.variants import Ability, needs
from tests.contract.wire import Answer, Wire, head_of

CROWD = 200
EXCHANGES = [
    ("GET", "/plaintext", b"", 200, b"Hello, World!"),
    ("POST", "/echo", b"body", 200, b"body"),
    ("HEAD", "/json", b"", 200, b""),
    ("GET", "/stream?chunks=2", b"", 200, b"line 1\nline 2\n"),
    ("OPTIONS", "/plaintext", b"", 204, b""),
    ("GET", "/hello/Ada", b"", 200, b"Hello, Ada"),
]
REFUSED = [("GET", "/nowhere", 404), ("DELETE", "/plaintext", 405)]


def told(answer: Answer) -> tuple[int, bytes]:
    """What the tables above say of an answer."""
    return answer.status, answer.body


@needs(Ability.KEEP_ALIVE)
def test_kept(server: Server) -> None:
    """One connection carries request after request, whatever the answers."""
    with server.connect() as wire:
        for _ in range(3):
            for method, target, body, status, found in EXCHANGES:
                assert told(wire.ask(method, target, body)) == (status, found), (method, target)
            for method, target, status in REFUSED:
                assert wire.ask(method, target).status == status, (method, target)


@needs(Ability.PIPELINING)
def test_pipelined(server: Server) -> None:
    """Requests that are sent at once are answered in their order."""
    with server.connect() as wire:
        sent = b""
        for method, target, body, *_ in EXCHANGES * 5:
            length = (f"Content-Length: {len(body)}",) if body else ()
            sent += head_of(method, target, *length) + body
        wire.send(sent)
        for method, target, _, status, found in EXCHANGES * 5:
            assert told(wire.answer(method)) == (status, found), (method, target)


@needs(Ability.PIPELINING, Ability.CONCURRENCY)
def test_pipelined_behind_one_that_waits(server: Server) -> None:
    """An answer that is ready does not overtake the one before it."""
    with server.connect() as wire:
        wire.send(head_of("GET", "/sleep?seconds=0.2") + head_of("GET", "/plaintext"))
        assert wire.answer().body == b"slept 0.2 s\n"
        assert wire.answer().body == b"Hello, World!"


@pytest.mark.parametrize("value", ["close", "Close", "keep-alive, close"])
def test_close(server: Server, value: str) -> None:
    """A client that wants no more gets its answer, which says so as well, and an end."""
    with server.connect() as wire:
        answer = wire.ask("GET", "/plaintext", b"", f"Connection: {value}")
        assert told(answer) == (200, b"Hello, World!")
        assert "close" in answer.headers.get("Connection", "").lower()
        assert wire.rest() == b""


@pytest.mark.parametrize("target", ["/plaintext", "/stream?chunks=2", "/nowhere"])
def test_http_1_0(server: Server, target: str) -> None:
    """A client of HTTP/1.0 gets no chunks, and an end."""
    with server.connect() as wire:
        wire.send(head_of("GET", target, version="1.0"))
        answer = wire.answer()
        assert answer.headers["Transfer-Encoding"] is None
        if target.startswith("/stream"):
            assert told(answer) == (200, b"line 1\nline 2\n")
        assert wire.rest() == b""


def test_byte_by_byte(server: Server) -> None:
    """However slowly a request trickles in."""
    with server.connect() as wire:
        request = head_of("POST", "/echo", "Content-Length: 4", "Connection: close") + b"slow"
        for at in range(len(request)):
            wire.send(request[at : at + 1])
        assert told(wire.answer()) == (200, b"slow")


def test_answers_are_dated(server: Server) -> None:
    """Every answer has one Date, in HTTP's form, and says its length or that it has chunks."""
    for method, target, body, *_ in EXCHANGES:
        with server.connect() as wire:
            headers = wire.ask(method, target, body, "Connection: close").headers
        assert [each[-4:] for each in headers.get_all("Date", [])] == [" GMT"], target
        framed = {"content-length", "transfer-encoding"} & {each.lower() for each in headers}
        if method != "OPTIONS":
            assert len(framed) == 1 or method == "HEAD", (target, headers.items())
        else:
            assert framed == set(), "RFC 9110 8.6: a 204 has no length"


@needs(Ability.CROWD)
def test_crowd(server: Server) -> None:
    """All of them connect, then all of them ask, then all of them are answered."""
    wires: list[Wire] = []
    try:
        wires.extend(server.connect() for _ in range(CROWD))
        for number, wire in enumerate(wires):
            wire.start("GET", f"/hello/{number}", b"", "Connection: close")
        for number, wire in enumerate(wires):
            assert wire.answer().body == b"Hello, %d" % number
    finally:
        for wire in wires:
            wire.sock.close()


@needs(Ability.CROWD, Ability.KEEP_ALIVE)
def test_idle_crowd(server: Server) -> None:
    """Connections that are kept and say nothing are in nobody's way."""
    wires: list[Wire] = []
    try:
        for _ in range(CROWD):
            wires.append(server.connect())
            assert wires[-1].ask("GET", "/plaintext").status == 200
        assert server.answers()
        for wire in wires:
            assert wire.ask("GET", "/plaintext").status == 200
    finally:
        for wire in wires:
            wire.sock.close()
