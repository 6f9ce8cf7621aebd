"""Documents without what names something that has gone."""

import pytest

from ops.new.document import Gone, prune

GONE = Gone(
    frozenset({"bench", "docs/performance.md", "tests/bench"}),
    frozenset({"bench"}),
    frozenset({"Speed"}),
    frozenset({"bench"}),
)
STAYS = [
    "A sentence on `app/bench.py`.",
    "One on `benches/` and [workbench](app.md).",
    "One on [elsewhere](https://example.com/bench).",
    "One on `make benchmark` and `python -m benchmark`.",
    "- an item on `app/`\n- one more,\n  in two lines",
    "| a | b |\n| :-- | :-- |\n| `app/` | c |",
    "```console\n$ make test\n```\n\nruns the tests.",
    "```python\nbench = 1\n```",
    "    indented",
]


@pytest.mark.parametrize("text", STAYS)
def test_stays(text: str) -> None:
    """What names nothing of it is as it was, each line and each blank."""
    text = f"# Title\n\n{text}\n\n## More\n\nEnd of\nit.\n"
    assert prune(text, "README.md", GONE) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("One. Two on `bench/run.py`. Three.", "One. Three."),
        ("One. Two on `make bench ARGS=x`,\nand more. Three.", "One. Three."),
        ("One. Two, `python -m bench.run`. Three.", "One. Three."),
        ("One. The bench does it. Three.", "One. Three."),
        ("One ([figures](docs/performance.md#results)). Two.", "Two."),
        ("One ([there](#speed)). Two.", "Two."),
        ("One, in `bench/test_run.py::test_it`. Two.", "Two."),
        ("Only `bench`.", ""),
        ("- one\n- two on `bench`,\n  in two lines\n- three", "- one\n- three"),
        ("1. one\n2. on `bench`", "1. one"),
        (
            "| a | b |\n| :-- | :-- |\n| `bench/` | c |\n| d | e |",
            "| a | b |\n| :-- | :-- |\n| d | e |",
        ),
        ("| a |\n| :-- |\n| `bench/` |", ""),
        ("```console\n$ make bench\n```\n\nmeasures. And so on.\n\nBut this.", "But this."),
        ("```console\n$ make bench\n```\n\nBut this.", "But this."),
        ("## Speed\n\nFast.\n\n### How\n\nSo.\n\n## Rest\n\nIs here.", "## Rest\n\nIs here."),
        ("## A\n\nOn `bench`.\n\n### B\n\nOn `bench`.\n\n## C\n\nIt.", "## C\n\nIt."),
    ],
)
def test_goes(text: str, left: str) -> None:
    """What names it goes, as far as the sentence, the item, the row, the block or the section."""
    rest = "".join(f"{each}\n\n" for each in [left] if each)
    found = prune(f"# Title\n\n{text}\n\n## End\n\nIt.\n", "README.md", GONE)
    assert found == f"# Title\n\n{rest}## End\n\nIt.\n"


def test_links_from_a_folder() -> None:
    """A link is meant from where the document is."""
    text = "# T\n\nOne ([a](performance.md)). Two ([b](../bench/x.md)). Three ([c](bench/x.md)).\n"
    assert prune(text, "docs/x.md", GONE) == "# T\n\nThree ([c](bench/x.md)).\n"


def test_lines_are_filled() -> None:
    """A paragraph that lost a sentence is laid out anew; a word is never cut."""
    text = f"# T\n\n{'word ' * 15}end. On `bench`. More {'or-less ' * 20}end.\n"
    lines = prune(text, "x.md", GONE).splitlines()[2:]
    assert max(map(len, lines)) <= 100
    assert len(lines) == 3
    assert set(" ".join(lines).split()) == {"word", "end.", "More", "or-less"}
