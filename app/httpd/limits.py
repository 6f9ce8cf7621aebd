"""Every bound the server keeps, each with its name, default, range and reason.

Settings, `--help` and the documentation read this table; nothing else states a limit.
"""

from dataclasses import Field, dataclass, field, fields
from typing import Any

KIB = 1024
MIB = 1024 * KIB


def bound(default: float, low: float, high: float, unit: str, why: str) -> Any:
    """A dataclass field that carries its allowed range (both ends included) and its reason."""
    return field(default=default, metadata={"low": low, "high": high, "unit": unit, "why": why})


def _check(instance: Any) -> None:
    for each in fields(instance):
        problem = outside(each, getattr(instance, each.name))
        if problem:
            raise ValueError(f"{type(instance).__name__}.{each.name} {problem}")


def outside(bounded: "Field[Any]", value: float) -> str:
    """Say why value is not allowed for this field; an empty string when it is."""
    low, high = bounded.metadata["low"], bounded.metadata["high"]
    if low <= value <= high:
        return ""
    return f"is {value}, allowed is {low} to {high} {bounded.metadata['unit']}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on size and number. Raises ValueError for a value outside its range."""

    request_line: int = bound(
        8 * KIB, 64, MIB, "bytes", "414 above; RFC 9112 3 asks for at least 8000"
    )
    head: int = bound(
        32 * KIB, 128, 4 * MIB, "bytes", "431 above; nginx's 4 x 8 KiB, all fields and trailers"
    )
    fields: int = bound(100, 1, 10_000, "fields", "431 above; browsers send 12 to 30")
    body: int = bound(
        MIB, 0, 1 << 40, "bytes", "413 above; nginx's default; a route may set its own"
    )
    body_rate: int = bound(
        500, 0, MIB, "bytes/s", "of a body, either way, in each TIMEOUT_BODY or TIMEOUT_WRITE"
    )
    connections: int = bound(
        16_384, 1, 1_000_000, "connections", "503 above; also kept below RLIMIT_NOFILE"
    )
    pipeline: int = bound(
        64, 1, 10_000, "requests", "answered for one connection before the others get their turn"
    )
    buffer: int = bound(
        64 * KIB, KIB, 64 * MIB, "bytes", "read ahead of the handler, then reading pauses"
    )
    discard: int = bound(
        64 * KIB, 0, 64 * MIB, "bytes", "of a body nobody read, swallowed to keep the connection"
    )
    linger: int = bound(
        MIB, 0, 64 * MIB, "bytes", "swallowed while closing so that a reset does not eat the answer"
    )

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Bounds on time, in seconds, kept to the nearest second by one sweep.

    Raises ValueError for a value outside its range.
    """

    first_byte: float = bound(10, 1, 3600, "s", "a connection that never says a word")
    head: float = bound(10, 1, 3600, "s", "408: from the first byte of a request to its blank line")
    body: float = bound(
        15, 1, 3600, "s", "408: each such window of an upload brings LIMIT_BODY_RATE"
    )
    handler: float = bound(15, 1, 3600, "s", "503: below Heroku's 30; a route may set its own")
    write: float = bound(
        20, 1, 3600, "s", "cut: each such window of a download takes LIMIT_BODY_RATE"
    )
    idle: float = bound(95, 1, 7200, "s", "above nginx (60), ALB (60) and Heroku's router (90)")
    linger: float = bound(2, 1, 60, "s", "for the client to read the last answer and close")
    drain: float = bound(20, 1, 3600, "s", "to finish what is in flight after SIGTERM")
    drain_idle: float = bound(
        1, 0, 60, "s", "while draining, for an idle client's next request before its close"
    )
    drain_delay: float = bound(
        0, 0, 600, "s", "between /readyz turning 503 and the listener closing"
    )

    def __post_init__(self) -> None:
        _check(self)
