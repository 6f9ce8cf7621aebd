"""bench.floors: promises judged."""

import pytest

from bench.floors import FLOORS, Verdict, judge_all
from bench.process import Memory
from bench.results import Cell, IdleMemory, Results

SERVERS = ("protocol", "nginx", "aiohttp", "fastapi")
LOADS = ("plain", "browser", "pipelined", "close", "memory")


def run(ours: dict[str, float], **others: dict[str, float]) -> Results:
    """One round of seconds per request by load, all of it CPU time."""
    cells = [
        Cell(1, load, server, 1, cpu, cpu)
        for server, loads in {"protocol": ours, **others}.items()
        for load, cpu in loads.items()
    ]
    memory = IdleMemory(10_000, Memory(35_000_000, 0), Memory(75_000_000, 0))
    return Results(cells, {"protocol": memory}, {}, [])


AT_THE_BOUND = run(
    {"plain": 12, "browser": 16, "close": 20, "pipelined": 4},
    nginx={"plain": 8, "browser": 8, "close": 8, "pipelined": 6},
    aiohttp={"plain": 72},
    fastapi={"plain": 180},
)


def verdicts(results: Results) -> list[str]:
    """The verdicts in the order of FLOORS."""
    return [each.verdict.value for each in judge_all(results, SERVERS, LOADS)]


def test_the_bound_itself_is_allowed() -> None:
    """At most 1.5 times is met at 1.5 times."""
    assert verdicts(AT_THE_BOUND) == ["PASS"] * 8


@pytest.mark.parametrize(
    ("server", "load", "cpu", "missed"),
    [
        ("protocol", "browser", 16.1, [1]),
        ("protocol", "close", 20.1, [2]),
        ("protocol", "pipelined", 4.1, [3]),
        ("protocol", "plain", 12.1, [0, 4, 5]),
        ("fastapi", "plain", 179, [4]),
        ("aiohttp", "plain", 71, [5]),
    ],
)
def test_a_little_beyond_the_bound_is_a_miss(
    server: str, load: str, cpu: float, missed: list[int]
) -> None:
    """Each floor looks at its own servers and its own load."""
    cells = [
        Cell(1, load, server, 1, cpu, cpu) if (cell.server, cell.load) == (server, load) else cell
        for cell in AT_THE_BOUND.cells
    ]
    found = verdicts(Results(cells, AT_THE_BOUND.memories, {}, []))
    assert [index for index, verdict in enumerate(found) if verdict == "MISS"] == missed


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (35_000_001, 35_000_001, ["MISS", "PASS"]),
        (35_000_000, 75_000_001, ["PASS", "MISS"]),
    ],
)
def test_memory_is_held_to_its_own_floors(before: int, after: int, expected: list[str]) -> None:
    """The idle worker and what the connections add are judged apart."""
    memory = IdleMemory(10_000, Memory(before, 0), Memory(after, 0))
    assert verdicts(Results([], {"protocol": memory}, {}, []))[-2:] == expected


def test_what_was_asked_for_and_not_measured_is_void() -> None:
    """A missing nginx must not pass for a promise kept."""
    assert verdicts(Results([], {}, {}, [])) == ["VOID"] * 8


def test_what_was_not_asked_for_is_skipped() -> None:
    """A run of two servers under one load judges the one floor they decide."""
    judged = judge_all(AT_THE_BOUND, ["protocol", "nginx"], ["plain"])
    assert [each.verdict for each in judged] == [Verdict.MET, *[Verdict.SKIPPED] * 7]


def test_the_bounds_are_those_promised() -> None:
    """Changing one takes two edits."""
    assert [floor.wanted for floor in FLOORS] == [
        "at most 1.5 times",
        "at most 2 times",
        "at most 2.5 times",
        "at least 1.5 times",
        "at least 15 times",
        "at least 6 times",
        "at most 35 MB",
        "at most 40 MB",
    ]
