"""A server without sockets and without waiting: a client whose every byte is placed by hand, and
a loop whose clock moves only when told. Tasks, timers and callbacks are asyncio's own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from app.httpd import HTTPServer
from app.httpd.accesslog import AccessLog
from app.httpd.connection import ConnectionHandler
from app.httpd.service import Service

HIGH, LOW = 64 * 1024, 16 * 1024  # asyncio's own marks of a full and an empty write buffer

PLAIN = b"GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"
LAST = b"GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


class ClockLoop(asyncio.SelectorEventLoop):
    """A real loop with a false clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.problems: list[dict[str, Any]] = []
        super().__init__()
        self.set_exception_handler(lambda _, context: self.problems.append(context))

    def time(self) -> float:
        return self.now

    def settle(self) -> None:
        """Run until nothing is left to do at this moment."""
        while True:
            self.call_soon(self.stop)
            self.run_forever()
            if not self._ready:  # type: ignore[attr-defined]
                return


class Transport(asyncio.Transport):
    """The kernel and the client in one. `stalled`: the client reads nothing."""

    def __init__(self, loop: ClockLoop, protocol: asyncio.Protocol, peer: object) -> None:
        super().__init__({"peername": peer})
        self.loop = loop
        self.protocol = protocol
        self.stalled = False
        self.received = bytearray()  # by the client
        self.unsent = bytearray()
        self.writes = 0
        self.paused = False
        self.reading = True
        self.pending = bytearray()  # from the client, while nobody reads
        self.finished = False  # the client has sent its FIN
        self.half_closed = False
        self.closing = False
        self.aborted = False
        self.lost = False

    # what a connection calls

    def write(self, data: Any) -> None:
        if self.half_closed or self.lost:
            raise RuntimeError("uvloop raises here as well")
        self.writes += 1
        self.unsent += data
        if not self.stalled:
            self.take(len(self.unsent))
        if len(self.unsent) > HIGH and not self.paused:
            self.paused = True
            self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return len(self.unsent)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.half_closed = True

    def is_closing(self) -> bool:
        return self.closing

    def is_reading(self) -> bool:
        return self.reading and not self.closing

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True
        self.loop.call_soon(self.deliver)

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            if not self.unsent:
                self.loop.call_soon(self.lose)

    def abort(self) -> None:
        self.aborted = self.closing = True
        self.unsent.clear()
        self.loop.call_soon(self.lose)

    # what the client does

    def deliver(self) -> None:
        if self.pending and self.is_reading():
            data = bytes(self.pending)
            self.pending.clear()
            self.protocol.data_received(data)
        ended = self.finished and not self.pending and self.is_reading()
        if ended and not self.protocol.eof_received():
            self.close()

    def take(self, count: int) -> None:
        """Read so many bytes."""
        self.received += self.unsent[:count]
        del self.unsent[:count]
        if self.paused and len(self.unsent) <= LOW:
            self.paused = False
            self.protocol.resume_writing()
        if self.closing and not self.unsent:
            self.loop.call_soon(self.lose)

    def lose(self) -> None:
        if not self.lost:
            self.closing = self.lost = True
            protocol, self.protocol = self.protocol, asyncio.Protocol()  # as asyncio lets go
            protocol.connection_lost(None)


class Watched(ConnectionHandler):
    """One whose end can be seen."""

    __slots__ = ("__weakref__",)


class Client:
    """One connection, from the client's end."""

    def __init__(self, loop: ClockLoop, service: Service, peer: object) -> None:
        self.loop = loop
        self.handler = Watched(service)
        self.wire = Transport(loop, self.handler, peer)
        loop.call_soon(self.handler.connection_made, self.wire)
        loop.settle()

    def send(self, *pieces: bytes) -> "Client":
        """Send, each piece in a segment of its own."""
        for piece in pieces:
            self.wire.pending += piece
            self.loop.call_soon(self.wire.deliver)
            self.loop.settle()
        return self

    def end(self) -> "Client":
        """Send nothing more, and go on reading."""
        self.wire.finished = True
        self.loop.call_soon(self.wire.deliver)
        self.loop.settle()
        return self

    def vanish(self) -> None:
        """Reset the connection."""
        self.loop.call_soon(self.wire.lose)
        self.loop.settle()

    def read(self, count: int = 1 << 40) -> "Client":
        """Take what was not read."""
        self.loop.call_soon(self.wire.take, count)
        self.loop.settle()
        return self

    @property
    def bytes(self) -> bytes:
        return bytes(self.wire.received)

    @property
    def answers(self) -> "list[Answer]":
        return parse_answers(self.bytes)

    @property
    def statuses(self) -> list[int]:
        return [answer.status for answer in self.answers]

    @property
    def ending(self) -> str:
        """How the connection is: open, half-closed, closed or cut."""
        if self.wire.aborted:
            return "cut"
        if self.wire.closing:
            return "closed"
        return "half-closed" if self.wire.half_closed else "open"


class Stage:
    """A running server and its clients."""

    def __init__(self, server: HTTPServer, log: AccessLog | None, scheme: str) -> None:
        self.loop = ClockLoop()
        self.service = Service(server.config(scheme), self.loop, log)
        self.loop.call_soon(self.service.sweep)
        self.loop.settle()

    def connect(self, peer: object = ("192.0.2.1", 50000)) -> Client:
        return Client(self.loop, self.service, peer)

    def advance(self, seconds: float) -> None:
        """Let time pass; each second has its sweep."""
        end = self.loop.now + seconds
        while self.loop.now < end:
            self.loop.now = min(end, self.loop.now + 0.5)
            self.loop.settle()

    def run(self, coroutine: Any) -> "asyncio.Task[Any]":
        """Begin something beside the clients."""
        task = self.loop.create_task(coroutine)
        self.loop.settle()
        return task


@contextmanager
def running(
    server: HTTPServer, *, log: AccessLog | None = None, scheme: str = "http"
) -> Iterator[Stage]:
    """Run a server for one test. Fails when anything went wrong that nobody caught."""
    stage = Stage(server, log, scheme)
    try:
        yield stage
        assert stage.loop.problems == []
    finally:
        stage.service.stop()
        stage.loop.settle()
        for task in asyncio.all_tasks(stage.loop):
            task.cancel()
        stage.loop.settle()
        stage.loop.close()


class LogLines:
    """Stands for an access log: what would be written, in tuples."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, int, int]] = []

    def add(self, request: Any, status: int, size: int, seconds: float) -> None:
        self.lines.append((request.method, request.target, status, size))

    def add_refused(self, client: str, request_id: str, status: int, reason: str) -> None:
        self.lines.append(("-", "-", status, 0))

    def flush(self) -> None: ...

    def close(self) -> None: ...

    @property
    def as_log(self) -> AccessLog:
        return cast(AccessLog, self)


@dataclass
class Answer:
    """One answer, as a client understands it."""

    status: int
    fields: dict[str, str]
    body: bytes


def parse_answers(data: bytes, *, to_head: bool = False) -> list[Answer]:
    """Read answers one behind the other, by their framing alone. Fails on bytes left over.

    to_head: they answer HEAD. What a cut left behind is an answer with a body b"cut".
    """
    answers = []
    while data:
        head, blank, data = data.partition(b"\r\n\r\n")
        assert blank, head
        line, *lines = head.decode("latin-1").split("\r\n")
        version, status, _ = line.split(" ", 2)
        assert version == "HTTP/1.1"
        pairs = [each.split(": ", 1) for each in lines]
        fields = {name.lower(): value for name, value in pairs}
        assert len(fields) == len(pairs), pairs
        body = b""
        if not to_head and int(status) not in (100, 204, 304):
            body, data = _body(fields, data)
        answers.append(Answer(int(status), fields, body))
    return answers


def _body(fields: dict[str, str], data: bytes) -> tuple[bytes, bytes]:
    assert not ("content-length" in fields and "transfer-encoding" in fields)
    if "content-length" in fields:
        size = int(fields["content-length"])
        return (data[:size], data[size:]) if size <= len(data) else (b"cut", b"")
    if "transfer-encoding" not in fields:
        return data, b""
    body = b""
    while True:
        size_line, _, data = data.partition(b"\r\n")
        if not size_line:
            return b"cut", b""
        size = int(size_line, 16)
        if size == 0:
            assert data.startswith(b"\r\n")
            return body, data[2:]
        body += data[:size]
        assert data[size : size + 2] == b"\r\n"
        data = data[size + 2 :]


def post(path: str, body: bytes, *lines: str, version: str = "1.1") -> bytes:
    """A request with a body of a told length."""
    fields = ["Host: a", f"Content-Length: {len(body)}", *lines]
    head = f"POST {path} HTTP/{version}\r\n" + "".join(f"{each}\r\n" for each in fields)
    return head.encode("latin-1") + b"\r\n" + body


def post_chunked(path: str, coded: bytes, *lines: str) -> bytes:
    """A request with a body in chunks, coded by hand."""
    fields = ["Host: a", "Transfer-Encoding: chunked", *lines]
    head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{each}\r\n" for each in fields)
    return head.encode("latin-1") + b"\r\n" + coded
