"""loadtest.comparison.verdicts: thresholds over servers and rounds."""

from collections.abc import Sequence

import pytest

from loadtest.comparison.verdicts import check, judge
from loadtest.report.model import Run
from loadtest.thresholds import parse_thresholds
from tests.loadtest.comparison.examples import run


def found(text: str, runs: Sequence[Run]) -> tuple[float | None, bool]:
    """What one threshold comes to."""
    (verdict,) = judge(parse_thresholds([text]), runs)
    return verdict.value, verdict.met


def rounds(server: str, *cpu_us: float) -> list[Run]:
    """A run in each round."""
    return [run(server, number=at, cpu_us=each) for at, each in enumerate(cpu_us, 1)]


@pytest.mark.parametrize(
    ("bound", "value", "met"), [("12us", 12.0, False), ("12.1us", 12.0, True), ("1ms", 0.012, True)]
)
def test_the_median_of_the_rounds_is_judged(bound: str, value: float, met: bool) -> None:
    """Neither the best nor the worst of them."""
    runs = rounds("protocol", 90.0, 11.0, 12.0)
    assert found(f"keepalive:protocol.cpu<{bound}", runs) == (value, met)


def test_a_ratio_is_made_within_each_round() -> None:
    """Medians of both first would give 30/10; the rounds give 2, 3 and 9."""
    runs = [*rounds("fastapi", 20.0, 30.0, 90.0), *rounds("protocol", 10.0, 10.0, 10.0)]
    assert found("keepalive:fastapi/protocol.cpu>=3", runs) == (3.0, True)
    runs = [*rounds("fastapi", 20.0, 90.0, 30.0), *rounds("protocol", 20.0, 10.0, 30.0)]
    assert found("keepalive:fastapi/protocol.cpu>=3", runs) == (1.0, False)


def test_a_round_without_both_makes_no_ratio() -> None:
    """It is left out; where none is left, the threshold is not met."""
    runs = [*rounds("fastapi", 20.0, 90.0), *rounds("protocol", 10.0)]
    assert found("keepalive:fastapi/protocol.cpu>=2", runs) == (2.0, True)
    assert found("keepalive:aiohttp/protocol.cpu>=2", runs) == (None, False)


def test_a_server_that_used_no_clock_tick_divides_nothing() -> None:
    """Where it answered a few requests."""
    runs = [*rounds("fastapi", 20.0, 20.0), *rounds("protocol", 0.0, 10.0)]
    assert found("keepalive:fastapi/protocol.cpu>=2", runs) == (2.0, True)


def test_one_failure_is_one_too_many() -> None:
    """The worst round counts, void or not, where two of three had none."""
    runs = [run(number=1), run(number=2, failures={"wrong body": 2}, void="x"), run(number=3)]
    assert found("keepalive:protocol.failures<=0", runs) == (2.0, False)
    assert found("keepalive:protocol.failed<=2%", runs) == (2.0, True)


def test_void_runs_have_no_figures() -> None:
    """As in the report."""
    runs = [run(number=1, cpu_us=50.0, void="x"), run(number=2, cpu_us=10.0)]
    assert found("keepalive:protocol.cpu<20us", runs) == (10.0, True)


def test_without_a_figure_nothing_is_met() -> None:
    """The server's processes were elsewhere."""
    assert found("keepalive:protocol.cpu<20us", [run(cpu_us=None)]) == (None, False)


def test_each_load_has_its_own() -> None:
    """Kept connections, new ones, and each rate of arrivals."""
    runs = [
        run(cpu_us=1.0),
        run(mode="close", cpu_us=2.0),
        run(rate=500.0, cpu_us=3.0),
        run(rate=2500.0, cpu_us=4.0),
    ]
    texts = [f"{load}:protocol.cpu<9us" for load in ("keepalive", "close", "open-500", "open-2500")]
    assert [found(text, runs)[0] for text in texts] == [1.0, 2.0, 3.0, 4.0]


def test_a_way_is_named_with_its_prefix() -> None:
    """There are two colons in it then."""
    runs = [run("way:snow", p99_us=5_000.0)]
    assert found("keepalive:way:snow.p99<6ms", runs) == (5.0, True)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("keepalive:protocol.cpu<1us", ""),
        ("keepalive:fastapi/protocol.cpu>1", ""),
        ("p99<15ms", "of what?"),
        ("protocol.p99<15ms", "of what?"),
        ("keepalive:a/b/c.cpu>1", "of what?"),
        ("keepalive:/protocol.cpu>1", "of what?"),
        ("close:protocol.cpu<1us", "close is not measured, keepalive is"),
        ("keepalive:aiohttp/protocol.cpu>1", "aiohttp is not measured"),
        ("keepalive:protocol/aiohttp.cpu>1", "aiohttp is not measured"),
    ],
)
def test_a_threshold_of_nothing_is_refused(text: str, wrong: str) -> None:
    """Before anything is measured, with what there is."""
    said = check(parse_thresholds([text]), ["keepalive"], ["protocol", "fastapi"])
    assert bool(said) == bool(wrong)
    assert wrong in "".join(said)
