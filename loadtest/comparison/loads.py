"""What is asked of a server, and in which order servers are asked. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

KEEP_ALIVE, CLOSE = "keepalive", "close"
MODES = (KEEP_ALIVE, CLOSE)
# How long arrivals of their own are kept up.
OPEN_S = 2
WARM_UP = 5_000
# A slow server is asked a number of requests that is round, and not too few of them.
ROUND, FEWEST = 1_000, 1_000


@dataclass(frozen=True, slots=True)
class Load:
    """mode: "keepalive" or "close". rate: arrivals a second; 0 where connections wait."""

    mode: str
    rate: float = 0.0

    @property
    def name(self) -> str:
        """What thresholds call it."""
        return f"open-{self.rate:g}" if self.rate else self.mode

    def requests(self, asked: int) -> int:
        """How many: those asked for, or as many as arrive."""
        return max(1, round(self.rate * OPEN_S)) if self.rate else asked


@dataclass(frozen=True, slots=True)
class Step:
    """One measurement."""

    round: int
    load: Load
    server: str


@dataclass(frozen=True, slots=True)
class Part:
    """What is begun as a whole or not at all: a round of some loads over all servers."""

    what: str
    number: int
    steps: Sequence[Step]


def closed_loads(modes: Sequence[str]) -> list[Load]:
    """The loads in which each connection waits for its answer."""
    return [Load(mode) for mode in modes]


def open_loads(rates: Sequence[float]) -> list[Load]:
    """The loads whose arrivals do not wait, over connections that are kept."""
    return [Load(KEEP_ALIVE, rate) for rate in rates]


def parts(
    rounds: int,
    closed: Sequence[Load],
    arriving: Sequence[Load],
    servers: Sequence[str],
    closing: Collection[str] = (),
) -> Iterator[Part]:
    """The plan: a round of everything, then the other rounds of the closed loads, which the ratios
    are made of; what time is left goes to more rounds of arrivals.

    Servers go A B C in odd rounds and C B A in even ones, so that what drifts drifts for all.
    closing: servers that keep no connection, and are asked over a new one each time only.
    """
    order = [("closed", 1), ("open", 1)]
    order += [("closed", number) for number in range(2, rounds + 1)]
    order += [("open", number) for number in range(2, rounds + 1)]
    for what, number in order:
        asked = servers if number % 2 else list(reversed(servers))
        steps = [
            Step(number, load, server)
            for load in (closed if what == "closed" else arriving)
            for server in asked
            if load.mode == CLOSE or server not in closing
        ]
        if steps:
            yield Part(what, number, steps)


def warm_up(requests: int) -> int:
    """How many go before those that count: no more than a quarter as many."""
    return min(WARM_UP, requests // 4)


def fewer(requests: int, rps: float, longest_s: float) -> int:
    """As many as a server answers in so many seconds; longest_s of 0: all of them."""
    if not longest_s:
        return requests
    return min(requests, max(FEWEST, int(rps * longest_s) // ROUND * ROUND))
