"""A request body on its way from the connection to the handler, with back-pressure."""

import asyncio
from copy import copy
from typing import Protocol

from .body import ChunkedBody, SizedBody
from .errors import ClientGone, Refusal

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Sender(Protocol):
    """The side of a connection that a body needs."""

    transport: asyncio.Transport

    def want_body(self) -> None: ...


class BodyStream:
    """The bytes that arrived and were not read yet. One reader at a time.

    fault: why the body will never be whole; raised by `read`, and by the exchange instead
    of whatever the handler answers. arrived: bytes since the connection last set it to 0.
    """

    __slots__ = ("_connection", "_decoder", "_out", "_waiter", "arrived", "expects_continue",
                 "fault", "trailers")  # fmt: skip

    def __init__(
        self, connection: Sender, decoder: SizedBody | ChunkedBody, expects_continue: bool
    ) -> None:
        # given
        self._connection = connection
        self._decoder = decoder
        self.expects_continue = expects_continue  # the client waits for 100
        # of this body
        self._out = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self.arrived = 0
        self.fault: Refusal | ClientGone | None = None
        self.trailers: list[bytes] = []  # field lines, once the end has arrived

    @property
    def done(self) -> bool:
        """Whether the end of the body has arrived."""
        return self._decoder.done

    @property
    def remaining(self) -> int | None:
        """Bytes still to come; None where their number was not told."""
        return self._decoder.remaining if isinstance(self._decoder, SizedBody) else None

    def feed(self, buffer: bytearray) -> None:
        """Take the body's bytes from the front of buffer. Raises Refusal."""
        before = len(buffer)
        self._decoder.feed(buffer, self._out)
        taken = before - len(buffer)
        self.arrived += taken
        if taken:
            self.expects_continue = False
        if self._decoder.done:
            self.trailers = self._decoder.trailers
        self._wake()

    def fail(self, fault: Refusal | ClientGone) -> bool:
        """The body will never be whole; the first reason stays. Returns whether somebody
        waited for it, and will hear of it."""
        if self.fault is None:
            self.fault = fault
        return self._wake()

    def is_full(self, limit: int) -> bool:
        """Whether more than limit bytes wait, and nobody is about to take them."""
        return len(self._out) > limit and self._waiter is None

    async def read(self) -> bytes:
        """What has arrived, b"" once at the end. Raises Refusal or ClientGone."""
        while True:
            if self.fault is not None:
                # A copy: the traceback of what is raised holds this object, and would keep
                # it, and the connection, in a cycle.
                raise copy(self.fault)
            if self._out:
                data = bytes(self._out)
                self._out.clear()
                if not self.done:
                    self._connection.want_body()
                return data
            if self.done:
                return b""
            await self._more()

    async def _more(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("two readers wait for one request body")
        if self.expects_continue:
            # RFC 9110 10.1.1: only when the body is wanted and none of it is here yet.
            self.expects_continue = False
            self._connection.transport.write(CONTINUE)
        self._connection.want_body()
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> bool:
        if self._waiter is None or self._waiter.done():
            return False
        self._waiter.set_result(None)
        return True
