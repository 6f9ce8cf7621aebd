"""Two workers: who is parked at the one is released by the other.

Which worker has which connection is arranged, not hoped for: while one is stopped (SIGSTOP) the
other takes all that comes, and says who it is on its page.
"""

import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.contract.parked import Parked
from tests.contract.serving import PATIENCE, Server
from tests.contract.variants import Ability, deployed, needs
from tests.contract.wire import Wire

EACH = 8  # connections of each worker
ROUNDS = 5


def worker_of(wire: Wire) -> int:
    """The process that has this connection."""
    page = wire.ask("GET", "/").expected().decode()
    found = re.search(r"<dt>worker</dt><dd>(\d+)</dd>", page)
    assert found is not None, page
    return int(found[1])


def stop(worker: int) -> None:
    """Stop all its threads: the kernel does it one after another, and the last may accept."""
    os.kill(worker, signal.SIGSTOP)
    deadline = time.monotonic() + PATIENCE
    while states(worker) != {"T"}:
        assert time.monotonic() < deadline, states(worker)


def states(worker: int) -> set[str]:
    """In which its threads are: the word after the name, which is in brackets (proc(5))."""
    threads = Path(f"/proc/{worker}/task").glob("*/stat")
    return {each.read_text().rpartition(")")[2].split()[0] for each in threads}


def connections(pair: Server, parked: Parked, stopped: int) -> tuple[int, Wire, list[Wire]]:
    """Connections of the worker that is not stopped, which it is, and one more beside them."""
    stop(stopped)
    try:
        parked.beside.append(pair.connect())
        worker = worker_of(parked.beside[-1])
        wires = [pair.connect() for _ in range(EACH)]
        parked.wires += wires
        assert [worker_of(each) for each in wires] == [worker] * EACH
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert worker != stopped
    return worker, parked.beside[-1], wires


def on_both(pair: Server, parked: Parked) -> list[tuple[int, Wire, list[Wire]]]:
    """The same for both workers."""
    with pair.connect() as wire:
        first = worker_of(wire)
    one = connections(pair, parked, first)
    return [one, connections(pair, parked, one[0])]


def park(parked: Parked) -> None:
    """Send all of them to be parked. Either worker has come to that when it has answered what
    was sent afterwards."""
    parked.park(0, parked.wires)
    for _ in range(30):
        for each in parked.beside:
            each.ask("GET", "/plaintext").expected()


@needs(Ability.CONCURRENCY, Ability.KEEP_ALIVE, Ability.NEIGHBOURS)
def test_one_release_reaches_both(pair: Server) -> None:
    """One /release lets go who is parked at either worker. A request may not have come to be
    parked yet, so there are some rounds; a worker that is alone would fail in each."""
    with Parked(pair) as parked:
        on_both(pair, parked)
        counts = []
        for _ in range(ROUNDS):
            park(parked)
            counts.append(pair.release())
            if counts[-1] < 2 * EACH:
                parked.release_all()
            assert parked.answers() == [b"done"] * 2 * EACH
            if counts[-1] == 2 * EACH:
                return
    pytest.fail(f"{2 * EACH} were parked, one release let go {counts}")


@deployed
@needs(Ability.NEIGHBOURS)
def test_one_is_killed(pair: Server) -> None:
    """Its clients are told by the end of their connections; a release lets go the others, and
    waits for nobody."""
    with Parked(pair) as parked:
        (dead, _, lost), (_, _, kept) = on_both(pair, parked)
        park(parked)
        os.kill(dead, signal.SIGKILL)
        assert [each.rest() for each in lost] == [b""] * EACH
        assert pair.release() == EACH
        assert [each.answer().expected() for each in kept] == [b"done"] * EACH


def test_both_end(pair: Server) -> None:
    """Told to stop, both do."""
    pair.process.send_signal(signal.SIGTERM)
    assert pair.end() == 0
    with pytest.raises(ConnectionRefusedError):
        pair.connect()
