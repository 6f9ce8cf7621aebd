"""The table of ways: what the documents and the command line make of it."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.gallery import table
from app.gallery.__main__ import listing
from app.gallery.ways import WAYS, Way

DOCUMENT = Path(__file__).parents[2] / "docs" / "ways.md"
EACH = pytest.mark.parametrize("way", WAYS.values(), ids=lambda way: way.name)


def between(marker: str) -> str:
    """What the document has between two markers."""
    [found] = re.findall(
        rf"<!-- {marker} -->\n(.*?)<!-- /{marker} -->", DOCUMENT.read_text(), re.DOTALL
    )
    return found


@pytest.mark.parametrize("part", [table.ways, table.abilities])
def test_document(part: Callable[[], str]) -> None:
    """docs/ways.md shows the data that the contract suite uses: `python -m app.gallery.table`
    prints it."""
    assert between(part.__name__) == part()


# with bench:
def test_every_way_has_its_cost() -> None:
    """The table of costs has a row for each, with three figures in microseconds."""
    rows = re.findall(r"^\| `?([\w-]+)`? \|(.*)\|$", between("costs"), re.MULTILINE)
    costs = {name: re.findall(r"[0-9]+(?:\.[0-9])?", cells) for name, cells in rows}
    for name in WAYS:
        assert len(costs[name]) >= 3, name


# end bench
@EACH
def test_listed(way: Way) -> None:
    """One line each, short enough for a terminal."""
    [line] = re.findall(rf"^  {way.name} .*$", listing(), re.MULTILINE)
    assert way.idea in line
    assert len(line) <= 100


@EACH
def test_loads(way: Way) -> None:
    """What is named can be imported, and says what it is: the idea, its use, where it stops."""
    serve = way.load()
    module = sys.modules[serve.__module__]
    for words in ("The idea", "Good for", "Where it stops"):
        assert words in (module.__doc__ or ""), words
    assert serve.__doc__


@EACH
def test_reasons(way: Way) -> None:
    """Whatever a way cannot do has a reason."""
    assert all(way.cannot.values())
