"""How many times one server's figure is another's, with what chance alone could have made of it.

Two servers are compared within a round, since rounds differ (a neighbour, the weather of a
machine) more than the runs of one round do. Pure.
"""

from dataclasses import dataclass
from enum import Enum
from random import Random
from statistics import median

from loadtest.report.figures import FLOOR, Group, Measure, Panel, server_cpu, throughput

# Whose figure the others are divided by, where it was measured.
BASE = "protocol"

CONFIDENCE = 0.95
RESAMPLES = 4_000
SEED = 20_200_101  # fixed, so that the same runs give the same interval


class Bound(Enum):
    """What a generator that was the limit makes of a ratio of times."""

    EXACT = ""
    AT_LEAST = "at least"
    AT_MOST = "at most"
    UNKNOWN = "unknown: the generator was the limit of both"


@dataclass(frozen=True, slots=True)
class Ratio:
    """server's figure over base's: the median of the rounds, and its 95 % interval.

    interval: None where there was one round only, which shows nothing of chance.
    """

    server: str
    base: str
    median: float
    interval: tuple[float, float] | None
    rounds: int
    bound: Bound = Bound.EXACT


def interval(values: list[float]) -> tuple[float, float] | None:
    """The 95 % bootstrap interval of the median of values; None for fewer than two."""
    if len(values) < 2:
        return None
    random = Random(SEED)  # noqa: S311 - samples, not secrets
    medians = sorted(median(random.choices(values, k=len(values))) for _ in range(RESAMPLES))
    cut = int(RESAMPLES * (1 - CONFIDENCE) / 2)
    return medians[cut], medians[-1 - cut]


def time_ratio(server: Group, base: Group) -> Ratio | None:
    """How many times base's time server needs for as many requests.

    None where no round has a run of both that counts.
    """
    pairs = _pairs(base, server, throughput)
    limited = (base.limited, server.limited)
    bound = {
        (False, False): Bound.EXACT,
        (True, False): Bound.AT_LEAST,
        (False, True): Bound.AT_MOST,
        (True, True): Bound.UNKNOWN,
    }[limited]
    return _ratio(server.server, base.server, pairs, bound)


def cpu_ratio(server: Group, base: Group) -> Ratio | None:
    """How many times base's CPU server spends on a request.

    None where no round has a run of both that counts and whose server could be watched.
    """
    return _ratio(server.server, base.server, _pairs(server, base, server_cpu), Bound.EXACT)


def ratios(panel: Panel) -> list[tuple[Ratio | None, Ratio | None]]:
    """(time, CPU) of every server but the base and the floor; those with neither are left out."""
    groups = [group for group in panel.groups if group.server != FLOOR and group.counted]
    if not groups:
        return []
    base = next((group for group in groups if group.server == BASE), groups[0])
    others = [group for group in groups if group is not base]
    found = [(time_ratio(group, base), cpu_ratio(group, base)) for group in others]
    return [pair for pair in found if any(pair)]


def _pairs(over: Group, under: Group, measure: Measure) -> list[float]:
    upper, lower = _by_round(over, measure), _by_round(under, measure)
    return [upper[at] / lower[at] for at in sorted(upper.keys() & lower.keys()) if lower[at] > 0]


def _by_round(group: Group, measure: Measure) -> dict[int, float]:
    """A round that runs A B B A has two runs of each."""
    found: dict[int, list[float]] = {}
    for run in group.counted:
        if (value := measure(run)) is not None:
            found.setdefault(run.round, []).append(value)
    return {at: median(values) for at, values in found.items()}


def _ratio(server: str, base: str, values: list[float], bound: Bound) -> Ratio | None:
    if not values:
        return None
    return Ratio(server, base, median(values), interval(values), len(values), bound)
