"""One TCP connection before any HTTP: who is there, flow control, one deadline, a polite end."""

import asyncio
from enum import Enum
from typing import cast

from .errors import ClientGone
from .forwarded import Peer
from .service import Service


class Wait(Enum):
    """What a connection waits for; its deadline has the same name in `limits`."""

    FIRST_BYTE = "the first byte"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    HANDLER = "the application"
    WRITE = "the client to read"
    IDLE = "the next request"
    LINGER = "the client to close"


class Wire(asyncio.Protocol):
    """What a connection waits for is `wait`, and `due` is when that ends, by the loop's clock."""

    __slots__ = ("_drained", "_peer", "_unsent", "due", "ended", "paused", "service", "transport",
                 "wait")  # fmt: skip

    transport: asyncio.Transport

    def __init__(self, service: Service) -> None:
        self.service = service
        self._peer: Peer | None = None
        self._drained: asyncio.Future[None] | None = None
        self._unsent = 0  # bytes the client had not read when its last window of time began
        self.ended = False  # the client has sent its last byte
        self.paused = False  # the client does not read what we write
        self.wait = Wait.FIRST_BYTE
        self.due = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        service = self.service
        self.transport = cast(asyncio.Transport, transport)
        self.due = service.loop.time() + service.deadlines.first_byte
        service.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.service.forget(self)
        self._wake_writer()

    @property
    def peer(self) -> Peer:
        """The other end, looked up when somebody asks."""
        if self._peer is None:
            name = self.transport.get_extra_info("peername")
            address = name[0] if isinstance(name, tuple) else ""
            config = self.service.config
            self._peer = Peer(address, config.scheme, config.proxies)
        return self._peer

    @property
    def draining(self) -> bool:
        """Whether the server is about to end."""
        return self.service.draining

    def arm(self, wait: Wait, seconds: float) -> None:
        """Wait for this, so long at most."""
        self.wait = wait
        self.due = self.service.loop.time() + seconds

    def pause_writing(self) -> None:
        self.paused = True
        self.arm_write()

    def arm_write(self) -> None:
        """The client has a window of time, and must read something in it."""
        self._unsent = self.transport.get_write_buffer_size()
        self.arm(Wait.WRITE, self.service.deadlines.write)

    def expire_write(self) -> None:
        """A window of time is over: go on if enough was read in it, else cut."""
        service = self.service
        read = self._unsent - self.transport.get_write_buffer_size()
        if read >= max(1, service.limits.body_rate * service.deadlines.write):
            self.arm_write()
        else:
            self.transport.abort()

    def resume_writing(self) -> None:
        self.paused = False
        self._wake_writer()

    async def writable(self) -> None:
        """Wait until the client has read enough. Raises ClientGone."""
        while self.paused and not self.transport.is_closing():
            self._drained = self.service.loop.create_future()
            await self._drained
        if self.transport.is_closing():
            raise ClientGone

    def _wake_writer(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def read_on(self) -> None:
        """Read again, if reading was paused."""
        if not self.transport.is_reading() and not self.transport.is_closing():
            self.transport.resume_reading()

    def close(self) -> None:
        """Close when what was written has left, or its deadline is over."""
        self.transport.close()
        self.arm_write()

    def half_close(self) -> bool:
        """Close our side first, where the client may still be sending: closing both at once
        would reset the connection and eat the last answer (RFC 9112 9.6). Returns False
        where only a whole close is left."""
        if self.ended or not self.transport.can_write_eof():
            self.close()
            return False
        self.transport.write_eof()
        self.read_on()
        self.arm(Wait.LINGER, self.service.deadlines.linger)
        return True

    def leave(self) -> None:
        """The server drains: an idle client has a moment for one more request."""
        if self.wait is Wait.IDLE or self.wait is Wait.FIRST_BYTE:
            now = self.service.loop.time()
            self.due = min(self.due, now + self.service.deadlines.drain_idle)
