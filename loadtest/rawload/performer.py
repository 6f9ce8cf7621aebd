"""The part of a test that a process with users does: orders are carried out and answered."""

import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

import gevent
from gevent.event import Event
from locust.runners import MasterRunner

from loadtest.rawload import stock
from loadtest.rawload.exchange import Ask
from loadtest.rawload.load import UNLIMITED, Load
from loadtest.rawload.openload import OpenLoad
from loadtest.rawload.phase import Order, Outcome, Phase, uncollected, untold

# From the conductor, and back to it.
ORDER, HALT = "slipway-order", "slipway-halt"
BEGUN, OUTCOME = "slipway-begun", "slipway-outcome"
SEATED_S, SEAT_POLL_S = 10.0, 0.01

logger = logging.getLogger(__name__)


def raw_users(environment: Any, counts: Mapping[str, int]) -> dict[str, int]:
    """Those of the users, by class, that have a connection of their own."""
    raw = {each.__name__ for each in environment.user_classes if getattr(each, "raw", False)}
    return {name: count for name, count in counts.items() if name in raw and count}


class Performer:
    """Holds this process's load, from the start of a test to its end."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._options = environment.parsed_options
        self.load = self._new_load()
        self.stopping = Event()
        self._over = False  # nothing more is to be begun
        self._performed = Event()
        self._performed.set()
        if not isinstance(environment.runner, MasterRunner):
            environment.runner.register_message(ORDER, self._on_order)
            environment.runner.register_message(HALT, self._on_halt)
            environment.events.test_start.add_listener(self._on_test_start)
            environment.events.test_stopping.add_listener(self._on_test_stopping)

    def _new_load(self) -> Load:
        options = self._options
        keeps = options.connections == "keepalive"
        if options.rate:
            return OpenLoad(untold, options.give_up, options.drop_after, keeps=keeps)
        return Load(untold, options.give_up, keeps=keeps)

    def _on_test_start(self, **_: object) -> None:
        self.load = self._new_load()
        self.stopping.clear()
        self._over = False
        if not self._options.requests:
            self._performed.clear()
            gevent.spawn(self._free_run)

    def _on_test_stopping(self, **_: object) -> None:
        """No more requests; those on their way may end, or are given up."""
        self._on_halt()
        self._performed.wait(self._options.give_up)
        # The users leave now, and with them what has no answer yet.
        self.stopping.set()

    def _on_halt(self, **_: object) -> None:
        self._over = True
        self.load.halt()

    def _on_order(self, environment: Any, msg: Any, **_: object) -> None:
        order = Order(**msg.data)
        self._performed.clear()
        gevent.spawn(self._carry_out, order)

    def _carry_out(self, order: Order) -> None:
        """Exactly so many requests, with all users in their seats."""
        with gevent.Timeout(SEATED_S, False):
            while len(self.load.seats) < self._users():
                gevent.sleep(SEAT_POLL_S)
        with uncollected():
            self._perform(order)

    def _users(self) -> int:
        counts = self._environment.runner.user_classes_count
        return sum(raw_users(self._environment, counts).values())

    def _free_run(self) -> None:
        """Until the test is stopped, after this process's share of the warm-up."""
        options = self._options
        # An open model keeps the loop turning: nobody would get a seat for a while.
        while not self.load.seats and not self._over:
            gevent.sleep(SEAT_POLL_S)
        share = 1 / max(options.expect_workers or 1, 1)
        rate = options.rate * share
        warm_up = int(options.warmup * share)
        if warm_up:
            self._perform(Order(False, warm_up, rate, options.arrivals, lasting=True))
        self._environment.runner.send_message(BEGUN)
        self._perform(Order(True, UNLIMITED, rate, options.arrivals, lasting=True))

    def _perform(self, order: Order) -> None:
        try:
            outcome = Outcome(order.measured) if self._over else self._measure(order)
        except Exception:
            logger.exception("the load broke")
            raise
        finally:
            if order.measured or not order.lasting:
                self._performed.set()
        self._environment.runner.send_message(OUTCOME, outcome.packed())

    def _measure(self, order: Order) -> Outcome:
        self.load.told = self._tell if order.measured else untold
        phase = Phase(self.load, order)
        phase.start()
        return phase.result()

    def _tell(self, ask: Ask, counted: Counter[int], failures: Counter[str]) -> None:
        environment = self._environment
        for name, count in failures.items():
            for _ in range(count):
                stock.fire(environment, ask, 0, name)
        if counted and self._options.fire_events:
            for latency in counted.elements():
                stock.fire(environment, ask, latency, "")
        elif counted:
            stock.tell(environment, ask, counted)
