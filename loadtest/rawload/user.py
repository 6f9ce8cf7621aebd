"""Users to derive from: each is one connection to --host, and has each answer checked."""

from collections.abc import Sequence
from typing import Any, ClassVar

from gevent.hub import Waiter
from locust import User, task
from locust.exception import StopUser

from loadtest.rawload.exchange import Ask
from loadtest.rawload.load import Line, Seat
from loadtest.rawload.target import DEFAULT_HOST
from loadtest.rawload.test import test_of


class RawUser(User):
    """Tasks of its own, which ask with `self.ask(Ask(...))`."""

    abstract = True
    raw = True
    host: str = DEFAULT_HOST
    asks: ClassVar[Sequence[Ask]] = ()

    def __init__(self, environment: Any) -> None:
        super().__init__(environment)
        self.test = test_of(environment)
        self._seat: Seat | None = None
        self._lines: dict[Ask, Line] = {}

    def on_start(self) -> None:
        """Take a seat; the connection is opened by the first request."""
        target = self.test.target(self.host)
        keeps = self.test.load.keeps
        asks = [(each, each.encode(target.host, keeps=keeps)) for each in self.given_asks()]
        self._seat = self.test.load.sit(target.family, target.address, asks)

    def on_stop(self) -> None:
        """Leave it."""
        if self._seat is not None:
            self.test.load.leave(self._seat)
            self._seat = None

    def given_asks(self) -> Sequence[Ask]:
        """What the connection asks by itself, in turn."""
        return self.asks

    def ask(self, ask: Ask) -> str:
        """Ask and wait for the answer; gives what was wrong with it, "" if nothing was.

        A failure is counted, and nothing is raised. With --requests it waits for its turn before.
        """
        seat, load = self._seat, self.test.load
        if seat is None:
            raise StopUser
        line = self._lines.get(ask)
        if line is None:
            target = self.test.target(self.host)
            line = self._lines[ask] = load.line(ask, ask.encode(target.host, keeps=load.keeps))
        waiter: Any = Waiter()
        while not load.ask(seat, line, waiter.switch):
            if self.test.stopping.is_set():
                raise StopUser
            load.ready.wait()
        fault: str = waiter.get()
        return fault


class RepeatingUser(RawUser):
    """Asks `asks` in turn, again and again, as fast as one core can: no greenlet is switched for
    it."""

    abstract = True

    @task
    def repeat(self) -> None:
        """Be there until the test stops."""
        self.test.stopping.wait()
        raise StopUser
