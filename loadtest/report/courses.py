"""Plots made of curves: how latency is spread, how a run went, how latency grows with load. Pure.

Where one run stands for all the rounds of a server, it is the one in the middle by throughput.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from loadtest.report.figures import Group, Panel, slug
from loadtest.report.lines import Curve, LinePlot, Point
from loadtest.report.model import Moment, Run
from loadtest.report.plots import HOLLOW, Colours, Figure, limit_note
from loadtest.report.quantities import axis, digits, milliseconds
from loadtest.report.scale import Scale, linear, logarithmic, percentiles
from loadtest.report.tables import dropped, middle, shown

# More slices than this cannot be told apart in a plot: neighbours are put together.
MOST_MOMENTS = 120

SEEN = (50.0, 90.0, 99.0, 99.9, 99.99, 100.0)


def spectrum(panel: Panel, given: Colours) -> Figure | None:
    """Latency at every percentile that was kept; None where there is none."""
    curves = []
    for group in panel.groups:
        run = group.typical()
        if run is None:
            continue
        kind = "hollow" if run.generator.limited else ""
        points = [
            Point(
                at,
                us / 1_000,
                f"{shown(group.server)}: {_share(at)} {milliseconds(us)} ms",
                kind if at in SEEN else "",
                at in SEEN,
            )
            for at, us in sorted(run.latency.spectrum)
            if us > 0
        ]
        curves.append(Curve(shown(group.server), given[group.server], [points]))
    kept = sorted({point.x for curve in curves for point in curve.points})
    if not kept:
        return None
    return Figure(
        f"spectrum-{panel.key}",
        "Latency by percentile",
        "Lower is better; each nine to the right is ten times rarer. The run in the middle by"
        " throughput stands for its server.",
        LinePlot(
            curves,
            lambda _: percentiles(kept),
            _logarithmic(curves, lambda point: point.y),
            "percentile",
            "milliseconds",
        ),
        limit_note(panel),
    )


def _share(percentile: float) -> str:
    if percentile in (0.0, 100.0):
        return "fastest" if percentile == 0 else "slowest"
    return f"{percentile:g} % within"


def _logarithmic(
    curves: Sequence[Curve], value: Callable[[Point], float]
) -> Callable[[int], Scale]:
    values = [value(point) for curve in curves for point in curve.points]
    return lambda count: logarithmic(min(values), max(values), count, axis)


def courses(panel: Panel, given: Colours) -> list[Figure]:
    """Throughput and p99 while the runs went on; those that nothing is known of are left out."""
    runs = [(group, run) for group in panel.groups if (run := group.typical()) is not None]
    lengths = [_length(run) for _, run in runs]
    clock = Clock(max(lengths, default=0.0), bool(lengths) and max(lengths) < 1.5 * min(lengths))
    rates = [_course(group, run, given, clock, _rate) for group, run in runs]
    slow = [_course(group, run, given, clock, _p99) for group, run in runs]
    figures = []
    if any(curve.points for curve in rates):
        most = max(point.y for curve in rates for point in curve.points)
        figures.append(
            Figure(
                f"rate-{panel.key}",
                "Throughput over time",
                f"Verified answers per second in each slice of time. {clock.text}".strip(),
                LinePlot(
                    rates,
                    clock.axis,
                    lambda count: linear(0.0, most, count, axis),
                    clock.label,
                    "requests/s",
                ),
                limit_note(panel),
            )
        )
    if any(curve.points for curve in slow):
        figures.append(
            Figure(
                f"p99-{panel.key}",
                "Latency over time",
                f"99th percentile of each slice of time. {clock.text}".strip(),
                LinePlot(
                    slow,
                    clock.axis,
                    _logarithmic(slow, lambda point: point.y),
                    clock.label,
                    "p99, milliseconds",
                ),
                limit_note(panel),
            )
        )
    return figures


@dataclass(frozen=True, slots=True)
class Clock:
    """How time is drawn: in seconds where the runs took about as long, else as a share of each."""

    longest: float
    seconds: bool

    @property
    def label(self) -> str:
        """The axis's words."""
        return "seconds" if self.seconds else "per cent of the run"

    @property
    def text(self) -> str:
        """What a reader must know of it."""
        if self.seconds:
            return ""
        return "The runs took very different times: each is drawn over its whole length."

    def axis(self, count: int) -> Scale:
        """The scale for about so many ticks."""
        return linear(0.0, self.longest if self.seconds else 100.0, count, axis)

    def place(self, at: float, run: Run) -> float:
        """Where so many seconds after the beginning are."""
        return at if self.seconds else at / _length(run) * 100


def _length(run: Run) -> float:
    """Seconds; the last slice may end after the last answer."""
    return max([run.seconds, *(moment.begin + moment.seconds for moment in run.series)])


def _rate(moment: Moment) -> tuple[float, str] | None:
    if not moment.seconds > 0:
        return None
    found = moment.answers / moment.seconds
    return found, f"{digits(found)} requests/s"


def _p99(moment: Moment) -> tuple[float, str] | None:
    """A slice without answers is a gap."""
    if not moment.answers or moment.p99_us <= 0:
        return None
    return moment.p99_us / 1_000, f"p99 {milliseconds(moment.p99_us)} ms"


def _course(
    group: Group,
    run: Run,
    given: Colours,
    clock: Clock,
    value: Callable[[Moment], tuple[float, str] | None],
) -> Curve:
    kind = "hollow" if run.generator.limited else ""
    points: list[Point | None] = []
    for moment in thinned(ended(run)):
        found, at = value(moment), moment.begin + moment.seconds / 2
        points.append(
            Point(
                clock.place(at, run),
                found[0],
                f"{shown(group.server)} at {digits(at)} s: {found[1]}",
                kind,
                seen=False,
            )
            if found
            else None
        )
    strokes = [
        [point for point in stretch if point]
        for there, stretch in groupby(points, key=lambda point: point is not None)
        if there
    ]
    return Curve(shown(group.server), given[group.server], strokes)


def ended(run: Run) -> list[Moment]:
    """A run's slices, the last cut where the run ended: what is left of it is no slow slice.

    Less than half a slice says too little to stand alone, and is put to the one before.
    """
    series = list(run.series)
    if not series:
        return []
    left = run.seconds - series[-1].begin
    if 0 < left < series[-1].seconds:
        series[-1] = replace(series[-1], seconds=left)
    if len(series) > 1 and series[-1].seconds < series[-2].seconds / 2:
        series[-2:] = [_joined(series[-2:])]
    return series


def thinned(series: Sequence[Moment]) -> list[Moment]:
    """At most MOST_MOMENTS slices, neighbours put together; of percentiles the worst is kept."""
    many = -(-len(series) // MOST_MOMENTS)
    if many <= 1:
        return list(series)
    return [_joined(series[at : at + many]) for at in range(0, len(series), many)]


def _joined(moments: Sequence[Moment]) -> Moment:
    return Moment(
        moments[0].begin,
        sum(each.seconds for each in moments),
        sum(each.answers for each in moments),
        sum(each.failures for each in moments),
        max(each.p50_us for each in moments),
        max(each.p99_us for each in moments),
    )


def offered(panels: Iterable[Panel], given: Colours) -> list[Figure]:
    """Latency against the offered rate: p50 and p99 for each way of arriving."""
    loads: dict[tuple[str, str, str], list[Panel]] = {}
    for panel in panels:
        loads.setdefault((panel.key, panel.label, panel.arrivals), []).append(panel)
    figures = []
    for (key, label, arrivals), found in loads.items():
        for name, at in (("p50", 50.0), ("p99", 99.0)):
            curves = _grown(found, given, at)
            if not curves:
                continue
            rates = [point.x for curve in curves for point in curve.points]
            figures.append(
                Figure(
                    f"open-{name}-{slug(arrivals)}-{key}",
                    f"{name} against offered rate",
                    f"Lower is better: {label}, {arrivals} arrivals. Latency counts from the moment"
                    " a request was due.",
                    LinePlot(
                        curves,
                        _rates(min(rates), max(rates)),
                        _logarithmic(curves, lambda point: point.y),
                        "requests/s offered",
                        f"{name}, milliseconds",
                    ),
                    _offered_note(curves),
                )
            )
    return figures


def _rates(low: float, high: float) -> Callable[[int], Scale]:
    if high >= 8 * low:
        return lambda count: logarithmic(low, high, count, axis)
    return lambda count: linear(0.0, high, count, axis)


def _offered_note(curves: Sequence[Curve]) -> str:
    kinds = {point.kind for curve in curves for point in curve.points}
    crossed = "Crossed: requests were dropped, the server did not keep up."
    notes = [crossed if "cross" in kinds else "", HOLLOW if "hollow" in kinds else ""]
    return " ".join(filter(None, notes))


def _grown(panels: Sequence[Panel], given: Colours, at: float) -> list[Curve]:
    points: dict[str, list[Point]] = {}
    for panel in panels:
        for group in panel.groups:
            found = middle(group, at)
            if not found:
                continue
            lost, share = dropped(group)
            say = f"{shown(group.server)} at {digits(panel.rate)}/s: {milliseconds(found)} ms"
            kind = "cross" if lost else "hollow" if group.limited else ""
            say += f", {share:.1%} dropped" if lost else ""
            points.setdefault(group.server, []).append(Point(panel.rate, found / 1_000, say, kind))
    return [Curve(shown(name), given[name], [found]) for name, found in points.items()]
