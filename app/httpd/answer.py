"""From what a handler did to the bytes of its answer: value, exception or refusal alike.

Knows nothing of transports, nor of when the bytes are sent.
"""

import html
import logging
from collections.abc import Callable
from typing import Any

from . import grammar
from .errors import PHRASES, ClientGone, Refusal, UsageError
from .head import Head, RequestLine
from .request import Request
from .response import (
    CHUNKED,
    NO_BODY_STATUS,
    OCTETS,
    UNSAID,
    Response,
    encode_head,
)

ErrorHandler = Callable[[Request, Exception], Any]

KEEP = b"Connection: keep-alive\r\n"
CLOSE = b"Connection: close\r\n"

UNREADABLE = Head(RequestLine("GET", "/", 1), [])  # stands for a head that could not be parsed
MOST_TYPES = 32  # of an Accept field that are looked at

log = logging.getLogger("slipway.error")


def to_response(result: Any, name: str) -> Response:
    """What a handler returned, as a Response. name: the handler's, for the error message.

    str is HTML, bytes are bytes, dict and list are JSON. Raises UsageError for the rest.
    """
    if isinstance(result, Response):
        return result
    try:
        if isinstance(result, str):
            return Response.html(result)
        if isinstance(result, (bytes, bytearray, memoryview)):
            return Response(bytes(result), 200, OCTETS)
        if isinstance(result, (dict, list)):
            return Response.json(result)
    except UsageError as error:
        raise UsageError(f"handler {name}: {error}") from error
    raise UsageError(
        f"handler {name} returned {type(result).__name__}; "
        "allowed are Response, str (HTML), bytes, dict and list (JSON)"
    )


def failed(
    request: Request, name: str, error: BaseException, hook: ErrorHandler | None
) -> Response:
    """The answer to an exception. What went wrong inside goes to the log, never to the client."""
    if not isinstance(error, (Refusal, ClientGone)):
        log.error(
            "%s in handler %s, %s %s, request %s: %s", type(error).__name__, name,
            request.method, request.target, request.id, error, exc_info=error,
        )  # fmt: skip
    if hook is not None and isinstance(error, Exception):
        try:
            result = hook(request, error)
            if result is not None:
                return to_response(result, "of errors")
        except Exception:
            log.exception("the error handler failed, request %s", request.id)
    refusal = error if isinstance(error, Refusal) else Refusal(500)
    try:
        return explain(refusal, request.headers.joined("accept"))
    except Exception:
        log.exception("the refusal of handler %s cannot be sent, request %s", name, request.id)
        return explain(Refusal(500))


def explain(refusal: Refusal, accept: str = "") -> Response:
    """A small answer that says what was refused: JSON where Accept asks for it, else HTML."""
    status, reason = refusal.status, refusal.reason
    if "json" in accept.lower() and _prefers_json(accept):
        value = {"status": status, "error": PHRASES[status], "reason": reason}
        return Response.json(value, status, refusal.headers)
    title = f"{status} {PHRASES[status]}"
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><p>{html.escape(reason)}</p></html>\n"
    )
    return Response.html(page, status, refusal.headers)


def _prefers_json(accept: str) -> bool:
    """RFC 9110 12.5.1. Of two that weigh the same, what is named goes before a wildcard."""
    weights: dict[str, float] = {}
    for element in accept.lower().split(",", MOST_TYPES)[:MOST_TYPES]:
        media, *parameters = [each.strip(" \t") for each in element.split(";")]
        if media == "application/problem+json":
            media = "application/json"
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        weights.setdefault(media, float(quality) if grammar.QUALITY.fullmatch(quality) else 0.0)
    wanted = _rank("application/json", weights)
    return wanted[0] > 0 and wanted > _rank("text/html", weights)


def _rank(media: str, weights: dict[str, float]) -> tuple[float, int]:
    kinds = (media, media.partition("/")[0] + "/*", "*/*")
    ranks = [(weights[kind], -at) for at, kind in enumerate(kinds) if kind in weights]
    return ranks[0] if ranks else (0.0, -len(kinds))


def encode(begin: bytes, head: Head, response: Response, request_id: bytes, keep: bool) -> bytes:
    """A whole answer whose body is bytes. begin: from StatusLines.

    HEAD gets the fields of GET and no body; 204 and 304 have neither length nor body
    (RFC 9110 8.6, RFC 9112 6.3).
    """
    body: Any = response.body
    line = head.line
    connection = b"" if keep and line.minor else KEEP if keep else CLOSE
    kind = response.content_type
    if kind is not None and response.status == 200 and not response.fields and not line.is_head:
        # The same as below in one formatting: two thirds of the time (0.5 for 0.8 us, 2026-11).
        return b"%bContent-Type: %b\r\nContent-Length: %d\r\nX-Request-Id: %b\r\n%b\r\n%b" % (
            begin, kind, len(body), request_id, connection, body,
        )  # fmt: skip
    bodyless = response.status in NO_BODY_STATUS
    start = encode_head(begin, response, UNSAID if bodyless else len(body), request_id, connection)
    return start if bodyless or line.is_head else start + body


def encode_refusal(begin: bytes, refusal: Refusal, request_id: bytes) -> bytes:
    """The answer to what was not a request. The connection closes after it."""
    return encode(begin, UNREADABLE, explain(refusal), request_id, False)


def stream_framing(head: Head, response: Response) -> int:
    """How a body that comes in pieces is framed: its length, CHUNKED, or UNSAID (until close)."""
    if response.status in NO_BODY_STATUS:
        return UNSAID
    if response.length is not None:
        return response.length
    return CHUNKED if head.line.minor else UNSAID
