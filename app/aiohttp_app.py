"""The same handlers carried by aiohttp: what `SERVER=aiohttp` serves.

aiohttp parses, keeps connections and writes. Routes, refusals, request ids, the access log and
the limits of a request are the application's own. A team that wants more of aiohttp adds it where
`TwinRunner` says. What of the settings aiohttp cannot keep is said at the start. Knows nothing of
gunicorn beyond its logger's name.
"""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from typing import cast

from aiohttp import web
from aiohttp.abc import AbstractAccessLogger
from aiohttp.http_exceptions import HttpProcessingError

from app import knobs, logs
from app.aiohttp_adapter import CALL, Adapter
from app.httpd import AccessLog
from app.httpd.carrier import Carrier
from app.httpd.limits import Deadlines, Limits
from app.httpd.service import LAST_WORDS_SECONDS
from app.main import create_server
from app.settings import Settings

FLUSH_SECONDS = 1.0
LOOK_SECONDS = 0.05  # between two looks whether connections are left

# aiohttp has no such bounds. docs/ways.md says what there is instead.
LIMITS_NOT_KEPT = ("connections", "pipeline", "discard", "linger")
DEADLINES_NOT_KEPT = ("first_byte", "head")

log = logging.getLogger("slipway.error")


class TwinRunner(web.AppRunner):
    """aiohttp's runner of the application, which drains as the Protocol server does.

    aiohttp's gunicorn worker runs it; `serve`, `leave`, `stop` and `reopen_log` are for a process
    without gunicorn, and mean what they mean on httpd's `Runner`.
    """

    def __init__(self, settings: Settings, access_log: AccessLog | None) -> None:
        self._settings = settings
        self._access_log = access_log
        self._carrier = Carrier(
            create_server(settings, "aiohttp"), "https" if settings.tls else "http"
        )
        self._told = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        application = web.Application()
        application.cleanup_ctx.append(self._between_first_and_last)
        # Routes, WebSockets and sub-applications of your own go here: the first that fits is
        # taken, and this one fits everything.
        self._adapter = Adapter(self._carrier, access_log)
        application.router.add_route(
            "*", "/{path:.*}", self._adapter.answer, expect_handler=_let_the_reader_ask
        )
        limits, times = settings.limits, settings.deadlines
        super().__init__(
            application,
            logger=_logger(),
            # Not a logging.Logger, but nothing looks at it except the class beside it.
            access_log=cast("logging.Logger", access_log),
            access_log_class=_AccessLogger,
            max_line_size=limits.request_line,
            max_field_size=limits.head,
            max_headers=limits.fields,
            read_bufsize=limits.buffer,
            keepalive_timeout=times.idle,
            lingering_time=times.linger,
            shutdown_timeout=times.drain + LAST_WORDS_SECONDS,
            auto_decompress=False,  # a few bytes could become gigabytes
            handler_cancellation=True,  # a handler whose client is gone ends
        )

    async def _between_first_and_last(self, _: web.Application) -> AsyncIterator[None]:
        say_what_is_not_kept(self._settings)
        await self._carrier.startup()
        flushing = asyncio.create_task(self._flush())
        yield
        flushing.cancel()
        await self._carrier.shutdown()
        if self._access_log is not None:
            self._access_log.close()

    async def _flush(self) -> None:
        while self._access_log is not None:
            await asyncio.sleep(FLUSH_SECONDS)
            self._access_log.flush()

    async def cleanup(self) -> None:
        """Not ready; after the drain delay stop accepting; let idle clients say one thing more;
        finish what is in flight."""
        if not self._carrier.draining:
            self._carrier.draining = True
            times, loop = self._settings.deadlines, asyncio.get_running_loop()
            await asyncio.sleep(times.drain_delay)
            for site in self.sites:
                await site.stop()
            loop.call_later(times.drain, self._adapter.give_up)
            # aiohttp closes idle connections at once: a request that is on its way would be lost.
            until = loop.time() + times.drain_idle
            # aiohttp does not tell when the last has gone, hence no event to wait for.
            while self.server and self.server.connections and loop.time() < until:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
        await super().cleanup()

    def reopen_log(self) -> None:
        """Go on with the access log in a new file, after the old one was moved."""
        if self._access_log is not None:
            self._access_log.reopen()

    # ---- without gunicorn

    async def serve(self, sockets: Iterable[socket.socket], ready: Callable[[], None]) -> None:
        """Start, and live until `leave` or `stop`. ready: called when connections are accepted."""
        self._life = asyncio.create_task(self._live(sockets, ready))
        await asyncio.wait([self._life])
        if not self._life.cancelled():
            self._life.result()

    async def _live(self, sockets: Iterable[socket.socket], ready: Callable[[], None]) -> None:
        await self.setup()
        for each in sockets:
            await web.SockSite(self, each, backlog=self._settings.backlog).start()
        ready()
        await self._told.wait()
        await self.cleanup()

    def leave(self) -> None:
        """Drain, then end. A second call changes nothing."""
        self._told.set()

    def stop(self) -> None:
        """End at once."""
        if self._life is not None:
            self._life.cancel()


async def create_runner() -> TwinRunner:
    """What aiohttp's gunicorn worker is told to run."""
    settings = Settings.from_environment(os.environ)
    logs.share(logging.getLogger("gunicorn.error"))
    runner = TwinRunner(settings, logs.open_access_log(settings))
    # Instead of the worker's own, which would reopen gunicorn's files and not ours.
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, runner.reopen_log)
    return runner


def say_what_is_not_kept(settings: Settings) -> None:
    """One line for the settings that were changed and mean nothing to aiohttp."""
    limits, times = settings.limits, settings.deadlines
    changed = [
        knobs.LIMITS[each].name
        for each in LIMITS_NOT_KEPT
        if getattr(limits, each) != getattr(Limits(), each)
    ]
    changed += [
        knobs.DEADLINES[each].name
        for each in DEADLINES_NOT_KEPT
        if getattr(times, each) != getattr(Deadlines(), each)
    ]
    if changed:
        log.warning("SERVER=aiohttp does not keep %s", ", ".join(changed))


class _AccessLogger(AbstractAccessLogger):
    """aiohttp tells it of each answer; the adapter has told the log of all that were requests."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        if CALL not in request:
            cast("AccessLog", self.logger).add_refused(
                request.remote or "",
                response.headers.get("X-Request-Id", "-"),
                response.status,
                response.reason or "",
            )


async def _let_the_reader_ask(request: web.Request) -> None:
    """aiohttp would answer 100 to everyone; here who reads the body asks for it."""


def _logger() -> logging.Logger:
    """Where aiohttp complains, without its complaints of clients: those are in the access log,
    and would be a traceback for whoever sends garbage."""
    logger = log.getChild("aiohttp")
    if not logger.filters:
        logger.addFilter(
            lambda record: (
                not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
            )
        )
    return logger
