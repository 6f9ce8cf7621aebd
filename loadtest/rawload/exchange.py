"""A request and what its answer must be. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from loadtest.rawload.wire import Answer

# RFC 9110, sections 5.6.2 and 5.5; RFC 9112, section 3.2, what none of its forms may have.
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")
TARGET = re.compile(r"(?:/|http://|\*\Z)[\x21\x24-\x3b=\x3f-\x5b\]_a-z~]*")
# What `encode` says itself.
OURS = {"content-length", "connection", "transfer-encoding"}


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as it is written in a scenario.

    answer: the whole body that must come; None where check judges it instead, or nothing does.
    check: whether a body is right; if it raises, that is the failure's name. name: what it is
    counted under, else its target. Raises ValueError for what no request may have.
    """

    target: str
    answer: bytes | None = None
    method: str = "GET"
    fields: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    status: int = 200
    check: Callable[[bytes], bool] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if not TOKEN.fullmatch(self.method):
            raise ValueError(f"{self.method!r} is no method")
        if not TARGET.fullmatch(self.target):
            raise ValueError(f"{self.target!r} is no target: quote it (urllib.parse.quote)")
        for name, value in self.fields:
            if not TOKEN.fullmatch(name) or not VALUE.fullmatch(value):
                raise ValueError(f"{name!r}: {value!r} is no field")
            if name.lower() in OURS:
                raise ValueError(f"{name} is said by the load itself")

    @property
    def label(self) -> str:
        """What it is counted under."""
        return self.name or self.target

    def encode(self, host: str, *, keeps: bool) -> bytes:
        """The bytes to send. host: as in the field Host."""
        fields = list(self.fields)
        if not any(name.lower() == "host" for name, _ in fields):
            fields.insert(0, ("Host", host))
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            fields.append(("Content-Length", str(len(self.body))))
        if not keeps:
            fields.append(("Connection", "close"))
        lines = [f"{name}: {value}\r\n" for name, value in fields]
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
            except Exception as error:  # noqa: BLE001 (the scenario's own code: it may raise anything)
                return f"the check raised {type(error).__name__}"
            if not right:
                return "wrong body"
        return ""
