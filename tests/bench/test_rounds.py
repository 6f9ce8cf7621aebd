"""bench.rounds: what is measured when."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bench import rounds
from bench.load import LOADS, Load, Score
from bench.results import Cell
from bench.rounds import play, schedule, why_void
from bench.server import Server
from bench.targets import Target


def test_rounds_are_interleaved() -> None:
    """Round 0, the warm-up, then A B, A B: never A A, B B."""
    loads = [LOADS["plain"], LOADS["close"]]
    assert [(number, load.name, name) for number, load, name in schedule(1, loads, ["a", "b"])] == [
        (0, "plain", "a"),
        (0, "plain", "b"),
        (0, "close", "a"),
        (0, "close", "b"),
        (1, "plain", "a"),
        (1, "plain", "b"),
        (1, "close", "a"),
        (1, "close", "b"),
    ]


@pytest.mark.parametrize(
    ("requests", "errors", "expected"),
    [
        (100, {}, ""),
        (0, {}, "wrk got no answer at all"),
        (100, {"read": 3, "status": 1}, "wrk saw 3 read errors, 1 status errors"),
    ],
)
def test_a_void_cell_says_why(requests: int, errors: Mapping[str, int], expected: str) -> None:
    """Errors void a cell however many answers came with them."""
    assert why_void(requests, errors) == expected


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What wrk would have been told: load and seconds."""
    told: list[tuple[str, int]] = []

    def run_load(load: Load, port: int, seconds: int, core: int | None) -> Score:
        told.append((load.name, seconds))
        return Score(100, float(seconds), {})

    monkeypatch.setattr(rounds, "run_load", run_load)
    monkeypatch.setattr(Server, "cpu_seconds", lambda server: 0.0)
    return told


def played(target: Target, *loads: str) -> list[Cell]:
    """One round of 3 s for one server."""
    server = Server(target, Path(), None)
    return list(play(1, 3, [LOADS[each] for each in loads], {target.name: server}, None))


def test_nothing_is_sent_ahead_to_who_does_not_take_it(asked: list[tuple[str, int]]) -> None:
    """Neither in the warm-up."""
    cells = played(Target("one", "", "", pipelines=False), "plain", "pipelined")
    assert [cell.load for cell in cells] == ["plain"]
    assert asked == [("plain", 1), ("plain", 3)]


@pytest.mark.parametrize(("keeps", "expected"), [(True, [3, 3, 1]), (False, [1, 1, 1])])
def test_a_server_that_keeps_nothing_is_asked_shortly(
    keeps: bool, expected: list[int], asked: list[tuple[str, int]]
) -> None:
    """Every load makes it a connection per request, and client ports run out."""
    played(Target("one", "", "", keeps=keeps), "plain", "browser", "close")
    assert [seconds for _, seconds in asked[3:]] == expected
