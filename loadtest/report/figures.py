"""The runs of a report, put together by what they measured alike. Pure.

A run that is void, or that answered nothing, gives no figure; it is named among what is void.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from zlib import crc32

from loadtest.report.model import PUBLISHED_CONNECTIONS, PUBLISHED_REQUESTS, Report, Run

MODES = {"keepalive": "keep-alive", "close": "a connection per request"}

# The null server: what the generator can do at most, and no competitor.
FLOOR = "floor"

PLAIN = re.compile(r"[a-z0-9]+")

Measure = Callable[[Run], float | None]


@dataclass(frozen=True, slots=True)
class Spread:
    """The middle of some values, and their ends."""

    median: float
    low: float
    high: float


def slug(text: str) -> str:
    """The same for the same text, another for another, and fit for an id."""
    if PLAIN.fullmatch(text):
        return text
    return f"x{crc32(text.encode(errors='backslashreplace')):08x}"


def spread(values: Sequence[float]) -> Spread | None:
    """Summarise values; None when there are none."""
    return Spread(median(values), min(values), max(values)) if values else None


def counts(run: Run) -> bool:
    """Whether a run gives figures: it is not void, and something was answered."""
    return not run.void and run.rps > 0


def published_seconds(run: Run) -> float | None:
    """Seconds that the published number of requests took, or would have at the run's rate."""
    return PUBLISHED_REQUESTS / run.rps if run.rps else None


def throughput(run: Run) -> float | None:
    """Verified answers per second."""
    return run.rps or None


def server_cpu(run: Run) -> float | None:
    """The server's CPU microseconds per request; None where its processes are elsewhere."""
    return run.service.cpu_us if run.service else None


def peak_memory(run: Run) -> float | None:
    """The most memory that the server's processes held, in bytes."""
    return float(run.service.peak_bytes) if run.service else None


def percentile(at: float) -> Measure:
    """A measure: the latency at one percentile, microseconds; None where it was not kept."""
    return lambda run: dict(run.latency.spectrum).get(at)


@dataclass(frozen=True, slots=True)
class Group:
    """One server under one load, in every round."""

    server: str
    runs: Sequence[Run]

    @property
    def counted(self) -> list[Run]:
        """The runs that give figures."""
        return [run for run in self.runs if counts(run)]

    @property
    def limited(self) -> bool:
        """Whether the generator was the limit of any run that counts."""
        return any(run.generator.limited for run in self.counted)

    def values(self, measure: Measure) -> list[float]:
        """What a measure finds in each run that counts."""
        return [found for run in self.counted if (found := measure(run)) is not None]

    def spread(self, measure: Measure) -> Spread | None:
        """Median, lowest and highest over the rounds; None where nothing was measured."""
        return spread(self.values(measure))

    def typical(self) -> Run | None:
        """The run in the middle by throughput: drawn where one run stands for all of them."""
        ranked = sorted(self.counted, key=lambda run: run.rps)
        return ranked[len(ranked) // 2] if ranked else None


@dataclass(frozen=True, slots=True)
class Panel:
    """Every server under one load: what may be compared. rate: 0, or the arrivals offered."""

    mode: str
    arrivals: str
    connections: int
    rate: float
    groups: Sequence[Group]

    @property
    def key(self) -> str:
        """A name for links and ids: letters, digits and dashes."""
        return f"{slug(self.mode)}-{self.connections}"

    @property
    def label(self) -> str:
        """How people call it."""
        name = MODES.get(self.mode, self.mode)
        return f"{name}, {self.connections:,} connection{'s' if self.connections != 1 else ''}"

    @property
    def published(self) -> bool:
        """Whether it may be put beside the published test: as many connections."""
        return self.connections == PUBLISHED_CONNECTIONS

    @property
    def scaled(self) -> list[str]:
        """Servers that were not asked for exactly the published number of requests."""
        return [
            group.server
            for group in self.groups
            if any(run.requests != PUBLISHED_REQUESTS for run in group.counted)
        ]


def load_of(run: Run) -> str:
    """What was asked of a run's server, in words."""
    load = MODES.get(run.mode, run.mode)
    return load if run.arrivals == "closed" else f"{load}, {run.rate:,.0f}/s {run.arrivals}"


def servers(report: Report) -> list[str]:
    """Every server, in the order of first mention; the floor last."""
    names = list(dict.fromkeys(run.server for run in report.runs))
    return [*(name for name in names if name != FLOOR), *(n for n in names if n == FLOOR)]


def closed_panels(report: Report) -> list[Panel]:
    """The loads in which each connection waits for its answer; one panel for each."""
    return _panels(report, [run for run in report.runs if run.arrivals == "closed"])


def open_panels(report: Report) -> list[Panel]:
    """The loads whose arrivals do not wait; one panel for each offered rate, rising."""
    panels = _panels(report, [run for run in report.runs if run.arrivals != "closed"])
    return sorted(panels, key=lambda panel: (panel.mode, panel.arrivals, panel.rate))


def _panels(report: Report, runs: Iterable[Run]) -> list[Panel]:
    loads: dict[tuple[str, str, int, float], list[Run]] = {}
    for run in runs:
        loads.setdefault((run.mode, run.arrivals, run.connections, run.rate), []).append(run)
    return [
        Panel(
            *load,
            [
                Group(name, [run for run in found if run.server == name])
                for name in servers(report)
                if any(run.server == name for run in found)
            ],
        )
        for load, found in loads.items()
    ]
