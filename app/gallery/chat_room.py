"""asyncore's loop: what is to be watched, who is let in, and what other threads have to say.

Knows nothing of what a connection is for.
"""

import logging
import signal
import socket
import time
import warnings
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

with warnings.catch_warnings():  # Python 3.11 warns that 3.12 has left it out
    warnings.simplefilter("ignore", DeprecationWarning)
    import asyncore

TICK = 1.0  # seconds between two looks at the deadlines

log = logging.getLogger("slipway.error")


class Member(Protocol):
    """A connection, as far as the room is concerned."""

    def look(self, now: float) -> None:
        """Give up what is too late, by the monotonic clock."""

    def leave_if_idle(self) -> None:
        """The server is about to end."""

    def close(self) -> None:
        """End now."""


class Room:
    """Everybody who is here. admit: makes a Member of an accepted socket; most: so many at once."""

    def __init__(self, sock: socket.socket, admit: Callable[[socket.socket], object], most: int):
        self.members: dict[int, Any] = {}  # asyncore's map of descriptors
        self._admit = admit
        self._most = most
        self._bell = Bell(self.members)
        self._door = Door(sock, self)
        self._told = False

    def later(self, call: Callable[[], None]) -> None:
        """Have something called by the loop; from any thread, and from a signal handler."""
        self._bell.ring(call)

    def has_space(self) -> bool:
        """Whether one more may come in."""
        return len(self.members) < self._most + 2  # the bell and the door

    def admit(self, sock: socket.socket) -> None:
        """Let one in."""
        sock.setblocking(False)
        self._admit(sock)

    def live(self, leaving: Callable[[], None], drain: float) -> None:
        """Until SIGTERM or SIGINT; then until nobody is left, so many seconds at most. leaving:
        called when the signal came."""
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: self.later(self._hear))
        self._turn_until(lambda: self._told)
        leaving()
        self._door.close()
        for person in self._people():
            person.leave_if_idle()
        end = time.monotonic() + drain
        self._turn_until(lambda: not self._people() or time.monotonic() > end)
        for person in self._people():
            person.close()
        self._bell.close()

    def _hear(self) -> None:
        self._told = True

    def _people(self) -> list[Member]:
        return [each for each in self.members.values() if each not in (self._bell, self._door)]

    def _turn_until(self, over: Callable[[], bool]) -> None:
        tick = time.monotonic() + TICK
        while not over():
            asyncore.poll2(TICK, self.members)  # poll, and not select, which ends at 1024
            self._bell.answer()
            now = time.monotonic()
            if now >= tick:
                tick = now + TICK
                for each in self._people():
                    each.look(now)


class Door(asyncore.dispatcher):
    """The listening socket."""

    def __init__(self, sock: socket.socket, room: Room) -> None:
        super().__init__(sock, room.members)
        self.accepting = True
        self._room = room

    def readable(self) -> bool:
        return self._room.has_space()

    def handle_accepted(self, sock: socket.socket, address: object) -> None:
        """One is let in, if it is still there."""
        try:
            self._room.admit(sock)
        except OSError:
            sock.close()

    def handle_error(self) -> None:
        """asyncore would close the door."""
        log.exception("cannot accept connections")  # noqa: LOG004  it is called in an except


class Bell(asyncore.dispatcher):
    """One end of a socket pair: whoever writes to the other wakes the loop."""

    def __init__(self, members: dict[int, Any]) -> None:
        inside, self._outside = socket.socketpair()
        self._outside.setblocking(False)
        self._calls: deque[Callable[[], None]] = deque()
        super().__init__(inside, members)

    def ring(self, call: Callable[[], None]) -> None:
        """Have something called."""
        self._calls.append(call)
        try:
            self._outside.send(b"!")
        except OSError:
            return  # it rings already, or the loop has ended

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        self.recv(4096)

    def answer(self) -> None:
        """Call what was asked for. Between two polls: a descriptor that is closed within one may
        be a new connection's before the old one's events are looked at."""
        while self._calls:
            self._calls.popleft()()

    def close(self) -> None:
        self._outside.close()
        super().close()
