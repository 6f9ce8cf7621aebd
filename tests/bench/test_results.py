"""bench.results and bench.spread: from cells to figures."""

from collections.abc import Sequence

import pytest

from bench.process import Memory
from bench.results import Cell, IdleMemory, Results, cpu_us, rate
from bench.spread import Spread, spread


def cell(number: int, server: str, cpu: float, void: str = "") -> Cell:
    """One plain request in one second, of so many CPU seconds."""
    return Cell(number, "plain", server, 1, 1.0, cpu, 0.5, void)


def results(cells: Sequence[Cell]) -> Results:
    """A run that measured nothing else."""
    return Results(cells, {}, {}, [])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        ([4.0], Spread(4, 4, 4)),
        ([9.0, 1.0, 4.0], Spread(4, 1, 9)),
        ([1.0, 2.0, 4.0, 9.0], Spread(3, 1, 9)),
    ],
)
def test_a_spread_is_the_median_and_the_ends(
    values: Sequence[float], expected: Spread | None
) -> None:
    """Of no values there is none."""
    assert spread(values) == expected


def test_figures_are_per_request_and_per_second() -> None:
    """CPU is divided by requests, requests by wall-clock time."""
    one = Cell(1, "plain", "nginx", requests=200, seconds=2.0, server_seconds=0.005)
    assert (one.cpu_us, one.rate) == (25.0, 100.0)


@pytest.mark.parametrize(
    ("generator", "server", "expected"),
    [(0.99, 0.5, True), (0.99, 0.99, False), (0.5, 0.99, False), (0.5, 0.5, False)],
)
def test_the_generator_is_the_limit_when_it_alone_is_busy(
    generator: float, server: float, expected: bool
) -> None:
    """Busy is 95 % of the time; where both are, the server is."""
    one = Cell(1, "plain", "nginx", 100, 1.0, server, generator)
    assert one.generator_bound is expected


def test_a_ratio_is_taken_within_each_round() -> None:
    """A round in which everything is slow shifts no ratio."""
    cells = [
        *(cell(1, "protocol", 15), cell(1, "nginx", 10)),
        *(cell(2, "protocol", 60), cell(2, "nginx", 40)),
        *(cell(3, "protocol", 16), cell(3, "nginx", 10)),
    ]
    found = results(cells).ratio(cpu_us, "protocol", "nginx", "plain")
    assert found == Spread(1.5, 1.5, 1.6)


def test_a_void_cell_counts_nowhere() -> None:
    """Neither in its server's figure nor in a ratio; the other rounds stand."""
    cells = [
        *(cell(1, "protocol", 15), cell(1, "nginx", 10)),
        *(cell(2, "protocol", 90, "wrk saw 1 read errors"), cell(2, "nginx", 10)),
    ]
    run = results(cells)
    assert run.figure(cpu_us, "protocol", "plain") == Spread(15e6, 15e6, 15e6)
    assert run.ratio(cpu_us, "protocol", "nginx", "plain") == Spread(1.5, 1.5, 1.5)
    assert run.voids() == ["protocol, plain, round 2: wrk saw 1 read errors"]


def test_what_was_not_measured_has_no_figure() -> None:
    """Another load's cells, or nobody's, do not stand in."""
    run = results([cell(1, "nginx", 10)])
    assert run.figure(rate, "nginx", "browser") is None
    assert run.ratio(cpu_us, "protocol", "nginx", "plain") is None
    assert run.generator_bound("protocol", "plain") is False


def test_a_denominator_below_the_clock_is_left_out() -> None:
    """A server that seems to have used no time divides nothing."""
    run = results([cell(1, "protocol", 15), cell(1, "nginx", 0)])
    assert run.ratio(cpu_us, "protocol", "nginx", "plain") is None


def test_connections_cost_what_they_add() -> None:
    """The worker's own memory is not theirs."""
    memory = IdleMemory(10_000, Memory(20, 30), Memory(50, 65))
    assert memory.more == Memory(30, 35)
