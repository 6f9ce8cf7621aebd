"""One running server: what all its connections share, its clock, and its end.

Knows nothing of how a connection reads or writes.
"""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .accesslog import AccessLog
from .answer import ErrorHandler
from .forwarded import TrustedProxies
from .head import HeadParser
from .ids import RequestIds
from .limits import Deadlines, Limits
from .response import StatusLines
from .router import Router

if TYPE_CHECKING:
    from .connection import ConnectionHandler

SWEEP_SECONDS = 1.0
LAST_WORDS_SECONDS = 1.0  # for a 503 to leave after the drain deadline


@dataclass(frozen=True, slots=True)
class Config:
    """What a server is given and keeps: routes, bounds, whom it trusts."""

    router: Router
    limits: Limits
    deadlines: Deadlines
    proxies: TrustedProxies
    on_error: ErrorHandler | None = None
    scheme: str = "http"  # "https" where connections arrive over TLS


class Service:
    """The state of one running server.

    idle_due: when a connection that goes idle now is closed; renewed by every sweep, so
    that a request costs no look at the clock.
    """

    __slots__ = ("_empty", "_late", "_next_sweep", "access_log", "config", "connections",
                 "draining", "idle_due", "ids", "limits", "lines", "loop", "on_sweep", "parser",
                 "requests")  # fmt: skip

    def __init__(
        self,
        config: Config,
        loop: asyncio.AbstractEventLoop,
        access_log: AccessLog | None = None,
        on_sweep: Callable[[], None] | None = None,
    ) -> None:
        # given
        self.config = config
        self.limits = config.limits
        self.loop = loop
        self.access_log = access_log
        self.on_sweep = on_sweep
        # of this run
        self.parser = HeadParser(config.limits, config.router.knows)
        self.lines = StatusLines()
        self.ids = RequestIds()
        self.connections: set[ConnectionHandler] = set()
        self.draining = False
        self.requests = 0
        self.idle_due = 0.0
        self._empty: asyncio.Future[None] | None = None
        self._late: set[asyncio.Task[Any]] = set()
        self._next_sweep: asyncio.TimerHandle | None = None

    @property
    def deadlines(self) -> Deadlines:
        return self.config.deadlines

    # ---- tasks

    if sys.version_info >= (3, 12):

        def start_task(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
            """Run a coroutine, to its first wait at once."""
            return asyncio.Task(coroutine, loop=self.loop, eager_start=True)

    else:

        def start_task(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
            """Run a coroutine, soon: before 3.12 a task begins on the loop's next turn."""
            return self.loop.create_task(coroutine)

    def start_late(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run what nobody waits for."""
        self.keep_late(self.start_task(coroutine))

    def keep_late(self, task: "asyncio.Task[Any]") -> None:
        """Hold a task that outlives its request: a loop holds none, and one that nobody holds
        may vanish before its end."""
        if not task.done():
            self._late.add(task)
            task.add_done_callback(self._late.discard)

    # ---- time

    def sweep(self) -> None:
        """Once a second: dates, deadlines, the log."""
        self._next_sweep = self.loop.call_later(SWEEP_SECONDS, self.sweep)  # whatever happens now
        now = self.loop.time()
        self.idle_due = now + self.deadlines.idle + SWEEP_SECONDS
        self.lines.clear()
        for connection in [each for each in self.connections if each.due <= now]:
            connection.expire()
        if self.access_log is not None:
            self.access_log.flush()
        if self.on_sweep is not None:
            self.on_sweep()

    # ---- the end

    def forget(self, connection: "ConnectionHandler") -> None:
        """A connection is closed."""
        self.connections.discard(connection)
        if self._empty is not None and not self.connections and not self._empty.done():
            self._empty.set_result(None)

    async def drain(self) -> None:
        """Finish what is in flight, close what is idle; return when no connection is left,
        at the latest a second after the drain deadline. Close the listeners before this."""
        self.draining = True
        self._empty = self.loop.create_future()
        for connection in list(self.connections):
            connection.leave()
        await self._wait_empty(self.deadlines.drain)
        for connection in list(self.connections):
            connection.give_up()
        await self._wait_empty(LAST_WORDS_SECONDS)
        if self._late:  # handlers whose client is gone may have something to put back
            await asyncio.wait(self._late, timeout=LAST_WORDS_SECONDS)

    async def _wait_empty(self, seconds: float) -> None:
        if self.connections and self._empty is not None:
            await asyncio.wait((self._empty,), timeout=seconds)

    def stop(self) -> None:
        """End at once: cut every connection, flush the log."""
        for connection in list(self.connections):
            connection.transport.abort()
        if self._next_sweep is not None:
            self._next_sweep.cancel()
        if self.access_log is not None:
            self.access_log.close()
