"""Requests that wait: for the clock, or for another request."""

import pytest

from tests.contract.parked import Parked
from tests.contract.serving import Server
from tests.contract.variants import Ability, needs

MANY = 20
ROUNDS = 5


@needs(Ability.CONCURRENCY)
def test_sleep_holds_up_nobody(server: Server) -> None:
    """Others are answered while one sleeps; so is one that came later and sleeps less. Tried
    with a longer sleep where a busy machine has slept as well."""
    for seconds in (1, 5):
        with server.connect() as long:
            long.start("GET", f"/sleep?seconds={seconds}")
            for _ in range(3):
                assert server.answers()
            assert server.ask("GET", "/sleep?seconds=0.1") == b"slept 0.1 s\n"
            overtaken = long.quiet()
            assert long.answer().expected() == b"slept %d s\n" % seconds
        if overtaken:
            return
    pytest.fail("the sleeper was answered first")


@needs(Ability.CONCURRENCY, Ability.CROWD)
def test_all_sleep_at_once(server: Server) -> None:
    """200 of them."""
    wires = [server.connect() for _ in range(200)]
    try:
        for each in wires:
            each.start("GET", "/sleep?seconds=0.3", b"", "Connection: close")
        for each in wires:
            assert each.answer().expected() == b"slept 0.3 s\n"
    finally:
        for each in wires:
            each.sock.close()


@needs(Ability.CONCURRENCY, Ability.KEEP_ALIVE)
def test_park_and_release(server: Server) -> None:
    """Whoever is parked waits for a release; the one who releases is told how many went. Asked
    again and again, until all have come to be parked and have been let go."""
    with Parked(server) as parked:
        parked.settle()
        parked.park(MANY)
        assert parked.release_all() == MANY
        assert parked.answers() == [b"done"] * MANY


@needs(Ability.CONCURRENCY, Ability.KEEP_ALIVE)
def test_release_of_nobody(server: Server) -> None:
    """It is told so, and holds up nobody."""
    with Parked(server) as parked:
        parked.settle()
        assert server.release() == 0


@needs(Ability.CONCURRENCY, Ability.KEEP_ALIVE, Ability.DISCONNECT)
def test_client_of_a_parked_request_leaves(server: Server) -> None:
    """It is forgotten: not counted among those who were let go. It leaves with a reset: one that
    only closed might still be reading. Word of that takes a moment, so there are some rounds; a
    server that forgets nobody would count them in each."""
    counts = []
    for _ in range(ROUNDS):
        with Parked(server) as parked:
            parked.settle()
            parked.park(MANY)
            parked.arrive()
            for each in parked.wires[: MANY // 2]:
                each.reset()
            del parked.wires[: MANY // 2]
            parked.arrive()
            counts.append(parked.release_all())
            assert parked.answers() == [b"done"] * (MANY // 2)
        if counts[-1] == MANY // 2:
            return
    pytest.fail(f"{MANY // 2} stayed, but {counts} were let go")
