"""asynchat: say what ends the next thing, collect what comes before it, answer with `push`.

The idea: `set_terminator(b"\r\n\r\n")` waits for a head; then an integer terminator waits for so
many bytes of a body, and where it comes in chunks, for its lines and bytes in turn.
`collect_incoming_data` is given what arrives, `found_terminator` is told when it is complete, and
`push` sends as the client reads. The loop below it is asyncore's (`chat_room`): `poll`, and a
method for each thing that may happen to a socket. Both are older than asyncio, and not built on it.

Good for: understanding what asyncio.Protocol was made from; old services that must live on with
Python 3.12, which has neither module any more (they are pyasynchat and pyasyncore now).
Where it stops: no timers, no futures. Deadlines are looked at once a second, and a handler that
waits does so on a loop of asyncio's beside this one. A body is read whole before its handler runs.
"""

import contextlib
import logging
import math
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from app.gallery.chat_request import BLANK, NEVER, Listener, Turn
from app.gallery.chat_room import Room
from app.gallery.portal import Portal, next_piece
from app.httpd import Refusal, Response
from app.httpd.carrier import Call, Carrier
from app.httpd.request import BodySource
from app.httpd.runner import most_connections
from app.main import create_server
from app.settings import Settings

log = logging.getLogger("slipway.error")


class Chat(Listener):
    """One connection: what is said to it is in `Listener`, what it answers and how it ends here."""

    producer_fifo: "deque[Any]"
    socket: Any

    def __init__(self, room: Room, portal: Portal, sock: socket.socket) -> None:
        peer = sock.getpeername()  # raises OSError where it is gone already
        self._room = room
        self._portal = portal
        self._peer = portal.carrier.peer(peer[0] if isinstance(peer, tuple) else "")
        self._sent_by = math.inf  # when the client must have read something
        self._ended = False  # the client has said all it will say
        self._leaving = False
        self._again = b""  # what came behind a request, to be looked at now
        super().__init__(sock, room.members, portal.carrier)

    # ---- a request and its answer

    def begin(self, turn: Turn, source: BodySource) -> None:
        """Call the handler."""
        call = self.carrier.call(turn.head, self._peer, source)
        outcome = call.start()
        self.hold()
        if isinstance(outcome, Response):
            self._answer(turn, call, outcome)
        else:
            turn.cancel = self._portal.submit(outcome, self._calling(self._handled, turn, call))

    def _calling(self, step: Callable[..., None], *given: Any) -> "Callable[[Future[Any]], None]":
        """For the portal's thread: have it done by ours."""
        return lambda done: self._room.later(partial(step, *given, done))

    def _handled(self, turn: Turn, call: Call, done: "Future[Response]") -> None:
        turn.cancel = None
        if done.cancelled():
            self.close()
        elif self.turn is turn:
            self._answer(turn, call, done.result())
            self._look_again()
        else:
            self._portal.submit(call.close(done.result()), _ignore)

    def _answer(self, turn: Turn, call: Call, response: Response) -> None:
        keep = turn.head.keep_alive and not turn.ends and not self.carrier.draining
        start, keep = call.encode(response, keep)
        turn.ends = not keep
        if isinstance(response.body, bytes):
            call.request.close()
            self.push(start)
            self._finished(turn)
        else:
            turn.pieces = call.encode_pieces(response)
            self.push(start)

    def initiate_send(self) -> None:
        """Send what the client takes; when that was all, there is more, or it is the end."""
        super().initiate_send()
        self._sent_by = time.monotonic() + self.times.write if self.producer_fifo else math.inf
        if self.producer_fifo or not self.connected:
            return
        turn = self.turn
        if turn is not None and turn.pieces is not None and turn.cancel is None:
            step = self._calling(self._piece, turn)
            turn.cancel = self._portal.submit(next_piece(turn.pieces), step)
        elif self._leaving:
            self._half_close()

    def _piece(self, turn: Turn, done: "Future[bytes]") -> None:
        turn.cancel = None
        if self.turn is not turn or done.cancelled() or done.exception() is not None:
            self.close()  # only a cut tells the client that this was not all (RFC 9112 8)
        elif done.result():
            self.push(done.result())
        else:
            turn.pieces = None
            self._finished(turn)
            self._look_again()

    def _finished(self, turn: Turn) -> None:
        self.turn = None
        if turn.ends:
            self._leave()
            return
        self._again = bytes(self.said)
        self.expect(BLANK, self.head, self.times.idle)

    def _look_again(self) -> None:
        """At what came behind a request that is answered now."""
        if self._again:
            self.handle_read()
        if self._ended and self.turn is None and not self._leaving:
            self._leave()

    # ---- the end

    def recv(self, buffer_size: int) -> bytes:
        """What was held, or what the client says. asyncore takes the end of what it says for its
        own end; a client that has said all may still want its answer."""
        data: bytes
        if self._again:
            data, self._again = self._again, b""
            return data
        try:
            data = self.socket.recv(buffer_size)
        except BlockingIOError:
            raise
        except OSError:
            self.close()
            return b""
        if not data:
            self._ended = True
            if self.turn is None:
                self._leave()
            elif self.due < math.inf:
                self.close()  # half a body
        return data

    def refuse(self, refusal: Refusal) -> None:
        """Say why, and close."""
        self.push(self.carrier.refuse(refusal))
        self._leave()

    def _leave(self) -> None:
        """Close when all is sent. What the client still sends is swallowed meanwhile: a close
        would reset the connection and eat the answer (RFC 9112 9.6)."""
        self._leaving = True
        self.turn = None
        self._collect = self._swallow
        self.said.clear()
        self.set_terminator(NEVER)
        self.due = math.inf
        self.initiate_send()

    def _swallow(self, data: bytes) -> None:
        self.said += data
        if len(self.said) > self.carrier.config.limits.linger:
            self.close()

    def _half_close(self) -> None:
        if self._ended:
            self.close()
        elif self.due == math.inf:
            self.due = time.monotonic() + self.times.linger
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_WR)

    def leave_if_idle(self) -> None:
        """The server is about to end."""
        if self.turn is None and not self.said and not self.producer_fifo:
            self.close()

    def look(self, now: float) -> None:
        """Give up what is too late."""
        if self._sent_by <= now:
            self.close()
        elif self.due <= now:
            if self.turn is None and (self._leaving or not self.said):
                self.close()
            else:
                self.refuse(Refusal(408))

    def close(self) -> None:
        """End now. What is waited for is cancelled."""
        turn, self.turn = self.turn, None
        if turn is not None and turn.cancel is not None:
            turn.cancel()
        if turn is not None and turn.pieces is not None:
            self._portal.submit(turn.pieces.aclose(), _ignore)
        self.producer_fifo.clear()
        super().close()

    def handle_close(self) -> None:
        self.close()

    def handle_expt(self) -> None:
        """Urgent data means nothing here, and `poll` would report it for ever."""
        self.close()

    def handle_error(self) -> None:
        """asyncore would print it, and go on with what is half done."""
        log.exception("a connection ended in an error")  # noqa: LOG004  it is called in an except
        self.close()

    def readable(self) -> bool:
        """Whether there is room for more of what it says."""
        if self._ended or (self.producer_fifo and not self._leaving):
            return False
        held = self.due == math.inf and not self._leaving
        return not held or len(self.said) <= self.carrier.config.limits.buffer


def _ignore(done: "Future[Any]") -> None:
    """Nobody wants to know."""


def serve(sock: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, both of which drain."""
    settings = Settings.from_environment(os.environ)
    carrier = Carrier(create_server(settings, "asynchat"))

    def leaving() -> None:
        carrier.draining = True

    most = most_connections(settings.limits.connections)
    with Portal(carrier) as portal:
        room = Room(sock, lambda each: Chat(room, portal, each), most)
        room.live(leaving, carrier.config.deadlines.drain)
