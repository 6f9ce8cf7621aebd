"""One connection to the server, driven by callbacks from gevent's event loop.

There is no greenlet switch on its way: 15 microseconds of CPU for each request, 21 with one, 104
with locust's FastHttpUser (CPython 3.11, November 2026). It knows of one request at a time, and not
why it was asked.
"""

import errno
import socket
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from gevent.hub import get_hub
from gevent.monkey import get_original

from loadtest.rawload.exchange import Ask
from loadtest.rawload.wire import Answer, Fault, Reader

# locust patches the module socket to wait in greenlets, and nothing may wait here.
Socket: type[socket.socket] = get_original("socket", "socket")
READ, WRITE = 1, 2  # libev's
PIECE = 16_384
NO_FAULT = ""
SURPLUS = "bytes after the answer"

# connection, fault ("" for an answer as it must be), when its last byte had come
Ended = Callable[["Connection", str, int], None]


class Connection:
    """Asks one thing at a time. keeps: for several requests; else each has a connection of its own.

    ended: called once for each request, never from within `begin`.
    """

    __slots__ = (
        # given
        "_address",
        "_ended",
        "_family",
        "_keeps",
        # per connection
        "_connected",
        "_reader",
        "_sock",
        "_stray",
        "_watcher",
        "opened",
        # per request
        "_ask",
        "_last",
        "_unsent",
        "asked",
        "due",
    )

    def __init__(self, family: int, address: Any, ended: Ended, *, keeps: bool) -> None:
        # given
        self._family = family
        self._address = address
        self._ended = ended
        self._keeps = keeps
        # per connection
        self._reader = Reader()
        self._connected = self._stray = False
        self._sock: socket.socket | None = None
        self._watcher: Any = None
        self.opened = 0
        # per request
        self._ask: Ask | None = None
        self._last: tuple[str, int] | None = None  # how it ended, while the server is to close
        self._unsent = b""
        self.asked = 0
        self.due = 0

    @property
    def busy(self) -> bool:
        """Whether a request is on its way."""
        return self._ask is not None

    def begin(self, ask: Ask, raw: bytes, due: int) -> None:
        """Send a request. due: when it should have been sent, from which its latency counts."""
        self._ask = ask
        self.due = due
        self.asked = perf_counter_ns()
        self._reader.begin(bodiless=ask.method == "HEAD")
        self._unsent = raw
        try:
            if self._sock is None:
                self._open()
            self._send()
        except OSError as error:
            name = self._named(error)
            self._drop()
            # Not from within: whoever begins again at once would never come back.
            get_hub().loop.run_callback(self._fail_begun, name, self.asked)

    def _fail_begun(self, fault: str, asked: int) -> None:
        if self.asked == asked:
            self._fail(fault)

    def expire(self, seconds: float) -> None:
        """Wait no longer for the answer."""
        if self._last is not None:
            self._fail(f"not closed within {seconds:g} s of its last answer")
        elif self._ask is not None:
            self._fail(f"no answer within {seconds:g} s")

    def surplus(self) -> bool:
        """Whether the server has said more than was asked, once nothing is on its way."""
        self._readable()
        found, self._stray = self._stray, False
        return found

    def close(self) -> None:
        """Give the connection up; nothing is called any more for what was on its way."""
        self._ask = self._last = None
        self._drop()

    def _open(self) -> None:
        self._connected = False
        sock = Socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = sock.connect_ex(self._address)
            if code not in (0, errno.EINPROGRESS):
                raise OSError(code, "connect")
        except OSError:
            sock.close()
            raise
        self.opened += 1
        self._sock = sock
        self._watcher = get_hub().loop.io(sock.fileno(), READ)
        self._watcher.start(self._readable)

    def _send(self) -> None:
        """As much as the kernel takes; the rest when it takes more."""
        if self._sock is None:
            return
        try:
            sent = self._sock.send(self._unsent)
            self._connected = True
        except BlockingIOError:
            sent = 0
        if sent == len(self._unsent):
            self._unsent = b""
        else:
            self._unsent = self._unsent[sent:]
            self._watch(READ | WRITE, self._writable)

    def _watch(self, events: int, callback: Callable[[], None]) -> None:
        self._watcher.stop()
        self._watcher.events = events
        self._watcher.start(callback)

    def _writable(self) -> None:
        try:
            if self._unsent:
                self._send()
        except OSError as error:
            self._fail(self._named(error))
            return
        if not self._unsent:
            self._watch(READ, self._readable)
        self._readable()

    def _readable(self) -> None:
        if self._sock is None:
            return
        try:
            data = self._sock.recv(PIECE)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(self._named(error, "receive"))
            return
        if not data:
            self._closed_by_server()
        elif self._ask is None:
            self._stray = True
            self._drop()
        elif self._last is not None:
            self._fail(SURPLUS)
        else:
            try:
                answer = self._reader.feed(data)
            except Fault as fault:
                self._fail(str(fault))
                return
            if answer is not None:
                self._answered(self._ask, answer)

    def _answered(self, ask: Ask, answer: Answer) -> None:
        now = perf_counter_ns()
        fault = ask.fault(answer)
        if self._unsent:
            self._end(fault or "an answer before the whole request was sent", now)
        elif self._keeps and not answer.closes:
            self._ask = None
            self._ended(self, fault, now)
        else:
            # Its end is the server's to make: who closes first keeps the port for a minute.
            self._last = (fault, now)
            self._readable()

    def _closed_by_server(self) -> None:
        if self._last is not None:
            fault, now = self._last
            self._end(fault, now)
        elif self._ask is not None:
            self._fail(str(self._reader.end()))
        else:
            self._drop()  # it was idle: that is the server's right

    def _fail(self, fault: str) -> None:
        """What was wrong first is what counts."""
        if self._ask is not None:
            before = self._last[0] if self._last is not None else NO_FAULT
            self._end(before or fault, perf_counter_ns())
        else:
            self._drop()

    def _end(self, fault: str, now: int) -> None:
        self._ask = self._last = None
        self._drop()
        self._ended(self, fault, now)

    def _drop(self) -> None:
        if self._sock is not None:
            self._watcher.stop()
            self._watcher.close()
            self._sock.close()
            self._sock = self._watcher = None

    def _named(self, error: OSError, doing: str = "send") -> str:
        """The name of a failure of the kernel's; the same for the same cause."""
        if error.errno == errno.EADDRNOTAVAIL:
            return "connect: no port of this machine is left (EADDRNOTAVAIL)"
        if not self._connected:
            doing = "connect"
        return f"{doing}: {errno.errorcode.get(error.errno or 0, 'no answer')}"
