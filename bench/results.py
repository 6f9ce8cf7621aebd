"""What a run measured, and the figures drawn from it. Pure: measures and prints nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.process import Memory
from bench.spread import Spread, spread

BUSY = 0.95


@dataclass(frozen=True, slots=True)
class Cell:
    """One server under one load in one round; void says why it does not count."""

    round: int
    load: str
    server: str
    requests: int = 0
    seconds: float = 0.0
    server_seconds: float = 0.0
    generator_seconds: float = 0.0
    void: str = ""

    @property
    def cpu_us(self) -> float:
        """Server CPU microseconds per request."""
        return self.server_seconds / self.requests * 1e6

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def generator_bound(self) -> bool:
        """True when wrk had no time left and the server had: the rate is then wrk's own."""
        return self.generator_seconds > BUSY * self.seconds > self.server_seconds


@dataclass(frozen=True, slots=True)
class IdleMemory:
    """A worker's memory before and while it holds idle connections."""

    connections: int
    before: Memory
    after: Memory

    @property
    def more(self) -> Memory:
        """What the connections cost."""
        return self.after - self.before


Figure = Callable[[Cell], float]


def cpu_us(cell: Cell) -> float:
    """The figure to quote: it holds still on a machine that others use too."""
    return cell.cpu_us


def rate(cell: Cell) -> float:
    """The figure people ask for."""
    return cell.rate


@dataclass(frozen=True, slots=True)
class Results:
    """Everything measured in one run; missing says what was asked for and could not be."""

    cells: Sequence[Cell]
    memories: Mapping[str, IdleMemory]
    answer_bytes: Mapping[str, int]
    missing: Sequence[str]

    def valid(self, server: str, load: str) -> dict[int, Cell]:
        """The cells of a server under a load that count, by round."""
        return {
            cell.round: cell
            for cell in self.cells
            if (cell.server, cell.load, cell.void) == (server, load, "")
        }

    def figure(self, figure: Figure, server: str, load: str) -> Spread | None:
        """A server's figure over the rounds; None when no round counts."""
        return spread([figure(cell) for cell in self.valid(server, load).values()])

    def ratio(self, figure: Figure, over: str, under: str, load: str) -> Spread | None:
        """How many times under's figure over's is: divided within each round, then summarised."""
        numerators, denominators = self.valid(over, load), self.valid(under, load)
        rounds = numerators.keys() & denominators.keys()
        # A server that used less than one clock tick divides nothing.
        return spread(
            [
                figure(numerators[number]) / figure(denominators[number])
                for number in rounds
                if figure(denominators[number]) > 0
            ]
        )

    def generator_bound(self, server: str, load: str) -> bool:
        """True when wrk was the limit in most of the rounds that count."""
        cells = self.valid(server, load).values()
        return sum(cell.generator_bound for cell in cells) * 2 > len(cells)

    def voids(self) -> list[str]:
        """Name each cell that does not count, and why."""
        return [
            f"{cell.server}, {cell.load}, round {cell.round}: {cell.void}"
            for cell in self.cells
            if cell.void
        ]
