"""What a rule is: it compares what is set in two places, and says why the two belong together.

Knows nothing of where the facts come from.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ops.doctor.evidence import Evidence

NEVER = float("inf")

_UNITS = {
    "": 1,
    "ms": 0.001,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "w": 7 * 86400,
    "M": 30 * 86400,
    "y": 365 * 86400,
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|[smhdwMy]?)")
_SIZE = re.compile(r"(?P<count>[0-9]+)(?P<unit>[kmg]?)", re.IGNORECASE)
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Unreadable(Exception):
    """What is configured cannot be read; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One setting: what it is called, what is written, where; and how much that is, if it is a
    number (seconds, bytes)."""

    name: str
    text: str
    source: str
    amount: float = 0.0

    def __str__(self) -> str:
        return f"{self.name}: {self.text} ({self.source})"


@dataclass(frozen=True, slots=True)
class Finding:
    """Two settings that belong together, and whether they fit."""

    holds: bool
    left: Fact
    right: Fact


Examine = Callable[["Evidence"], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """What has to be so, what to do where it is not, and how to find out."""

    name: str
    law: str
    cure: str
    examine: Examine

    def findings(self, evidence: "Evidence") -> list[Finding]:
        """Each pair once. A rule that finds nothing to compare does not hold."""
        found = list(dict.fromkeys(self.examine(evidence)))
        if not found:
            nothing = Fact(self.name, "nothing to compare", "none of the files")
            found = [Finding(False, nothing, nothing)]
        return found


def below(left: Fact, right: Fact) -> Finding:
    """left < right"""
    return Finding(left.amount < right.amount, left, right)


def at_most(left: Fact, right: Fact) -> Finding:
    """left <= right"""
    return Finding(left.amount <= right.amount, left, right)


def seconds(text: str) -> float:
    """A time in nginx's words or Go's, as Compose writes it: 1500ms, 35s, 1m30s, 60. Raises
    Unreadable."""
    parts = list(_PART.finditer(text))
    if not text or "".join(each[0] for each in parts) != text:
        raise Unreadable(f"{text!r} is no time")
    return sum(float(each[1]) * _UNITS[each[2]] for each in parts)


def size(text: str) -> float:
    """Bytes in nginx's words: 1m, 8k, 1000. Raises Unreadable."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise Unreadable(f"{text!r} is no size")
    return int(match["count"]) * _SIZES[match["unit"].lower()]
