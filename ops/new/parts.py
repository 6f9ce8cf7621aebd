"""The parts of the template that a service may be without: which files and sections they are.

What else belongs to a part is marked where it stands, in files that have comments with `#`:

    one line  # with gallery

    # with gallery:
    several
    # end gallery

In documents nothing is marked: the rows, items and sentences that name what is left out go with it.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ops.new.git import NewError

MARK = re.compile(r"(?m)^(?P<line>.*\S) *# with (?P<part>[a-z]+)\n")
BLOCK = re.compile(
    r"(?m)^[ \t]*# with (?P<part>[a-z]+):\n(?P<lines>(?:.*\n)*?)[ \t]*# end (?P=part)\n"
)
LEFT = re.compile(r"(?m)^.*# (?:with [a-z]+:?|end [a-z]+)$")


@dataclass(frozen=True, slots=True)
class Part:
    """paths: files and folders. sections: of documents, by their headings. takes: parts that
    cannot be without it. moved, words: what is put in its place, and how it is called there."""

    what: str
    paths: tuple[str, ...]
    sections: tuple[str, ...] = ()
    takes: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


# No service has this one.
TEMPLATE = Part("what makes services", ("ops/new", "tests/ops/new", "docs/template.md"))
OPTIONAL: Mapping[str, Part] = {
    "gallery": Part(
        "the nine other ways of serving",
        ("app/gallery", "tests/gallery", "requirements-gallery.txt"),
        ("The gallery", "What each can do", "What each costs", "A closer look"),
        # They measure the gallery's ways, and FastAPI out of its requirements.
        frozenset({"bench"}),
        # What the two servers that are deployed can do: the contract tests read it.
        {"ops/new/abilities.py": "tests/contract/abilities.py"},
        {"app.gallery.ways": "tests.contract.abilities"},
    ),
    "bench": Part(
        "what measures the service beside other servers, and what came of it",
        (
            *("bench", "tests/bench", "docs/performance.md"),
            *("loadtest/comparison", "tests/loadtest/comparison"),
        ),
        ("Speed", "The load test", "Side by side", "What each costs"),
    ),
}
PARTS: Mapping[str, Part] = {"template": TEMPLATE, **OPTIONAL}


def cut(text: str, without: Collection[str]) -> str:
    """Take out what is marked as being of these parts, and the marks of the others. Raises
    NewError for a mark of no part, and one without its end."""

    def keep(match: re.Match[str]) -> str:
        part = match["part"]
        if part not in PARTS:
            raise NewError(f"there is no part {part}: {match[0].strip()}")
        if part in without:
            return ""
        return match["lines"] if "lines" in match.groupdict() else f"{match['line']}\n"

    text = MARK.sub(keep, BLOCK.sub(keep, text))
    if left := LEFT.search(text):
        raise NewError(f"a mark without its other half: {left[0].strip()}")
    return text
