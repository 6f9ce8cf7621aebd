"""What one process sends: it takes a ticket, asks, counts, and takes the next.

A ticket is taken before each request, so that no more are sent than there are. Everything here runs
in callbacks of the event loop; nothing waits.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter_ns

from gevent.event import Event
from gevent.hub import get_hub

from loadtest.rawload.connection import SURPLUS, Connection
from loadtest.rawload.exchange import Ask
from loadtest.rawload.ledger import BATCH, SECOND_NS, Column, Ledger

SWEEP_S = 0.25
# After a failure a connection pauses: a server that refuses everything is not asked in a loop.
PAUSE_S = 0.01
UNLIMITED = -1

# what was asked, its latencies in nanoseconds with their counts, names of failures
Told = Callable[[Ask, Counter[int], Counter[str]], None]


@dataclass(frozen=True, slots=True)
class Line:
    """Something to ask, as bytes, with the column that its answers go to."""

    ask: Ask
    raw: bytes
    column: Column


@dataclass(slots=True)
class Seat:
    """A connection and what is asked on it, in turn; `turn` is None where each request is asked
    for by somebody who waits for it."""

    connection: Connection
    turn: Iterator[Line] | None
    line: Line | None = None
    waiter: Callable[[str], None] | None = None


class Load:
    """All connections of this process. told: hears of what was counted. give_up_s: how long an
    answer may take. keeps: a connection for several requests."""

    def __init__(self, told: Told, give_up_s: float, *, keeps: bool) -> None:
        # given
        self.told = told
        self.give_up_s = give_up_s
        self.keeps = keeps
        # as long as there are users
        self.seats: dict[Connection, Seat] = {}
        self._columns: dict[Ask, Column] = {}
        self._sweeper = get_hub().loop.timer(SWEEP_S, SWEEP_S)
        self._opened_before = 0
        # per phase
        self.left = 0
        self.flying = 0
        self.done = 0
        self.lasting = False  # whether users may come while it lasts, and all of them leave
        self._halted = False
        self.ledger = Ledger(SECOND_NS, exact=True)
        self.ready = Event()  # there are tickets to be taken
        self.finished = Event()  # no ticket is left, and no request on its way

    # ---- seats

    def sit(self, family: int, address: object, asks: Sequence[tuple[Ask, bytes]]) -> Seat:
        """One more connection. asks: what is asked on it, in turn; none where somebody else does
        so (`ask`)."""
        connection = Connection(family, address, self._ended, keeps=self.keeps)
        lines = [self.line(ask, raw) for ask, raw in asks]
        seat = Seat(connection, itertools.cycle(lines) if lines else None)
        self.seats[connection] = seat
        if self.ready.is_set() and seat.turn is not None:
            self._next(seat, perf_counter_ns())
        return seat

    def leave(self, seat: Seat) -> None:
        """One less; a request on its way is given up, and counts as never sent."""
        if self.seats.pop(seat.connection, None) is None:
            return
        if seat.connection.busy:
            self.flying -= 1
            if self.left != UNLIMITED and not self._halted:
                self.left += 1
        seat.connection.close()
        self._opened_before += seat.connection.opened
        if self.left:
            self._offer_again()
        self._check_finished()

    def _offer_again(self) -> None:
        """A ticket has come back, perhaps when everybody else had nothing to do any more."""
        self.ready.set()
        for seat in self.seats.values():
            self._next(seat, perf_counter_ns())

    def line(self, ask: Ask, raw: bytes) -> Line:
        """What is counted under the same name goes to the same column."""
        return Line(ask, raw, self._columns.setdefault(ask, Column()))

    @property
    def opened(self) -> int:
        """Connections so far, in all."""
        return self._opened_before + sum(each.opened for each in self.seats)

    # ---- a phase

    def begin(self, tickets: int, ledger: Ledger, *, lasting: bool = False) -> None:
        """Hand out so many tickets, or UNLIMITED; what comes of them goes to the ledger. lasting:
        whether it goes on when nobody is there to take them."""
        self.left, self.done, self.ledger = tickets, 0, ledger
        self.lasting, self._halted = lasting, False
        for column in self._columns.values():
            del column.ends[:], column.latencies[:]
        self.finished.clear()
        self.ready.set()
        self._sweeper.start(self._sweep)
        ledger.begun = perf_counter_ns()
        for seat in list(self.seats.values()):
            self._next(seat, perf_counter_ns())
        self._check_finished()

    def halt(self) -> None:
        """Hand out no more tickets; what is on its way may end."""
        self.left = 0
        self._halted = True
        self._check_finished()

    def close(self) -> None:
        """Count up what is left, and stop looking after the connections."""
        self.ready.clear()
        self._sweeper.stop()
        for connection in list(self.seats):
            # A server that answers twice would answer the next request before it is sent.
            if not connection.busy and connection.surplus():
                self.ledger.fail(SURPLUS, perf_counter_ns())
        for ask, column in self._columns.items():
            self._count(ask, column)

    # ---- a request

    def ask(self, seat: Seat, line: Line, waiter: Callable[[str], None]) -> bool:
        """Ask for somebody who waits, if there is a ticket; waiter is called with the fault."""
        if not self._take():
            self.ready.clear()
            return False
        seat.waiter = waiter
        self._send(seat, line, perf_counter_ns())
        return True

    def _next(self, seat: Seat, now: int) -> None:
        if seat.turn is not None and not seat.connection.busy and self._take():
            self._send(seat, next(seat.turn), now)

    def _take(self) -> bool:
        """A ticket, if there is one."""
        if self.left > 0:
            self.left -= 1
        elif self.left != UNLIMITED:
            return False
        self.flying += 1
        return True

    def _send(self, seat: Seat, line: Line, due: int) -> None:
        seat.line = line
        seat.connection.begin(line.ask, line.raw, due)

    def _ended(self, connection: Connection, fault: str, now: int) -> None:
        seat = self.seats[connection]
        line = seat.line
        self.flying -= 1
        self.done += 1
        if line is None:
            raise RuntimeError("an answer to nothing")
        if fault:
            self._failed(seat, line, fault, now)
        else:
            column = line.column
            column.add(now - connection.due, now)
            if len(column.ends) >= BATCH and not self.ledger.exact:
                self._count(line.ask, column)
        if seat.waiter is not None:
            waiter, seat.waiter = seat.waiter, None
            waiter(fault)
        elif not fault:
            self.free(seat, now)
        if not self.left and not self.flying:
            self._check_finished()

    def free(self, seat: Seat, now: int) -> None:
        """A connection has nothing to do: it takes the next ticket."""
        self._next(seat, now)

    def _failed(self, seat: Seat, line: Line, fault: str, now: int) -> None:
        name = self.ledger.fail(fault, now)
        self.told(line.ask, Counter(), Counter((name,)))
        if seat.turn is not None:
            pause = get_hub().loop.timer(PAUSE_S)
            pause.start(self._resume, pause, seat)

    def _resume(self, pause: object, seat: Seat) -> None:
        # Unless a phase has begun since, in which it is busy.
        if seat.connection in self.seats and not seat.connection.busy:
            self.free(seat, perf_counter_ns())

    def _check_finished(self) -> None:
        """Also when nobody is there any more who could take a ticket."""
        deserted = not self.seats and not self.lasting
        if not self.flying and (not self.left or deserted):
            self.finished.set()

    def _count(self, ask: Ask, column: Column) -> None:
        if column.ends:
            self.told(ask, self.ledger.count(column), Counter())

    def _sweep(self) -> None:
        late = perf_counter_ns() - int(self.give_up_s * SECOND_NS)
        for connection in list(self.seats):
            if connection.busy and connection.asked < late:
                connection.expire(self.give_up_s)
