"""A snow server of a test's own, in a thread, and what is asked of it."""

import gc
import socket
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from app.gallery.snow import Future, Handler, HttpRequest, HttpResponse, Snow
from app.httpd import Deadlines, Limits

PATIENCE = 20.0
TIMES = Deadlines(first_byte=1, head=1, body=1, write=1, idle=1, linger=1, drain=1, drain_idle=0)
Routes = list[tuple[str, Handler]]
Address = tuple[str, int]


@contextmanager
def serving(
    routes: Routes, deadlines: Deadlines = TIMES, limits: Limits | None = None
) -> Iterator[tuple[Address, Snow]]:
    """A server of these routes, in a thread, until the end of the block and of the server."""
    snow = Snow([(r"/up", lambda _: HttpResponse("up")), *routes], limits, deadlines)
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    address = listener.getsockname()
    thread = threading.Thread(target=snow.serve, args=(listener,))
    thread.start()
    try:
        assert ask(address, "/up").endswith(b"up")
        yield address, snow
    finally:
        snow.stop()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    gc.collect()  # what was left open complains now


def connect(address: Address) -> socket.socket:
    """A connection."""
    return socket.create_connection(address, timeout=PATIENCE)


def head(path: str, *fields: str, method: str = "GET") -> bytes:
    """A request without a body."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: a", *fields, "", "")).encode()


def rest(sock: socket.socket) -> bytes:
    """All that comes until the server closes."""
    return b"".join(iter(lambda: sock.recv(1 << 16), b""))


def ask(address: Address, path: str, *fields: str) -> bytes:
    """One request on a connection of its own: the whole answer."""
    with connect(address) as sock:
        sock.sendall(head(path, "Connection: close", *fields))
        return rest(sock)


def told(answer: bytes) -> tuple[int, bytes]:
    """Status and body."""
    start, _, body = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), body


class Room:
    """Handlers that wait for each other, and say so."""

    def __init__(self) -> None:
        self.futures: list[Future] = []
        self.arrived = threading.Semaphore(0)
        self.left = threading.Semaphore(0)

    def wait(self, request: HttpRequest) -> Generator[Future, Any, HttpResponse]:
        """Until somebody calls; then say what was told."""
        future = Future()
        self.futures.append(future)
        self.arrived.release()
        try:
            result = yield future
        finally:
            self.futures.remove(future)
            self.left.release()
        return HttpResponse(f"told {result}")

    def call(self, request: HttpRequest) -> HttpResponse:
        """Tell those who wait, and how many they are."""
        for each in self.futures:
            each.set_result("something")
            each.set_result("something else")
        return HttpResponse(str(len(self.futures)))

    @property
    def routes(self) -> Routes:
        """Both."""
        return [(r"/wait", self.wait), (r"/call", self.call)]
