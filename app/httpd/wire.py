"""One TCP connection before any HTTP: who is there, flow control, one deadline, a polite end."""

import asyncio
from enum import Enum
from typing import cast

from .errors import ClientGone
from .forwarded import Peer
from .service import Service

UNKNOWN = "unknown"  # the address of a client that was gone before anybody asked for it

TLS_LEAVE_SECONDS = 5.0  # for a client's close_notify


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
        self.transport = cast(asyncio.Transport, transport)
        self.due = self.service.loop.time() + self.service.deadlines.first_byte

    def connection_lost(self, exc: Exception | None) -> None:
        self._wake_writer()

    @property
    def peer(self) -> Peer:
        """The other end, looked up when somebody asks."""
        if self._peer is None:
            name = self.transport.get_extra_info("peername")
            # A unix socket's peer has an empty name. None is a TCP client that has reset the
            # connection (uvloop asks the kernel late), and is nobody to be trusted.
            address = name[0] if isinstance(name, tuple) else UNKNOWN if name is None else ""
            config = self.service.config
            self._peer = Peer(address, config.scheme, config.proxies)
        return self._peer

    @property
    def draining(self) -> bool:
        """Whether the server is about to end."""
        return self.service.draining

    # ---- time

    def arm(self, wait: Wait, seconds: float) -> None:
        """Wait for this, so long at most. While the client does not read, that comes first."""
        if wait is Wait.WRITE or not self.paused:
            self.wait = wait
            self.due = self.service.loop.time() + seconds

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

    def expire_linger(self) -> None:
        """The client did not close. If it still reads, that is no fault of its."""
        if self.transport.get_write_buffer_size():
            self.arm_write()
        else:
            self.transport.abort()

    # ---- flow control

    def pause_writing(self) -> None:
        self.paused = True
        self.arm_write()

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
        """Read again, if reading was paused and there is something left to read."""
        if not (self.ended or self.transport.is_reading() or self.transport.is_closing()):
            self.transport.resume_reading()

    # ---- the end

    def close(self) -> None:
        """Close when what was written has left, or its deadline is over. A client is given a
        moment to take its leave; over TLS a longer one, as a loop may not tell there how much
        it has not read."""
        self.transport.close()
        https = self.service.config.scheme == "https"
        self.arm(Wait.LINGER, TLS_LEAVE_SECONDS if https else self.service.deadlines.linger)

    def half_close(self) -> None:
        """Close our side first, where the client may still be sending: closing both at once
        would reset the connection and eat the last answer (RFC 9112 9.6)."""
        if self.ended or self.transport.is_closing() or not self.transport.can_write_eof():
            self.close()
        else:
            self.transport.write_eof()
            self.read_on()
            self.arm(Wait.LINGER, self.service.deadlines.linger)

    def leave(self) -> None:
        """The server drains: an idle client has a moment for one more request."""
        if self.wait is Wait.IDLE or self.wait is Wait.FIRST_BYTE:
            moment = self.service.deadlines.drain_idle
            if moment:
                self.due = min(self.due, self.service.loop.time() + moment)
            else:
                self.close()
