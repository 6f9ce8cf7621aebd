"""The tables of a report, as cells of plain text: Markdown and the page lay them out. Pure.

Every figure is the median of the rounds that count, where nothing else is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from loadtest.report.figures import (
    FLOOR,
    Group,
    Panel,
    Spread,
    load_of,
    peak_memory,
    percentile,
    published_seconds,
    server_cpu,
    throughput,
)
from loadtest.report.model import PUBLISHED_REQUESTS, PUBLISHED_SECONDS, Report
from loadtest.report.quantities import (
    NOTHING,
    described,
    digits,
    megabytes,
    milliseconds,
    number,
    times,
)
from loadtest.report.ratios import ratios

LATENCIES = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p99.9": 99.9, "max": 100.0}
LIMIT = "at its limit"
MISSED = "MISSED"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, cells, and what must be known to read them. words: the columns that hold words."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()
    words: Sequence[int] = (0,)


def shown(server: str) -> str:
    """A server's name, and what it is where it is none."""
    return f"{server} (null)" if server == FLOOR else server


def middle(group: Group, at: float) -> float | None:
    """The median over the rounds of one percentile, microseconds."""
    found = group.spread(percentile(at))
    return found.median if found else None


def closed_tables(panel: Panel) -> list[Table]:
    """What there is to say of one load; tables without a row are left out."""
    every = [time_table(panel), latency_table(panel), use_table(panel), ratio_table(panel)]
    return [table for table in every if table.rows]


def time_table(panel: Panel) -> Table:
    """Seconds beside the published ones, throughput, failures, and what was the limit."""
    rows = []
    for group in panel.groups:
        limited = group.limited
        published = PUBLISHED_SECONDS.get(group.server) if panel.published else None
        rows.append(
            [
                shown(group.server),
                described(group.spread(published_seconds), "at most" if limited else ""),
                NOTHING if published is None else f"{published:g}",
                _rate(group),
                f"{sum(run.failed for run in group.runs):,}",
                _limit(group),
            ]
        )
    header = [
        *("server", f"seconds for {PUBLISHED_REQUESTS:,}", "published", "requests/s"),
        *("failures", "generator"),
    ]
    return Table("Time and throughput", header, rows, _time_notes(panel), (0, 5))


def _rate(group: Group) -> str:
    """Without its ends: those of the seconds say the same."""
    found = group.spread(throughput)
    text = number(found.median if found else None)
    return f"at least {text}" if group.limited else text


def _limit(group: Group) -> str:
    if not group.counted:
        return "no run counts"
    if group.server == FLOOR:
        return "its ceiling"
    return LIMIT if group.limited else "had time left"


def _time_notes(panel: Panel) -> list[str]:
    notes = []
    if not panel.published:
        notes.append(
            f"The published test had 100 connections, this one {panel.connections:,}:"
            " they are not compared."
        )
    if panel.scaled:
        notes.append(
            f"Seconds are worked out from the measured rate, since {_listed(panel.scaled)}"
            f" did not make exactly {PUBLISHED_REQUESTS:,} requests."
        )
    if any(group.limited for group in panel.groups if group.server != FLOOR):
        notes.append(
            "at least, at most: the generator was the limit, and the server may be faster."
        )
    if any(group.server == FLOOR for group in panel.groups):
        notes.append(
            "The null server answers without doing anything: it shows what the generator can make"
            " at most, and is compared with nobody."
        )
    return [*notes, *_reasons(panel)]


def _reasons(panel: Panel) -> list[str]:
    """Why the generator was the limit of a server: one of the rounds stands for all."""
    found = []
    for group in panel.groups:
        reasons = [run.generator.limited for run in group.counted if run.generator.limited]
        if reasons and group.server != FLOOR:
            rounds = f" ({len(reasons)} rounds like this)" if len(reasons) > 1 else ""
            found.append(f"Generator at its limit. {shown(group.server)}: {reasons[0]}{rounds}")
    return found


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def latency_table(panel: Panel) -> Table:
    """Milliseconds at the percentiles that people ask for."""
    rows = [
        [shown(group.server), *(milliseconds(middle(group, at)) for at in LATENCIES.values())]
        for group in panel.groups
        if group.counted
    ]
    notes = ["Medians of the rounds. Failed requests have no latency and are not in it."]
    return Table("Latency, milliseconds", ["server", *LATENCIES], rows, notes)


def use_table(panel: Panel) -> Table:
    """What the servers' processes used, for those on this machine."""
    rows = [
        [
            shown(group.server),
            described(cpu),
            number(_busy(group)),
            megabytes(_largest(group)),
        ]
        for group in panel.groups
        if (cpu := group.spread(server_cpu)) is not None
    ]
    header = ["server", "CPU us/request", "cores busy", "peak memory MB"]
    return Table("What the servers used", header, rows)


def _busy(group: Group) -> float | None:
    found = group.spread(lambda run: run.service.busy if run.service else None)
    return found.median if found else None


def _largest(group: Group) -> float | None:
    found: Spread | None = group.spread(peak_memory)
    return found.high if found else None


def ratio_table(panel: Panel) -> Table:
    """How many times the base server's time and CPU the others need."""
    rows, bases = [], []
    for time, cpu in ratios(panel):
        one = time or cpu
        if one is not None:
            bases.append(one.base)
            rounds = "/".join(dict.fromkeys(str(each.rounds) for each in (time, cpu) if each))
            rows.append([one.server, times(time), times(cpu), rounds])
    base = f"{bases[0]}'s" if bases else NOTHING
    header = ["server", "time for as many requests", "CPU per request", "rounds"]
    notes = [
        "Each round gives one ratio; shown are their median and the 95 % bootstrap interval of it."
    ]
    return Table(f"Ratios: times {base}", header, rows, notes)


def open_tables(panels: Sequence[Panel]) -> list[Table]:
    """Arrivals that do not wait: a table for each way of arriving, a row per rate and server."""
    loads: dict[tuple[str, str], list[Panel]] = {}
    for panel in panels:
        loads.setdefault((panel.label, panel.arrivals), []).append(panel)
    header = [
        *("server", "offered/s", "achieved/s", "p50 ms", "p99 ms", "p99.9 ms"),
        *("dropped", "lag ms", "generator"),
    ]
    notes = [
        "Latency counts from the moment a request was due, not from when it was sent.",
        "dropped: due, but no connection was free in time.",
        "lag: how late the generator itself was, 99th percentile.",
    ]
    return [
        Table(
            f"{label}, {arrivals} arrivals",
            header,
            [_open_row(panel, group) for panel in found for group in panel.groups],
            notes,
            (0, 8),
        )
        for (label, arrivals), found in loads.items()
    ]


def dropped(group: Group) -> tuple[int, float]:
    """Arrivals never sent in the runs that count, and their share of all that were due."""
    lost = sum(run.traffic.get("dropped", 0) for run in group.counted)
    due = lost + sum(run.requests for run in group.counted)
    return lost, lost / due if due else 0.0


def _open_row(panel: Panel, group: Group) -> list[str]:
    achieved = group.spread(throughput)
    lost, share = dropped(group)
    lag = group.spread(lambda run: run.generator.lag_us)
    return [
        shown(group.server),
        digits(panel.rate),
        number(achieved.median if achieved else None),
        *(milliseconds(middle(group, at)) for at in (50.0, 99.0, 99.9)),
        f"{lost:,} ({share:.1%})" if lost else "0",
        milliseconds(lag.median if lag else None),
        # At a given rate it is no ceiling of the generator's.
        NOTHING if group.server == FLOOR and group.counted else _limit(group),
    ]


def verdict_table(report: Report) -> Table:
    """The thresholds, and whether they were met."""
    rows = [
        [
            verdict.text,
            f"{number(verdict.value)} {verdict.unit}".strip(),
            "met" if verdict.met else MISSED,
        ]
        for verdict in report.verdicts
    ]
    return Table("Thresholds", ["threshold", "measured", "verdict"], rows, (), (0, 2))


def failure_table(report: Report) -> Table:
    """Failures by name, over all rounds, those of void runs too."""
    counted: dict[tuple[str, str, str], int] = {}
    for run in report.runs:
        for name, count in run.failures.items():
            at = (run.server, load_of(run), name)
            counted[at] = counted.get(at, 0) + count
    rows = [[*at, f"{count:,}"] for at, count in counted.items() if count]
    return Table("Failures", ["server", "load", "failure", "requests"], rows, (), (0, 1, 2))


def fact_table(report: Report) -> Table:
    """What the figures hold for."""
    rows = [[name, str(value)] for name, value in report.facts.items()]
    return Table("What this holds for", ["of", "value"], rows, (), (0, 1))
