"""Where a request body ends: by its length, or chunk by chunk (RFC 9112 6 and 7.1).

A decoder moves bytes from what arrived to what the application reads. It never looks past
the end of the body. Knows nothing of connections or of who reads.
"""

from . import grammar
from .errors import Refusal
from .head import GUARDED, FieldMemory
from .limits import Limits

CHUNK_LINE_BYTES = 256  # size and extensions of one chunk; real clients send none
EXTENSION_BYTES = 16 * 1024  # of all chunks together: nobody uses them, attackers count on them

# RFC 9110 6.5.1: what decided framing, routing or trust cannot come after the body.
NOT_IN_TRAILERS = GUARDED.union(
    b"trailer te upgrade keep-alive cookie set-cookie content-encoding content-range cache-control "
    b"max-forwards if-match if-none-match".split()
)


class SizedBody:
    """A body of a known number of bytes."""

    __slots__ = ("done", "remaining", "trailers")

    def __init__(self, length: int) -> None:
        self.remaining = length
        self.done = length == 0
        self.trailers: list[bytes] = []

    def feed(self, data: bytearray, out: bytearray) -> None:
        """Move what belongs to the body from the front of data to the end of out."""
        taken = min(len(data), self.remaining)
        out += data[:taken] if taken < len(data) else data
        del data[:taken]
        self.remaining -= taken
        self.done = self.remaining == 0


class ChunkedBody:
    """A body in chunks, with extensions ignored and trailers kept.

    limit: bytes of the body at most. Raises Refusal: 400 for what is not chunked coding,
    413 for a body over the limit, 431 for trailers over the limits of a head.
    """

    __slots__ = ("_at", "_extensions", "_left", "_limit", "_limits", "_scanned", "_step", "done",
                 "remaining", "trailers")  # fmt: skip

    def __init__(self, limit: int, limits: Limits) -> None:
        self._limit = limit
        self._limits = limits
        self._step = ChunkedBody._size  # not bound: a method of its own would be a cycle
        self._at = 0  # how far into data this feed has come
        self._left = 0  # of the current chunk
        self._extensions = 0
        self._scanned = 0  # of an incomplete trailer section, so that no byte is looked at twice
        self.remaining = 0  # unknown until the end; here for the likeness with SizedBody
        self.done = False
        self.trailers: list[bytes] = []

    def feed(self, data: bytearray, out: bytearray) -> None:
        """Move what is decoded from the front of data to the end of out."""
        self._at = 0
        try:
            while not self.done and self._step(self, data, out):
                pass
        finally:
            del data[: self._at]

    def _size(self, data: bytearray, out: bytearray) -> bool:
        match = grammar.CHUNK_LINE.match(data, self._at, self._at + CHUNK_LINE_BYTES)
        if match is None:
            return self._incomplete_line(data)
        self._extensions += match.end(2) - match.start(2)
        if self._extensions > EXTENSION_BYTES:
            raise Refusal(400, "the chunk extensions are too long")
        self._left = int(match[1], 16)
        self._limit -= self._left
        if self._limit < 0:
            raise Refusal(413)
        self._at = match.end()
        self._step = ChunkedBody._data if self._left else ChunkedBody._trailers
        return True

    def _incomplete_line(self, data: bytearray) -> bool:
        arrived = len(data) - self._at
        if arrived == 0:
            return False
        end = self._at + CHUNK_LINE_BYTES
        if arrived >= CHUNK_LINE_BYTES or not grammar.CHUNK_LINE_BEGUN.fullmatch(
            data, self._at, end
        ):
            raise Refusal(400, "a chunk does not begin with its size and CR LF")
        return False

    def _data(self, data: bytearray, out: bytearray) -> bool:
        taken = min(self._left, len(data) - self._at)
        out += data[self._at : self._at + taken]
        self._at += taken
        self._left -= taken
        if self._left:
            return False
        self._step = ChunkedBody._data_end
        return True

    def _data_end(self, data: bytearray, out: bytearray) -> bool:
        ending = data[self._at : self._at + 2]
        if not b"\r\n".startswith(ending):
            raise Refusal(400, "a chunk does not end in CR LF")
        if len(ending) < 2:
            return False
        self._at += 2
        self._step = ChunkedBody._size
        return True

    def _trailers(self, data: bytearray, out: bytearray) -> bool:
        """RFC 9112 7.1.2: field lines, then an empty line."""
        if data.startswith(b"\r\n", self._at):
            self._at += 2
            self.done = True
            return True
        end = data.find(b"\r\n\r\n", self._at + max(0, self._scanned - 3))
        size = (end if end >= 0 else len(data)) - self._at
        if size > self._limits.head + (0 if end >= 0 else 3):  # 3 may begin the end
            raise Refusal(431)
        if end < 0:
            if grammar.NEVER_IN_HEAD.search(data, self._at + max(0, self._scanned - 1)):
                raise Refusal(400, "a trailer line does not end in CR LF")
            self._scanned = size
            return False
        part = bytes(data[self._at : end])
        self.trailers = part.split(b"\r\n")
        check_trailers(self.trailers, self._limits)
        self._at = end + 4
        self.done = True
        return True


def check_trailers(lines: list[bytes], limits: Limits) -> None:
    """Hold trailers to the rules of header fields. Raises Refusal."""
    if len(lines) > limits.fields:
        raise Refusal(431)
    memory = FieldMemory()
    for line in lines:
        memory.__getitem__(line)  # raises for what is no field line
        if line.partition(b":")[0].lower() in NOT_IN_TRAILERS:
            raise Refusal(400, "a field that belongs in the head came after the body")
