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
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from .accesslog import AccessLog
from .connection import ConnectionHandler
from .service import Service

if TYPE_CHECKING:
    from .server import Hook, HTTPServer

RESERVED_FILES = 128  # descriptors that are not client connections: log, files, listeners
UNSENT_BYTES = 32 * 1024  # in the kernel, not yet on the wire

log = logging.getLogger("slipway.error")


class Runner:
    """Serves one application on sockets that already listen.

    access_log: None for none. on_sweep: called once a second from the loop.
    """

    def __init__(
        self,
        server: "HTTPServer",
        *,
        access_log: AccessLog | None = None,
        on_sweep: Callable[[], None] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._access_log = access_log
        self._on_sweep = on_sweep
        self._tls = tls
        self._listeners: list[socket.socket] = []
        self._acceptors: list[asyncio.Server] = []
        self.service: Service | None = None

    async def start(self, sockets: Iterable[socket.socket]) -> Service:
        """Run the start-up hooks, then accept. Raises what a hook raises."""
        config = self._server.config("https" if self._tls else "http")
        connections = min(config.limits.connections, raise_file_limit() - RESERVED_FILES)
        limits = replace(config.limits, connections=max(1, connections))
        loop = asyncio.get_running_loop()
        service = Service(replace(config, limits=limits), loop, self._access_log, self._on_sweep)
        self.service = service
        await _call(self._server.startup_hooks)
        # What lives from here to the end need not be looked through by every collection.
        gc.collect()
        gc.freeze()
        service.sweep()
        for listener in sockets:
            self._listeners.append(listener)
            _limit_unsent(listener)
            acceptor = await loop.create_server(
                self._connection, sock=listener.dup(), **self._tls_options()
            )
            self._acceptors.append(acceptor)
        return service

    def _connection(self) -> ConnectionHandler:
        assert self.service is not None
        return ConnectionHandler(self.service)

    def _tls_options(self) -> dict[str, object]:
        if self._tls is None:
            return {}
        # A connection exists for us only after the handshake: until then this is its bound.
        seconds = self._server.deadlines.first_byte
        return {"ssl": self._tls, "ssl_handshake_timeout": seconds, "ssl_shutdown_timeout": 5.0}

    async def drain(self) -> None:
        """Not ready; after the drain delay stop accepting; finish what is in flight; run the
        shutdown hooks."""
        service = self.service
        if service is None:
            return
        service.draining = True
        await asyncio.sleep(self._server.deadlines.drain_delay)
        await self._stop_accepting()
        await service.drain()
        service.stop()
        await _call(self._server.shutdown_hooks)

    async def _stop_accepting(self) -> None:
        """Close the listeners, after taking what the kernel has accepted for us: closing a
        socket resets the connections that wait in its backlog."""
        loop = asyncio.get_running_loop()
        for acceptor in self._acceptors:
            acceptor.close()
        for listener in self._listeners:
            listener.setblocking(False)
            with contextlib.suppress(OSError):
                while True:
                    accepted, _ = listener.accept()
                    accepted.setblocking(False)
                    await loop.connect_accepted_socket(
                        self._connection, accepted, **self._tls_options()
                    )
            listener.close()

    def stop(self) -> None:
        """End at once."""
        for acceptor in self._acceptors:
            acceptor.close()
        if self.service is not None:
            self.service.stop()


def _limit_unsent(listener: socket.socket) -> None:
    """Keep what a slow client has not read here, where it is counted, and not in megabytes of
    kernel buffers that hide its progress. Accepted sockets inherit it."""
    if listener.family != socket.AF_UNIX and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


async def _call(hooks: "Iterable[Hook]") -> None:
    for hook in hooks:
        result = hook()
        if inspect.isawaitable(result):
            await result


def raise_file_limit() -> int:
    """Take all the descriptors this process may have; give their number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft if soft != resource.RLIM_INFINITY else 1 << 20


async def serve_until_signal(runner: Runner, host: str, port: int) -> None:
    """Listen, serve, and end as the first signal says: SIGTERM drains, SIGINT and SIGQUIT stop
    at once, also while draining; a second SIGTERM changes nothing."""
    loop = asyncio.get_running_loop()
    drain, stop = asyncio.Event(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, drain.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGQUIT, stop.set)
    listener = listen(host, port)
    await runner.start([listener])
    log.info("listening on http://%s", _shown(listener))

    async def drained() -> None:
        await drain.wait()
        await runner.drain()

    ends = {loop.create_task(drained()), loop.create_task(stop.wait())}
    done, others = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    runner.stop()
    for task in done:
        task.result()


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; `::` takes IPv4 as well. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    dual = host == "::" and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=2048, dualstack_ipv6=dual)


def _shown(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
