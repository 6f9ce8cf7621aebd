"""One phase of a test in one process: warm-up, measurement, or for as long as it is let."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from time import perf_counter_ns
from typing import Any

from loadtest.rawload.arrivals import schedule
from loadtest.rawload.exchange import Ask
from loadtest.rawload.ledger import EXACT_REQUESTS, SECOND_NS, Ledger, percentiles
from loadtest.rawload.load import Load
from loadtest.rawload.openload import OpenLoad
from loadtest.rawload.watch import Watch

FINE_NS, COARSE_NS = SECOND_NS // 10, SECOND_NS


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is told to do. tickets: how many requests, or UNLIMITED. rate: arrivals a
    second in this process; 0 for a closed model. offset_ns: when the first of them is due. lasting:
    whether users may come and go meanwhile."""

    measured: bool
    tickets: int
    rate: float = 0.0
    arrivals: str = "constant"
    offset_ns: int = 0
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. All times in seconds, lag_us but for its name."""

    measured: bool
    requests: int = 0
    seconds: float = 0.0
    opened: int = 0
    dropped: int = 0
    idle: float = 1.0
    cpu_seconds: float = 0.0
    lag_us: float = 0.0
    ledger: dict[str, Any] = field(default_factory=Ledger(SECOND_NS, exact=True).packed)

    def packed(self) -> dict[str, Any]:
        """For a message."""
        return asdict(self)


class Phase:
    """Carries out one order on the load of this process. Begun by `start`, ended by `result`."""

    def __init__(self, load: Load, order: Order) -> None:
        exact = 0 <= order.tickets <= EXACT_REQUESTS
        self._load = load
        self._order = order
        self._ledger = Ledger(FINE_NS if exact else COARSE_NS, exact=exact)
        self._watch = Watch()
        self._opened = load.opened

    def start(self) -> None:
        """Begin to send."""
        order = self._order
        lasting = order.lasting
        self._watch.start()
        if isinstance(self._load, OpenLoad):
            due = (order.offset_ns + each for each in schedule(order.arrivals, order.rate))
            self._load.offer(order.tickets, due, self._ledger, lasting=lasting)
        else:
            self._load.begin(order.tickets, self._ledger, lasting=lasting)

    def result(self) -> Outcome:
        """Wait for the end, and say what came of it."""
        load = self._load
        load.finished.wait()
        ended = perf_counter_ns()
        self._watch.stop()
        load.close()
        lags = load.lags if isinstance(load, OpenLoad) else ()
        return Outcome(
            self._order.measured,
            requests=load.done,
            seconds=(ended - self._ledger.begun) / SECOND_NS,
            opened=load.opened - (0 if load.keeps else self._opened),
            dropped=load.dropped if isinstance(load, OpenLoad) else 0,
            idle=self._watch.idle,
            cpu_seconds=self._watch.cpu_seconds,
            lag_us=percentiles(Counter(lags), [99.0])[0] / 1000,
            ledger=self._ledger.packed(),
        )


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection within: its pauses would be taken for the server's."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def untold(ask: Ask, counted: Counter[int], failures: Counter[str]) -> None:
    """Nobody hears of the warm-up."""
