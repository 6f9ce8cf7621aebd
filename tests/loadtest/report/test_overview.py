"""loadtest.report.overview: what is read first, and what stands beside it."""

import re

from loadtest.report.figures import closed_panels
from loadtest.report.model import Report, Run
from loadtest.report.overview import cards
from tests.loadtest.report.examples import run


def lines(*runs: Run) -> list[str]:
    """The lines of the cards."""
    text = cards(closed_panels(Report({}, runs)))
    return [each for each in re.sub(r"<[^>]*>", "\n", text).split("\n") if each.strip()]


def test_cpu_comes_before_what_was_published() -> None:
    """It holds still; the seconds may be the generator's."""
    found = lines(run("protocol"), run("fastapi"))
    cpu = found.index("CPU of a request: 9.10 us")
    published = found.index("Published: 4.2 s, whether over kept connections is unknown")
    assert cpu < published
    assert found[cpu + 1].startswith("fastapi: 29.1 ")
    assert found[published + 1].startswith("fastapi: 14.6 ")
    assert found[published + 1].endswith("times the seconds; published: 7.6")


def test_nobody_watched_the_server() -> None:
    """Then there is no CPU to speak of."""
    generator = run("protocol").generator
    found = lines(run("protocol", makers=(generator, None)))
    assert [each for each in found if "CPU" in each] == []
    assert any(each.startswith("Published: ") for each in found)
