"""A server that lies: what a path answers is written beside its name, byte for byte.

It counts what it was asked, so that the load's own counts can be held against it. It runs in a
thread, on a free port.
"""

import asyncio
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

BODY = b"Hello, World!"
OK = b"HTTP/1.1 200 OK\r\n"


def sized(body: bytes = BODY, *, length: int | None = None, status: bytes = b"200 OK") -> bytes:
    """An answer; with a length that is not its body's, where one is given."""
    said = len(body) if length is None else length
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, said, body)


@dataclass(frozen=True)
class Story:
    """What is sent, piece after piece, and what becomes of the connection then: "keep", "close",
    "reset", "hold" (never closed, though the client asked for it), "deaf" (nor read any more, told
    when the head of the request has come), or "ask", as the client asks."""

    pieces: Sequence[bytes] = (sized(),)
    then: str = "ask"
    stalls: float = 0.0  # seconds in which nobody is answered


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
STORIES: dict[str, Story] = {
    "honest": Story(),
    "bytes": Story([bytes([each]) for each in sized()]),
    "chunked": Story([CHUNKED + b"5\r\nHello\r\n", b"8;x=y\r\n, World!\r\n", b"0\r\nX: y\r\n\r\n"]),
    "interim": Story([b"HTTP/1.1 103 \r\nLink: </x>\r\n\r\n", sized()]),
    "goodbye": Story([OK + b"Connection: close\r\nContent-Length: 13\r\n\r\n" + BODY], "close"),
    "old": Story([b"HTTP/1.0 200 OK\r\nContent-Length: 13\r\n\r\n" + BODY], "close"),
    "short body": Story([sized(length=20)], "close"),
    "long body": Story([sized(BODY + b"!", length=13)]),
    "shorter, honestly": Story([sized(BODY[:-1])]),
    "longer, honestly": Story([sized(BODY + b"!")]),
    "empty": Story([sized(b"")]),
    "another body": Story([sized(b"Hello, World?")]),
    "sorry": Story([sized(b"", status=b"500 Sorry")]),
    "sorry, kept": Story([sized(status=b"503 Busy")], "hold"),
    "no length": Story([OK + b"\r\n" + BODY], "close"),
    "both lengths": Story([OK + b"Content-Length: 3\r\n" + CHUNKED[len(OK) :]], "close"),
    "chunks cut": Story([CHUNKED + b"d\r\n" + BODY + b"\r\n"], "close"),
    "chunks wrong": Story([CHUNKED + b"c\r\n" + BODY + b"\r\n0\r\n\r\n"]),
    "in the head": Story([OK + b"Content-Le"], "close"),
    "in the body": Story([sized()[:-1]], "close"),
    "no answer": Story([], "close"),
    "reset": Story([], "reset"),
    "reset in the body": Story([sized()[:-1]], "reset"),
    "stalled": Story([], "hold"),
    "stalled in the body": Story([sized()[:-1]], "hold"),
    "not HTTP": Story([b"+OK ready\r\n\r\n"]),
    "two answers": Story([sized() + sized()]),
    "kept": Story([sized()], "hold"),
    "stall": Story(stalls=0.2),
    "pause": Story(stalls=1.0),
    "early": Story(then="deaf"),
    "tail": Story([sized(), b"tail"], "close"),
}  # fmt: skip


class Conversation(asyncio.Protocol):
    """One connection: requests, answered in turn."""

    def __init__(self, server: "LyingServer") -> None:
        self._server = server
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError(transport)
        self._transport = transport
        self._server.connections += 1
        self._server.open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            name = head.split(b" ", 2)[1].decode().strip("/").replace("_", " ")
            story = self._server.story(name, self._server.asked[name] + 1)
            length = re.search(rb"\r\nContent-Length: (\d+)", head)
            end += 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < end and story.then != "deaf":
                return
            del self._buffer[:end]
            self._server.asked[name] += 1
            self._server.first_asked.set()
            tell = partial(self._tell, story, b"\r\nConnection: close" in head)
            self._server.answer(name, story, tell)

    def _tell(self, story: Story, closes: bool) -> None:
        self._pieces(story, iter(story.pieces), closes)

    def _pieces(self, story: Story, pieces: Iterator[bytes], closes: bool) -> None:
        """One for each turn of the loop, so that they come apart."""
        piece = next(pieces, None)
        if piece is not None:
            self._transport.write(piece)
            if len(story.pieces) == 1:
                self._end(story, closes)
            else:
                self._server.loop.call_soon(self._pieces, story, pieces, closes)
        else:
            self._end(story, closes)

    def _end(self, story: Story, closes: bool) -> None:
        if story.then == "reset":
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self._transport.abort()
        elif story.then == "deaf":
            self._transport.pause_reading()
        elif story.then == "close" or (story.then == "ask" and closes):
            self._transport.close()


class LyingServer:
    """plaintext: the story told to `/plaintext`, what a load asks for unless it is told otherwise.

    asked: how often each name was asked for. connections: how many there were. Read them when
    nothing is under way."""

    stories: ClassVar[dict[str, Story]] = STORIES

    def __init__(self, plaintext: str = "honest") -> None:
        self._plaintext = plaintext
        self.first_asked = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.asked: Counter[str] = Counter()
        self.connections = 0
        self.open: set[asyncio.Transport] = set()
        self.stalled: Counter[str] = Counter()  # what came while nobody was answered
        self._waiting: list[Callable[[], None]] | None = None
        self._server = self.loop.run_until_complete(
            self.loop.create_server(lambda: Conversation(self), "127.0.0.1", 0, backlog=512)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]

    def story(self, name: str, number: int) -> Story:
        """What is told to this request for a name. `a or b 1000`: a, but b each thousandth time;
        `a then b 10`: a, but b the tenth time only."""
        name = self._plaintext if name == "plaintext" else name
        for word in (" or ", " then "):
            usual, found, rare = name.partition(word)
            if found:
                other, _, count = rare.rpartition(" ")
                here = number % int(count) == 0 if word == " or " else number == int(count)
                return self.stories[other if here else usual]
        return self.stories[name]

    def answer(self, name: str, story: Story, tell: Callable[[], None]) -> None:
        """At once; or when the stall is over, which this one may begin."""
        if self._waiting is None and story.stalls:
            self._waiting = []
            self.loop.call_later(story.stalls, self._awake)
        if self._waiting is not None:
            self.stalled[name] += 1
            self._waiting.append(tell)
        else:
            tell()

    def _awake(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for each in waiting:
            each()

    def close(self) -> None:
        """Stop, from another thread, and drop all connections."""
        self.loop.call_soon_threadsafe(self.loop.stop)

    def serve(self) -> None:
        """Until closed."""
        try:
            self.loop.run_forever()
        finally:
            self._server.close()
            for each in list(self.open):
                each.abort()
            self.loop.run_until_complete(asyncio.sleep(0))
            self.loop.close()


@contextmanager
def lying(plaintext: str = "honest") -> Iterator[LyingServer]:
    """One that serves."""
    server = LyingServer(plaintext)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()
