"""The routes of an HTTPServer on a server that is not ours: from a head to an answer.

What stands between the bytes and the answer, without a connection. Whoever carries reads the
body, keeps the client's deadlines, and sends the answer. Refuses to know who that is.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Iterable
from contextlib import aclosing
from typing import Any

from .answer import CLOSE, KEEP, encode, encode_refusal, failed, stream_framing, to_response
from .body import ChunkedBody, SizedBody
from .errors import Refusal, UsageError
from .files import send_file
from .forwarded import Peer
from .head import Head, HeadParser
from .ids import RequestIds
from .multidict import Headers
from .request import NO_BODY, BodySource, Request
from .response import (
    CHUNKED,
    NO_BODY_STATUS,
    OCTETS,
    UNSAID,
    Response,
    StatusLines,
    encode_head,
)
from .router import NO_ROUTE, Match
from .runner import run_hooks
from .server import HTTPServer

MOST_PEERS = 1024  # that are remembered


class BrokenOff(Exception):
    """An answer's source failed after its head was sent: only a cut tells the client
    (RFC 9112 8). Why is in the error log."""


class Carrier:
    """The routes, limits and hooks of one application. scheme: "https" where TLS ends here.

    draining: set it once the server has been told to stop; `/readyz` asks.
    """

    def __init__(self, server: HTTPServer, scheme: str = "http") -> None:
        # given
        self.config = server.config(scheme)
        self._startup = server.startup_hooks
        self._shutdown = server.shutdown_hooks
        # of this run
        self.draining = False
        self._parser = HeadParser(self.config.limits, self.config.router.knows)
        self._ids = RequestIds()
        self._lines = StatusLines()
        self._second = 0
        self._peers: dict[str, Peer] = {}

    async def startup(self) -> None:
        """Run the start-up hooks. Raises what a hook raises."""
        await run_hooks(self._startup)

    async def shutdown(self) -> None:
        """Run the shutdown hooks. Raises what a hook raises."""
        await run_hooks(self._shutdown)

    def parse(self, block: bytes) -> Head:
        """Parse one whole head, its blank line included. Raises Refusal."""
        return self._parser.heads.get(block) or self._parser.parse(block)

    def compose(
        self, method: str, target: str, minor: int, fields: Iterable[tuple[bytes, bytes]]
    ) -> Head:
        """The head that another parser has taken apart, held to our own rules as well.

        target: as it was sent. minor: of HTTP/1.x. fields: as they came. Raises Refusal.
        """
        lines = [b"%b: %b\r\n" % field for field in fields]
        try:
            first = f"{method} {target} HTTP/1.{minor}\r\n".encode("latin-1")
        except UnicodeEncodeError:
            raise Refusal(400, "the target has a character that targets may not have") from None
        block = b"".join([first, *lines, b"\r\n"])
        if block.count(b"\r\n") != len(lines) + 2:  # a part that would become two
            raise Refusal(400, "a header field or the target has a line end")
        return self.parse(block)

    def check_partial(self, part: bytearray, since: int) -> None:
        """Refuse a head that is not whole yet and cannot become right. Raises Refusal.

        since: how much of part was checked before; only what follows is looked at.
        """
        self._parser.check_partial(part, since)

    def match(self, head: Head) -> Match:
        """The route of this head; a refusal is one as well."""
        return head.line.match or self.config.router.match(head.line)

    def refuses(self, head: Head) -> bool:
        """Whether no handler will answer this, whatever its body: there is no such route, or it
        has another method."""
        return self.match(head).route == NO_ROUTE

    def most_body(self, head: Head) -> int:
        """Bytes of body that the route of this head takes."""
        own = self.match(head).endpoint.body
        return self.config.limits.body if own is None else own

    def decoder(self, head: Head) -> SizedBody | ChunkedBody:
        """What takes the body of this request apart. Raises Refusal(413) for one too long."""
        most = self.most_body(head)
        if head.length > most:
            raise Refusal(413)
        return ChunkedBody(most, self.config.limits) if head.chunked else SizedBody(head.length)

    def peer(self, address: str) -> Peer:
        """Who is at the other end. address: "" stands for a unix socket.

        Remembered: some servers can only ask for each request (9 us each, 2026-11).
        """
        peer = self._peers.get(address)
        if peer is None:
            if len(self._peers) >= MOST_PEERS:
                self._peers.clear()
            peer = Peer(address, self.config.scheme, self.config.proxies)
            self._peers[address] = peer
        return peer

    def call(self, head: Head, peer: Peer, source: BodySource = NO_BODY) -> "Call":
        """What this head asks for."""
        return Call(self, head, peer, source)

    def new_id(self) -> str:
        """The id of what was not even a request."""
        return self._ids.next().decode("ascii")

    def choose_id(self, head: Head, call: "Call") -> bytes:
        """The id of a request."""
        return self._ids.choose(head, call)

    def refuse(self, refusal: Refusal) -> bytes:
        """The answer's bytes to what was not a request. The connection closes after it."""
        return encode_refusal(self.begin(refusal.status), refusal, self._ids.next())

    def begin(self, status: int) -> bytes:
        """Status line, Server and Date of an answer that is sent now."""
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._lines.clear()
        return self._lines[status]


class Call:
    """One request, its handler and its answer."""

    __slots__ = ("_carrier", "_match", "head", "peer", "request")

    def __init__(self, carrier: Carrier, head: Head, peer: Peer, source: BodySource) -> None:
        self._carrier = carrier
        self._match = carrier.match(head)
        self.head = head
        self.peer = peer
        request_id = carrier.choose_id(head, self)
        self.request = Request(head, self._match, request_id, self, source)

    @property
    def draining(self) -> bool:
        """Whether the server finishes what it has and takes nothing new."""
        return self._carrier.draining

    @property
    def deadline(self) -> float:
        """Seconds the application has: to answer, and between two pieces of an answer."""
        own = self._match.endpoint.deadline
        return self._carrier.config.deadlines.handler if own is None else own

    # ---- the answer

    def start(self) -> Response | Awaitable[Response]:
        """Call the handler: a plain one has answered; for a coroutine, what is to be awaited."""
        try:
            result = self._match.handler(self.request)
            if isinstance(result, Awaitable):
                return self._finish(result)
            return self._opened(result)
        except Exception as error:  # noqa: BLE001  a handler may fail in any way
            return self.failed(error)

    async def _finish(self, result: Awaitable[Any]) -> Response:
        try:
            try:
                async with asyncio.timeout(self.deadline) as limit:
                    value = await result
            except TimeoutError:
                if limit.expired():
                    raise Refusal(503, "the application did not answer in time") from None
                raise
            return self._opened(value)
        except Exception as error:  # noqa: BLE001  as above
            return self.failed(error)

    def _opened(self, value: Any) -> Response:
        """The handler's value as a Response, with its file, if it names one, opened."""
        return send_file(self.request, to_response(value, self._match.endpoint.name))

    def failed(self, error: Exception) -> Response:
        """The answer to an exception; what is no refusal is logged."""
        hook = self._carrier.config.on_error
        response = failed(self.request, self._match.endpoint.name, error, hook)
        try:
            return send_file(self.request, response)
        except Exception as second:  # noqa: BLE001  a disk may fail in any way
            return failed(self.request, self._match.endpoint.name, second, None)

    def has_body(self, response: Response) -> bool:
        """Whether anything follows the answer's head (RFC 9110 9.3.2, RFC 9112 6.3)."""
        return not self.head.line.is_head and response.status not in NO_BODY_STATUS

    async def pieces(self, response: Response) -> AsyncGenerator[bytes]:
        """The body, piece by piece as the application makes it, exactly as long as promised.

        Raises BrokenOff when the application fails; what it was is logged.
        """
        source: Any = response.body
        try:
            if isinstance(source, bytes):
                yield source
                return
            async for piece in self._checked(source, response.length):
                yield piece
        except Exception as error:  # noqa: BLE001  as above
            failed(self.request, self._match.endpoint.name, error, None)
            raise BrokenOff from None
        finally:
            await self.close(response)

    async def _checked(self, source: Any, promised: int | None) -> AsyncGenerator[bytes]:
        sent, iterator = 0, aiter(source)
        while True:
            async with asyncio.timeout(self.deadline):
                try:
                    piece = await anext(iterator)
                except StopAsyncIteration:
                    break
            if not isinstance(piece, (bytes, bytearray, memoryview)):
                raise UsageError(f"it streamed {type(piece).__name__}, not bytes")
            sent += len(piece)
            if promised is not None and sent > promised:
                raise UsageError(f"it promised {promised} bytes, and gave more")
            if piece:
                yield bytes(piece)
        if promised is not None and sent < promised:
            raise UsageError(f"it promised {promised} bytes, and gave {sent}")

    async def close(self, response: Response) -> None:
        """Let go of what the request and the answer hold open, read to its end or not."""
        self.request.close()
        aclose = getattr(response.body, "aclose", None)
        if aclose is not None:
            await aclose()

    # ---- for a server that writes the head of an answer itself

    def fields(self, response: Response) -> list[tuple[str, str]]:
        """The answer's fields, with Content-Length where it is known; without Date, Server,
        Connection and Transfer-Encoding."""
        body = response.body
        length = len(body) if isinstance(body, bytes) else response.length
        if response.status in NO_BODY_STATUS:
            length = None
        pairs = []
        kind = response.content_type or (OCTETS if length else None)
        if kind is not None:
            pairs.append(("Content-Type", kind.decode("latin-1")))
        if length is not None:
            pairs.append(("Content-Length", str(length)))
        if response.fields:
            pairs += Headers.parse([line[:-2] for line in response.fields]).pairs
        pairs.append(("X-Request-Id", self.request.id))
        return pairs

    # ---- for a server that writes bytes

    def encode(self, response: Response, keep: bool) -> tuple[bytes, bool]:
        """The answer's bytes: all of them, or the head where the body comes in pieces.

        keep: whether the connection may go on. Gives also whether it does: a body whose end
        only the close can tell ends it.
        """
        begin = self._carrier.begin(response.status)
        request_id = self.request.id.encode("ascii")
        if isinstance(response.body, bytes):
            return encode(begin, self.head, response, request_id, keep), keep
        framing = stream_framing(self.head, response)
        keep = keep and not (framing == UNSAID and self.has_body(response))
        connection = CLOSE if not keep else b"" if self.head.line.minor else KEEP
        return encode_head(begin, response, framing, request_id, connection), keep

    async def encode_pieces(self, response: Response) -> AsyncGenerator[bytes]:
        """What follows the bytes of `encode`: nothing where they were all. Raises BrokenOff."""
        if isinstance(response.body, bytes) or not self.has_body(response):
            await self.close(response)
            return
        chunked = stream_framing(self.head, response) == CHUNKED
        async with aclosing(self.pieces(response)) as pieces:
            async for piece in pieces:
                yield b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
        if chunked:
            yield b"0\r\n\r\n"
