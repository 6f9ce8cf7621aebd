"""A framework of its own on non-blocking sockets: generators that yield futures, and one loop.

The idea: a socket that never blocks, a selector that says which sockets have something to say,
and generators that stop where they would have to wait. All that asyncio does begins like this.

    def plain(request):
        return HttpResponse("hello")

    def waits(request):
        yield TimeoutFuture(2)
        return HttpResponse("two seconds later")

    Snow([(r"/", plain), (r"/waits/", waits)]).run("127.0.0.1", 8000)

A route is a regular expression, which must fit the whole path as it was sent, and a handler. A
handler gives an HttpResponse, or is a generator that yields what it waits for, each time one of
- a future. When it is ready, one with a callback is answered by `callback(request, future)`;
  without one the generator goes on: `result = yield future`, and at last returns the response.
- a future whose time is up before it is ready: TimeoutError is raised at the `yield`. A generator
  that lets it pass has its client answered with 504. Of a TimeoutFuture the time is the result.
- nothing: a bare `yield` in a long computation lets others have their turn.
The generator of a client that leaves is closed: its `finally` is where to forget the request. An
exception is a 500 and a traceback in the log, a Refusal the answer that it says.

Read on in snow_loop, where the waiting is done, and in snow_client, a connection as a generator.

Good for: understanding event loops, futures and coroutines in one sitting.
Where it stops: what a handler waits for must be a Future, so no library that can wait for a
database or another server fits it; a body is read whole before its handler is called.
"""

import logging
import re
import signal
import socket
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from time import monotonic
from types import FrameType
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

from app.gallery.snow_client import Client, Site
from app.gallery.snow_http import HttpNotFound, HttpRequest, HttpResponse, refuse
from app.gallery.snow_loop import FOREVER, READ, Expired, Future, Loop, Steps, Task, TimeoutFuture
from app.httpd.errors import ClientGone, Refusal, UsageError
from app.httpd.limits import Deadlines, Limits
from app.httpd.router import BASE_METHODS
from app.httpd.runner import listen, most_connections

__all__ = [
    "Future",
    "Handler",
    "HttpNotFound",
    "HttpRequest",
    "HttpResponse",
    "Snow",
    "TimeoutFuture",
    "accepts",
    "decode",
]

ACCEPTED_AT_ONCE = 64
ACCEPT_AGAIN = 0.1  # seconds, where no descriptor is left
LAST_WORDS = 1.0  # seconds, for the answers of those who were not answered in time

log = logging.getLogger("slipway.error")

Handler = Callable[[HttpRequest], Any]
H = TypeVar("H", bound=Callable[..., Any])


def accepts(*methods: str) -> Callable[[H], H]:
    """A decorator of handlers: which methods they take, instead of GET (and with it HEAD)."""

    def mark(handler: H) -> H:
        handler.methods = methods  # type: ignore[attr-defined]
        return handler

    return mark


class Snow:
    """Routes, and a server for them. routes: (pattern, handler) pairs, the first that fits wins."""

    def __init__(
        self, routes: Sequence[tuple[str, Handler]], limits: Limits | None = None,
        deadlines: Deadlines | None = None,
    ) -> None:  # fmt: skip
        self._routes = [
            (re.compile(pattern).fullmatch, handler, _methods(handler))
            for pattern, handler in routes
        ]
        self._site = Site(self._respond, limits or Limits(), deadlines or Deadlines())
        self._bell: socket.socket | None = None  # rings while it serves

    # ---- answering

    def _respond(self, request: HttpRequest) -> Steps[HttpResponse]:
        """The answer to a request, whatever its handler does."""
        try:
            answer = self._find(request)(request)
            if isinstance(answer, Generator):
                answer = yield from follow(answer, request)
            if isinstance(answer, Refusal):
                raise answer
            if not isinstance(answer, HttpResponse):
                raise UsageError(f"a handler gave {type(answer).__name__}, not an HttpResponse")
            return answer
        except ClientGone:
            raise
        except Refusal as refusal:
            return refuse(refusal, request.headers.joined("accept"))
        except Expired:
            return refuse(Refusal(504), request.headers.joined("accept"))
        except Exception:
            log.exception("the handler of %s %s failed", request.method, request.url)
            return refuse(Refusal(500), request.headers.joined("accept"))

    def _find(self, request: HttpRequest) -> Handler:
        """The handler of a request. Raises Refusal."""
        allowed: set[str] = set()
        for fits, handler, methods in self._routes:
            match = fits(request.path)
            if match is not None or request.path == "*":
                if request.method in methods and match is not None:
                    request.match = match
                    return handler
                allowed |= methods
        if not allowed:
            decode(request.path)
            raise HttpNotFound
        allow = {"Allow": ", ".join(sorted(allowed | {"OPTIONS"}))}
        if request.method != "OPTIONS":
            raise Refusal(405, headers=tuple(allow.items()))
        return lambda _: HttpResponse(status=204, headers=allow)

    # ---- serving

    def run(self, host: str = "127.0.0.1", port: int = 8000) -> None:
        """Listen and serve. Raises OSError."""
        self.serve(listen(host, port))

    def serve(self, sock: socket.socket) -> None:
        """Serve on a listening socket until `stop`, SIGTERM or SIGINT; then answer what is in
        hand, and return."""
        loop, before = Loop(), {}
        self._site.draining = False
        heard, self._bell = socket.socketpair()
        self._bell.setblocking(False)
        if threading.current_thread() is threading.main_thread():  # Python's rule for signals
            for each in (signal.SIGTERM, signal.SIGINT):
                before[each] = signal.signal(each, self._on_signal)
        try:
            acceptor = loop.start(self._accept(loop, sock), sock)
            stopping = loop.start(self._await_stop(loop, acceptor), heard)
            while loop.tasks > {stopping}:
                loop.turn()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            loop.close()
            self._bell.close()

    def stop(self) -> None:
        """Stop, from whichever thread: a byte wakes the loop, which sleeps in `select`."""
        if self._bell is not None:
            with suppress(OSError):  # it rings already, or has ended
                self._bell.send(b"!")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _accept(self, loop: Loop, listener: socket.socket) -> Steps[None]:
        """Take connections; at the end those who have been waiting, which a close would reset."""
        listener.setblocking(False)
        most = most_connections(self._site.limits.connections) + 2  # this task and the bell's
        try:
            while True:
                yield READ, FOREVER
                room = min(ACCEPTED_AT_ONCE, most - len(loop.tasks))
                if room <= 0 or not self._accept_some(loop, listener, room):
                    yield TimeoutFuture(ACCEPT_AGAIN)
        finally:
            self._accept_some(loop, listener, most - len(loop.tasks))

    def _accept_some(self, loop: Loop, listener: socket.socket, room: int) -> bool:
        """Take up to so many connections. Gives whether nothing is in the way of more."""
        for _ in range(room):
            try:
                sock, _peer = listener.accept()
            except ConnectionAbortedError:
                continue
            except BlockingIOError:
                break
            except OSError as error:
                log.error("cannot accept connections: %s", error)
                return False
            sock.setblocking(False)
            client = Client(self._site, sock)
            loop.start(client.converse(), sock, client)
        return True

    def _await_stop(self, loop: Loop, acceptor: Task) -> Steps[None]:
        """What happens when the server is told to stop."""
        times = self._site.deadlines
        yield READ, FOREVER
        self._site.draining = True
        yield TimeoutFuture(times.drain_delay)
        loop.end(acceptor)
        for task in loop.tasks:
            if isinstance(task.peer, Client) and task.peer.idle:
                loop.hasten(task, monotonic() + times.drain_idle)
        yield TimeoutFuture(times.drain)
        for task in list(loop.tasks):
            if task.peer is not None:
                loop.expire(task)
        yield TimeoutFuture(LAST_WORDS)
        for task in list(loop.tasks):
            if task.peer is not None:
                loop.end(task)


def follow(steps: Steps[Any], request: HttpRequest) -> Steps[Any]:
    """A handler that waits, from its first step to its answer."""
    step, told = steps.send, None
    with closing(steps):
        while True:
            try:
                wanted = step(told)
            except StopIteration as end:
                return end.value
            if not isinstance(wanted, Future | None):
                raise UsageError(f"a handler yielded {type(wanted).__name__}, not a Future")
            step = steps.send
            try:
                told = yield wanted
            except Expired as error:
                step, told = steps.throw, error
                continue
            if wanted is not None and wanted.callback is not None:
                return wanted.callback(request, wanted)


def decode(text: str) -> str:
    """Percent-encoded UTF-8, as text. Raises Refusal(400)."""
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise Refusal(400, "the path is not UTF-8") from None


def _methods(handler: Handler) -> set[str]:
    methods = set(getattr(handler, "methods", ("GET",)))
    if not methods < BASE_METHODS:
        raise UsageError(f"{methods - BASE_METHODS} are not methods that are known here")
    return methods | ({"HEAD"} if "GET" in methods else set())
