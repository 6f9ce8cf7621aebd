"""What the ways of the gallery cost, as docs/ways.md shows it. Pure."""

from bench.facts import PACKAGES
from bench.results import cpu_us
from bench.spread import Spread
from bench.summary import NOTHING, YARDSTICK, Summary, markdown_table
from bench.targets import GALLERY, TARGETS

CLOSES = " \\*"


def ways_table(summary: Summary) -> str:
    """The table, with what it holds for; empty when no way was asked for."""
    asked = [name for name in summary.options.servers if name in GALLERY]
    if not asked:
        return ""
    loads = summary.options.loads
    reference = [YARDSTICK] if YARDSTICK in summary.options.servers else []
    rows = [_row(summary, name) for name in [*asked, *reference]]
    heads = [head for load in loads for head in (load, f"times {YARDSTICK}'s")]
    parts = [_what(summary), markdown_table(["way", *heads], rows)]
    if any(CLOSES in cell for row in rows for cell in row):
        parts.append("`*`: it closes after each answer, so that each request is a connection.")
    if troubles := [*summary.results.missing, *summary.results.voids()]:
        parts.append("\n".join(["What does not count:", "", *(f"- {each}" for each in troubles)]))
    return "\n\n".join(parts) + "\n"


def _what(summary: Summary) -> str:
    facts, rounds = summary.facts, summary.options.rounds
    versions = [f"{name} {facts[name]}" for name in (*PACKAGES, "nginx", "wrk") if name in facts]
    measured = [
        f"Measured {facts.get('date', 'some day')} at commit {facts.get('commit', 'unknown')}",
        facts.get("python", ""),
        ", ".join(versions),
        f"{facts.get('cores', 'some')} cores of {facts.get('processor', 'some processor')}",
        f"Linux {facts.get('kernel', 'of some version')}",
        facts.get("pinning", ""),
    ]
    return (
        f"Microseconds of server CPU per request, and how many times {YARDSTICK}'s that is: medians"
        f" of {rounds} interleaved round{'' if rounds == 1 else 's'}; 100 connections, one"
        " worker.\n\n" + "; ".join(each for each in measured if each) + "."
    )


def _row(summary: Summary, name: str) -> list[str]:
    cells = []
    for load in summary.options.loads:
        figure = summary.results.figure(cpu_us, name, load)
        mark = "" if TARGETS[name].keeps or load == "close" or figure is None else CLOSES
        cells.append(_middle(figure) + mark)
        cells.append(_middle(summary.results.ratio(cpu_us, name, YARDSTICK, load)))
    return [name.removeprefix("way:"), *cells]


def _middle(found: Spread | None) -> str:
    return NOTHING if found is None else f"{found.median:.1f}"
