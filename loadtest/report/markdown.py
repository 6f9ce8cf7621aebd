"""A report as Markdown that also reads well in a terminal: cells are aligned. Pure.

Names come from outside: nothing in them may draw a cell, a tag or a terminal's colours.
"""

import re
from collections.abc import Sequence
from textwrap import fill

from loadtest.report.figures import closed_panels, open_panels
from loadtest.report.model import Report
from loadtest.report.remarks import opening, troubles, unsaid
from loadtest.report.tables import (
    Table,
    closed_tables,
    fact_table,
    failure_table,
    open_tables,
    verdict_table,
)

# What Markdown would read as its own. Underscores inside of words it leaves alone.
SPECIAL = re.compile(r"[\\|`\[*]|<(?=[A-Za-z/!?])")

WIDTH = 110  # columns of a terminal for sentences; a table takes what it needs


def plain(text: str) -> str:
    """One line without anything that Markdown or a terminal would act on."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return SPECIAL.sub(r"\\\g<0>", line)


def markdown_table(table: Table) -> str:
    """Aligned cells; the columns that hold words to the left, the others to the right."""
    cells = [[plain(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(3, *map(len, column)) for column in zip(*cells, strict=True)]
    left = [at in table.words for at in range(len(widths))]
    rule = [
        ":" + "-" * (width - 1) if words else "-" * (width - 1) + ":"
        for words, width in zip(left, widths, strict=True)
    ]
    lines = [
        [
            cell.ljust(width) if words else cell.rjust(width)
            for cell, words, width in zip(row, left, widths, strict=True)
        ]
        for row in cells
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:]))


def markdown(report: Report) -> str:
    """The whole report: the loads, the ratios, what failed, and what must be known of it."""
    parts = ["# Load test", _wrapped(opening(report))]
    for panel in closed_panels(report):
        parts.append(f"## {_capital(plain(panel.label))}")
        parts += _laid_out(closed_tables(panel))
    tables = open_tables(open_panels(report))
    if tables:
        parts += ["## Arrivals that do not wait", *_laid_out(tables)]
    for table in (verdict_table(report), failure_table(report)):
        if table.rows:
            parts += [f"## {table.title}", markdown_table(table)]
    parts += _listed("What does not count", troubles(report))
    facts = fact_table(report)
    if facts.rows:
        parts += [f"## {facts.title}", markdown_table(facts)]
    parts += _listed("What the figures do not say", unsaid(report))
    return "\n\n".join(parts) + "\n"


def _laid_out(tables: Sequence[Table]) -> list[str]:
    parts = []
    for table in tables:
        parts += [f"### {plain(table.title)}", markdown_table(table)]
        parts += ["\n".join(_wrapped(note) for note in table.notes)] if table.notes else []
    return parts


def _listed(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return [f"## {title}", "\n".join(_wrapped(line, "- ") for line in lines)]


def _wrapped(line: str, before: str = "") -> str:
    """A sentence over as many lines as it needs in a terminal."""
    after = " " * len(before)
    return fill(plain(line), WIDTH, initial_indent=before, subsequent_indent=after)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
