"""Thresholds: what can be judged, what cannot, and on which side of the bound a figure is."""

import math
import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.report.model import Generator, Latency
from loadtest.thresholds import (
    FIGURES,
    Threshold,
    ThresholdError,
    figures_of,
    parse_threshold,
    parse_thresholds,
)
from tests.loadtest.report.examples import run

TIMES = [
    *("p50", "p75", "p90", "p95", "p99", "p99.5", "p99.9", "p99.99", "p99.999"),
    *("max", "mean", "cpu", "lag"),
]
PLAIN = ["rps", "failed", "failures", "dropped", "requests", "idle", "connections"]
IN_TIME = [("15ms", 15_000), ("15 ms", 15_000), ("0.5ms", 500), ("20us", 20), ("1.5S", 1.5e6)]
NUMBERS = [("0", 0), ("20000", 20_000), ("0.25", 0.25)]
PER_CENT = [("1%", 1), ("0.1 %", 0.1)]
IN_BYTES = [("64mb", 64e6), ("64MB", 64e6), ("1.5kb", 1_500)]
BOUNDS = [
    *((name, *bound) for name in TIMES for bound in IN_TIME),
    *((name, *bound) for name in PLAIN for bound in NUMBERS),
    *((name, *bound) for name in ("failed", "idle") for bound in PER_CENT),
    *(("memory", *bound) for bound in IN_BYTES),
]


@pytest.mark.parametrize(("figure", "text", "bound"), BOUNDS)
def test_figures_and_units(figure: str, text: str, bound: float) -> None:
    """Each figure in each of its units, spaced or not, with each comparison."""
    for comparison in ("<", "<=", ">", ">="):
        for spaced in (f"{figure}{comparison}{text}", f" {figure} {comparison}  {text} "):
            found = parse_threshold(spaced)
            expected = Threshold(spaced.strip(), "", figure, comparison, bound)
            assert replace(found, bound=bound) == expected
            assert math.isclose(found.bound, bound)


def test_every_figure_is_tried() -> None:
    """The table has all that there are."""
    assert {figure for figure, *_ in BOUNDS} == set(FIGURES)


OWNERS = {
    "protocol.p99<15ms": ("protocol", "p99", 15_000),
    "protocol.p99.9<15ms": ("protocol", "p99.9", 15_000),
    "way:http.server.rps>=9": ("way:http.server", "rps", 9),
    "protocol/fastapi.rps>=5": ("protocol/fastapi", "rps", 5),
    "protocol/fastapi.p99.9<=0.5": ("protocol/fastapi", "p99.9", 0.5),
    "protocol/fastapi.memory<2": ("protocol/fastapi", "memory", 2),
}


@pytest.mark.parametrize("text", OWNERS)
def test_owners(text: str) -> None:
    """A figure of one server, or of one against another: then it is a plain number."""
    found = parse_threshold(text)
    assert (found.of, found.figure, found.bound) == OWNERS[text]
    assert found.key == f"{found.of}.{found.figure}"


IS_NONE = "is no threshold; `p99<15ms` and `rps>=20000` are"
BAD = {
    "": IS_NONE,
    "p99": IS_NONE,
    "p99<": IS_NONE,
    "<15ms": IS_NONE,
    "p99=15ms": IS_NONE,
    "p99==15ms": IS_NONE,
    "p99=<15ms": IS_NONE,
    "p99<-15ms": IS_NONE,
    "p99<1e3ms": IS_NONE,
    "p99<.5ms": IS_NONE,
    "p99<\u0661ms": IS_NONE,
    "p99<15ms p50<1ms": IS_NONE,
    "15ms>p99": IS_NONE,
    "p99<nan": IS_NONE,
    ".p99<15ms": IS_NONE,
    "p98<15ms": "'p98' is none of p50, p75,",
    "p<15ms": "'p' is none of",
    "latency<15ms": "'latency' is none of",
    "p99<15": "p99 is in us or ms or s",
    "p99<15mb": "p99 is in us or ms or s",
    "p99<15%": "p99 is in us or ms or s",
    "p99<15min": "p99 is in us or ms or s",
    "memory<64": "memory is in kb or mb",
    "memory<64ms": "memory is in kb or mb",
    "rps>=20000ms": "rps is a plain number",
    "rps>=1%": "rps is a plain number",
    "failed<1ms": "failed is a plain number or in %",
    "idle>5kb": "idle is a plain number or in %",
    "a/b.p99<15ms": "p99 is a plain number",
    "a/b.failed<1%": "failed is a plain number",
}


@pytest.mark.parametrize("text", BAD)
def test_no_thresholds(text: str) -> None:
    """The text as it was given, and what would be one."""
    with pytest.raises(ThresholdError, match=re.escape(BAD[text])) as caught:
        parse_threshold(text)
    assert repr(text) in str(caught.value)


def test_several_bad_ones() -> None:
    """All are named at once, a line each; the good ones between them are not."""
    with pytest.raises(ThresholdError) as caught:
        parse_thresholds(["p98<1ms", "p99<15ms", "rps", "memory<1"])
    lines = str(caught.value).split("\n")
    assert [line.split(" ", 1)[0].rstrip(":") for line in lines] == [
        "'p98<1ms'",
        "'rps'",
        "'memory<1'",
    ]


def test_several() -> None:
    """In their order."""
    found = parse_thresholds(["p99<15ms", "rps>=1"])
    assert [each.figure for each in found] == ["p99", "rps"]
    assert parse_thresholds([]) == []


SIDES = {
    "<": (True, False, False),
    "<=": (True, True, False),
    ">": (False, False, True),
    ">=": (False, True, True),
}


@pytest.mark.parametrize("comparison", SIDES)
def test_judge(comparison: str) -> None:
    """Below the bound, on it, above it; the value is told in the threshold's unit."""
    wanted = parse_threshold(f"p99{comparison}15ms")
    for value, met in zip((14_999.9, 15_000.0, 15_000.1), SIDES[comparison], strict=True):
        verdict = wanted.judge({"p99": value})
        assert (verdict.text, verdict.met) == (f"p99{comparison}15ms", met)
        assert (verdict.value, verdict.unit) == (value / 1000, "ms")


def test_judge_what_was_not_measured() -> None:
    """It meets nothing, whatever the comparison; nor does what another server did."""
    for comparison in SIDES:
        verdict = parse_threshold(f"cpu{comparison}15us").judge({"p99": 1.0, "b.cpu": 1.0})
        assert (verdict.value, verdict.met) == (None, False)
        assert not parse_threshold(f"a.p99{comparison}1ms").judge({"p99": 1.0, "b.p99": 1.0}).met


def spectrum(value: float) -> Latency:
    """All percentiles that can be judged, in microseconds: p99 is 99 times the value."""
    at = (0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99, 99.999, 100.0)
    return Latency([(percent, percent * value) for percent in at], 7.0)


def test_figures_of() -> None:
    """Each figure there is, of a run with a server on this machine and arrivals of its own."""
    measured = run(
        requests=1_000,
        failures={"status 500": 4, "wrong body": 1},
        seconds=2.0,
        rate=500.0,
        latency=spectrum(10.0),
        traffic={"opened": 9, "dropped": 3, "warm_up": 50},
    )
    measured = replace(measured, makers=(Generator(1, 17.0, 0.31, 85.0), measured.makers[1]))
    figures = figures_of(measured)
    assert set(figures) == set(FIGURES)
    percentiles = {name: figures[name] for name in FIGURES if name.startswith("p")}
    assert percentiles == {
        name: pytest.approx(10 * float(name.removeprefix("p"))) for name in percentiles
    }
    rest = {name: value for name, value in figures.items() if name not in percentiles}
    assert rest.pop("idle") == pytest.approx(31)
    assert rest == {
        "mean": 7.0,
        "max": 1000.0,
        "rps": 497.5,
        "failed": 0.5,
        "failures": 5.0,
        "dropped": 3.0,
        "requests": 1000.0,
        "connections": 9.0,
        "lag": 85.0,
        "cpu": 9.1,
        "memory": 31e6,
    }


def test_figures_that_were_not_measured() -> None:
    """No lag without arrivals, no CPU of a server elsewhere, no latency where nothing was answered
    as it must be: a server that refuses everything at once is not the fastest."""
    measured = run(requests=10, failures={"status 500": 10}, latency=spectrum(0.0))
    figures = figures_of(replace(measured, makers=(measured.generator, None)))
    absent = set(FIGURES) - set(figures)
    assert absent == {*TIMES, "memory"}
    assert (figures["failed"], figures["rps"]) == (100.0, 0.0)
    assert not parse_threshold("p99<15ms").judge(figures).met
    assert figures_of(run(requests=0, failures={}, latency=spectrum(0.0)))["failed"] == 100.0


@settings(deadline=None, database=None)
@given(
    figure=st.sampled_from(TIMES),
    comparison=st.sampled_from(list(SIDES)),
    bound=st.decimals(0, 10**6, places=3),
    unit=st.sampled_from(["us", "ms", "s"]),
)
def test_any_bound(figure: str, comparison: str, bound: Decimal, unit: str) -> None:
    """What is written as a decimal number is the bound, in microseconds."""
    found = parse_threshold(f"{figure}{comparison}{bound}{unit}")
    assert math.isclose(found.bound, float(bound) * {"us": 1, "ms": 1e3, "s": 1e6}[unit])


@settings(deadline=None, database=None)
@given(st.text(alphabet="p9.<>=ms%r/:a \n0", max_size=16))
def test_any_text(text: str) -> None:
    """Is a threshold, or is refused by name."""
    try:
        found = parse_threshold(text)
    except ThresholdError as error:
        assert repr(text) in str(error)  # noqa: PT017 (most texts are refused)
    else:
        assert found.figure in FIGURES
