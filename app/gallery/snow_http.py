"""snow's requests and answers: what a handler is given, and what it gives.

The grammar of HTTP is the library's. Knows nothing of connections, nor of who waits for what.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from app.httpd.answer import explain
from app.httpd.cookies import encode_cookie, parse_cookies
from app.httpd.errors import PHRASES, Refusal, UsageError
from app.httpd.forms import parse_fields
from app.httpd.head import Head
from app.httpd.multidict import Headers
from app.httpd.response import encode_field

TEXT = "text/plain; charset=utf-8"
OCTETS = "application/octet-stream"


class HttpRequest:
    """One request, whole. `match` is how its path fits the route's pattern, not decoded.

    url: the target as it was sent. draining: whether the server is about to stop.
    """

    __slots__ = ("_headers", "body", "draining", "head", "match", "method", "path", "url")

    def __init__(self, head: Head, body: bytes, draining: bool = False) -> None:
        self.head = head
        self.method = head.line.method
        self.url = head.line.target
        self.path = head.line.path
        self.body = body
        self.draining = draining
        self.match: Any = None
        self._headers: Headers | None = None

    @property
    def protocol(self) -> str:
        """HTTP/1.0 or HTTP/1.1."""
        return f"HTTP/1.{self.head.line.minor}"

    @property
    def headers(self) -> Headers:
        """The fields, by name in any case; `pairs` has them in their order."""
        if self._headers is None:
            self._headers = Headers.parse(self.head.fields)
        return self._headers

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's names and values, decoded. Raises Refusal(400)."""
        return parse_fields(self.head.line.query)

    @property
    def cookies(self) -> dict[str, str]:
        """What the client was told to remember."""
        return parse_cookies(self.headers.all("cookie"))


class HttpResponse:
    """An answer. content: text, bytes, or an iterator of bytes that are sent one by one.

    headers and cookies are dicts, and may be changed until the handler returns. Text is
    text/plain unless headers say what it is. Raises UsageError for what cannot be sent.
    """

    def __init__(
        self,
        content: str | bytes | Iterable[bytes] = b"",
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if status not in PHRASES or status < 200:
            raise UsageError(f"status {status!r} is not a final HTTP status")
        self.status = status
        self.headers = dict(headers or {})
        self.cookies: dict[str, str] = {}
        if content != b"" and "Content-Type" not in self.headers:
            self.headers["Content-Type"] = TEXT if isinstance(content, str) else OCTETS
        self.content = content.encode() if isinstance(content, str) else content

    def fields(self) -> bytes:
        """The header lines. Raises UsageError for what may not be in them."""
        lines = [_encode_field(name, value) for name, value in self.headers.items()]
        for name, value in self.cookies.items():
            text = encode_cookie(
                name, value, max_age=None, path="/", domain="", secure=True, http_only=True,
                same_site="Lax",
            )  # fmt: skip
            lines.append(b"Set-Cookie: %b\r\n" % text.encode("ascii"))
        return b"".join(lines)


class HttpNotFound(Refusal):
    """404, to be returned or raised."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(404, reason)


_encode_field = lru_cache(maxsize=64)(encode_field)


def refuse(refusal: Refusal, accept: str = "") -> HttpResponse:
    """A small answer that says what was refused: HTML, or JSON where Accept asks for it."""
    page = explain(refusal, accept)
    kind = {"Content-Type": (page.content_type or b"").decode()}
    return HttpResponse(page.body, page.status, kind | dict(refusal.headers))  # type: ignore[arg-type]
