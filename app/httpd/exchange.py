"""One request that is not answered at once: its body, its task, its answer in pieces.

Lives from the head to the last byte of the answer. The connection tells it what the client
does and how much time is left; it tells the connection when it is over.
"""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from .answer import CLOSE, KEEP, encode, explain, failed, stream_framing, to_response
from .errors import ClientGone, Refusal, UsageError
from .files import send_file
from .head import Head
from .request import Request
from .response import CHUNKED, FileBody, Response, encode_head
from .router import Match
from .service import Service
from .upload import BodyStream

if TYPE_CHECKING:
    from .connection import ConnectionHandler


def run_handler(service: Service, match: Match, request: Request) -> "Response | asyncio.Task[Any]":
    """Call the handler. Gives its answer, or the task that will."""
    try:
        result = match.handler(request)
        if type(result) is CoroutineType:
            task = service.start_task(result)
            if not task.done():
                return task
            result = task.result()
        if type(result) is Response:
            return result
        return to_response(result, match.endpoint.name)
    except (Exception, asyncio.CancelledError) as error:
        return failed(request, match.endpoint.name, error, service.config.on_error)


class Exchange:
    """A request on its way to its answer, when that takes more than a moment."""

    __slots__ = ("_began", "_connection", "_head", "_match", "_sent", "_started", "_task",
                 "body", "request")  # fmt: skip

    def __init__(
        self,
        connection: "ConnectionHandler",
        head: Head,
        match: Match,
        request: Request,
        body: BodyStream | None = None,
    ) -> None:
        self._connection = connection
        self._head = head
        self._match = match
        self._task: asyncio.Task[Any] | None = None
        self._started = False  # the head of the answer is on its way
        self._sent = 0  # bytes of body
        self._began = perf_counter()
        self.request = request
        self.body = body

    @property
    def deadline(self) -> float:
        """Seconds the application has: to answer, and between two pieces of an answer."""
        own = self._match.endpoint.deadline
        return self._connection.service.deadlines.handler if own is None else own

    def proceed(self, outcome: "Response | asyncio.Task[Any]") -> None:
        """Answer with this, or with what the task will give."""
        if isinstance(outcome, Response):
            self.send(outcome)
        else:
            self._task = outcome
            outcome.add_done_callback(self._handled)

    def _handled(self, task: "asyncio.Task[Any]") -> None:
        if self._connection.exchange is not self:  # the client is gone, or was answered already
            self._handled_late(task)
            return
        name = self._match.endpoint.name
        try:
            response = to_response(task.result(), name)
        except (Exception, asyncio.CancelledError) as error:
            response = failed(self.request, name, error, self._connection.service.config.on_error)
        self.send(response)

    def _handled_late(self, task: "asyncio.Task[Any]") -> None:
        self.request.close()
        error = None if task.cancelled() else task.exception()
        if error is None and not task.cancelled() and isinstance(task.result(), Response):
            self._release(task.result().body)
        if error is not None and not isinstance(error, (ClientGone, Refusal)):
            failed(self.request, self._match.endpoint.name, error, None)

    def send(self, response: Response) -> None:
        """Send an answer, whatever its body is made of."""
        self._task = None
        service = self._connection.service
        if self.body is not None and isinstance(self.body.fault, Refusal):
            self._release(response.body)
            response = explain(self.body.fault)  # no 2xx for half a body (RFC 9112 8)
        if isinstance(response.body, FileBody):
            try:
                response = send_file(self.request, response)
            except Exception as error:
                name = self._match.endpoint.name
                response = failed(self.request, name, error, service.config.on_error)
        if isinstance(response.body, bytes):
            self._send_whole(response)
        elif isinstance(response.body, AsyncIterable):
            pieces = aiter(response.body)
            self._task = service.start_task(self._send_pieces(response, pieces))
            self._task.add_done_callback(lambda _: self._release(pieces))

    def _release(self, body: object) -> None:
        """Close what an answer was made of, read to its end or not."""
        self.request.close()
        aclose = getattr(body, "aclose", None)
        if aclose is not None:
            self._connection.service.start_task(aclose())

    def _send_whole(self, response: Response) -> None:
        connection = self._connection
        keep = self._may_keep()
        begin = connection.service.lines[response.status]
        request_id = self.request.id.encode("ascii")
        connection.transport.write(encode(begin, self._head, response, request_id, keep))
        self._sent = 0 if self._head.line.is_head else len(response.body)  # type: ignore[arg-type]
        self._finish(response.status, keep)

    async def _send_pieces(self, response: Response, pieces: AsyncIterator[bytes]) -> None:
        try:
            keep = await self._write_pieces(response, pieces)
        except (ClientGone, asyncio.CancelledError):
            self._connection.transport.abort()
        except Exception as error:
            self._broken(error)
        else:
            self._finish(response.status, keep)

    async def _write_pieces(self, response: Response, pieces: AsyncIterator[bytes]) -> bool:
        """Head and first piece in one write, so that a source that fails at once is still a
        500. Returns whether the connection may be kept."""
        framing = stream_framing(self._head, response)
        wanted = not self._head.line.is_head and response.status not in (204, 304)
        keep = self._may_keep() and (framing >= 0 or framing == CHUNKED or not wanted)
        piece = await _next(pieces) if wanted else None
        self._check(piece, framing)
        start = self._encode_start(response, framing, keep)
        self._started = True
        while piece is not None:
            self._sent += len(piece)
            if framing == CHUNKED and piece:
                piece = b"%x\r\n%b\r\n" % (len(piece), piece)
            self._connection.transport.write(start + piece if start else piece)
            start = b""
            if self._connection.paused:
                await self._connection.writable()
            self._connection.arm_handler(self.deadline)
            piece = await _next(pieces)
            self._check(piece, framing)
        if framing == CHUNKED and wanted:
            start += b"0\r\n\r\n"
        if start:
            self._connection.transport.write(start)
        return keep

    def _encode_start(self, response: Response, framing: int, keep: bool) -> bytes:
        lines = self._connection.service.lines
        line = b"" if keep and self._head.line.minor else KEEP if keep else CLOSE
        request_id = self.request.id.encode("ascii")
        return encode_head(lines[response.status], response, framing, request_id, line)

    def _check(self, piece: bytes | None, framing: int) -> None:
        """Exactly the promised bytes: more or fewer are a broken promise, never sent."""
        if piece is not None and not isinstance(piece, (bytes, bytearray, memoryview)):
            name = self._match.endpoint.name
            raise UsageError(f"handler {name} streamed {type(piece).__name__}, not bytes")
        if framing < 0 or self._head.line.is_head:
            return
        total = self._sent + (len(piece) if piece is not None else 0)
        if total > framing or (piece is None and total < framing):
            raise UsageError(f"{self._match.endpoint.name} promised {framing} bytes, gave {total}")

    def _broken(self, error: BaseException) -> None:
        """The source failed. Before the head that is a 500; after it only a cut tells the
        client that the answer is not whole (RFC 9112 8)."""
        service = self._connection.service
        response = failed(self.request, self._match.endpoint.name, error, service.config.on_error)
        if self._started or not isinstance(response.body, bytes):
            self._connection.transport.abort()
        else:
            self._send_whole(response)

    def _may_keep(self) -> bool:
        connection = self._connection
        if not self._head.keep_alive or connection.service.draining:
            return False
        body = self.body
        if body is None or body.done:
            return True
        # RFC 9112 9.3: the rest of the body must be read first, or the connection must go.
        limit = connection.service.limits.discard
        return body.fault is None and not body.expects_continue and body.remaining <= limit

    def _finish(self, status: int, keep: bool) -> None:
        service = self._connection.service
        service.requests += 1
        if service.access_log is not None:
            service.access_log.add(self.request, status, self._sent, perf_counter() - self._began)
        self.request.close()
        self._connection.finished(keep)

    def expire(self) -> None:
        """The application took too long: 503, or a cut where the answer has begun."""
        task, self._task = self._task, None
        if self._started:
            self._connection.transport.abort()
        else:
            self._head = _closing(self._head)
            response = explain(Refusal(503, "the application did not answer in time"))
            self._send_whole(response)
        if task is not None:
            task.cancel()

    def abandon(self) -> None:
        """The client is gone: tell the handler once."""
        if self.body is not None:
            self.body.fail(ClientGone())
        if self._task is not None:
            self._task.cancel()


async def _next(pieces: AsyncIterator[bytes]) -> bytes | None:
    async for piece in pieces:
        return piece
    return None


def _closing(head: Head) -> Head:
    """The same head for an answer after which the connection closes."""
    copy = Head(head.line, head.fields)
    copy.keep_alive = False
    return copy
