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

    __slots__ = ("_buffer", "_feed", "_swallowed", "exchange")

    def __init__(self, service: Service) -> None:
        super().__init__(service)
        self._feed: Callable[[bytes], None] = self._feed_hold
        self._buffer = bytearray()  # what arrived and is not looked at yet
        self._swallowed = 0  # bytes that nobody wants
        self.exchange: Exchange | None = None

    def _continue(self) -> None:
        """Go on with what was held back."""
        raise NotImplementedError

    # ---- what the next bytes are

    def _feed_body(self, data: bytes) -> None:
        exchange = self.exchange
        if exchange is None or exchange.body is None:
            return
        body = exchange.body
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
        exchange = self.exchange
        if exchange is None or exchange.body is None:
            return
        body = exchange.body
        self._buffer += data
        self._swallowed += len(data)
        try:
            body.feed(self._buffer)
        except Refusal:
            self.hang_up()
            return
        body.discard()
        if body.done:
            self.exchange = None
            self._continue()
        elif self._swallowed > self.service.limits.discard:
            self.hang_up()

    def _feed_linger(self, data: bytes) -> None:
        self._swallowed += len(data)
        if self._swallowed > self.service.limits.linger:
            self.transport.abort()

    # ---- the end of the request

    def finished(self, keep: bool) -> None:
        """The exchange has sent its answer."""
        exchange = self.exchange
        if exchange is None or self.transport.is_closing():
            return
        body = exchange.body
        if not keep:
            self.hang_up()
        elif body is not None and not body.done:
            body.discard()
            self._feed = self._feed_discard
            self._swallowed = 0
            self.read_on()
            self.arm_body(body)
        else:
            self.exchange = None
            if self._buffer or self.ended:
                self.service.loop.call_soon(self._continue)  # not on top of the handler's stack
            else:
                self._continue()

    def break_off(self, refusal: Refusal) -> None:
        """The body of the request in hand is broken: its reader hears of it, and nothing
        that follows is looked at."""
        self._feed = self._feed_linger
        self._swallowed = 0
        if self.exchange is not None and self.exchange.body is not None:
            self.arm_handler(self.exchange.deadline)
            self.exchange.body.fail(refusal)

    def hang_up(self) -> None:
        """Close after the last answer, politely where the client may still be sending."""
        exchange, self.exchange = self.exchange, None
        body = exchange.body if exchange is not None else None
        unread = bool(self._buffer) or (body is not None and not body.done)
        self._feed = self._feed_linger
        self._swallowed = 0
        self._buffer.clear()
        if not unread or not self.half_close():
            self.close()

    def give_up(self) -> None:
        """The server has drained long enough."""
        if self.exchange is not None:
            self.exchange.expire()
        else:
            self.close()

    # ---- time

    def arm_handler(self, seconds: float) -> None:
        """The application has so long for what it does next."""
        if not self.paused:
            self.arm(Wait.HANDLER, seconds)

    def arm_body(self, body: BodyStream) -> None:
        """The client has a window of time, and must bring something in it."""
        body.arrived = 0
        self.arm(Wait.BODY, self.service.deadlines.body)

    def arm_exchange(self) -> None:
        """Whose turn it is: the client's while its body comes, then the application's."""
        exchange = self.exchange
        if exchange is None:
            return
        body = exchange.body
        if body is None or body.done or body.expects_continue or not self.transport.is_reading():
            self.arm_handler(exchange.deadline)
        else:
            self.arm_body(body)

    def want_body(self) -> None:
        """The reader of the body has room."""
        if not self.transport.is_reading():
            self.read_on()
            self.arm_exchange()
        elif self.wait is Wait.HANDLER:
            self.arm_exchange()  # after 100 (Continue) it is the client's turn

    def expire_body(self) -> None:
        """A window of time is over: go on if it brought enough."""
        deadlines, limits = self.service.deadlines, self.service.limits
        body = self.exchange.body if self.exchange is not None else None
        if body is not None and body.arrived >= max(1, limits.body_rate * deadlines.body):
            self.arm_body(body)
        elif self._feed == self._feed_discard:
            self.hang_up()
        else:
            self.break_off(Refusal(408, "the body came too slowly"))
