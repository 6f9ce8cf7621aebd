"""A server from its listeners' first connection to its last: start, drain, stop.

Used by `HTTPServer.run` and by the gunicorn worker alike, so that both end the same way.
"""

import asyncio
import contextlib
import gc
import inspect
import logging
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from .accesslog import AccessLog
from .connection import ConnectionHandler
from .service import Service

if TYPE_CHECKING:
    from .server import Hook, HTTPServer

BACKLOG = 2048  # connections that may wait to be accepted
RESERVED_FILES = 128  # descriptors that are not client connections: log, files, listeners
UNSENT_BYTES = 32 * 1024  # in the kernel, not yet on the wire
SETTLE_TURNS = 10  # of the loop, from the kernel's accept to `connection_made`
HANDSHAKE_SECONDS = 1.0  # the same over TLS, while the server drains
LAST_RESORT_SECONDS = 1  # from "stop at once" to the kernel's own way

log = logging.getLogger("slipway.error")


def _nothing() -> None:
    """Nobody wants to know."""


class Runner:
    """Serves one application on sockets that already listen.

    access_log: None for none. on_sweep: called once a second from the loop. backlog: of the
    listeners, in connections.
    """

    def __init__(
        self,
        server: "HTTPServer",
        *,
        access_log: AccessLog | None = None,
        on_sweep: Callable[[], None] | None = None,
        tls: ssl.SSLContext | None = None,
        backlog: int = BACKLOG,
    ) -> None:
        # given
        self._server = server
        self._access_log = access_log
        self._on_sweep = on_sweep
        self._tls = tls
        self._backlog = backlog
        # of its life
        self._listeners: list[socket.socket] = []
        self._acceptors: list[asyncio.Server] = []
        self._leaving = asyncio.Event()
        self._life: asyncio.Task[None] | None = None
        self.service: Service | None = None

    async def serve(
        self, sockets: Iterable[socket.socket], ready: Callable[[], None] = _nothing
    ) -> None:
        """Start, and live until `leave` or `stop`. ready: called when connections are accepted.

        Raises what a hook raises.
        """
        self._life = asyncio.create_task(self._live(sockets, ready))
        await asyncio.wait([self._life])
        self.stop()
        if not self._life.cancelled():
            self._life.result()

    async def _live(self, sockets: Iterable[socket.socket], ready: Callable[[], None]) -> None:
        await self.start(sockets)
        ready()
        await self._leaving.wait()
        await self.drain()

    def leave(self) -> None:
        """Drain, then end. A second call changes nothing."""
        self._leaving.set()
        if not self._listeners:
            self.stop()  # still starting, and nobody was accepted: there is nobody to finish with

    def stop(self) -> None:
        """End at once."""
        if self._life is not None:
            self._life.cancel()
        for acceptor in self._acceptors:
            acceptor.close()
        if self.service is not None:
            self.service.stop()

    def reopen_log(self) -> None:
        """Go on with the access log in a new file, after the old one was moved."""
        if self._access_log is not None:
            self._access_log.reopen()

    async def start(self, sockets: Iterable[socket.socket]) -> Service:
        """Run the start-up hooks, then accept. Raises what a hook raises."""
        config = self._server.config("https" if self._tls else "http")
        limits = replace(config.limits, connections=most_connections(config.limits.connections))
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_Complaints())
        service = Service(replace(config, limits=limits), loop, self._access_log, self._on_sweep)
        self.service = service
        service.sweep()  # before the hooks: who waits for a database is alive
        await run_hooks(self._server.startup_hooks)
        # What lives from here to the end need not be looked through by every collection.
        gc.collect()
        gc.freeze()
        for listener in sockets:
            self._listeners.append(listener)  # first: `create_server` accepts before it returns
            _limit_unsent(listener)
            acceptor = await loop.create_server(
                lambda: ConnectionHandler(service),
                sock=listener.dup(),
                backlog=self._backlog,  # it calls listen() again: asyncio's own 100 would count
                **self._tls_options(),
            )
            self._acceptors.append(acceptor)
        return service

    def _tls_options(self) -> dict[str, Any]:
        if self._tls is None:
            return {}
        # A connection exists for us only after the handshake: until then this is its bound.
        times = self._server.deadlines
        return {
            "ssl": self._tls,
            "ssl_handshake_timeout": times.first_byte,
            "ssl_shutdown_timeout": times.write,
        }

    async def drain(self) -> None:
        """Not ready; after the drain delay stop accepting; finish what is in flight; run the
        shutdown hooks."""
        service = self.service
        if service is None:
            return
        service.draining = True
        await asyncio.sleep(self._server.deadlines.drain_delay)
        await self._stop_accepting(service)
        await service.drain()
        service.stop()
        await run_hooks(self._server.shutdown_hooks)

    async def _stop_accepting(self, service: Service) -> None:
        """Close the listeners, after taking what the kernel has accepted for us: closing a
        socket resets the connections that wait in its backlog."""
        loop = asyncio.get_running_loop()
        for acceptor in self._acceptors:
            # asyncio makes a connection one turn after it was accepted, and asserts that its
            # server is still open: without that turn it would be cut. uvloop makes it at once.
            for each in acceptor.sockets:
                loop.remove_reader(each.fileno())
        await asyncio.sleep(0)
        for acceptor in self._acceptors:
            acceptor.close()
        adopted: list[asyncio.Task[None]] = []
        for listener in self._listeners:
            adopted += [
                asyncio.create_task(self._adopt(service, each)) for each in _waiting(listener)
            ]
            listener.close()
        # What was accepted, here or by the loop, is no connection of the service yet: over TLS
        # its handshake comes first, else it takes a few turns, however long they are.
        for _ in range(SETTLE_TURNS):
            await asyncio.sleep(0)
        await asyncio.sleep(HANDSHAKE_SECONDS if self._tls else 0)
        for task in adopted:
            task.cancel()  # of those that are connections by now, none is left

    async def _adopt(self, service: Service, accepted: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):  # gone, or its handshake failed: its own affair
            await loop.connect_accepted_socket(
                lambda: ConnectionHandler(service), accepted, **self._tls_options()
            )


class Life(Protocol):
    """What a signal may ask of a running server, this one or another; see `Runner`."""

    async def serve(self, sockets: Iterable[socket.socket], ready: Callable[[], None]) -> None: ...

    def leave(self) -> None: ...

    def stop(self) -> None: ...

    def reopen_log(self) -> None: ...


class _Complaints:
    """What the loop has to complain of, as it would by itself; but of failing to accept only
    once a second. asyncio complains for every try, thousands of times a second."""

    def __init__(self) -> None:
        self._quiet_until = 0.0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not str(context.get("message", "")).startswith("socket.accept()"):
            loop.default_exception_handler(context)
        elif loop.time() >= self._quiet_until:
            self._quiet_until = loop.time() + 1.0
            log.error("cannot accept connections: %s", context.get("exception"))


def _waiting(listener: socket.socket) -> Iterator[socket.socket]:
    """The connections in a listener's backlog."""
    listener.setblocking(False)
    while True:
        try:
            accepted, _ = listener.accept()
        except ConnectionAbortedError:
            continue
        except OSError:  # none is left, or no descriptor is
            return
        accepted.setblocking(False)
        yield accepted


def _limit_unsent(listener: socket.socket) -> None:
    """Keep what a slow client has not read here, where it is counted, and not in megabytes of
    kernel buffers that hide its progress. Accepted sockets inherit it."""
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


async def run_hooks(hooks: "Iterable[Hook]") -> None:
    """One after another, plain functions and coroutine functions. Raises what one raises."""
    for hook in hooks:
        result = hook()
        if inspect.isawaitable(result):
            await result


def most_connections(wanted: int) -> int:
    """As many of the connections wanted as this process may have descriptors for, all of which
    it takes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard or hard == resource.RLIM_INFINITY:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - RESERVED_FILES))


def listen(host: str, port: int, backlog: int = BACKLOG) -> socket.socket:
    """A listening TCP socket; `::` takes IPv4 as well. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    dual = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=backlog, dualstack_ipv6=dual)


def address(listener: socket.socket) -> str:
    """Where a TCP listener is found, as a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve_until_signal(runner: Runner, host: str, port: int) -> None:
    """Listen, and serve as `serve_until_told` does. Raises OSError."""
    listener = listen(host, port)
    await serve_until_told(runner, listener, lambda: log.info("listening on %s", address(listener)))


async def serve_until_told(
    runner: "Life", listener: socket.socket, ready: Callable[[], None] = _nothing
) -> None:
    """Serve, and end as the first signal says: SIGTERM drains, SIGINT and SIGQUIT stop at once,
    also while draining; a second SIGTERM changes nothing. SIGUSR1 reopens the access log."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, runner.leave)
    loop.add_signal_handler(signal.SIGUSR1, runner.reopen_log)
    # Not the loop's own: that one would wait for a handler that blocks the loop.
    before = {
        each: signal.signal(each, lambda *_: stop_at_once(loop, runner))
        for each in (signal.SIGINT, signal.SIGQUIT)
    }
    try:
        await runner.serve([listener], ready)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def stop_at_once(loop: asyncio.AbstractEventLoop, runner: "Life") -> None:
    """For a signal handler: end now, and a second later by SIGALRM, which ends the process even
    where its loop is blocked or a thread of its does not end."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(LAST_RESORT_SECONDS)
    loop.call_soon_threadsafe(runner.stop)


def hear_no_more() -> None:
    """For a process that is about to end: a second SIGTERM, which a loop that closes would give
    its old meaning, shall not change how."""
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT))
