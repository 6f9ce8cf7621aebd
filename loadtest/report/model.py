"""What a load test found, in plain values: written as JSON, read again, and drawn. Pure.

Times are microseconds where a name ends in _us, else seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# The test that the project is known by. Tool, flags and machine of it were not published.
PUBLISHED_REQUESTS, PUBLISHED_CONNECTIONS = 100_000, 100
PUBLISHED_SECONDS: Mapping[str, float] = {"protocol": 4.2, "fastapi": 32.0}


@dataclass(frozen=True, slots=True)
class Latency:
    """How long verified answers took: exact percentiles, (percentile, microseconds), from 0 to 100.

    A failed request is counted as a failure and has no latency.
    """

    spectrum: Sequence[tuple[float, float]]
    mean_us: float

    def at(self, percentile: float) -> float:
        """One of the percentiles that were kept. Raises KeyError for another."""
        return dict(self.spectrum)[percentile]


@dataclass(frozen=True, slots=True)
class Moment:
    """What was answered within one slice of time that began so many seconds after the first
    request was sent; of no answers there are no percentiles, and both are 0."""

    begin: float
    seconds: float
    answers: int
    failures: int
    p50_us: float
    p99_us: float


@dataclass(frozen=True, slots=True)
class Generator:
    """What made the load. idle: share of the time it waited for something to do; with arrivals of
    its own (rate), how late it was at the 99th percentile instead, lag_us.

    limited: why it, and not the server, was the limit; "" where it was not.
    """

    processes: int
    cpu_us: float
    idle: float
    lag_us: float = 0.0
    limited: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """What the server's processes used while they were measured.

    cpu_us: user and system time for a request. busy: of one core; above 1 with several.
    peak_bytes: the most that was resident since its start, all its processes together.
    """

    cpu_us: float
    busy: float
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Run:
    """One server, measured once.

    mode: "keepalive" or "close", a connection per request. rate: arrivals offered per second, 0
    where each connection sends its next request when it has its answer. arrivals: "closed",
    "constant" or "poisson". asked: exactly so many requests; 0 for as many as the time allowed.
    requests: sent, failures among them. opened: connections, in all. dropped: arrivals that were
    never sent, since no connection was free in time. void: why none of it counts.
    """

    server: str
    mode: str
    round: int
    rate: float
    arrivals: str
    connections: int
    asked: int
    requests: int
    seconds: float
    failures: Mapping[str, int]
    traffic: Mapping[str, int]  # "opened", "dropped", "warm_up"
    latency: Latency
    series: Sequence[Moment]
    makers: tuple[Generator, Service | None]
    void: str = ""

    @property
    def failed(self) -> int:
        """Requests that were not answered as they must be."""
        return sum(self.failures.values())

    @property
    def rps(self) -> float:
        """Verified answers per second."""
        return (self.requests - self.failed) / self.seconds if self.seconds else 0.0

    @property
    def generator(self) -> Generator:
        """What made the load."""
        return self.makers[0]

    @property
    def service(self) -> Service | None:
        """The server's own figures; None where its processes are not on this machine."""
        return self.makers[1]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A threshold, and what was found, in the threshold's own unit; value is None where nothing was
    measured."""

    text: str
    value: float | None
    met: bool
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything: what it holds for, each run, what is judged, what could not be measured."""

    facts: Mapping[str, str]
    runs: Sequence[Run]
    verdicts: Sequence[Verdict] = ()
    missing: Sequence[str] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Values that json.dumps takes."""
        return {"version": 1, **asdict(self)}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> "Report":
        """What as_json gave. Raises ValueError for anything else."""
        if given.get("version") != 1:
            raise ValueError(f"version {given.get('version')!r} of a report, where 1 is known")
        try:
            return cls(
                dict(given["facts"]),
                [_run(each) for each in given["runs"]],
                [Verdict(**each) for each in given["verdicts"]],
                list(given["missing"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a report: {error!r}") from error


def _run(given: Mapping[str, Any]) -> Run:
    generator, service = given["makers"]
    latency = given["latency"]
    spectrum = [(float(at), float(us)) for at, us in latency["spectrum"]]
    return Run(
        **{
            **given,
            "latency": Latency(spectrum, latency["mean_us"]),
            "series": [Moment(**each) for each in given["series"]],
            "makers": (Generator(**generator), Service(**service) if service else None),
        }
    )
