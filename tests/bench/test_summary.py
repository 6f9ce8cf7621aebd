"""bench.summary: the report."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.floors import judge_all
from bench.options import Options
from bench.process import Memory
from bench.results import Cell, IdleMemory, Results
from bench.spread import Spread
from bench.summary import Summary, describe, markdown_table

LOADS = ["plain"]
SERVERS = ["protocol", "nginx"]
CELLS = [
    Cell(1, "plain", "protocol", 1000, 0.5, 0.012, 0.1),
    Cell(1, "plain", "nginx", 1000, 0.4, 0.010, 0.4),
    Cell(2, "plain", "protocol", void="wrk saw 3 read errors"),
]
MEMORY = IdleMemory(10_000, Memory(20_000_000, 30_000_000), Memory(45_000_000, 56_000_000))


@pytest.fixture
def summary() -> Summary:
    """Two servers under one load, one void cell, one thing missing."""
    results = Results(CELLS, {"protocol": MEMORY}, {"protocol": 150, "nginx": 160}, ["no fastapi"])
    options = Options(2, 1, LOADS, SERVERS, skip_memory=False, check=False, out=Path("out"))
    judgements = judge_all(results, SERVERS, [*LOADS, "memory"])
    return Summary(options, {"kernel": "6.1"}, results, judgements)


@pytest.mark.parametrize(
    ("found", "expected"), [(None, "-"), (Spread(1.25, 1.04, 2.0), "1.2 (1.0..2.0)")]
)
def test_a_figure_is_shown_with_its_ends(found: Spread | None, expected: str) -> None:
    """What was not measured is a dash."""
    assert describe(found) == expected


def test_a_table_has_a_row_per_row() -> None:
    """The first column stands to the left, the others to the right."""
    table = markdown_table(["server", "plain"], [["nginx", "8.2"], ["floor", "-"]])
    assert table == "| server | plain |\n| :-- | --: |\n| nginx | 8.2 |\n| floor | - |"


@pytest.mark.parametrize(
    "line",
    [
        "| kernel | 6.1 |",
        "| protocol | 12.0 (12.0..12.0) |",
        "| nginx | 1.00 (1.00..1.00) |",
        "| protocol | 1.20 (1.20..1.20) |",
        "| nginx | 0.83 (0.83..0.83) |",
        "| protocol | 2,000 (2,000..2,000) |",
        "| nginx | > 2,500 (2,500..2,500) |",
        "| protocol | 20.0 | 45.0 | 25.0 | 30.0 | 56.0 | 26.0 |",
        "| an idle worker, PSS | at most 35 MB | 20.00 (20.00..20.00) | PASS |",
        "| CPU per request, close: protocol to nginx | at most 2.5 times | - | SKIP |",
        "Bytes of an answer, head and body: protocol 150, nginx 160.",
        "- no fastapi",
        "- protocol, plain, round 2: wrk saw 3 read errors",
    ],
)
def test_the_report_holds_every_kind_of_line(summary: Summary, line: str) -> None:
    """Facts, figures, ratios both ways, rates, memory, floors, and what does not count."""
    assert line in summary.markdown().splitlines()


def test_a_section_without_anything_is_left_out(summary: Summary) -> None:
    """No memory measured and nothing void: no empty headings."""
    bare = Summary(summary.options, {}, Results(CELLS[:2], {}, {}, []), [])
    headings = [line for line in bare.markdown().splitlines() if line.startswith("## ")]
    assert headings == [
        "## CPU microseconds per request",
        "## CPU per request, times nginx's",
        "## CPU per request, times protocol's",
        "## Requests per second",
        "## Floors",
    ]


def test_floors_that_nobody_asked_for_are_left_out(summary: Summary) -> None:
    """A run of the ways has none."""
    judgements = judge_all(summary.results, ["nginx"], ["plain"])
    bare = Summary(summary.options, {}, summary.results, judgements)
    assert "## Floors" not in bare.markdown()


def test_a_server_that_keeps_no_connection_is_named(summary: Summary) -> None:
    """Its plain load is none."""
    options = replace(summary.options, servers=["nginx", "way:wsgi-sync"])
    text = Summary(options, {}, summary.results, []).markdown()
    assert "A connection per request under every load: way:wsgi-sync." in text
    assert "A connection per request under every load" not in summary.markdown()


def test_the_figures_survive_as_json(summary: Summary) -> None:
    """Programs find every cell, the memory, and each floor's verdict."""
    kept = json.loads(json.dumps(summary.as_json()))
    assert [cell.get("cpu_us") for cell in kept["cells"]] == [12.0, 10.0, None]
    assert kept["memory"]["protocol"]["before"] == {"pss": 20_000_000, "rss": 30_000_000}
    assert kept["floors"][0] == {
        "text": "CPU per request, plain: protocol to nginx",
        "wanted": "at most 1.5 times",
        "measured": {"median": 1.2, "low": 1.2, "high": 1.2},
        "verdict": "PASS",
    }
    assert kept["floors"][1]["measured"] is None
