"""The Protocol server: HTTP/1.1 on `asyncio.Protocol`, as a library.

Knows nothing of the application that runs on it.
"""

from .accesslog import AccessLog
from .errors import ClientGone, Refusal, UsageError
from .forms import Upload
from .limits import Deadlines, Limits
from .request import Request
from .response import Response
from .server import HTTPServer

__all__ = [
    "AccessLog",
    "ClientGone",
    "Deadlines",
    "HTTPServer",
    "Limits",
    "Refusal",
    "Request",
    "Response",
    "Upload",
    "UsageError",
]
