"""One request on its way through aiohttp: from its idea of a request to the handlers', and back.

Knows nothing of how aiohttp is started or ended.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from time import perf_counter
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict

from app.httpd import AccessLog, ClientGone, Refusal, Response
from app.httpd.answer import explain
from app.httpd.carrier import BrokenOff, Call, Carrier
from app.httpd.errors import PHRASES
from app.httpd.request import NO_BODY
from app.httpd.response import SERVER
from app.httpd.upload import CONTINUE

CALL = web.RequestKey("call", Call)
GONE = 499  # in the access log: the client left before there was an answer (nginx's number)
AT_ONCE = 64 * 1024  # bytes that a connection takes without waiting for its client


class Adapter:
    """From aiohttp's idea of a request to the handlers', and back."""

    def __init__(self, carrier: Carrier, access_log: AccessLog | None) -> None:
        # given
        self._carrier = carrier
        self._access_log = access_log
        # of this run
        self._in_hand: set[asyncio.Task[Any]] = set()
        self._given_up = False

    def give_up(self) -> None:
        """The server has drained long enough: whatever has no answer yet gets 503."""
        self._given_up = True
        for each in self._in_hand:
            each.cancel()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one request, whatever its method and path."""
        began = perf_counter()
        carrier = self._carrier
        try:
            head = carrier.compose(
                request.method, request.raw_path, request.version.minor, request.raw_headers
            )
        except Refusal as refusal:
            return _refuse(refusal, request.headers.get("Accept", ""), carrier)
        most = carrier.most_body(head)
        source = Body(request, carrier, most) if request.can_read_body else NO_BODY
        call = carrier.call(head, carrier.peer(_address(request)), source)
        request[CALL] = call
        status, sending = GONE, None
        try:
            if head.length > most:
                response = call.failed(Refusal(413))
            else:
                response = await self._respond(request, call)
            sending, status = Sending(request, call, response, carrier), response.status
            return await sending.send()
        finally:
            if self._access_log is not None:
                sent = sending.sent if sending is not None else 0
                self._access_log.add(call.request, status, sent, perf_counter() - began)

    async def _respond(self, request: web.Request, call: Call) -> Response:
        """The handler's answer; 503 where the server cannot wait for it any longer."""
        outcome = call.start()
        if isinstance(outcome, Response):
            return outcome
        task = asyncio.ensure_future(outcome)
        self._in_hand.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            if self._given_up and request.transport is not None:
                return call.failed(Refusal(503, "the server is about to end"))
            raise
        finally:
            self._in_hand.discard(task)


class Sending:
    """One answer on its way. sent: bytes of its body."""

    def __init__(
        self, request: web.Request, call: Call, response: Response, carrier: Carrier
    ) -> None:
        self.sent = 0
        self._request = request
        self._call = call
        self._response = response
        self._close = carrier.draining or not call.head.keep_alive
        self._write_seconds = carrier.config.deadlines.write

    async def send(self) -> web.StreamResponse:
        """Send all of it, or give what aiohttp can send by itself. Raises ConnectionResetError
        where the client is gone or does not read, or the application has failed half-way."""
        response, call = self._response, self._call
        fields = CIMultiDict(call.fields(response))
        fields["Server"] = SERVER.decode()
        status, reason, body = response.status, PHRASES[response.status], response.body
        answer: web.StreamResponse
        if isinstance(body, bytes):
            answer = web.Response(status=status, reason=reason, headers=fields, body=body)
            self.sent = len(body) if call.has_body(response) else 0
        else:
            answer = web.StreamResponse(status=status, reason=reason, headers=fields)
        if self._close:
            answer.force_close()
        if isinstance(body, bytes) and self.sent <= AT_ONCE:
            call.request.close()
            return answer
        await answer.prepare(self._request)
        if call.has_body(response) and not isinstance(body, bytes):
            await self._send_pieces(answer)
        await self._in_time(answer.write_eof())
        await call.close(response)
        return answer

    async def _send_pieces(self, answer: web.StreamResponse) -> None:
        try:
            async with contextlib.aclosing(self._call.pieces(self._response)) as pieces:
                async for piece in pieces:
                    self.sent += len(piece)
                    await self._in_time(answer.write(piece))
        except BrokenOff:
            self._cut()

    async def _in_time(self, writing: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(self._write_seconds):
                await writing
        except TimeoutError:
            self._cut()

    def _cut(self) -> None:
        """End a connection whose answer cannot be whole: only so the client hears of it."""
        if self._request.transport is not None:
            self._request.transport.abort()
        raise ConnectionResetError


class Body:
    """A request's body: aiohttp's stream, held to the route's limit and to a pace."""

    trailers: Sequence[bytes] = ()  # aiohttp drops them

    def __init__(self, request: web.Request, carrier: Carrier, most: int) -> None:
        self._request = request
        self._left = most
        self._expected = "Expect" in request.headers
        self._window = carrier.config.deadlines.body
        self._needed = max(1, carrier.config.limits.body_rate * self._window)
        self._due = 0.0  # when the window of time ends; 0 before the first read
        self._arrived = 0  # in this window

    async def read(self) -> bytes:
        """What has arrived, b"" once at the end. Raises Refusal, ClientGone."""
        if self._expected:
            self._expected = False
            await self._ask()
        clock = asyncio.get_running_loop().time
        self._due = self._due or clock() + self._window
        while True:
            try:
                async with asyncio.timeout_at(self._due):
                    data = await self._request.content.readany()
            except TimeoutError:
                if self._arrived < self._needed:
                    raise Refusal(408, "the body came too slowly") from None
                self._due, self._arrived = clock() + self._window, 0
                continue
            except (HttpProcessingError, web.RequestPayloadError):
                raise Refusal(400, "the body is not what its head has promised") from None
            except OSError:
                raise ClientGone from None
            self._arrived += len(data)
            self._left -= len(data)
            if self._left < 0:
                raise Refusal(413)
            return data

    async def _ask(self) -> None:
        """Tell the client to go on. As aiohttp does it: what was written is no answer yet."""
        writer = self._request.writer
        await writer.write(CONTINUE)
        writer.output_size = 0


def _refuse(refusal: Refusal, accept: str, carrier: Carrier) -> web.Response:
    """The answer to what aiohttp took for a request and we do not."""
    page = explain(refusal, accept)
    kind = (page.content_type or b"").decode("ascii")
    fields = {"Content-Type": kind, "Server": SERVER.decode(), "X-Request-Id": carrier.new_id()}
    body = page.body if isinstance(page.body, bytes) else b""
    answer = web.Response(status=refusal.status, headers=fields, body=body)
    answer.force_close()
    return answer


def _address(request: web.Request) -> str:
    """The peer's; "" for a unix socket's."""
    transport = request.transport
    peer = transport.get_extra_info("peername") if transport is not None else None
    return str(peer[0]) if isinstance(peer, tuple) else ""
