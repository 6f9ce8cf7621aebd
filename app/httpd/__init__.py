"""The Protocol server: HTTP/1.1 on `asyncio.Protocol`, as a library.

Knows nothing of the application that runs on it.
"""

from .errors import ClientGone, Refusal, UsageError
from .limits import Deadlines, Limits
from .request import Request
from .response import Response
from .server import HTTPServer

__all__ = [
    "ClientGone",
    "Deadlines",
    "HTTPServer",
    "Limits",
    "Refusal",
    "Request",
    "Response",
    "UsageError",
]
