"""The head of a request: bytes to `Head`, strict, and fast for what was seen before.

Clients repeat themselves: a whole head, or its request line and most of its field lines,
arrive byte for byte the same thousands of times. What was parsed once is remembered by its
exact bytes, in memories bounded by entries and by the length of one entry, so that a flood of
different heads costs a second parse and at most 4 MiB a worker (measured 2026-11). Lines that
differ in every request or carry a secret are never remembered.

Knows nothing of connections, bodies or routes.
"""

from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address
from typing import TYPE_CHECKING

from . import grammar
from .errors import Refusal
from .limits import Limits

if TYPE_CHECKING:
    from .router import Match

Note = tuple[bytes, bytes]  # a field that framing or routing must look at: (name, value)

MEMORY_ENTRIES = 1024  # of one kind
LONGEST_LINE = 256
LONGEST_HEAD = 384  # what a program sends; a browser's is longer, and no two behind nginx are alike
MOST_LINES = 8  # of a head that is remembered whole
LONGEST_NAME = 64
LONGEST_METHOD = 32  # looked for in a line that is too long
LONGEST_HOST = 261  # a name of 255 bytes (RFC 3986 3.2.2), a colon, a port

# Sent twice, these have no one meaning (RFC 9110 5.3), and joining them with a comma is how
# requests are smuggled.
SINGLE = frozenset(
    b"host content-length content-type authorization proxy-authorization expect range if-range "
    b"if-modified-since if-unmodified-since x-request-id origin".split()
)
NOTED = SINGLE | {b"transfer-encoding", b"connection"}
# "content_length" becomes Content-Length behind CGI-like servers; nobody honest sends it.
GUARDED = NOTED | {
    b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port",
    b"forwarded", b"x-real-ip",
}  # fmt: skip
NEVER_REMEMBERED = frozenset(
    b"x-request-id authorization proxy-authorization cookie content-length range if-range "
    b"if-none-match if-modified-since x-request-start traceparent tracestate".split()
)
# RFC 9110 5.5: VCHAR, obs-text, SP and HTAB; no other control character, no DEL.
FIELD_BYTES = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
# RFC 9112 7.2 and the registry: understood by name, not implemented.
OTHER_CODINGS = frozenset(b"gzip x-gzip deflate compress x-compress".split())


class RequestLine:
    """Method, target and version of one request line, split but not decoded."""

    __slots__ = ("authority", "is_head", "match", "method", "minor", "path", "query", "target")

    def __init__(self, method: str, target: str, minor: int) -> None:
        self.method = method
        self.is_head = method == "HEAD"
        self.target = target
        self.minor = minor  # of HTTP/1.x
        self.authority = b""  # of an absolute target; it replaces Host (RFC 9112 3.2.2)
        self.path, _, self.query = target.partition("?")
        self.match: Match | None = None  # what the router found for it; the router fills it


class Head:
    """One parsed head. Shared by all requests that sent the same bytes: never changed."""

    __slots__ = ("chunked", "expects_continue", "fields", "host", "keep_alive", "length",
                 "line", "request_id")  # fmt: skip

    def __init__(self, line: RequestLine, fields: list[bytes]) -> None:
        self.line = line
        self.fields = fields  # field lines as they came, valid
        self.host = line.authority
        self.keep_alive = line.minor > 0
        self.length = 0  # of the body; -1 when chunked
        self.chunked = False
        self.expects_continue = False
        self.request_id: bytes | None = None  # as it was sent; whose word it is, the peer tells


class FieldMemory(dict[bytes, Note | None]):
    """Field line -> its note, or None for a valid line that nobody need look at.

    Raises Refusal(400) for a line that is not a field line (RFC 9112 5, 9110 5.5), and for
    a Host that is none.
    """

    __slots__ = ("_names",)

    def __init__(self) -> None:
        super().__init__()
        self._names: dict[bytes, tuple[bytes, bool, bool]] = {}

    def __missing__(self, line: bytes) -> Note | None:
        sent, colon, value = line.partition(b":")
        name, noted, remembered = self._names.get(sent) or self._learn(sent)
        # Deleting all good bytes in C and finding none left takes a third of a pattern's time.
        if not colon or value.translate(None, FIELD_BYTES):
            raise Refusal(400, _what_is_wrong(line))
        note = (name, value.strip(b" \t")) if noted else None
        if note and name == b"host" and not is_host(note[1]):
            raise Refusal(400, "the Host field is not a host with an optional port")
        if remembered and len(line) <= LONGEST_LINE:
            if len(self) >= MEMORY_ENTRIES:
                self.clear()
            self[line] = note
        return note

    def _learn(self, sent: bytes) -> tuple[bytes, bool, bool]:
        """A name as it was sent: in lower case, whether it is noted, whether its lines may be
        remembered. Raises Refusal."""
        if not grammar.TOKEN.fullmatch(sent):
            raise Refusal(400, _what_is_wrong(sent + b":"))
        name = sent.lower()
        if b"_" in name and name.replace(b"_", b"-") in GUARDED:
            raise Refusal(400, "a field name with an underscore imitates a field of the server")
        kind = (name, name in NOTED, name not in NEVER_REMEMBERED)
        if len(sent) <= LONGEST_NAME:
            if len(self._names) >= MEMORY_ENTRIES:
                self._names.clear()
            self._names[sent] = kind
        return kind


def is_host(value: bytes) -> bool:
    """Whether this is a host with an optional port (RFC 9110 7.2)."""
    match = grammar.HOST.fullmatch(value)
    if match is None or len(value) > LONGEST_HOST or int(match[2] or b"0") > 65_535:
        return False
    try:
        return match[1] is None or bool(IPv6Address(match[1].decode("ascii")))
    except AddressValueError:
        return False


def _what_is_wrong(line: bytes) -> str:
    if line[:1] in (b" ", b"\t"):
        return "a header field is folded over two lines, or begins with a space"
    name, colon, _ = line.partition(b":")
    if not colon:
        return "a header line has no colon"
    if not grammar.TOKEN.fullmatch(name):
        return "a header field name is empty or has a character that names may not have"
    return "a header field value has a control character"


class HeadParser:
    """Parses heads and remembers them. One a server.

    heads: whole head, with its blank line, to Head, where no body follows. Look there first.
    """

    __slots__ = ("_fields", "_limits", "_lines", "heads", "known_methods")

    def __init__(self, limits: Limits, known_methods: Callable[[str], bool]) -> None:
        self._limits = limits
        self._fields = FieldMemory()
        self._lines: dict[bytes, RequestLine] = {}
        self.heads: dict[bytes, Head] = {}
        self.known_methods = known_methods

    def parse(self, block: bytes) -> Head:
        """Parse one whole head, its blank line included. Raises Refusal."""
        limits = self._limits
        if len(block) > limits.head:
            raise self._too_long(block)
        fields = block[:-4].split(b"\r\n")
        first = fields.pop(0)
        line = self._lines.get(first) or self._parse_line(first)
        if len(fields) > limits.fields:
            raise Refusal(431)
        memory = self._fields
        head = interpret(Head(line, fields), list(filter(None, map(memory.__getitem__, fields))))
        # A head of which every line is remembered may come again just so.
        if (
            head.length == 0
            and len(block) <= LONGEST_HEAD
            and len(fields) <= MOST_LINES
            and all(map(memory.__contains__, fields))
        ):
            if len(self.heads) >= MEMORY_ENTRIES:
                self.heads.clear()
            self.heads[block] = head
        return head

    def _parse_line(self, first: bytes) -> RequestLine:
        if len(first) > self._limits.request_line:
            raise _line_too_long(first)
        line = parse_request_line(first)
        if not self.known_methods(line.method):
            raise Refusal(501, "the method is not one this server knows")
        if len(first) <= LONGEST_LINE:
            if len(self._lines) >= MEMORY_ENTRIES:
                self._lines.clear()
            self._lines[first] = line
        return line

    def check_partial(self, part: bytearray, since: int) -> None:
        """Refuse a head that is not whole yet and cannot become right. Raises Refusal.

        since: how much of part was checked before; only what follows is looked at.
        """
        if not since and not grammar.TOKEN.match(part):
            raise Refusal(400, "this is not HTTP/1.1 (a TLS client on a plain port?)")
        if grammar.NEVER_IN_HEAD.search(part, max(0, since - 1), len(part)):
            raise Refusal(400, "a line does not end in CR LF, or has a NUL")
        limit = self._limits.request_line
        if len(part) > limit + 1 and since <= limit + 2 and part.find(b"\r\n", 0, limit + 2) < 0:
            raise _line_too_long(part)
        if len(part) > self._limits.head:
            raise Refusal(431)

    def _too_long(self, block: bytes) -> Refusal:
        limit = self._limits.request_line
        if block.find(b"\r\n", 0, limit + 2) < 0:
            return _line_too_long(block)
        return Refusal(431)


def _line_too_long(line: bytes | bytearray) -> Refusal:
    """RFC 9112 3: what is too long is the method, or the target."""
    if b" " not in line[: LONGEST_METHOD + 1]:
        return Refusal(501, "the method is not one this server knows")
    return Refusal(414)


def parse_request_line(first: bytes) -> RequestLine:
    """Parse a request line in any of the four forms of RFC 9112 3.2. Raises Refusal."""
    match = grammar.REQUEST_LINE.fullmatch(first)
    if match is None:
        raise Refusal(400, "the request line is not METHOD SP TARGET SP HTTP/1.1")
    if match[3] != b"1":
        raise Refusal(505, "this server speaks HTTP/1.0 and HTTP/1.1")
    line = RequestLine(match[1].decode("ascii"), match[2].decode("ascii"), int(match[4]))
    if line.method == "CONNECT":
        raise Refusal(501, "this server is not a proxy")
    if line.target == "*":
        if line.method != "OPTIONS":
            raise Refusal(400, "only OPTIONS has the target *")
        return line
    if line.target[0] != "/":
        _read_absolute(line, match[2])
    if grammar.DOT_SEGMENT.search(line.path):
        raise Refusal(400, "the path has a segment . or ..")
    if grammar.ENCODED_CONTROL.search(line.path):
        raise Refusal(400, "the path has a control character")
    return line


def _read_absolute(line: RequestLine, target: bytes) -> None:
    match = grammar.ABSOLUTE_TARGET.fullmatch(target)
    if match is None or not is_host(match[1]):
        raise Refusal(400, "the target is neither a path nor a URL of this server")
    line.authority = match[1]
    line.path = (match[2] or b"/").decode("ascii")
    line.query = (match[3] or b"?")[1:].decode("ascii")


def interpret(head: Head, notes: list[Note]) -> Head:
    """Fill head from the fields that decide framing and routing. Raises Refusal."""
    codings: list[bytes] = []
    options: list[bytes] = []
    single: dict[bytes, bytes] = {}
    for note in notes:
        name, value = note
        if name in SINGLE:
            if name in single:
                raise Refusal(400, "a field that may be sent once was sent twice")
            single[name] = value
        else:
            (options if name == b"connection" else codings).append(value)
    get = single.get
    host = get(b"host")
    if host is not None:
        head.host = head.line.authority or host
    elif head.line.minor:
        raise Refusal(400, "HTTP/1.1 asks for one Host field")
    head.request_id = get(b"x-request-id")
    if options:
        _set_keep_alive(head, options)
    length = get(b"content-length")
    if codings or length is not None:
        _set_framing(head, length, codings)
    expect = get(b"expect")
    if expect is not None and head.line.minor:
        if expect.lower() != b"100-continue":
            raise Refusal(417)
        head.expects_continue = head.length != 0
    return head


def _set_keep_alive(head: Head, options: list[bytes]) -> None:
    tokens = {option.strip(b" \t").lower() for line in options for option in line.split(b",")}
    head.keep_alive = b"close" not in tokens and (head.line.minor > 0 or b"keep-alive" in tokens)


def _set_framing(head: Head, length: bytes | None, codings: list[bytes]) -> None:
    """RFC 9112 6.3, without a way to read one message in two ways."""
    if not codings:
        if length is None or not grammar.CONTENT_LENGTH.fullmatch(length):
            raise Refusal(400, "Content-Length is not a plain number")
        head.length = int(length)
        return
    if length is not None:
        raise Refusal(400, "Content-Length and Transfer-Encoding exclude each other")
    if head.line.minor == 0:
        raise Refusal(400, "HTTP/1.0 has no Transfer-Encoding")
    tokens = [coding.strip(b" \t").lower() for line in codings for coding in line.split(b",")]
    if tokens != [b"chunked"]:
        known = tokens[:-1] if tokens[-1] == b"chunked" else tokens[:1] if len(tokens) == 1 else []
        if known and OTHER_CODINGS.issuperset(known):
            raise Refusal(501, "the only transfer coding here is chunked")
        raise Refusal(400, "Transfer-Encoding does not end in chunked, once")
    head.chunked = True
    head.length = -1
