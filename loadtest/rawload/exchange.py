"""A request and what its answer must be. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from loadtest.rawload.wire import Answer


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as it is written in a scenario.

    answer: the whole body that must come; None where check judges it instead, or nothing does.
    check: whether a body is right; a ValueError, TypeError or LookupError in it means it is not.
    name: what it is counted under, else its target.
    """

    target: str
    answer: bytes | None = None
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    status: int = 200
    check: Callable[[bytes], bool] | None = None
    name: str = ""

    @property
    def label(self) -> str:
        """What it is counted under."""
        return self.name or self.target

    def encode(self, host: str, *, keeps: bool) -> bytes:
        """The bytes to send. host: as in the field Host."""
        fields = {"Host": host, **dict(self.fields)}
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            fields["Content-Length"] = str(len(self.body))
        if not keeps:
            fields["Connection"] = "close"
        lines = [f"{name}: {value}\r\n" for name, value in fields.items()]
        head = f"{self.method} {self.target} HTTP/1.1\r\n{''.join(lines)}\r\n"
        return head.encode("latin-1") + self.body

    def fault(self, answer: Answer) -> str:
        """What is wrong with an answer; "" where it is as it must be."""
        if answer.status != self.status:
            return f"status {answer.status}"
        if self.answer is not None and answer.body != self.answer:
            found, wanted = len(answer.body), len(self.answer)
            if found == wanted:
                return "wrong body"
            return f"a body of {found} bytes where {wanted} were due"
        if self.check is not None:
            try:
                right = self.check(answer.body)
            except (ValueError, TypeError, LookupError):
                right = False
            if not right:
                return "wrong body"
        return ""
