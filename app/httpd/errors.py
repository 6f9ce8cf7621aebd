"""What can go wrong, in two words: a request is refused, or the application is used wrongly.

Knows nothing of connections or of how an answer looks on the wire.
"""

from http import HTTPStatus

PHRASES: dict[int, str] = {status.value: status.phrase for status in HTTPStatus} | {
    413: "Content Too Large",  # RFC 9110 15.5.14; older Pythons say "Request Entity Too Large"
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}


class Refusal(Exception):
    """A request is answered with an error status instead of what it asked for.

    Raised by the parser for what is not HTTP, and by handlers for what the application
    will not do: `raise Refusal(404, "no such user")`. Caught in one place, the exchange.

    status: 400 to 599. reason: one line for the client, safe to show; it never repeats
    what the client sent. headers: extra fields of the answer, (name, value) pairs.
    Raises ValueError when status is not an error status of RFC 9110.
    """

    def __init__(
        self, status: int, reason: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        if status < 400 or status not in PHRASES:
            raise ValueError(f"a refusal has an error status of HTTP, not {status}")
        super().__init__(status, reason)
        self.status = status
        self.reason = reason or PHRASES[status]
        self.headers = headers

    def __str__(self) -> str:
        return f"{self.status} {self.reason}"


class UsageError(Exception):
    """The application's author asked for something HTTP or this library cannot do.

    The message names the cause and, where a handler is at fault, the handler.
    """


class ClientGone(Exception):
    """The client closed the connection before its request was complete or answered."""
