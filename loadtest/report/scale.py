"""From a value to a place along an axis, and the round numbers to write there. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

STEPS = (1, 2, 5)  # times a power of ten: what people count in
NINE = tuple(range(1, 10))  # where values are so near that 1, 2 and 5 would leave them in a corner
NEAR = 5.0  # times
ALONE = 1.5  # times what stands alone, to both sides of it

# Where the spectrum ends: one part in a million says nothing in a run of 100,000.
MOST_NINES = 5.0
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 99.99, 99.999)


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis: place gives 0..1 for a value; ticks are the values to write, and their text."""

    place: Callable[[float], float]
    ticks: Sequence[tuple[float, str]]


def linear(low: float, high: float, count: int, write: Callable[[float], str]) -> Scale:
    """Even steps of 1, 2 or 5, about count of them; the ends are widened to whole steps."""
    if not high > low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / max(1, count)
    power = 10.0 ** floor(log10(rough))
    step = next(power * each for each in (*STEPS, 10) if power * each >= rough * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    begin, end = first * step, last * step
    ticks = [(at * step, write(round(at * step, 9))) for at in range(first, last + 1)]
    return Scale(lambda value: (value - begin) / (end - begin), ticks)


def logarithmic(low: float, high: float, count: int, write: Callable[[float], str]) -> Scale:
    """Powers of ten, with 2 and 5 of each where there is room for about count ticks.

    Values at or below 0 are put at the beginning.
    """
    if not high > low:
        low, high = low / ALONE, high * ALONE
    steps = STEPS if not 0 < high <= NEAR * low else NINE
    low, high = _rounded(low, steps, down=True), _rounded(high, steps, down=False)
    begin, end = log10(low), log10(high)
    exponents = range(floor(begin) - 1, ceil(end) + 1)
    every = [
        [step * 10.0**exponent for exponent in exponents for step in steps]
        for steps in (NINE if high <= 10 * low else STEPS, STEPS, (1, 3), (1,))
    ]
    inside = [
        [value for value in values if low * 0.999 <= value <= high * 1.001] for values in every
    ]
    chosen = next((values for values in inside if 3 <= len(values) <= count), inside[-1])
    if len(chosen) > count:
        chosen = chosen[:: ceil(len(chosen) / count)]
    ticks = [(value, write(float(f"{value:.6g}"))) for value in chosen or [low, high]]
    return Scale(lambda value: (log10(max(value, low)) - begin) / (end - begin), ticks)


def percentiles(kept: Sequence[float]) -> Scale:
    """Every nine as wide as the one before it, as HdrHistogram draws them; 100 stands at the end.

    kept: the percentiles that will be drawn.
    """
    nines = [_nines(at) for at in kept if at < 100]
    most = max([1.0, *nines]) + (0.35 if 100.0 in kept else 0.0)
    ticks = [(at, f"{at:g}") for at in PERCENTILES if _nines(at) <= most - 0.2]
    if 100.0 in kept:
        ticks.append((100.0, "max"))
    return Scale(lambda at: min(_nines(at), most) / most, ticks)


def _nines(percentile: float) -> float:
    return log10(100 / (100 - percentile)) if percentile < 100 else MOST_NINES + 4


def _rounded(value: float, multiples: Sequence[int], *, down: bool) -> float:
    """The next of some multiples of a power of ten below or above."""
    if not (isfinite(value) and value > 0):
        return 1.0
    power = 10.0 ** floor(log10(value))
    steps = [power * each for each in (*multiples, 10)]
    if down:
        return max(each for each in steps if each <= value * 1.001)
    return min(each for each in steps if each >= value * 0.999)
