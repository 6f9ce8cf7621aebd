"""How long each answer took: kept as it comes, counted up when there is time for it. Pure.

What is kept is a histogram for each slice of time. Up to EXACT_REQUESTS it is exact to the
nanosecond; a run without a number of requests rounds to a part in 256 and never grows without end.
"""

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from loadtest.report.model import Latency, Moment

EXACT_REQUESTS = 2_000_000
# Counted up at once: about a quarter of a millisecond in which nothing is sent.
BATCH = 512
BITS = 9
SECOND_NS = 1_000_000_000
# Names of failures that are kept apart; a server that makes up new ones fills no memory.
LIMIT_NAMES = 100
OTHERS = "other failures"

PERCENTILES: Sequence[float] = (
    *(0.0, 5.0, 10.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 75.0, 80.0, 85.0, 90.0),
    *(92.5, 95.0, 96.25, 97.5, 98.0, 98.75, 99.0, 99.25, 99.5, 99.75, 99.9, 99.95, 99.99),
    *(99.999, 100.0),
)


def rounded(nanoseconds: int) -> int:
    """The same to a part in 256, downwards."""
    shift = nanoseconds.bit_length() - BITS
    return nanoseconds >> shift << shift if shift > 0 else nanoseconds


class Column:
    """The answers to one thing that is asked, since they were last counted up."""

    __slots__ = ("ends", "latencies")

    def __init__(self) -> None:
        self.ends = array("q")
        self.latencies = array("q")

    def add(self, latency: int, end: int) -> None:
        """One more, both in nanoseconds."""
        self.latencies.append(latency)
        self.ends.append(end)


class Ledger:
    """All that one process measured. slice_ns: how long a slice is. exact: whether no latency is
    rounded, and nothing counted up before the end."""

    def __init__(self, slice_ns: int, *, exact: bool) -> None:
        self.slice_ns = slice_ns
        self.exact = exact
        self.begun = 0
        self.slices: dict[int, Counter[int]] = {}
        self.failures: Counter[str] = Counter()
        self.failed_slices: Counter[int] = Counter()

    def count(self, column: Column) -> Counter[int]:
        """Count a column up and empty it; gives its histogram."""
        whole: Counter[int] = Counter()
        latencies: Iterable[int] = column.latencies
        if not self.exact:
            latencies = map(rounded, latencies)
        for latency, end in zip(latencies, column.ends, strict=True):
            number = (end - self.begun) // self.slice_ns
            try:
                self.slices[number][latency] += 1
            except KeyError:
                self.slices[number] = Counter((latency,))
            whole[latency] += 1
        del column.latencies[:], column.ends[:]
        return whole

    def fail(self, name: str, end: int) -> str:
        """Count a failure; gives the name it was counted under."""
        name = self._known(name)
        self.failures[name] += 1
        self.failed_slices[(end - self.begun) // self.slice_ns] += 1
        return name

    def _known(self, name: str) -> str:
        full = len(self.failures) >= LIMIT_NAMES
        return OTHERS if full and name not in self.failures else name

    def packed(self) -> dict[str, Any]:
        """For a message to another process."""
        return {
            "slices": [[at, list(each), list(each.values())] for at, each in self.slices.items()],
            "failures": dict(self.failures),
            "failed_slices": list(self.failed_slices.items()),
        }

    def merge(self, packed: Mapping[str, Any]) -> None:
        """Add what another process measured from its own beginning on."""
        for at, latencies, counts in packed["slices"]:
            pairs = dict(zip(latencies, counts, strict=True))
            self.slices.setdefault(at, Counter()).update(pairs)
        for name, count in packed["failures"].items():
            self.failures[self._known(name)] += count
        self.failed_slices.update(dict(packed["failed_slices"]))

    def latency(self) -> Latency:
        """Percentiles of the whole."""
        whole: Counter[int] = Counter()
        for each in self.slices.values():
            whole.update(each)
        total = whole.total()
        mean = sum(latency * count for latency, count in whole.items()) / total if total else 0.0
        values = percentiles(whole, PERCENTILES)
        spectrum = [(at, ns / 1000) for at, ns in zip(PERCENTILES, values, strict=True)]
        return Latency(spectrum, mean / 1000)

    def series(self) -> list[Moment]:
        """Slice by slice, from the first to the last, those without answers too."""
        numbers = {*self.slices, *self.failed_slices}
        seconds = self.slice_ns / SECOND_NS
        moments = []
        for number in range(max(numbers, default=-1) + 1):
            counted = self.slices.get(number, Counter())
            p50, p99 = percentiles(counted, (50.0, 99.0))
            answers, failed = counted.total(), self.failed_slices[number]
            begin = number * seconds
            moments.append(Moment(begin, seconds, answers, failed, p50 / 1000, p99 / 1000))
        return moments


def percentiles(counted: Mapping[int, int], wanted: Sequence[float]) -> list[int]:
    """The smallest value that so many per cent of all do not exceed (nearest rank); wanted ascends.
    All are 0 of nothing."""
    total = sum(counted.values())
    if not total:
        return [0] * len(wanted)
    values = iter(sorted(counted.items()))
    value, reached = next(values)
    found = []
    for percent in wanted:
        # A product of whole numbers first: 99.9 % of 1,000 are 999, not 999.0000000000001.
        rank = -(-round(percent * 1000) * total // 100_000)
        while reached < rank:
            value, count = next(values)
            reached += count
        found.append(value)
    return found
