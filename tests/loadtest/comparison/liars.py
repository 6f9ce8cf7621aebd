"""Servers that answer as a test wants, each in a thread of its own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

BODY = b"Hello, World!"
# What comes for the request of this number, from 1 on.
Answers = Callable[[int], bytes]


def answer(body: bytes = BODY, status: bytes = b"200 OK") -> bytes:
    """A whole answer."""
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


class Liar(asyncio.Protocol):
    """A connection that answers each blank line, and closes where it is asked to."""

    def __init__(self, answers: Callable[[], bytes]) -> None:
        self._answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for _ in range(data.count(b"\r\n\r\n")):
            self._transport.write(self._answers())
        if b"Connection: close" in data:
            self._transport.close()


@contextmanager
def serving(answers: Answers) -> Iterator[str]:
    """Give its address."""
    loop = asyncio.new_event_loop()
    count = iter(range(1, 10**9))
    server = loop.run_until_complete(
        loop.create_server(lambda: Liar(lambda: answers(next(count))), "127.0.0.1", 0)
    )
    port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.run_until_complete(server.wait_closed())
        loop.close()
