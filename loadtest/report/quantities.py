"""How numbers are written, the same everywhere: digits that carry something, and a dash for none.

Latencies are taken in microseconds and shown in milliseconds. Pure.
"""

from loadtest.report.figures import Spread
from loadtest.report.ratios import Bound, Ratio

NOTHING = "-"
MEGABYTE = 1_000_000


def digits(value: float) -> str:
    """Three digits that count, thousands apart: 0.0123, 1.84, 12.3, 123, 54,321."""
    size = abs(value)
    if size == 0:
        return "0"
    places = sum(size < least for least in (99.95, 9.995, 0.9995, 0.09995))
    return f"{value:,.{places}f}"


def milliseconds(us: float | None) -> str:
    """Microseconds as milliseconds, without the unit."""
    return NOTHING if us is None else digits(us / 1_000)


def megabytes(size: float | None) -> str:
    """Bytes as megabytes (10**6), without the unit."""
    return NOTHING if size is None else digits(size / MEGABYTE)


def number(value: float | None) -> str:
    """Any other figure."""
    return NOTHING if value is None else digits(value)


def described(found: Spread | None, bound: str = "") -> str:
    """A median with its ends where they differ from it; bound says what kind of limit it is."""
    if found is None:
        return NOTHING
    middle, low, high = map(digits, (found.median, found.low, found.high))
    text = middle if low == middle == high else f"{middle} ({low}..{high})"
    return f"{bound} {text}".strip()


def times(ratio: Ratio | None) -> str:
    """A ratio with its interval, or why it has none."""
    if ratio is None:
        return NOTHING
    if ratio.bound is Bound.UNKNOWN:
        return str(ratio.bound.value)
    text = f"{ratio.bound.value} {digits(ratio.median)}".strip()
    if ratio.interval is None:
        return f"{text} (one round: no interval)"
    return f"{text} ({digits(ratio.interval[0])}..{digits(ratio.interval[1])})"


def axis(value: float) -> str:
    """A round number at an axis: 0.5, 20, 5k, 1.5M."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
