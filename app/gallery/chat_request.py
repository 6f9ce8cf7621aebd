"""A request as asynchat sees it: terminator by terminator, until it is whole.

Knows nothing of answers, nor of how a connection ends.
"""

import contextlib
import math
import time
import warnings
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any

with warnings.catch_warnings():  # Python 3.11 warns that 3.12 has left it out
    warnings.simplefilter("ignore", DeprecationWarning)
    import asynchat

from app.httpd import Refusal
from app.httpd.body import CHUNK_LINE_BYTES, ChunkedBody, SizedBody
from app.httpd.carrier import Carrier
from app.httpd.head import Head
from app.httpd.limits import Deadlines
from app.httpd.request import NO_BODY, BodySource, WholeBody
from app.httpd.upload import CONTINUE

BLANK = b"\r\n\r\n"
LINE = b"\r\n"
NEVER = None  # the terminator that never comes: collect whatever there is


class Turn:
    """One request, from its head to the last byte of its answer."""

    __slots__ = ("body", "cancel", "decoder", "ends", "head", "pieces", "tail")

    def __init__(self, head: Head) -> None:
        self.head = head
        self.decoder: SizedBody | ChunkedBody | None = None
        self.body = bytearray()
        self.tail = bytearray()  # the trailers so far
        self.ends = False  # the connection, with it
        self.cancel: Callable[[], object] | None = None  # what is being waited for
        self.pieces: AsyncGenerator[bytes] | None = None  # of the answer


class Listener(asynchat.async_chat):
    """Who listens to a client. `_then` is what the next terminator completes, `due` when it has to
    be there, and `_collect` where the bytes before it go."""

    def __init__(self, sock: Any, members: dict[int, Any], carrier: Carrier) -> None:
        super().__init__(sock, members)
        self.carrier = carrier
        self.due = 0.0  # by the monotonic clock; never, where the client is not waited for
        self.said = bytearray()  # since the last terminator
        self.turn: Turn | None = None  # the request in hand
        self._arrived = 0  # of its body, in this window of time
        self.expect(BLANK, self.head, self.times.first_byte)

    @property
    def times(self) -> Deadlines:
        return self.carrier.config.deadlines

    def begin(self, turn: Turn, source: BodySource) -> None:
        """A request is whole."""
        raise NotImplementedError

    def refuse(self, refusal: Refusal) -> None:
        """What was said is no request."""
        raise NotImplementedError

    # ---- what asynchat asks for

    def collect_incoming_data(self, data: bytes) -> None:
        """Bytes before the terminator."""
        with self._refusing():
            self._collect(data)

    def found_terminator(self) -> None:
        """They are all there."""
        with self._refusing():
            self._then()

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except Refusal as refusal:
            self.refuse(refusal)

    def expect(self, terminator: Any, then: Callable[[], None], seconds: float = 0) -> None:
        """Wait for this; so long, or as long as was said before."""
        self._then, self._collect = then, self._collect_said
        self.said.clear()
        self.set_terminator(terminator)
        if seconds:
            self.due = time.monotonic() + seconds

    def hold(self) -> None:
        """Keep what comes, for later."""
        self._collect = self._collect_held
        self.said.clear()
        self.set_terminator(NEVER)
        self.due = math.inf

    def _collect_held(self, data: bytes) -> None:
        self.said += data

    def _collect_said(self, data: bytes) -> None:
        if self._then == self.head:
            self._collect_head(data)
            return
        self.said += data
        self._keep_pace(len(data))
        if self._then == self._chunk_line and len(self.said) > CHUNK_LINE_BYTES:
            raise Refusal(400, "a chunk does not begin with its size and CR LF")
        if self._then == self._trailer and len(self.said) > self.carrier.config.limits.head:
            raise Refusal(431)

    def _keep_pace(self, count: int) -> None:
        """Each window of a body has to bring a share; then the next one begins."""
        self._arrived += count
        if self._arrived >= self.carrier.config.limits.body_rate * self.times.body:
            self._arrived = 0
            self.due = time.monotonic() + self.times.body

    def _collect_head(self, data: bytes) -> None:
        said, known = self.said, len(self.said)
        if not said:
            self.due = time.monotonic() + self.times.head
        said += data
        while said.startswith(LINE):  # RFC 9112 2.2
            del said[:2]
            known = 0
        if said:
            self.carrier.check_partial(said, known)

    # ---- a request, terminator by terminator

    def head(self) -> None:
        if not self.said:
            return  # empty lines, and no time gained by them
        head = self.carrier.parse(bytes(self.said) + BLANK)
        turn = self.turn = Turn(head)
        if not head.length or self.carrier.refuses(head):
            turn.ends = head.length != 0  # nobody reads that body
            self.begin(turn, NO_BODY)
            return
        turn.decoder = self.carrier.decoder(head)
        if head.expects_continue:
            self.push(CONTINUE)
        self._arrived = 0
        if head.chunked:
            self.expect(LINE, self._chunk_line, self.times.body)
        else:
            self.expect(head.length, self._body, self.times.body)

    def _body(self) -> None:
        """All of a body, or the bytes of a chunk with their CR LF."""
        turn = self.turn
        if turn is not None and turn.decoder is not None:
            turn.decoder.feed(self.said, turn.body)
            if turn.decoder.done:
                self.begin(turn, WholeBody(bytes(turn.body), turn.decoder.trailers))
            else:
                self.expect(LINE, self._chunk_line)

    def _chunk_line(self) -> None:
        turn, line = self.turn, bytes(self.said)
        if turn is not None and turn.decoder is not None:
            turn.decoder.feed(bytearray(line + LINE), turn.body)  # refuses what is no size
            size = int(line.partition(b";")[0], 16)
            if size:
                self.expect(size + len(LINE), self._body)
            else:
                self.expect(LINE, self._trailer)

    def _trailer(self) -> None:
        turn = self.turn
        if turn is not None and turn.decoder is not None:
            turn.tail += self.said + LINE
            turn.decoder.feed(turn.tail, turn.body)
            if turn.decoder.done:
                self.begin(turn, WholeBody(bytes(turn.body), turn.decoder.trailers))
            else:
                self.expect(LINE, self._trailer)
