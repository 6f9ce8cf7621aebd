"""One request that is not answered at once: its body, its task, its answer in pieces.

Lives from the head to the last byte of the answer. The connection tells it what the client
does and how much time is left; it tells the connection when it is over.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from time import perf_counter
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from .answer import CLOSE, KEEP, encode, explain, failed, stream_framing, to_response
from .errors import ClientGone, Refusal, UsageError
from .files import send_file
from .head import Head
from .request import Request
from .response import CHUNKED, NO_BODY_STATUS, UNSAID, Response, encode_head
from .router import Match
from .service import Service
from .upload import BodyStream

if TYPE_CHECKING:
    from .connection import ConnectionHandler

GONE = 499  # in the access log: the client left before there was an answer (nginx's number)
EXPECTED = (ClientGone, Refusal, asyncio.CancelledError)  # of a handler whose client is gone


def run_handler(service: Service, match: Match, request: Request) -> "Response | asyncio.Task[Any]":
    """Call the handler. Gives its answer, or the task that will."""
    try:
        result = match.handler(request)
        if type(result) is Response:
            return result
        if type(result) is not CoroutineType:
            if not isinstance(result, Awaitable):
                return to_response(result, match.endpoint.name)
            result = _wait_for(result)
        task = service.start_task(result)
    except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  a handler may fail in any way
        return failed(request, match.endpoint.name, error, service.config.on_error)
    return answer_of(service, match, request, task) if task.done() else task


def answer_of(
    service: Service, match: Match, request: Request, task: "asyncio.Task[Any]"
) -> Response:
    """The answer of a handler's task that is done."""
    name = match.endpoint.name
    # Asked for, not raised: what is raised here would hold this frame, it the task, and the
    # task what was raised.
    error = asyncio.CancelledError() if task.cancelled() else task.exception()
    if error is None:
        try:
            return to_response(task.result(), name)
        except UsageError as wrong:
            error = wrong
    return failed(request, name, error, service.config.on_error)


async def _wait_for(given: Awaitable[Any]) -> Any:
    """A future, a task, a foreign coroutine: what a handler returned that must be awaited."""
    return await given


class Exchange:
    """A request on its way to its answer, when that takes more than a moment.

    outcome: what the handler gave; it is called by `begin` if None.
    """

    __slots__ = ("_began", "_connection", "_head", "_keep", "_match", "_outcome", "_sent",
                 "_status", "_task", "body", "request")  # fmt: skip

    def __init__(
        self,
        connection: "ConnectionHandler",
        head: Head,
        match: Match,
        request: Request,
        body: BodyStream | None = None,
        outcome: "Response | asyncio.Task[Any] | None" = None,
    ) -> None:
        # given
        self._connection = connection
        self._head = head
        self._match = match
        self._outcome = outcome
        self.request = request
        self.body = body
        # of this exchange
        self._began = perf_counter()
        self._task: asyncio.Task[Any] | None = None  # the handler's, then the answer's
        self._status = 0  # of the answer whose head is on its way
        self._keep = False  # the connection, as that head has said
        self._sent = 0  # bytes of body

    @property
    def deadline(self) -> float:
        """Seconds the application has: to answer, and between two pieces of an answer."""
        own = self._match.endpoint.deadline
        return self._connection.service.deadlines.handler if own is None else own

    # ---- the handler

    def begin(self) -> None:
        """Answer with what the handler gave, gives or will give."""
        outcome, self._outcome = self._outcome, None
        if outcome is None:
            fault = self.body.fault if self.body is not None else None
            if fault is not None:
                outcome = self._failed(fault)  # nobody need look at half a body
            else:
                service = self._connection.service
                outcome = run_handler(service, self._match, self.request)
        if isinstance(outcome, Response):
            self.send(outcome)
        else:
            self._task = outcome
            outcome.add_done_callback(self._handled)

    def _handled(self, task: "asyncio.Task[Any]") -> None:
        connection, service = self._connection, self._connection.service
        if connection.exchange is self and not connection.transport.is_closing():
            self.send(answer_of(service, self._match, self.request, task))
            return
        # The client is gone, or was answered already.
        error = None if task.cancelled() else task.exception()
        if error is not None:
            if _is_news(error):
                self._failed(error, hook=False)
        elif not task.cancelled() and isinstance(task.result(), Response):
            service.start_late(self._release(task.result().body))
        self.request.close()

    def _failed(self, error: BaseException, *, hook: bool = True) -> Response:
        handler = self._connection.service.config.on_error if hook else None
        return failed(self.request, self._match.endpoint.name, error, handler)

    # ---- the answer

    def send(self, response: Response) -> None:
        """Send an answer, whatever its body is made of."""
        self._task = None
        service = self._connection.service
        fault = self.body.fault if self.body is not None else None
        if fault is not None and response.status < 400:
            service.start_late(self._release(response.body))
            response = self._failed(fault)  # no 2xx for half a body (RFC 9112 8)
        response = self._opened(response)
        if isinstance(response.body, bytes):
            self._send_whole(response, self._may_keep())
        else:
            self._task = service.start_task(self._send_pieces(response))

    def _opened(self, response: Response) -> Response:
        """The same with its file, if it names one, opened."""
        try:
            return send_file(self.request, response)
        except Exception as error:  # noqa: BLE001  a disk may fail in any way
            answer = self._failed(error)
            return answer if isinstance(answer.body, bytes) else explain(Refusal(500))

    def _send_whole(self, response: Response, keep: bool) -> None:
        connection = self._connection
        if connection.transport.is_closing():
            return  # connection_lost comes, and ends this
        body = response.body if isinstance(response.body, bytes) else b""
        begin = connection.service.lines[response.status]
        request_id = self.request.id.encode("ascii")
        connection.transport.write(encode(begin, self._head, response, request_id, keep))
        self._status = response.status
        self._sent = len(body) if self._has_body(response) else 0
        self._finish(keep)

    def _has_body(self, response: Response) -> bool:
        return not self._head.line.is_head and response.status not in NO_BODY_STATUS

    async def _send_pieces(self, response: Response) -> None:
        pieces: Any = response.body
        try:
            pieces = aiter(pieces)
            await self._write_pieces(response, pieces)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  as above
            if self._connection.exchange is self:
                self._broken(error)
            elif _is_news(error):
                self._failed(error, hook=False)
        else:
            self._finish(self._keep)
        finally:
            await self._release(pieces)

    async def _write_pieces(self, response: Response, pieces: AsyncIterator[object]) -> None:
        """Head and first piece in one write, so that a source that fails at once is still a
        500. Exactly the promised bytes: more or fewer are a broken promise, never sent."""
        framing = stream_framing(self._head, response)
        if self._has_body(response):
            async for given in pieces:
                piece = self._checked(given)
                self._sent += len(piece)
                if 0 <= framing < self._sent:
                    self._break_promise(framing)
                if framing == CHUNKED and piece:
                    piece = b"%x\r\n%b\r\n" % (len(piece), piece)
                await self._write(response, framing, piece)
            if self._sent < framing:
                self._break_promise(framing)
        last = b"0\r\n\r\n" if framing == CHUNKED and self._has_body(response) else b""
        await self._write(response, framing, last)

    def _checked(self, piece: object) -> bytes:
        if isinstance(piece, (bytes, bytearray, memoryview)):
            return bytes(piece)
        name = self._match.endpoint.name
        raise UsageError(f"handler {name} streamed {type(piece).__name__}, not bytes")

    def _break_promise(self, promised: int) -> None:
        name = self._match.endpoint.name
        raise UsageError(f"handler {name} promised {promised} bytes, gave {self._sent}")

    async def _write(self, response: Response, framing: int, data: bytes) -> None:
        connection = self._connection
        if connection.exchange is not self or connection.transport.is_closing():
            raise ClientGone
        if not self._status:
            data = self._start(response, framing) + data
        if data:
            connection.transport.write(data)
        if connection.paused:
            await connection.writable()
        connection.went_on()

    def _start(self, response: Response, framing: int) -> bytes:
        """The head of an answer in pieces."""
        self._keep = self._may_keep() and (framing != UNSAID or not self._has_body(response))
        self._status = response.status
        if self.body is not None:
            self.body.expects_continue = False  # after the final head there is no 100
        connection = b"" if self._keep and self._head.line.minor else KEEP if self._keep else CLOSE
        begin = self._connection.service.lines[response.status]
        return encode_head(begin, response, framing, self.request.id.encode("ascii"), connection)

    def _broken(self, error: BaseException) -> None:
        """The source failed. Before the head that is a 500; after it only a cut tells the
        client that the answer is not whole (RFC 9112 8)."""
        answer = self._failed(error)
        if self._status:
            self._connection.transport.abort()
            return
        answer = self._opened(answer)
        if not isinstance(answer.body, bytes):
            self._connection.service.start_late(self._release(answer.body))
            answer = explain(Refusal(500))
        self._send_whole(answer, self._may_keep())

    def _may_keep(self) -> bool:
        connection, body = self._connection, self.body
        if not self._head.keep_alive or connection.service.draining:
            return False
        if body is None or body.done:
            return True
        # RFC 9112 9.3: the rest of the body must be read first, or the connection must go.
        if body.fault is not None or body.expects_continue or body.remaining is None:
            return False
        return body.remaining <= connection.service.limits.discard

    # ---- the end

    def _finish(self, keep: bool) -> None:
        self._log(self._status)
        self.request.close()
        self._connection.finished(keep)

    def _log(self, status: int) -> None:
        service = self._connection.service
        service.requests += 1
        if service.access_log is not None:
            service.access_log.add(self.request, status, self._sent, perf_counter() - self._began)

    async def _release(self, body: object) -> None:
        """Close what an answer was made of, read to its end or not."""
        self.request.close()
        aclose = getattr(body, "aclose", None)
        try:
            if aclose is not None:
                await aclose()
        except Exception as error:  # noqa: BLE001  a source may fail in any way
            self._failed(error, hook=False)

    def expire(self) -> None:
        """The application took too long: 503, or a cut where the answer has begun."""
        task, self._task = self._task, None
        if task is not None:
            self._connection.service.keep_late(task)
            task.cancel()
        if self._status:
            self._connection.transport.abort()
        else:
            refusal = Refusal(503, "the application did not answer in time")
            self._send_whole(explain(refusal), keep=False)

    def abandon(self) -> None:
        """The client is gone: tell the handler once, by its read if it waits for the body."""
        self._log(self._status or GONE)
        told = self.body is not None and self.body.fail(ClientGone())
        task, self._task = self._task, None
        if task is not None:
            self._connection.service.keep_late(task)
            if not told:
                task.cancel()


def _is_news(error: BaseException) -> bool:
    """Whether this is more than that the client is gone."""
    if isinstance(error, BaseExceptionGroup):
        return error.split(EXPECTED)[1] is not None
    return not isinstance(error, EXPECTED)
