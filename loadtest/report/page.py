"""A report as one page of HTML: nothing is fetched, and nothing has to be. Pure.

Its policy names the very style and script by their hashes and forbids everything else, so that a
name that comes from outside could do nothing even if it were not escaped.
"""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from loadtest.report.courses import courses, offered, spectrum
from loadtest.report.figures import FLOOR, Panel, closed_panels, counts, open_panels
from loadtest.report.model import Report
from loadtest.report.overview import cards
from loadtest.report.plots import Colours, Figure, colours, cpu, headline, memory, steadiness
from loadtest.report.remarks import opening, troubles, unsaid
from loadtest.report.svg import tag, words
from loadtest.report.tables import (
    MISSED,
    Table,
    closed_tables,
    fact_table,
    failure_table,
    open_tables,
    verdict_table,
)

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
SCRIPT = Path(__file__).with_name("script.js").read_text(encoding="utf-8")

# User units of the two drawings of a plot; style.css shows the one that fits.
SIZES = {"narrow": 336.0, "wide": 530.0}


def page(report: Report) -> str:
    """The whole document."""
    given = colours(report)
    closed, arriving = closed_panels(report), open_panels(report)
    sections = [_top(report, closed, given)]
    sections += [_load(panel, given, alone=len(closed) == 1) for panel in closed]
    if arriving:
        sections.append(_arriving(arriving, given))
    sections += [_tables(f"{kind}s", kind_table) for kind, kind_table in _short(report)]
    sections.append(_list("void", "What does not count", troubles(report)))
    sections.append(_tables("facts", fact_table(report)))
    sections.append(_list("unsaid", "What the figures do not say", unsaid(report)))
    body = tag("main", *sections)
    return f'<!doctype html>\n<html lang="en">{_head()}{tag("body", body, _script())}</html>\n'


def _short(report: Report) -> list[tuple[str, Table]]:
    return [("threshold", verdict_table(report)), ("failure", failure_table(report))]


def _head() -> str:
    policy = (
        f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}';"
        " base-uri 'none'; form-action 'none'"
    )
    return (
        '<head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>Load test</title><style>{STYLE}</style></head>"
    )


def _script() -> str:
    return f"<script>{SCRIPT}</script>"


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def _top(report: Report, panels: Sequence[Panel], given: Colours) -> str:
    figures = [(panel, headline(panel, given)) for panel in panels]
    if len(panels) == 1:
        figures.append((panels[0], cpu(panels[0], given)))
    grid = [_figure(figure, panel.label) for panel, figure in figures if figure]
    return tag(
        "header",
        tag("h1", "Load test"),
        tag("p", words(opening(report)), class_="lead"),
        _alert(report),
        _links(report, panels),
        tag("div", cards(panels), *grid, class_="grid") if grid else "",
    )


def _alert(report: Report) -> str:
    """What would change how the rest is read, said before it."""
    voids, failed = len(troubles(report)), sum(run.failed for run in report.runs)
    missed = sum(not verdict.met for verdict in report.verdicts)
    limited = any(
        run.generator.limited and counts(run) for run in report.runs if run.server != FLOOR
    )
    found = [
        f"Not counted or missing: {voids}." if voids else "",
        f"Failed requests: {failed:,}." if failed else "",
        f"Thresholds missed: {missed}." if missed else "",
        "The generator was the limit of some runs." if limited else "",
    ]
    return tag("p", words(" ".join(filter(None, found))), class_="alert bad") if any(found) else ""


def _links(report: Report, panels: Sequence[Panel]) -> str:
    links = [(panel.key, panel.label) for panel in panels]
    links += [("open", "arrivals that do not wait")] if open_panels(report) else []
    links += [("void", "what does not count")] if troubles(report) else []
    links += [("facts", "what this holds for")] if report.facts else []
    links.append(("unsaid", "what the figures do not say"))
    return tag("nav", *(tag("a", words(text), href=f"#{key}") for key, text in links))


def _load(panel: Panel, given: Colours, *, alone: bool) -> str:
    """One load: its plots, then the same numbers. alone: its CPU is drawn at the top."""
    figures = [
        spectrum(panel, given),
        *courses(panel, given),
        steadiness(panel, given),
        None if alone else cpu(panel, given),
        memory(panel, given),
    ]
    plots = [_figure(figure) for figure in figures if figure]
    return tag(
        "section",
        tag("h2", words(panel.label[:1].upper() + panel.label[1:])),
        tag("div", *plots, class_="grid") if plots else "",
        *(_table(table) for table in closed_tables(panel)),
        id=panel.key,
    )


def _arriving(panels: Sequence[Panel], given: Colours) -> str:
    plots = [_figure(figure) for figure in offered(panels, given)]
    return tag(
        "section",
        tag("h2", "Arrivals that do not wait"),
        tag("div", *plots, class_="grid") if plots else "",
        *(_table(table) for table in open_tables(panels)),
        id="open",
    )


def _figure(figure: Figure, label: str = "") -> str:
    title = f"{figure.title}, {label}" if label else figure.title
    drawings = [_drawing(figure, title, kind, size) for kind, size in SIZES.items()]
    note = tag("p", words(figure.note), class_="note") if figure.note else ""
    return tag(
        "figure",
        tag(
            "figcaption",
            tag("h3", words(figure.title)),
            tag("p", words(label)) if label else "",
            tag("p", words(figure.text), class_="text"),
        ),
        *drawings,
        tag("output", class_="say"),
        note,
        id=figure.key,
        class_="plot",
    )


def _drawing(figure: Figure, title: str, kind: str, size: float) -> str:
    height, markup = figure.plot.draw(size)
    key = f"{figure.key}-{kind}"
    return tag(
        "svg",
        tag("title", words(title), id=f"{key}-title"),
        tag("desc", words(f"{figure.text} {figure.note}"), id=f"{key}-desc"),
        markup,
        viewBox=f"0 0 {size:g} {height:g}",
        role="group",
        aria_labelledby=f"{key}-title",
        aria_describedby=f"{key}-desc",
        class_=kind,
    )


def _table(table: Table) -> str:
    if not table.rows:
        return ""

    def cells(name: str, row: Sequence[str]) -> str:
        found = []
        for at, cell in enumerate(row):
            kinds = [
                *(["words"] if at in table.words else []),
                *(["bad"] if cell == MISSED else []),
            ]
            given = {"class_": " ".join(kinds)} if kinds else {}
            if name == "th":
                given["scope"] = "col"
            kind = "th" if at == 0 else name
            if at == 0 and name == "td":
                given["scope"] = "row"
            found.append(tag(kind, words(cell), **given))
        return tag("tr", *found)

    markup = tag(
        "table",
        tag("caption", words(table.title)),
        tag("thead", cells("th", table.header)),
        tag("tbody", *(cells("td", row) for row in table.rows)),
    )
    notes = [tag("p", words(note), class_="note") for note in table.notes]
    # Reachable by keyboard, since it may have to be scrolled.
    box = tag("div", markup, class_="box", tabindex=0, role="region", aria_label=table.title)
    return tag("div", box, *notes, class_="numbers")


def _tables(key: str, table: Table) -> str:
    return (
        tag("section", tag("h2", words(table.title)), _table(table), id=key) if table.rows else ""
    )


def _list(key: str, title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = [tag("li", words(line)) for line in lines]
    return tag("section", tag("h2", title), tag("ul", *items), id=key)
