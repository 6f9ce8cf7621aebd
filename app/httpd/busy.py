"""A connection while one request is in hand: its body comes, its answer is made, and
whatever else the client sends waits, or is swallowed because nobody wants it."""

from collections.abc import Callable

from .errors import Refusal
from .exchange import Exchange
from .service import Service
from .upload import BodyStream
from .wire import Wait, Wire


class Busy(Wire):
    """What the next bytes are is a bound method, `_feed`. `exchange` is the request in hand."""

    __slots__ = ("_buffer", "_feed", "_unwanted", "exchange")

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._feed: Callable[[bytes], None] = self._feed_hold
        self._buffer = bytearray()  # what arrived and is not looked at yet
        self._unwanted = 0  # bytes of a body to skip, or bytes swallowed while closing
        self.exchange: Exchange | None = None

    def _continue(self) -> None:
        """Go on with what was held back."""
        raise NotImplementedError

    # ---- what the next bytes are

    def _feed_body(self, data: bytes) -> None:
        body = self._body()
        if body is None:
            return
        self._buffer += data
        try:
            body.feed(self._buffer)
        except Refusal as refusal:
            self.break_off(refusal)
            return
        if body.done:
            self._feed = self._feed_hold
            self.arm_exchange()
        elif body.is_full(self.service.limits.buffer):
            self.transport.pause_reading()
            self.arm_exchange()

    def _feed_hold(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > self.service.limits.buffer:
            self.transport.pause_reading()

    def _feed_discard(self, data: bytes) -> None:
        """The rest of a body whose answer is sent already."""
        skipped = min(len(data), self._unwanted)
        self._unwanted -= skipped
        if self._unwanted == 0:
            self._buffer += data[skipped:]
            self._feed = self._feed_hold
            self._continue()

    def _feed_linger(self, data: bytes) -> None:
        self._unwanted += len(data)
        if self._unwanted > self.service.limits.linger:
            self.transport.abort()

    # ---- a request from its head to its answer

    def begin(self, exchange: Exchange, rest: bytes) -> None:
        """Hold all that follows until this one request is answered."""
        self.exchange = exchange
        self._feed = self._feed_hold
        self._buffer += rest
        body = exchange.body
        if body is not None and body.fault is None:
            self._feed = self._feed_body
            self._feed_body(b"")
        self.arm_exchange()
        exchange.begin()

    def finished(self, keep: bool) -> None:
        """The exchange has sent its answer. keep: the client was told that we go on."""
        exchange, self.exchange = self.exchange, None
        if exchange is None or self.transport.is_closing():
            return
        body = exchange.body
        unread = body is not None and not body.done
        if not keep or (body is not None and body.fault is not None):
            self.hang_up(unread or bool(self._buffer))
        elif body is not None and unread:
            self._unwanted = body.remaining or 0
            self._feed = self._feed_discard
            self.read_on()
            self.arm(Wait.BODY, self.service.deadlines.body)
        elif self._buffer:
            self.service.loop.call_soon(self._continue)  # not on top of the handler's stack
        else:
            self._continue()

    def break_off(self, refusal: Refusal) -> None:
        """The body of the request in hand is broken: its reader hears of it, and nothing
        that follows is looked at."""
        self._feed = self._feed_hold
        body = self._body()
        if body is not None:
            body.fail(refusal)
            self.arm_exchange()

    def hang_up(self, unread: bool) -> None:
        """Close after the last answer, politely where the client has sent or may be sending
        what we do not read."""
        self._feed = self._feed_linger
        self._unwanted = 0
        self._buffer.clear()
        if unread:
            self.half_close()
        else:
            self.close()

    def give_up(self) -> None:
        """The server has drained long enough."""
        if self.exchange is not None:
            self.exchange.expire()
        else:
            self.close()

    # ---- time

    def arm_exchange(self) -> None:
        """Whose turn it is: the client's while its body comes, else the application's."""
        exchange, body = self.exchange, self._body()
        if exchange is None:
            return
        if (
            body is None
            or body.done
            or body.fault is not None
            or body.expects_continue
            or not self.transport.is_reading()
        ):
            self.arm(Wait.HANDLER, exchange.deadline)
        else:
            body.arrived = 0
            self.arm(Wait.BODY, self.service.deadlines.body)

    def went_on(self) -> None:
        """The application has done a step: its time begins anew, but not the client's."""
        if self.wait is Wait.HANDLER:
            self.arm_exchange()

    def want_body(self) -> None:
        """The reader of the body has room: it is the client's turn."""
        if not self.transport.is_reading():
            self.read_on()
            self.arm_exchange()
        elif self.wait is Wait.HANDLER:
            self.arm_exchange()

    def expire_body(self) -> None:
        """A window of time is over: go on if it brought enough."""
        body = self._body()
        if body is None:  # a body that nobody wants has one window
            self.hang_up(unread=True)
        elif body.arrived >= max(1, self.service.limits.body_rate * self.service.deadlines.body):
            self.arm_exchange()
        else:
            self.break_off(Refusal(408, "the body came too slowly"))

    def _body(self) -> BodyStream | None:
        return self.exchange.body if self.exchange is not None else None
