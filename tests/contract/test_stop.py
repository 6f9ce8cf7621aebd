"""The end: at once where nothing is to be done, and not before what is in hand is answered."""

import signal

import pytest

from tests.contract.parked import Parked
from tests.contract.serving import Server
from tests.contract.variants import Ability, needs

SIGNALS = pytest.mark.parametrize(
    "sig", [signal.SIGTERM, signal.SIGINT], ids=lambda each: each.name
)


@SIGNALS
def test_idle(fresh: Server, sig: signal.Signals) -> None:
    """Nobody is served: it ends, although connections are kept, and tells them."""
    wires = [fresh.connect() for _ in range(5)]
    try:
        for each in wires:
            assert each.ask("GET", "/plaintext").expected() == b"Hello, World!"
        fresh.process.send_signal(sig)
        assert fresh.end() == 0
        assert [each.rest() for each in wires] == [b""] * 5
    finally:
        for each in wires:
            each.sock.close()
    with pytest.raises(ConnectionRefusedError):
        fresh.connect()


@needs(Ability.CONCURRENCY, Ability.DRAIN)
def test_in_flight(fresh: Server) -> None:
    """What it is doing when it is told to stop is done first, also when it is told twice."""
    with fresh.connect() as sleeper:
        sleeper.start("GET", "/sleep?seconds=1")
        with fresh.connect() as idle:
            assert idle.ask("GET", "/plaintext").expected() == b"Hello, World!"
            Parked(fresh).arrive()
            fresh.process.send_signal(signal.SIGTERM)
            assert idle.rest() == b""  # it has heard
        fresh.process.send_signal(signal.SIGTERM)
        assert sleeper.answer().expected() == b"slept 1 s\n"
        assert sleeper.rest() == b""
        assert fresh.end() == 0
    with pytest.raises(ConnectionRefusedError):
        fresh.connect()


@needs(Ability.CONCURRENCY)
def test_silent(fresh: Server) -> None:
    """A connection that was accepted and says nothing is not waited for."""
    with fresh.connect() as silent:
        assert fresh.answers()
        fresh.process.send_signal(signal.SIGTERM)
        assert fresh.end() == 0
        assert silent.rest() == b""
