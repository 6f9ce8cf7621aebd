"""What was refused, as fields and bytes, for servers that have answers of their own.

All of them say it in the library's words: JSON where Accept asks for it, else a small page.
"""

from app.httpd import Refusal
from app.httpd.answer import explain
from app.httpd.errors import PHRASES


def explained(refusal: Refusal, accept: str) -> tuple[str, list[tuple[str, str]], bytes]:
    """Status line, fields and body of the answer to a refusal."""
    response = explain(refusal, accept)
    kind, body = response.content_type or b"", response.body
    if not isinstance(body, bytes):
        raise TypeError(f"a refusal is explained in bytes, not in {type(body).__name__}")
    fields = [("Content-Type", kind.decode("latin-1")), ("Content-Length", str(len(body)))]
    return status_line(refusal.status), [*fields, *refusal.headers], body


def status_line(status: int) -> str:
    """The status as WSGI wants it."""
    return f"{status} {PHRASES[status]}"
