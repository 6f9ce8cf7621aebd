"""/stream: lines that are sent when they are made."""

from tests.contract.serving import Server
from tests.contract.variants import Ability, needs
from tests.contract.wire import head_of

LINES = [b"line %d\n" % number for number in range(1, 1001)]


@needs(Ability.STREAMING)
def test_each_line_is_a_chunk(server: Server) -> None:
    """As it was made: nobody collects them first."""
    with server.connect() as wire:
        wire.send(head_of("GET", "/stream?chunks=1000", "Connection: close"))
        head = wire.until(b"\r\n\r\n").lower()
        assert b"\r\ntransfer-encoding: chunked\r\n" in head
        assert b"\r\ncontent-length:" not in head
        assert wire.chunks() == LINES
        assert wire.rest() == b""


@needs(Ability.STREAMING)
def test_http_1_0(server: Server) -> None:
    """A client that knows no chunks gets the lines until the end of the connection."""
    with server.connect() as wire:
        wire.send(head_of("GET", "/stream?chunks=1000", version="1.0"))
        head = wire.until(b"\r\n\r\n").lower()
        assert b"\r\ntransfer-encoding:" not in head
        assert wire.rest() == b"".join(LINES)


@needs(Ability.KEEP_ALIVE)
def test_one_after_another(server: Server) -> None:
    """The end of one is where the next answer begins."""
    with server.connect() as wire:
        for count in (0, 1, 3, 1000):
            assert wire.ask("GET", f"/stream?chunks={count}").body == b"".join(LINES[:count])


def test_slow_reader(server: Server) -> None:
    """One who does not read holds up nobody but itself, and loses nothing."""
    with server.connect() as wire:
        wire.send(head_of("GET", "/stream?chunks=1000", "Connection: close"))
        for _ in range(3):
            assert server.answers()
        assert wire.answer().expected() == b"".join(LINES)
