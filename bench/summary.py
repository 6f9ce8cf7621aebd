"""A run as people read it (Markdown) and as programs do (JSON). Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.floors import MEGABYTE, OURS, Judgement, Verdict
from bench.options import Options
from bench.results import Cell, Figure, Results, cpu_us, rate
from bench.spread import Spread
from bench.targets import TARGETS

NOTHING = "-"
YARDSTICK = "nginx"


def describe(found: Spread | None, pattern: str = "{:.1f}") -> str:
    """A median with its ends, or a dash."""
    if found is None:
        return NOTHING
    middle, low, high = map(pattern.format, (found.median, found.low, found.high))
    return f"{middle} ({low}..{high})"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of cells, the first column to the left and the others to the right."""
    rule = [":--", *["--:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


@dataclass(frozen=True, slots=True)
class Summary:
    """One run, whole."""

    options: Options
    facts: Mapping[str, str]
    results: Results
    judgements: Sequence[Judgement]

    def markdown(self) -> str:
        """The report: a title, then a section per question."""
        head = (
            "# Server CPU per request\n\n"
            f"Medians of {self.options.rounds} interleaved rounds, lowest and highest in brackets;"
            " 100 connections; the same 13 bytes of body from everyone.\n\n"
        )
        head += markdown_table(["of", "version"], [list(fact) for fact in self.facts.items()])
        sections = {
            "CPU microseconds per request": self._cpu(),
            **{
                f"CPU per request, times {base}'s": self._ratios(base)
                for base in (YARDSTICK, OURS)
                if base in self.options.servers
            },
            "Requests per second": self._rates(),
            "Memory of a worker, MB": self._memory(),
            "Floors": self._floors(),
            "What does not count": "\n".join(f"- {trouble}" for trouble in self._troubles()),
        }
        parts = [f"## {title}\n\n{text}" for title, text in sections.items() if text]
        return "\n\n".join([head, *parts]) + "\n"

    def as_json(self) -> dict[str, Any]:
        """The same, with every cell of every round."""
        options = {name: value for name, value in asdict(self.options).items() if name != "out"}
        return {
            "facts": dict(self.facts),
            "options": options,
            "answer_bytes": dict(self.results.answer_bytes),
            "cells": [_cell_as_json(cell) for cell in self.results.cells],
            "memory": {name: asdict(each) for name, each in self.results.memories.items()},
            "floors": [_judgement_as_json(each) for each in self.judgements],
            "troubles": self._troubles(),
        }

    def _troubles(self) -> list[str]:
        return [*self.results.missing, *self.results.voids()]

    def _by_load(self, cell: Callable[[str, str], str]) -> str:
        loads, servers = self.options.loads, self.options.servers
        rows = [[server, *(cell(server, load) for load in loads)] for server in servers]
        return markdown_table(["server", *loads], rows)

    def _cpu(self) -> str:
        sizes = ", ".join(f"{name} {size}" for name, size in self.results.answer_bytes.items())
        table = self._by_load(
            lambda server, load: describe(self.results.figure(cpu_us, server, load))
        )
        text = f"{table}\n\nBytes of an answer, head and body: {sizes or NOTHING}."
        closing = [name for name in self.options.servers if not TARGETS[name].keeps]
        if closing:
            text += f" A connection per request under every load: {', '.join(closing)}."
        return text

    def _ratios(self, base: str) -> str:
        return self._by_load(
            lambda server, load: describe(self.results.ratio(cpu_us, server, base, load), "{:.2f}")
        )

    def _rates(self) -> str:
        def cell(server: str, load: str) -> str:
            text = describe(self.results.figure(rate, server, load), "{:,.0f}")
            return f"> {text}" if self.results.generator_bound(server, load) else text

        return self._by_load(cell) + "\n\n`>`: the load generator was the limit, not the server."

    def _memory(self) -> str:
        rows = []
        for name, memory in self.results.memories.items():
            sizes = (memory.before, memory.after, memory.more)
            pss, rss = [each.pss for each in sizes], [each.rss for each in sizes]
            rows.append([name, *(f"{size / MEGABYTE:.1f}" for size in (*pss, *rss))])
        if not rows:
            return ""
        columns = ["idle", "with 10,000 idle connections", "more"]
        header = ["server", *(f"{kind}, {each}" for kind in ("PSS", "RSS") for each in columns)]
        return markdown_table(header, rows)

    def _floors(self) -> str:
        if self.judgements and all(each.verdict is Verdict.SKIPPED for each in self.judgements):
            return ""
        rows = [
            [
                judgement.floor.text,
                judgement.floor.wanted,
                describe(judgement.found, "{:.2f}"),
                judgement.verdict.value,
            ]
            for judgement in self.judgements
        ]
        return markdown_table(["floor", "wanted", "measured", "verdict"], rows)


def _cell_as_json(cell: Cell) -> dict[str, Any]:
    figures: Mapping[str, Figure] = {} if cell.void else {"cpu_us": cpu_us, "rate": rate}
    return asdict(cell) | {name: figure(cell) for name, figure in figures.items()}


def _judgement_as_json(judgement: Judgement) -> dict[str, Any]:
    return {
        "text": judgement.floor.text,
        "wanted": judgement.floor.wanted,
        "measured": asdict(judgement.found) if judgement.found else None,
        "verdict": judgement.verdict.value,
    }
