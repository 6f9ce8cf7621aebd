"""When requests are due where the clock decides, and not the answers (an open model). Pure."""

import math
import random
from collections.abc import Iterator

SECOND_NS = 1_000_000_000
ARRIVALS = ("constant", "poisson")


def schedule(kind: str, rate: float, seed: int | None = None) -> Iterator[int]:
    """Nanoseconds from the beginning, without end. rate: arrivals a second.

    constant: evenly spaced. poisson: independent of one another, as those of many users are; the
    gaps are then exponentially distributed. seed: the same one gives the same arrivals. Raises
    ValueError.
    """
    if not (rate > 0 and math.isfinite(rate)):
        raise ValueError(f"a rate of {rate}")
    if kind not in ARRIVALS:
        raise ValueError(f"{kind!r}: not one of {', '.join(ARRIVALS)}")
    return _constant(rate) if kind == "constant" else _poisson(rate, seed)


def _constant(rate: float) -> Iterator[int]:
    number = 0
    while True:
        yield int(number * SECOND_NS / rate)
        number += 1


def _poisson(rate: float, seed: int | None) -> Iterator[int]:
    source = random.Random(seed)  # noqa: S311 (it keeps no secret)
    due = 0.0
    while True:
        due += source.expovariate(rate)
        yield int(due * SECOND_NS)
