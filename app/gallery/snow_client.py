"""One connection of snow, from its first byte to its last: a generator, as its handlers are.

It is a conversation that reads from top to bottom: read a head, read a body, have it answered,
send the answer. Where it would have to wait it yields `(READ, until)` or `(WRITE, until)`, or what
the handler yields; who resumes it, and when, is the loop's to know. What a client does not read is
not made: the next piece of an answer is asked for when the one before it has left.
"""

import logging
import socket
import struct
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, suppress
from time import monotonic, time

from app.gallery.snow_http import HttpRequest, HttpResponse, refuse
from app.gallery.snow_loop import READ, WRITE, Steps
from app.httpd.answer import CLOSE, KEEP
from app.httpd.body import ChunkedBody, SizedBody
from app.httpd.errors import ClientGone, Refusal, UsageError
from app.httpd.head import Head, HeadParser
from app.httpd.limits import Deadlines, Limits
from app.httpd.response import NO_BODY_STATUS, StatusLines
from app.httpd.router import BASE_METHODS
from app.httpd.upload import CONTINUE

BLANK = b"\r\n\r\n"
PIECE = 64 * 1024
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close without waiting for what was not sent

log = logging.getLogger("slipway.error")


class Site:
    """What the connections of one server share. respond: gives the answer to a request."""

    def __init__(
        self, respond: Callable[[HttpRequest], Steps[HttpResponse]], limits: Limits,
        deadlines: Deadlines,
    ) -> None:  # fmt: skip
        self.respond = respond
        self.limits = limits
        self.deadlines = deadlines
        self.parser = HeadParser(limits, BASE_METHODS.__contains__)
        self.draining = False
        self._lines = StatusLines()
        self._second = 0

    def begin(self, status: int) -> bytes:
        """Status line, Server and Date of an answer that is sent now."""
        now = int(time())
        if now != self._second:
            self._second = now
            self._lines.clear()
        return self._lines[status]


class Client:
    """One connection. idle: it is between two requests."""

    __slots__ = ("_buffer", "_ended", "_site", "_sock", "idle")

    def __init__(self, site: Site, sock: socket.socket) -> None:
        self._site = site
        self._sock = sock
        self._buffer = bytearray()  # what was read and belongs to no request yet
        self._ended = False  # the client has said all it will say
        self.idle = True

    def converse(self) -> Steps[None]:
        """Answer one request after another, until one side has had enough."""
        site, times = self._site, self._site.deadlines
        patience = times.first_byte
        try:
            if self._sock.family != socket.AF_UNIX:  # the chunks of a stream shall not wait
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                while (yield from self._exchange(patience)):
                    patience = times.drain_idle if site.draining else times.idle
            except Refusal as refusal:  # what came is no request: nobody knows where it ends
                yield from self._answer(None, refuse(refusal), keep=False)
                yield from self._linger()
        except (ClientGone, OSError):  # a TimeoutError is one
            with suppress(OSError):  # some systems know no options of a lost connection
                self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def _exchange(self, patience: float) -> Steps[bool]:
        """One request and its answer. Gives whether there may be another."""
        site = self._site
        block = yield from self._read_head(patience)
        if not block:
            return False
        head = site.parser.heads.get(block) or site.parser.parse(block)
        body = (yield from self._read_body(head)) if head.length else b""
        response = yield from site.respond(HttpRequest(head, body, site.draining))
        keep = head.keep_alive and not site.draining
        keep = yield from self._answer(head, response, keep)
        if not keep:
            yield from self._linger()
        elif self._buffer:
            yield  # the next one has come already: others first
        return keep

    # ---- reading

    @property
    def watched(self) -> int:
        """What to look out for while the client waits for its answer: that it leaves. What it
        says meanwhile is kept, up to a limit."""
        full = len(self._buffer) >= self._site.limits.buffer
        return 0 if self._ended or full else READ

    def receive(self) -> None:
        """Read what has come. Raises OSError if the connection is lost."""
        try:
            data = self._sock.recv(PIECE)
        except BlockingIOError:
            return
        self._buffer += data
        self._ended = not data

    def _read_on(self, until: float) -> Steps[bool]:
        """Wait for more. Gives False at the end. Raises TimeoutError, OSError."""
        if not self._ended:
            yield READ, until
            self.receive()
        return not self._ended

    def _read_head(self, patience: float) -> Steps[bytes]:
        """One head with its blank line; nothing if the client has no more to say."""
        buffer, parser, known = self._buffer, self._site.parser, 0
        self.idle = not buffer
        try:
            if not buffer and not (yield from self._read_on(monotonic() + patience)):
                return b""
        except TimeoutError:
            return b""
        self.idle = False
        until = 0.0
        while True:
            while buffer.startswith(b"\r\n"):  # RFC 9112 2.2
                del buffer[:2]
                known = 0
            end = buffer.find(BLANK, max(0, known - 3))
            if end >= 0:
                block = bytes(buffer[: end + 4])
                del buffer[: end + 4]
                return block
            if buffer and buffer != b"\r":
                parser.check_partial(buffer, known if known > 1 else 0)
                known = len(buffer)
            until = until or monotonic() + self._site.deadlines.head
            try:
                if not (yield from self._read_on(until)):
                    return b""
            except TimeoutError:
                raise Refusal(408, "the head of the request took too long") from None

    def _read_body(self, head: Head) -> Steps[bytes]:
        """The whole body: a handler is called when it is there. Raises Refusal."""
        limits, seconds = self._site.limits, self._site.deadlines.body
        if head.length > limits.body:
            raise Refusal(413)
        decoder = ChunkedBody(limits.body, limits) if head.chunked else SizedBody(head.length)
        body = bytearray()
        decoder.feed(self._buffer, body)
        if head.expects_continue and not decoder.done:
            yield from self._write(CONTINUE)
        goal, until = 0.0, 0.0
        while not decoder.done:
            if len(body) >= goal:  # enough has come for another window of time
                goal, until = len(body) + limits.body_rate * seconds, monotonic() + seconds
            try:
                if not (yield from self._read_on(until)):
                    raise Refusal(400, "the body ended before its length")
            except TimeoutError:
                raise Refusal(408, "the body came too slowly") from None
            decoder.feed(self._buffer, body)
        return bytes(body)

    # ---- writing

    def _answer(self, head: Head | None, response: HttpResponse, keep: bool) -> Steps[bool]:
        """Send an answer. Gives whether the connection goes on; it does not behind one whose
        end only the close can tell."""
        is_head, minor = (head.line.is_head, head.line.minor) if head else (False, 1)
        begin, fields, content = self._site.begin(response.status), b"", response.content
        try:
            fields = response.fields()
        except UsageError:
            log.exception("an answer cannot be sent")
            yield from self._answer(head, refuse(Refusal(500)), keep=False)
            return False
        bodyless = response.status in NO_BODY_STATUS
        if bodyless:
            framing, content = b"", b""
        elif isinstance(content, bytes):
            framing = b"Content-Length: %d\r\n" % len(content)
        else:
            framing = b"Transfer-Encoding: chunked\r\n" if minor else b""
            keep = keep and (minor > 0 or is_head)
        connection = CLOSE if not keep else b"" if minor else KEEP
        start = b"%b%b%b%b\r\n" % (begin, fields, framing, connection)
        if isinstance(content, bytes):
            yield from self._write(start if is_head else start + content)
        else:
            yield from self._write_pieces(start, content, wanted=not is_head, chunked=minor > 0)
        return keep

    def _write_pieces(
        self, start: bytes, pieces: Iterable[bytes], *, wanted: bool, chunked: bool
    ) -> Steps[None]:
        """Send pieces as they are made, one a turn of the loop: the next is asked for when the
        client has taken the one before it."""
        yield from self._write(start)
        with closing(_made(pieces)) as made:
            for piece in made if wanted else ():
                if piece:
                    part = b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
                    yield from self._write(part)
                yield
        if wanted and chunked:
            yield from self._write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> Steps[None]:
        """Send all of it. Raises TimeoutError, OSError."""
        sent = self._send(data)
        if sent == len(data):
            return
        seconds = self._site.deadlines.write
        rest, goal, until = memoryview(data)[sent:], len(data), 0.0
        while rest:
            if len(rest) <= goal:  # enough was taken for another window of time
                quota = max(1, int(self._site.limits.body_rate * seconds))
                goal, until = len(rest) - quota, monotonic() + seconds
            yield WRITE, until
            rest = rest[self._send(rest) :]

    def _send(self, data: bytes | memoryview) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0

    def _linger(self) -> Steps[None]:
        """Close our side, and swallow what the client is still sending: closing both at once
        would reset the connection and eat the answer (RFC 9112 9.6)."""
        self._sock.shutdown(socket.SHUT_WR)
        until, swallowed = monotonic() + self._site.deadlines.linger, 0
        try:
            while swallowed <= self._site.limits.linger and (yield from self._read_on(until)):
                swallowed += len(self._buffer)
                self._buffer.clear()
        except TimeoutError:
            return


def _made(pieces: Iterable[bytes]) -> Generator[bytes]:
    """The pieces, as the application makes them."""
    try:
        yield from pieces
    except Exception:
        log.exception("an answer broke off")
        raise ClientGone from None  # only a cut tells the client (RFC 9112 8)
