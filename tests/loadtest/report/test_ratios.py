"""loadtest.report.ratios: how many times one server's figure is another's."""

from collections.abc import Sequence

import pytest

from loadtest.report.figures import Group, closed_panels
from loadtest.report.model import Generator, Report, Run, Service
from loadtest.report.quantities import times
from loadtest.report.ratios import Bound, cpu_ratio, interval, ratios, time_ratio
from tests.loadtest.report.examples import run

LIMITED = (Generator(1, 17.0, 0.01, 0.0, "it never waited"), Service(9.0, 1.0, 1))


def group(server: str, seconds: Sequence[float], **given: object) -> Group:
    """A server whose rounds took so many seconds."""
    return Group(
        server, [run(server, round=at, seconds=each, **given) for at, each in enumerate(seconds)]
    )


def test_servers_are_compared_within_a_round() -> None:
    """A round that was slow for both changes nothing: the ratio of medians would have been 10."""
    found = time_ratio(group("fastapi", [4.0, 20.0, 21.0]), group("protocol", [1.0, 2.0, 10.0]))
    assert found is not None
    assert (found.median, found.rounds) == (4.0, 3)


def test_a_round_with_two_runs_of_a_server_gives_one_ratio() -> None:
    """A B B A: the middle of the two."""
    base = Group("protocol", [run(round=1, seconds=1.0)])
    twice = Group("x", [run("x", round=1, seconds=each) for each in (2.0, 2.0)])
    found = time_ratio(twice, base)
    assert found is not None
    assert (found.median, found.rounds) == (2.0, 1)


def test_a_void_run_leaves_its_round_out() -> None:
    """Whichever of the two it was."""
    runs = [run(round=1, seconds=1.0), run(round=2, seconds=9.0, void="lost")]
    found = time_ratio(group("x", [0.5, 2.0, 2.0]), Group("protocol", runs))
    assert found is not None
    assert (found.median, found.rounds) == (2.0, 1)
    assert time_ratio(group("x", [1.0]), group("protocol", [1.0], void="lost")) is None


def test_the_interval_is_the_same_for_the_same_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even of so few samples that another seed would be seen."""
    monkeypatch.setattr("loadtest.report.ratios.RESAMPLES", 40)
    values = [3.9, 4.0, 4.13, 4.4, 3.7, 4.22, 3.61, 3.87]
    assert len({interval(values) for _ in range(20)}) == 1


def test_the_interval_holds_the_median() -> None:
    """And stays within the values."""
    found = interval([3.9, 4.0, 4.1, 4.4, 3.7])
    assert found is not None
    assert 3.7 <= found[0] < 4.0 < found[1] <= 4.4


def test_a_single_round_has_no_interval_and_says_so() -> None:
    """There is nothing to learn of chance from one value."""
    found = time_ratio(group("x", [2.0]), group("protocol", [1.0]))
    assert found is not None
    assert found.interval is None
    assert times(found) == "2.00 (one round: no interval)"


@pytest.mark.parametrize(
    ("base", "other", "bound", "text"),
    [
        (False, False, Bound.EXACT, "3.00 (3.00..3.00)"),
        (True, False, Bound.AT_LEAST, "at least 3.00 (3.00..3.00)"),
        (False, True, Bound.AT_MOST, "at most 3.00 (3.00..3.00)"),
        (True, True, Bound.UNKNOWN, "unknown: the generator was the limit of both"),
    ],
)
def test_a_generator_at_its_limit_makes_a_bound(
    base: bool, other: bool, bound: Bound, text: str
) -> None:
    """Of the time; the server's CPU per request is what it is."""
    given: list[dict[str, object]] = [{"makers": LIMITED} if each else {} for each in (base, other)]
    under = group("protocol", [1.0, 1.0], **given[0])
    over = group("x", [3.0, 3.0], **given[1])
    found, cpu = time_ratio(over, under), cpu_ratio(over, under)
    assert found is not None
    assert (found.bound, times(found)) == (bound, text)
    assert cpu is not None
    assert cpu.bound is Bound.EXACT


def found_in(runs: list[Run]) -> list[tuple[str, str, bool, bool]]:
    """(server, base, has time, has CPU) of each ratio."""
    (panel,) = closed_panels(Report({}, runs))
    return [
        (one.server, one.base, time is not None, cpu is not None)
        for time, cpu in ratios(panel)
        if (one := time or cpu)
    ]


def test_the_floor_is_compared_with_nobody() -> None:
    """It is no server."""
    assert found_in([run("floor"), run("fastapi"), run("aiohttp"), run()]) == [
        ("fastapi", "protocol", True, True),
        ("aiohttp", "protocol", True, True),
    ]
    assert found_in([run("floor"), run("fastapi")]) == []


def test_a_base_that_does_not_count_is_none() -> None:
    """The others are compared all the same."""
    assert found_in([run(void="lost"), run("fastapi"), run("aiohttp")]) == [
        ("aiohttp", "fastapi", True, True)
    ]


def test_without_the_base_the_first_takes_its_place() -> None:
    """Some server must; and one elsewhere has no CPU to compare."""
    far = run("x", makers=(Generator(1, 1.0, 0.5), None))
    assert found_in([run("fastapi"), far]) == [("x", "fastapi", True, False)]
