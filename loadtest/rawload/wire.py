"""HTTP/1.1 answers from bytes, strictly (RFC 9112). Pure: no sockets, no clock.

It refuses what a lenient client would swallow, for a load test that swallows faults reports them
as speed. An answer whose end only the closing of the connection tells is refused too: cut short, it
would look whole (RFC 9112, section 8).
"""

import re
from typing import NamedTuple

# A head is a few hundred bytes; whoever sends this many sends no head.
LIMIT_HEAD = 65_536
# Of one body, and kept in memory to be compared.
LIMIT_BODY = 64 * 1024 * 1024
# Heads and lines that were parsed before, by their exact bytes; then all are forgotten.
LIMIT_KNOWN = 1024

# RFC 9112, section 4; the reason may be empty, but its space is there.
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9][0-9]) [\t\x20-\x7e\x80-\xff]*")
# RFC 9110, section 5.5; no space before the colon, no folded line (RFC 9112, sections 5.1, 5.2).
FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*+([\t\x20-\x7e\x80-\xff]*)")
DIGITS = re.compile(rb"[0-9]{1,18}")
# RFC 9112, section 7.1: a size, and extensions that mean nothing to us.
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?")
FRAMING = {b"content-length", b"transfer-encoding", b"connection"}
CHUNKED, UNKNOWN, ENDLESS = -1, -2, -3
# No body follows these, whatever their fields say (RFC 9112, section 6.3).
BODILESS = (204, 304)


class Fault(Exception):
    """What an answer has that it must not have; its text is the name that failures are counted
    under."""


class Head(NamedTuple):
    """What a head says of its body. length: bytes, CHUNKED, UNKNOWN, or ENDLESS
    for more than LIMIT_BODY."""

    status: int
    length: int
    closes: bool


class Answer(NamedTuple):
    """One whole answer. closes: the server will close the connection after it."""

    status: int
    body: bytes
    closes: bool


_heads: dict[bytes, Head] = {}
_lines: dict[bytes, tuple[bytes, bytes] | None] = {}


def parse_head(raw: bytes) -> Head:
    """Read a head without its empty line. Raises Fault."""
    head = _heads.get(raw)
    if head is None:
        if len(_heads) >= LIMIT_KNOWN:
            _heads.clear()
        head = _heads[raw] = _parse_head(raw)
    return head


def _parse_head(raw: bytes) -> Head:
    first, *lines = raw.split(b"\r\n")
    status_line = STATUS_LINE.fullmatch(first)
    if not status_line:
        raise Fault("no HTTP/1.1 status line")
    # Nearly all lines are the last answer's: a line that was seen is not looked at again.
    framing = []
    for line in lines:
        try:
            field = _lines[line]
        except KeyError:
            field = _parse_line(line)
        if field is not None:
            framing.append(field)
    minor, status = status_line.groups()
    return _frame(int(status), framing, keeps=minor == b"1")


def _parse_line(line: bytes) -> tuple[bytes, bytes] | None:
    """A field that matters to framing, its name in lower case; None of any other. Raises Fault."""
    found = FIELD_LINE.fullmatch(line)
    if not found:
        raise Fault("a field line that is none")
    if len(_lines) >= LIMIT_KNOWN:
        _lines.clear()
    name = found[1].lower()
    field = (name, found[2].rstrip(b"\t ")) if name in FRAMING else None
    _lines[line] = field
    return field


def _frame(status: int, fields: list[tuple[bytes, bytes]], *, keeps: bool) -> Head:
    """Where the body ends (RFC 9112, section 6.3). Raises Fault."""
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value.lower() for name, value in fields if name == b"transfer-encoding"]
    options = {
        each.strip(b"\t ").lower()
        for name, value in fields
        if name == b"connection"
        for each in value.split(b",")
    }
    closes = b"close" in options or not (keeps or b"keep-alive" in options)
    if codings:
        if lengths:
            raise Fault("Content-Length beside Transfer-Encoding")
        if codings != [b"chunked"]:
            raise Fault("a Transfer-Encoding other than chunked")
        if not keeps:  # RFC 9112, section 6.1
            raise Fault("a Transfer-Encoding in HTTP/1.0")
        return Head(status, CHUNKED, closes)
    if len(lengths) > 1:
        raise Fault("more than one Content-Length")
    if lengths and not DIGITS.fullmatch(lengths[0]):
        raise Fault("a Content-Length that is no number")
    length = int(lengths[0]) if lengths else UNKNOWN
    # Not refused yet: a HEAD may well be answered so.
    return Head(status, ENDLESS if length > LIMIT_BODY else length, closes)


class Reader:
    """The answers of one connection, one at a time."""

    __slots__ = ("_bodiless", "_buffer", "_chunks", "_head", "_missing", "_parts")

    def __init__(self) -> None:
        self.begin()

    def begin(self, *, bodiless: bool = False) -> None:
        """Expect an answer. bodiless: to a HEAD, whose head speaks of a body that is not sent."""
        self._bodiless = bodiless
        self._buffer = b""
        self._head: Head | None = None
        self._missing = 0
        self._parts: list[bytes] = []
        self._chunks: Chunks | None = None

    def feed(self, data: bytes) -> Answer | None:
        """Take bytes; give the answer that they complete, None until then. Raises Fault."""
        if self._head is not None:
            return self._feed_body(self._head, data)
        if self._buffer:
            data, self._buffer = self._buffer + data, b""
        while True:
            end = data.find(b"\r\n\r\n")
            if end > LIMIT_HEAD or (end < 0 and len(data) > LIMIT_HEAD + 3):
                raise Fault(f"a head above {LIMIT_HEAD} bytes")
            if end < 0:
                self._buffer = data
                return None
            head = parse_head(data[:end])
            data = data[end + 4 :]
            if head.status >= 200:
                break
            # An interim answer (RFC 9110, section 15.2): the real one follows.
            if head.status == 101:
                raise Fault("status 101, which nobody asked for")
        # The usual case in one step: the body came with its head.
        if len(data) == head.length and not self._bodiless and head.status not in BODILESS:
            return Answer(head.status, data, head.closes)
        return self._feed_head(head, data)

    def _feed_head(self, head: Head, rest: bytes) -> Answer | None:
        if self._bodiless or head.status in BODILESS:
            if rest:
                raise Fault("a body where none may be")
            head = head._replace(length=0)
        if head.length == UNKNOWN:
            raise Fault("no Content-Length")
        if head.length == ENDLESS:
            raise Fault(f"a body above {LIMIT_BODY} bytes")
        self._head = head
        self._missing = head.length
        self._chunks = Chunks() if head.length == CHUNKED else None
        return self._feed_body(head, rest)

    def _feed_body(self, head: Head, data: bytes) -> Answer | None:
        if self._chunks is not None:
            body = self._chunks.feed(data)
        else:
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing < 0:
                raise Fault("more bytes than announced")
            body = b"".join(self._parts) if self._missing == 0 else None
        if body is None:
            return None
        self.begin()
        return Answer(head.status, body, head.closes)

    def end(self) -> Fault:
        """What is wrong when the connection closes now: an answer was expected."""
        if self._head is not None:
            return Fault("closed within the body")
        return Fault("closed within the head" if self._buffer else "closed without an answer")


class Chunks:
    """A chunked body (RFC 9112, section 7.1)."""

    __slots__ = ("_body", "_buffer", "_last", "_missing")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body = bytearray()
        self._missing = 0  # of a chunk, with the CRLF after it
        self._last = False

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes; give the whole body when they complete it. Raises Fault."""
        self._buffer += data
        while not self._last:
            if self._missing and not self._end_chunk():
                return None
            line = self._line()
            if line is None:
                return None
            self._begin_chunk(line)
        while (line := self._line()) is not None:  # trailers, and the empty line
            if not line:
                if self._buffer:
                    raise Fault("more bytes than announced")
                return bytes(self._body)
            if not FIELD_LINE.fullmatch(line):
                raise Fault("a trailer that is none")
        return None

    def _begin_chunk(self, line: bytes) -> None:
        found = CHUNK_LINE.fullmatch(line)
        if not found:
            raise Fault("a chunk without a size")
        size = int(found[1], 16)
        if size + len(self._body) > LIMIT_BODY:
            raise Fault(f"a body above {LIMIT_BODY} bytes")
        self._last = size == 0
        self._missing = size + 2 if size else 0

    def _end_chunk(self) -> bool:
        """Whether it is there."""
        if len(self._buffer) < self._missing:
            return False
        if self._buffer[self._missing - 2 : self._missing] != b"\r\n":
            raise Fault("a chunk of another size than announced")
        self._body += self._buffer[: self._missing - 2]
        del self._buffer[: self._missing]
        self._missing = 0
        return True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end > LIMIT_HEAD or (end < 0 and len(self._buffer) > LIMIT_HEAD + 1):
            raise Fault(f"a chunk line above {LIMIT_HEAD} bytes")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line
