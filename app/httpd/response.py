"""An answer as a handler makes it, and as bytes. Refuses what would not be HTTP.

Knows nothing of connections: how an answer travels, and whether the connection lives on
after it, is the exchange's to say.
"""

import json
import os
from collections.abc import AsyncIterable, Iterable, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from . import grammar
from .cookies import encode_cookie
from .errors import PHRASES, UsageError

SERVER = b"slipway"
TEXT = b"text/plain; charset=utf-8"
HTML = b"text/html; charset=utf-8"
JSON = b"application/json"
OCTETS = b"application/octet-stream"  # content that nobody gave a type

# The server's own: two of them, or a wrong one, would be a framing error.
OWN_FIELDS = frozenset(
    [
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "date",
        "server",
        "trailer",
        "upgrade",
        "x-request-id",
    ]
)
NO_BODY_STATUS = frozenset((204, 304))
EMPTY_STATUS = NO_BODY_STATUS | {205}  # RFC 9110 15.3.6: no content, and a length that says so
MEMORY_ENTRIES = 256
LONGEST_TYPE = 128

Fields = Mapping[str, str] | Iterable[tuple[str, str]]


class FileBody:
    """A body that is a file, or one range of it. Resolved against the request when answered."""

    __slots__ = ("download_as", "path")

    def __init__(self, path: str, download_as: str | None) -> None:
        self.path = path
        self.download_as = download_as


Body = bytes | AsyncIterable[bytes] | FileBody


class Response:
    """Status, fields and body of one answer.

    body: bytes, an async iterable of bytes (sent as they come), or what `file` makes.
    content_type: None for no Content-Type. headers: (name, value) pairs, or a mapping.
    length: bytes that an async body will give, when known; the server holds it to that.
    Raises UsageError for a status that does not exist, a str as body, a body where the status
    allows none, a header field that could not be sent or that is the server's own.
    """

    __slots__ = ("body", "content_type", "fields", "length", "status")

    def __init__(
        self,
        body: Body = b"",
        status: int = 200,
        content_type: str | bytes | None = None,
        headers: Fields = (),
        length: int | None = None,
    ) -> None:
        if type(body) is not bytes:
            body = _check_body(body)
        if status != 200:
            _check_status(status, body)
        if length is not None:
            _check_length(length, body)
        self.body: Body = body
        self.status = status
        try:
            self.content_type = TYPES[content_type]
        except TypeError:
            raise UsageError(f"a content type is a str, not {content_type!r}") from None
        self.length = length
        self.fields: list[bytes] = []  # encoded lines
        if headers:
            for name, value in _pairs(headers):
                self.add(name, value)

    def add(self, name: str, value: str) -> "Response":
        """Add a header field. Raises UsageError as the constructor does. Returns itself."""
        line = encode_field(name, value)
        if line[:13].lower() == b"content-type:":
            self.content_type = TYPES[value]
        else:
            self.fields.append(line)
        return self

    def cookie(
        self,
        name: str,
        value: str,
        *,
        max_age: int | None = None,
        path: str = "/",
        domain: str = "",
        secure: bool = True,
        http_only: bool = True,
        same_site: str = "Lax",
    ) -> "Response":
        """Set a cookie, safe by default. max_age in seconds; 0 deletes. Returns itself."""
        text = encode_cookie(
            name, value, max_age=max_age, path=path, domain=domain, secure=secure,
            http_only=http_only, same_site=same_site,
        )  # fmt: skip
        self.fields.append(b"Set-Cookie: " + text.encode("ascii") + b"\r\n")
        return self

    @classmethod
    def text(cls, text: str, status: int = 200, headers: Fields = ()) -> "Response":
        """Plain text, UTF-8."""
        try:
            return cls(text.encode(), status, TEXT, headers)
        except (AttributeError, UnicodeEncodeError):
            raise UsageError(f"this is not text: {text!r:.60}") from None

    @classmethod
    def html(cls, text: str, status: int = 200, headers: Fields = ()) -> "Response":
        """HTML, UTF-8. Escape what is not yours with html.escape."""
        try:
            return cls(text.encode(), status, HTML, headers)
        except (AttributeError, UnicodeEncodeError):
            raise UsageError(f"this is not text: {text!r:.60}") from None

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: Fields = ()) -> "Response":
        """JSON without spaces. Raises UsageError for what JSON cannot say."""
        return cls(encode_json(value), status, JSON, headers)

    @classmethod
    def redirect(cls, location: str, status: int = 303, headers: Fields = ()) -> "Response":
        """A redirect, 301, 302, 303, 307 or 308. location: a path or an absolute URL.

        What is not ASCII is percent-encoded. Raises UsageError for another status, for a
        control character or half a surrogate pair, and for a location of two slashes, which a
        browser takes for another host.
        """
        if status not in (301, 302, 303, 307, 308):
            raise UsageError(f"{status!r} is not a redirect")
        if not isinstance(location, str):
            raise UsageError(f"a location is a str, not {type(location).__name__}")
        if location.startswith(("//", "/\\")):
            raise UsageError(
                "a location that begins with // leads to another host; write its scheme"
            )
        if not location or any(each < " " or each == "\x7f" for each in location):
            raise UsageError(f"a location is not empty and has no control character: {location!r}")
        try:
            where = quote(location, safe="!#$%&'()*+,/:;=?@[]~")
        except UnicodeEncodeError:
            raise UsageError(f"a location is Unicode text: {location!r}") from None
        return cls(b"", status, None, [("Location", where), *_pairs(headers)])

    @classmethod
    def file(
        cls,
        path: str | os.PathLike[str],
        *,
        content_type: str | None = None,
        download_as: str | None = None,
        headers: Fields = (),
    ) -> "Response":
        """A file the application chose: conditional and range requests are answered.

        content_type: by the name's ending if None. download_as: the name a browser saves it
        under. A missing file is answered 404.
        """
        if not isinstance(path, (str, os.PathLike)):
            raise UsageError(f"the path of a file is a str or a Path, not {path!r:.60}")
        return cls(FileBody(os.fspath(path), download_as), 200, content_type, headers)

    @classmethod
    def stream(
        cls,
        source: AsyncIterable[bytes],
        *,
        content_type: str = "application/octet-stream",
        status: int = 200,
        headers: Fields = (),
        length: int | None = None,
    ) -> "Response":
        """Bytes as an async iterable gives them: chunked, or of the length that is given."""
        return cls(source, status, content_type, headers, length)

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.content_type!r}>"


def _check_status(status: Any, body: Body) -> None:
    if not isinstance(status, int) or status not in PHRASES or status < 200:
        raise UsageError(f"status {status!r} is not a final HTTP status (RFC 9110 15)")
    if status in EMPTY_STATUS and body != b"":
        raise UsageError(f"an answer of status {status} has no body (RFC 9110 6.4.1)")


def _check_length(length: Any, body: Body) -> None:
    if not isinstance(length, int) or length < 0:
        raise UsageError(f"a length is a number of bytes, not {length!r}")
    if isinstance(body, FileBody) or (isinstance(body, bytes) and length != len(body)):
        raise UsageError("a length is for a body that comes in pieces")


def _pairs(headers: Any) -> list[tuple[str, str]]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    try:
        return [(name, value) for name, value in pairs]
    except (TypeError, ValueError):
        raise UsageError(f"headers are (name, value) pairs, not {headers!r:.60}") from None


def _check_body(body: Any) -> Body:
    if isinstance(body, (bytearray, memoryview)):
        return bytes(body)
    if isinstance(body, str):
        raise UsageError("a body is bytes: use Response.text or Response.html, or encode it")
    if isinstance(body, (FileBody, AsyncIterable, bytes)):
        return body
    raise UsageError(f"a body is bytes or an async iterable of bytes, not {type(body).__name__}")


def encode_json(value: Any) -> bytes:
    """JSON as bytes, without spaces. Raises UsageError for what JSON cannot say."""
    try:
        return _encode(value).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"this is not JSON: {error}") from error


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def encode_field(name: object, value: object) -> bytes:
    """One header line. Raises UsageError for what may not be in it (RFC 9110 5)."""
    if not isinstance(name, str) or not isinstance(value, str):
        raise UsageError(f"header {name!r}: name and value are str, not {value!r:.60}")
    if not grammar.RESPONSE_NAME.fullmatch(name):
        raise UsageError(f"header name {name!r} is not a token (RFC 9110 5.1)")
    if name.lower() in OWN_FIELDS:
        raise UsageError(f"header {name!r} is the server's to set")
    if not grammar.RESPONSE_VALUE.fullmatch(value):
        raise UsageError(
            f"the value of header {name!r} has a character that fields may not have: {value!r}"
        )
    return f"{name}: {value}\r\n".encode("latin-1")


class _Types(dict[str | bytes | None, bytes | None]):
    """Content type -> how it is sent. Bounded both ways: an application may send a client's."""

    __slots__ = ()

    def __missing__(self, value: str | bytes | None) -> bytes | None:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        encoded = encode_field("Content-Type", text or "")[14:-2] or None
        if len(encoded or b"") <= LONGEST_TYPE:
            if len(self) >= MEMORY_ENTRIES:
                self.clear()
            self[value] = encoded
        return encoded


TYPES = _Types()


class StatusLines(dict[int, bytes]):
    """Status -> how its answer begins: status line, Server, Date.

    Emptied once a second, so that a date costs one formatting a second (RFC 9110 6.6.1).
    """

    def __missing__(self, status: int) -> bytes:
        date = formatdate(usegmt=True)
        line = b"HTTP/1.1 %d %b\r\nServer: %b\r\nDate: %b\r\n" % (
            status, PHRASES[status].encode(), SERVER, date.encode()
        )  # fmt: skip
        self[status] = line
        return line


def encode_head(
    begin: bytes, response: Response, length: int, request_id: bytes, connection: bytes
) -> bytes:
    """The head of an answer. begin: from StatusLines. connection: a whole line, or nothing.

    length: of the body in bytes, -1 for chunked, -2 for none said.
    """
    parts = [begin]
    kind = response.content_type or (OCTETS if length > 0 else None)
    if kind is not None:
        parts.append(b"Content-Type: %b\r\n" % kind)
    if length >= 0:
        parts.append(b"Content-Length: %d\r\n" % length)
    elif length == CHUNKED:
        parts.append(b"Transfer-Encoding: chunked\r\n")
    parts += response.fields
    parts.append(b"X-Request-Id: %b\r\n%b\r\n" % (request_id, connection))
    return b"".join(parts)


CHUNKED = -1
UNSAID = -2
