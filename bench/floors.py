"""What the Protocol server has promised, and whether a run bears it out. Pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from bench.results import Figure, IdleMemory, Results, cpu_us, rate
from bench.spread import Spread, spread

OURS = "protocol"
MEGABYTE = 1_000_000
MEMORY = "memory"
NAMES: Mapping[Figure, str] = {cpu_us: "CPU per request", rate: "requests per second"}


class Verdict(Enum):
    """MET and MISSED were measured; VOID was asked for and could not be; SKIPPED was not."""

    MET = "PASS"
    MISSED = "MISS"
    VOID = "VOID"
    SKIPPED = "SKIP"


@dataclass(frozen=True, slots=True)
class Floor:
    """One promise: the figure, its bound, and what must have been asked for to judge it."""

    text: str
    bound: float
    unit: str
    figure: Callable[[Results], Spread | None]
    servers: frozenset[str]
    load: str
    at_least: bool = False

    @property
    def wanted(self) -> str:
        """The bound in words."""
        return f"{'at least' if self.at_least else 'at most'} {self.bound:g}{self.unit}"

    def judge(self, results: Results) -> "Judgement":
        """Compare the median with the bound, which itself is allowed."""
        found = self.figure(results)
        if found is None:
            verdict = Verdict.VOID
        elif found.median >= self.bound if self.at_least else found.median <= self.bound:
            verdict = Verdict.MET
        else:
            verdict = Verdict.MISSED
        return Judgement(self, found, verdict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A floor and what came of it."""

    floor: Floor
    found: Spread | None
    verdict: Verdict


def _ratio(
    figure: Figure, over: str, under: str, load: str, bound: float, *, at_least: bool = False
) -> Floor:
    return Floor(
        f"{NAMES[figure]}, {load}: {over} to {under}",
        bound,
        " times",
        lambda results: results.ratio(figure, over, under, load),
        frozenset({over, under}),
        load,
        at_least,
    )


def _megabytes(text: str, size: Callable[[IdleMemory], int], bound: float) -> Floor:
    def figure(results: Results) -> Spread | None:
        memory = results.memories.get(OURS)
        return spread([size(memory) / MEGABYTE] if memory else [])

    return Floor(text, bound, " MB", figure, frozenset({OURS}), MEMORY)


FLOORS: Sequence[Floor] = (
    _ratio(cpu_us, OURS, "nginx", "plain", 1.5),
    _ratio(cpu_us, OURS, "nginx", "browser", 2),
    _ratio(cpu_us, OURS, "nginx", "close", 2.5),
    _ratio(rate, OURS, "nginx", "pipelined", 1.5, at_least=True),
    _ratio(cpu_us, "fastapi", OURS, "plain", 15, at_least=True),
    _ratio(cpu_us, "aiohttp", OURS, "plain", 6, at_least=True),
    _megabytes("an idle worker, PSS", lambda memory: memory.before.pss, 35),
    _megabytes("10,000 idle connections more, PSS", lambda memory: memory.more.pss, 40),
)


def judge_all(
    results: Results, servers: Collection[str], loads: Collection[str]
) -> list[Judgement]:
    """Judge each floor; those whose servers or load were not asked for are SKIPPED."""
    return [
        floor.judge(results)
        if floor.servers <= set(servers) and floor.load in loads
        else Judgement(floor, None, Verdict.SKIPPED)
        for floor in FLOORS
    ]
