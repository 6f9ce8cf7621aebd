"""loadtest.report.markdown: the report as text."""

from itertools import pairwise

import pytest

from loadtest.report.markdown import markdown, plain
from loadtest.report.model import Generator, Latency, Report, Service, Verdict
from tests.loadtest.report import examples
from tests.loadtest.report.examples import offered, run


def cells(report: Report) -> list[list[str]]:
    """Every line of every table."""
    lines = [line for line in markdown(report).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_seconds_stand_beside_the_published_ones() -> None:
    """For those that were published."""
    runs = [run(seconds=2.0), run(seconds=1.9, round=2), run("fastapi", seconds=27.0), run("x")]
    rows = cells(Report({}, runs))
    assert rows[2] == ["protocol", "1.95 (1.90..2.00)", "4.2", *rows[2][3:5], "had time left"]
    assert rows[3][:3] == ["fastapi", "27.0", "32"]
    assert rows[4][:3] == ["x", "20.0", "-"]


def test_figures_of_every_kind_are_there() -> None:
    """Latency in milliseconds, CPU in microseconds, memory in megabytes."""
    spectrum = [(50.0, 1570.0), (90.0, 2000.0), (99.0, 4100.0), (99.9, 9000.0), (100.0, 12500.0)]
    latency = Latency(spectrum, 1600.0)
    made = (Generator(1, 17.0, 0.3), Service(9.1, 0.97, 31_400_000))
    rows = cells(Report({}, [run(latency=latency, makers=made)]))
    assert ["protocol", "1.57", "2.00", "4.10", "9.00", "12.5"] in rows
    assert ["protocol", "9.10", "0.970", "31.4"] in rows


def test_a_percentile_that_was_not_kept_is_a_dash() -> None:
    """Nothing is guessed."""
    rows = cells(Report({}, [run(latency=Latency([(50.0, 1570.0)], 1.0))]))
    assert ["protocol", "1.57", "-", "-", "-", "-"] in rows


def test_a_generator_at_its_limit_gives_bounds() -> None:
    """With the reason below."""
    limited = (Generator(1, 17.0, 0.01, 0.0, "it never waited"), None)
    report = Report({}, [run(seconds=2.0, makers=limited)])
    text = markdown(report)
    assert {"at most 2.00", "at least 50,000"} <= set(cells(report)[2])
    assert "Generator at its limit. protocol: it never waited" in text


def test_the_floor_is_labelled_and_not_compared() -> None:
    """It shows what the generator can make."""
    text = markdown(Report({}, [run("floor"), run()]))
    assert "| floor (null) |" in text
    assert "The null server answers without doing anything" in text
    assert "## Ratios" not in text


def test_other_numbers_of_requests_are_said_to_be_scaled() -> None:
    """And another number of connections is not compared with the published test."""
    report = Report({}, [run(requests=50_000, seconds=1.0, connections=10)])
    text = markdown(report)
    assert cells(report)[2][:3] == ["protocol", "2.00", "-"]
    assert "since protocol did not make exactly 100,000 requests" in text
    assert "this one 10: they are not compared" in " ".join(text.split())
    assert "4.2" not in text
    assert "exactly" not in markdown(Report({}, [run()]))


def test_arrivals_that_do_not_wait_have_their_own_table() -> None:
    """Offered, achieved, dropped and how late the generator was."""
    rows = cells(Report({}, [offered("protocol", 1_000.0, 800.0)]))
    assert rows[2][:3] == ["protocol", "1,000", "800"]
    assert rows[2][6:] == ["2,000 (20.0%)", "0.0850", "had time left"]


def test_thresholds_failures_and_what_is_void_are_told() -> None:
    """Also those of runs that do not count."""
    report = Report(
        {"kernel": "6.1"},
        [run(failures={"status 500": 2}, void="lost"), run(round=2, failures={"status 500": 1})],
        [Verdict("p99<15ms", None, met=False)],
        ["fastapi: not installed"],
    )
    text = markdown(report)
    for line in (
        "| p99<15ms  |        - | MISSED  |",
        "| protocol | keep-alive | status 500 |        3 |",
        "- protocol, keep-alive, round 1: lost",
        "- fastapi: not installed",
        "| kernel | 6.1   |",
    ):
        assert line in text.splitlines()


@pytest.mark.parametrize("name", ["full", "single", "gallery", "all_void", "hostile"])
def test_tables_are_aligned(name: str) -> None:
    """As wide as their header, and not wider than a terminal."""
    lines = markdown(getattr(examples, name)()).splitlines()
    for before, line in pairwise(lines):
        if line.startswith("|") and before.startswith("|"):
            assert len(line) == len(before)
    if name in ("full", "single", "gallery"):
        assert max(map(len, lines)) <= 120


def test_nothing_measured_is_said_plainly() -> None:
    """No runs, or none that count."""
    assert "Nothing was measured." in markdown(Report({}, []))
    assert "No run counts: there are no figures." in markdown(examples.all_void())


def test_names_cannot_draw() -> None:
    """No cell, tag, heading or colour comes from outside."""
    assert plain("a|b<i>`\n\x1b[1m<5") == "a\\|b\\<i>\\`  \\[1m<5"
    text = markdown(examples.hostile())
    assert "\x1b" not in text
    assert "<script" not in text.replace("\\<", "")
    assert not any(line.startswith("# x") for line in text.splitlines())
