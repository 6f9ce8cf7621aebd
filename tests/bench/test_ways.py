"""bench.ways: the table for docs/ways.md."""

from pathlib import Path

from bench.options import Options
from bench.results import Cell, Results
from bench.summary import Summary
from bench.ways import ways_table

LOADS = ["plain", "close"]
CELLS = [
    Cell(1, "plain", "nginx", 1000, 1.0, 0.010),
    Cell(1, "close", "nginx", 1000, 1.0, 0.020),
    Cell(1, "plain", "way:streams", 1000, 1.0, 0.040),
    Cell(1, "close", "way:streams", 1000, 1.0, 0.070),
    Cell(1, "plain", "way:wsgi-sync", 1000, 1.0, 0.200),
    Cell(1, "close", "way:wsgi-sync", 1000, 1.0, 0.160),
    Cell(1, "plain", "way:chat", void="wrk saw 3 read errors"),
]
FACTS = {"date": "2026-11-21 04:00 UTC", "commit": "abc", "python": "CPython 3.14.1 (yes)"}


def table(*servers: str, missing: tuple[str, ...] = ()) -> str:
    """What is written for a run of these."""
    options = Options(3, 1, LOADS, list(servers), skip_memory=True, check=False, out=Path("out"))
    facts = {**FACTS, "gunicorn": "27.0.1", "nginx": "1.22.1"}
    cells = [cell for cell in CELLS if cell.server in servers]
    return ways_table(Summary(options, facts, Results(cells, {}, {}, missing), []))


def test_a_way_has_its_cost_and_times_nginxs() -> None:
    """For each load; nginx, to compare with, comes last."""
    assert table("nginx", "way:streams").endswith(
        "| way | plain | times nginx's | close | times nginx's |\n"
        "| :-- | --: | --: | --: | --: |\n"
        "| streams | 40.0 | 4.0 | 70.0 | 3.5 |\n"
        "| nginx | 10.0 | 1.0 | 20.0 | 1.0 |\n"
    )


def test_the_table_says_what_it_holds_for() -> None:
    """Day, commit, interpreter, versions, rounds."""
    head = table("nginx", "way:streams").partition("| way |")[0]
    for part in (*FACTS.values(), "gunicorn 27.0.1", "nginx 1.22.1", "3 interleaved rounds"):
        assert part in head


def test_a_connection_per_request_is_marked() -> None:
    """Where it is not what the load asks for."""
    text = table("nginx", "way:wsgi-sync")
    assert "| wsgi-sync | 200.0 \\* | 20.0 | 160.0 | 8.0 |" in text
    assert "`*`: it closes after each answer" in text
    assert "closes after each answer" not in table("nginx", "way:streams")


def test_what_was_not_measured_is_a_dash_and_said() -> None:
    """A way that did not start, and a cell that does not count."""
    text = table("nginx", "way:chat", missing=("way:snow ended before it listened",))
    assert "| chat | - | - | - | - |" in text
    assert text.endswith(
        "\n\nWhat does not count:\n\n- way:snow ended before it listened\n"
        "- way:chat, plain, round 1: wrk saw 3 read errors\n"
    )


def test_without_nginx_there_are_no_ratios() -> None:
    """The costs stand alone."""
    assert "| streams | 40.0 | - | 70.0 | - |" in table("way:streams")


def test_without_ways_there_is_no_table() -> None:
    """A run of the yardsticks has its own report."""
    assert table("nginx", "protocol") == ""
