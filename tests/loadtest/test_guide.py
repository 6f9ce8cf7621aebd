"""What the load tests' guide says of their options, figures and exit codes is so."""

import re
from pathlib import Path

from loadtest.rawload.options import OPTIONS
from loadtest.thresholds import FIGURES

GUIDE = (Path(__file__).parents[2] / "loadtest" / "README.md").read_text()
ROW = re.compile(r"^\| `(--[a-z-]+)[^|]*\| (\S+) \| (.+) \|$", re.MULTILINE)


def test_options() -> None:
    """Each is told, with its default."""
    words = {"False": "off", "": "none", "[]": "none"}
    defaults = {name: how.get("default", False) for name, _, how in OPTIONS}
    written = {
        name: words.get(str(each), f"{each:g}" if isinstance(each, float) else str(each))
        for name, each in defaults.items()
    }
    assert {name: text.strip("`") for name, text, _ in ROW.findall(GUIDE)} == written


def test_figures() -> None:
    """Everything that a threshold may name."""
    [told] = [text for name, _, text in ROW.findall(GUIDE) if name == "--threshold"]
    named = re.findall(r"`([a-z][a-z0-9.]*)`", told)
    assert sorted(named) == sorted(FIGURES)
