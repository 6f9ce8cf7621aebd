"""Which plots a report has, and what is in them. Pure.

Where one run stands for all the rounds of a server (spectrum, course), it is the one in the middle
by throughput.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from loadtest.report.figures import (
    FLOOR,
    Group,
    Measure,
    Panel,
    Spread,
    counts,
    peak_memory,
    published_seconds,
    server_cpu,
    servers,
    throughput,
)
from loadtest.report.lines import LinePlot, Point
from loadtest.report.model import (
    PUBLISHED_CONNECTIONS,
    PUBLISHED_REQUESTS,
    PUBLISHED_SECONDS,
    Report,
)
from loadtest.report.quantities import MEGABYTE, axis, digits
from loadtest.report.ratios import interval
from loadtest.report.rows import Row, RowPlot
from loadtest.report.scale import Scale, linear
from loadtest.report.tables import shown

COLOURS = 8

Colours = Mapping[str, str]

HOLLOW = "Hollow: the generator was the limit, and the server may do better."


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot with its words. key: its id in the page. text: what it shows. note: how to read it."""

    key: str
    title: str
    text: str
    plot: LinePlot | RowPlot
    note: str = ""


def colours(report: Report) -> Colours:
    """A class for each server, the same in every plot; from the ninth on the lines are dashed."""
    names = [name for name in servers(report) if name != FLOOR]
    found = {
        name: f"s{at % COLOURS}{' again' if at >= COLOURS else ''}" for at, name in enumerate(names)
    }
    return {**found, FLOOR: "null"}


def limit_note(panel: Panel) -> str:
    """What hollow means, where something is."""
    return HOLLOW if any(group.limited for group in panel.groups) else ""


def headline(panel: Panel, given: Colours) -> Figure | None:
    """Seconds for the published number of requests; None where no run counts."""
    rows = [
        _bar(group, given, published_seconds, Bars(unit="s", limit="at most"))
        for group in panel.groups
        if group.counted
    ]
    marks = [row.mark for row in rows if row.mark is not None]
    if not rows:
        return None
    note = "Bars: measured. Upright lines: published." if marks else ""
    return Figure(
        f"time-{panel.key}",
        f"Seconds for {PUBLISHED_REQUESTS:,} requests",
        "Bars from zero, shorter is better.",
        RowPlot(rows, _from_zero(rows), "seconds"),
        f"{note} {limit_note(panel)}".strip(),
    )


def cpu(panel: Panel, given: Colours) -> Figure | None:
    """The server's CPU per request; None where no server was watched."""
    rows = [
        _bar(group, given, server_cpu, Bars(unit="us"))
        for group in panel.groups
        if group.values(server_cpu)
    ]
    if not rows:
        return None
    return Figure(
        f"cpu-{panel.key}",
        "Server CPU per request",
        "Bars from zero, shorter is better: user and system time of all the server's processes.",
        RowPlot(rows, _from_zero(rows), "microseconds per request"),
    )


def memory(panel: Panel, given: Colours) -> Figure | None:
    """The most memory that was held; None where no server was watched."""

    def size(bytes_: float) -> float:
        return bytes_ / MEGABYTE

    rows = [
        _bar(group, given, peak_memory, Bars(unit="MB", convert=size))
        for group in panel.groups
        if group.values(peak_memory)
    ]
    if not rows:
        return None
    return Figure(
        f"memory-{panel.key}",
        "Peak memory of the server",
        "Bars from zero, shorter is better: resident memory of all the server's processes.",
        RowPlot(rows, _from_zero(rows), "megabytes"),
    )


@dataclass(frozen=True, slots=True)
class Bars:
    """How a measure is written and drawn."""

    unit: str
    limit: str = ""
    convert: Callable[[float], float] = float


def _bar(group: Group, given: Colours, measure: Measure, bars: Bars) -> Row:
    values = [bars.convert(value) for value in group.values(measure)]
    found = group.spread(measure)
    if found is None:
        raise ValueError(f"{group.server} has nothing to draw")
    middle, low, high = map(bars.convert, (found.median, found.low, found.high))
    bound = bars.limit if group.limited else ""
    text = f"{bound} {digits(middle)} {bars.unit}".strip()
    mark = PUBLISHED_SECONDS.get(group.server) if measure is published_seconds else None
    if group.runs and group.runs[0].connections != PUBLISHED_CONNECTIONS:
        mark = None
    say = f"{shown(group.server)}: {text}"
    if len(values) > 1:
        say += f", {digits(low)} to {digits(high)} in {len(values)} rounds"
    if mark is not None:
        say += f"; published {mark:g} s"
    return Row(
        shown(group.server),
        given[group.server],
        middle,
        text,
        say,
        aside=f"published {mark:g} s" if mark is not None else "",
        span=(low, high) if len(values) > 1 else None,
        mark=mark,
        limited=bool(bound),
    )


def _from_zero(rows: Sequence[Row]) -> Callable[[int], Scale]:
    ends = [value for row in rows for value in (row.value, row.mark, *(row.span or ())) if value]
    return lambda count: linear(0.0, max(ends, default=1.0), count, axis)


def steadiness(panel: Panel, given: Colours) -> Figure | None:
    """Each round's throughput against the server's own median; None for a single round."""
    rows = [row for group in panel.groups if (row := _steady(group, given, throughput)) is not None]
    if not rows:
        return None
    ends = [abs(dot.x) for row in rows for dot in row.dots]
    widest = max([0.5, *ends])

    def write(value: float) -> str:
        return f"{value:+g}" if value else "0"

    return Figure(
        f"rounds-{panel.key}",
        "Rounds: throughput against its own median",
        "A dot for each round, per cent above or below the server's median; the bar below the dots"
        " is the 95 % bootstrap interval of that median.",
        RowPlot(
            rows,
            lambda count: linear(-widest, widest, count, write),
            "per cent from the median",
        ),
        limit_note(panel),
    )


def _steady(group: Group, given: Colours, measure: Measure) -> Row | None:
    found: Spread | None = group.spread(measure)
    values = group.values(measure)
    if found is None or len(values) < 2:
        return None

    def off(value: float) -> float:
        return (value / found.median - 1) * 100

    dots = [
        Point(
            off(run.rps),
            0.0,
            f"{shown(group.server)}, round {run.round}: {digits(run.rps)} requests/s,"
            f" {off(run.rps):+.1f} %",
            "hollow" if run.generator.limited else "",
        )
        for run in group.runs
        if counts(run)
    ]
    ends = interval(values)
    return Row(
        shown(group.server),
        given[group.server],
        None,
        f"{digits(found.median)}/s",
        "",
        span=(off(ends[0]), off(ends[1])) if ends else None,
        dots=dots,
    )
