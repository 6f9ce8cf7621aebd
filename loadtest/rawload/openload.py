"""An open model: requests are due when the clock says so, however slow the answers are.

The latency of each counts from when it was due, so that a server which stalls is not asked less
and looks no better for it (coordinated omission). One that finds no free connection waits for one;
after a time it is dropped, and counted.
"""

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from time import perf_counter_ns

from gevent.hub import get_hub

from loadtest.rawload.connection import Connection
from loadtest.rawload.exchange import Ask
from loadtest.rawload.ledger import SECOND_NS, Ledger
from loadtest.rawload.load import Load, Seat, Told

# How late a request left that a connection was free for; beyond so many the first are kept.
LIMIT_LAGS = 1_000_000


class OpenLoad(Load):
    """Sends at times. arrivals: when, in nanoseconds from the beginning. drop_after_s: how long one
    waits for a free connection.

    libev waits in whole milliseconds, which is longer than an answer takes here. So it never waits:
    an idle watcher keeps it turning, at the price of one core.
    """

    def __init__(self, told: Told, give_up_s: float, drop_after_s: float, *, keeps: bool) -> None:
        super().__init__(told, give_up_s, keeps=keeps)
        self._drop_after_ns = int(drop_after_s * SECOND_NS)
        self._arrivals: Iterator[int] = iter(())
        self._due = 0
        loop = get_hub().loop
        self._turner, self._ticker = loop.idle(), loop.prepare()
        # In the order in which they became free; a dict, for one may leave out of turn.
        self._idle: dict[Connection, None] = {}
        self._queue: deque[int] = deque()
        self.dropped = 0
        self.lags = array("q")

    def offer(
        self, tickets: int, arrivals: Iterator[int], ledger: Ledger, *, lasting: bool = False
    ) -> None:
        """Begin a phase in which this many, or UNLIMITED, are due at these times."""
        self._arrivals = arrivals
        self.dropped = 0
        del self.lags[:]
        self._queue.clear()
        self._idle = dict.fromkeys(
            each for each in self.seats if not each.busy and self.seats[each].turn is not None
        )
        super().begin(tickets, ledger, lasting=lasting)
        self._due = ledger.begun + next(arrivals)
        self._turner.start(_nothing)
        self._ticker.start(self._tick)

    def close(self) -> None:
        """Turn no more."""
        self._turner.stop()
        self._ticker.stop()
        super().close()

    def halt(self) -> None:
        """Nothing more is due, and what waits is given up as if it never had been."""
        self.flying -= len(self._queue)
        self._queue.clear()
        super().halt()

    def sit(self, family: int, address: object, asks: Sequence[tuple[Ask, bytes]]) -> Seat:
        """One more connection, free at once."""
        seat = super().sit(family, address, asks)
        if self.ready.is_set() and seat.turn is not None:
            self._idle[seat.connection] = None
        return seat

    def leave(self, seat: Seat) -> None:
        """One less."""
        self._idle.pop(seat.connection, None)
        super().leave(seat)

    def free(self, seat: Seat, now: int) -> None:
        """A connection has nothing to do: what has waited longest goes first."""
        while self._queue:
            due = self._queue.popleft()
            if now - due <= self._drop_after_ns:
                self._depart(seat, due)
                return
            self._drop()
        self._idle[seat.connection] = None

    def _next(self, seat: Seat, now: int) -> None:
        """Not at will: the clock decides."""

    def _tick(self) -> None:
        now = perf_counter_ns()
        while self._due <= now and self._take():
            if self._idle:
                if len(self.lags) < LIMIT_LAGS:
                    self.lags.append(now - self._due)
                # The one that has had nothing to do for longest: all are used.
                connection = next(iter(self._idle))
                del self._idle[connection]
                self._depart(self.seats[connection], self._due)
                now = perf_counter_ns()
            else:
                self._queue.append(self._due)
            self._due = self.ledger.begun + next(self._arrivals)
        while self._queue and now - self._queue[0] > self._drop_after_ns:
            self._queue.popleft()
            self._drop()

    def _depart(self, seat: Seat, due: int) -> None:
        if seat.turn is not None:
            self._send(seat, next(seat.turn), due)

    def _drop(self) -> None:
        self.dropped += 1
        self.flying -= 1
        self._check_finished()


def _nothing() -> None:
    """An idle watcher needs a callback."""
