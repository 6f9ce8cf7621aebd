"""One HTTP connection's life: heads in, requests in their order, answers out."""

import asyncio
from time import perf_counter

from .answer import encode, encode_refusal
from .body import ChunkedBody, SizedBody
from .busy import Busy
from .errors import Refusal
from .exchange import Exchange, run_handler
from .head import Head
from .request import NO_BODY, Request
from .response import Response
from .service import Service
from .upload import BodyStream
from .wire import Wait

BLANK = b"\r\n\r\n"
BLANK_LINES = 4  # empty lines before a request that are skipped (RFC 9112 2.2)
TURNED_AWAY = 64  # connections above the limit that are still told why
IDLE = Wait.IDLE  # half the price of finding it in its class, and every request does


class ConnectionHandler(Busy):
    """The asyncio protocol: one instance for each connection."""

    __slots__ = ("_blank_lines",)

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._feed = self._feed_head
        self._blank_lines = 0

    # ---- what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        service = self.service
        service.connections.add(self)
        crowd = len(service.connections) - service.limits.connections
        if crowd > TURNED_AWAY:
            self.transport.abort()
        elif crowd > 0:
            self.refuse(Refusal(503, "too many connections", (("Retry-After", "1"),)))

    def data_received(self, data: bytes) -> None:
        self._feed(data)

    def eof_received(self) -> bool:
        """The client has sent all it will. What it asked for is still answered, except over
        TLS, where no side can close by half. Returns whether to keep the writing side. Comes
        again where reading is paused and goes on."""
        self.ended = True
        if self.service.config.scheme == "http":
            if self._feed == self._feed_body:
                self.break_off(Refusal(400, "the body ended before its length"))
            if self._feed == self._feed_hold:
                return True
        self.arm_write()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.service.forget(self)
        self._feed = _ignore  # a bound method here would keep this object in a cycle
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.abandon()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.transport.is_closing():
            self.arm_write()
        elif self.exchange is not None:
            self.arm_exchange()
        elif self._feed == self._feed_hold:
            self._continue()
        elif self._feed == self._feed_linger:
            self.arm(Wait.LINGER, self.service.deadlines.linger)
        elif self._feed == self._feed_discard:
            self.arm(Wait.BODY, self.service.deadlines.body)
        else:
            self._rest()

    # ---- what the next bytes are

    def _feed_head(self, data: bytes) -> None:
        buffer = self._buffer
        if buffer:
            known = len(buffer)
            buffer += data
            if buffer.find(BLANK, max(0, known - 3)) < 0:
                self._await_head(known)
                return
            data = bytes(buffer)
            buffer.clear()
        if self.paused:  # the client sends more than it reads: one thing at a time
            self._hold(data)
            return
        head = self.service.parser.heads.get(data)
        if head is None or not head.keep_alive or self.service.draining:
            self._serve(data)
        else:
            self._serve_known(head)

    # ---- requests in their order

    def _serve(self, data: bytes) -> None:
        """Answer every request that is whole in data; keep the rest."""
        service = self.service
        heads = service.parser.heads
        answers: list[bytes] = []
        at, left, room = 0, service.limits.pipeline, service.limits.buffer
        while left > 0 and room > 0 and (end := data.find(BLANK, at)) >= 0:
            block = data[at : end + 4]
            at = end + 4
            try:
                head = heads.get(block) or self._parse(block)
            except Refusal as refusal:
                self.refuse(refusal, answers)
                return
            if head is None:
                continue
            self._blank_lines = 0
            keep = head.keep_alive and not service.draining
            answer = self._answer(head, keep) if head.length == 0 else self._open(head)
            if isinstance(answer, Exchange):
                self._write(answers)
                self.begin(answer, data[at:])
                return
            answers.append(answer)
            if not keep:
                self._write(answers)
                self.hang_up(unread=at < len(data))
                return
            left -= 1
            room -= len(answer)
        self._write(answers)
        if at < len(data):
            self._keep(data[at:], whole=left > 0 and room > 0, served=bool(answers))
        elif not self.paused:
            self.wait = IDLE
            self.due = service.idle_due

    def _serve_known(self, head: Head) -> None:
        """`_serve` for one request, whole and known, and nothing else: what most clients send
        most of the time. A fifth of Python's share less (1.9 for 2.5 us, 2026-11)."""
        self._blank_lines = 0
        answer = self._answer(head, keep=True)
        if isinstance(answer, Exchange):
            self.begin(answer, b"")
            return
        self.transport.write(answer)
        if not self.paused:
            self.wait = IDLE
            self.due = self.service.idle_due

    def _write(self, answers: list[bytes]) -> None:
        if answers:
            self.transport.write(answers[0] if len(answers) == 1 else b"".join(answers))

    def _answer(self, head: Head, keep: bool) -> bytes | Exchange:
        """Answer at once; where that takes longer, give what must be done for it."""
        service = self.service
        match = head.line.match or service.config.router.match(head.line)
        request_id = service.ids.choose(head, self)
        request = Request(head, match, request_id, self, NO_BODY)
        log = service.access_log
        began = perf_counter() if log is not None else 0.0
        outcome = run_handler(service, match, request)
        if type(outcome) is not Response or type(outcome.body) is not bytes:
            return Exchange(self, head, match, request, outcome=outcome)
        service.requests += 1
        status = outcome.status
        if log is not None:
            size = 0 if head.line.is_head else len(outcome.body)
            log.add(request, status, size, perf_counter() - began)
        return encode(service.lines[status], head, outcome, request_id, keep)

    def _open(self, head: Head) -> Exchange:
        """What must be done for a request with a body. One that is too long is not read."""
        service = self.service
        match = head.line.match or service.config.router.match(head.line)
        own = match.endpoint.body
        limit = service.limits.body if own is None else own
        decoder = ChunkedBody(limit, service.limits) if head.chunked else SizedBody(head.length)
        body = BodyStream(self, decoder, head.expects_continue)
        if head.length > limit:
            body.fail(Refusal(413))
        request = Request(head, match, service.ids.choose(head, self), self, body)
        return Exchange(self, head, match, request, body)

    # ---- heads that are not whole

    def _parse(self, block: bytes) -> Head | None:
        """Parse a head; None when it was nothing but empty lines. Raises Refusal."""
        while block.startswith(b"\r\n"):
            self._skip_blank_line()
            block = block[2:]
        return self.service.parser.parse(block) if block else None

    def _skip_blank_line(self) -> None:
        self._blank_lines += 1
        if self._blank_lines > BLANK_LINES:
            raise Refusal(400, "too many empty lines before a request")

    def _keep(self, rest: bytes, *, whole: bool, served: bool) -> None:
        """Keep what was not served: all that is whole was, or this connection's turn is over."""
        if not whole:
            self._hold(rest)
            return
        self._buffer += rest
        if served and not self.paused:
            self.wait = IDLE
            self.due = self.service.idle_due
        self._await_head(0)

    def _await_head(self, known: int) -> None:
        """Keep a head that is not whole, unless it can be refused now. known: bytes of it
        that were looked at before."""
        buffer = self._buffer
        looked_at = known if known > 1 else 0
        try:
            while buffer.startswith(b"\r\n"):
                self._skip_blank_line()
                del buffer[:2]
                looked_at = 0
            if buffer and buffer != b"\r":
                self.service.parser.check_partial(buffer, looked_at)
        except Refusal as refusal:
            self.refuse(refusal)
            return
        if buffer and known == 0:
            self.arm(Wait.HEAD, self.service.deadlines.head)

    # ---- between two requests

    def _hold(self, rest: bytes) -> None:
        """Give other connections their turn before the rest of a long pipeline."""
        self._buffer += rest
        self._feed = self._feed_hold
        if not self.transport.is_closing():
            self.transport.pause_reading()
        self.service.loop.call_soon(self._continue)

    def _continue(self) -> None:
        """Go on with what was held back, if nothing keeps us from it."""
        if self.paused or self.exchange is not None or self._feed != self._feed_hold:
            return
        if self.transport.is_closing():
            return
        data = bytes(self._buffer)
        self._buffer.clear()
        self._feed = self._feed_head
        self.read_on()
        if data:
            self._serve(data)
        else:
            self._rest()
        if self.ended and self._feed == self._feed_head:
            self.close()

    def _rest(self) -> None:
        """Nothing is in hand."""
        if self._buffer:
            self.arm(Wait.HEAD, self.service.deadlines.head)
            return
        self.wait = IDLE
        self.due = self.service.idle_due
        if self.service.draining:
            self.leave()

    # ---- the end

    def refuse(self, refusal: Refusal, answers: list[bytes] | None = None) -> None:
        """Answer what is not a request, after the answers before it, then close for good."""
        service = self.service
        request_id = service.ids.next()
        begin = service.lines[refusal.status]
        answer = encode_refusal(begin, refusal, request_id)
        self._write([*(answers or ()), answer])
        if service.access_log is not None:
            service.access_log.add_refused(
                self.peer.address, request_id.decode("ascii"), refusal.status, refusal.reason
            )
        self.hang_up(unread=True)

    def expire(self) -> None:
        """What we waited for did not come in time."""
        wait = self.wait
        if wait is Wait.HEAD:
            self.refuse(Refusal(408, "the head of the request took too long"))
        elif wait is Wait.BODY:
            self.expire_body()
        elif wait is Wait.HANDLER and self.exchange is not None:
            self.exchange.expire()
        elif wait is Wait.WRITE:
            self.expire_write()
        elif wait is Wait.LINGER:
            self.expire_linger()
        else:
            self.close()
            # Nothing is left to send; over TLS a silent client would hold the close up.
            self.arm(Wait.LINGER, self.service.deadlines.linger)


def _ignore(_: bytes) -> None:
    """What arrives after the end."""
