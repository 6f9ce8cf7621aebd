"""A median and what it hides: the lowest and the highest of the values."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some values, and their ends."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread | None:
    """Summarise values; None when there are none."""
    return Spread(median(values), min(values), max(values)) if values else None
