"""Thresholds: a figure, a comparison, a bound, as in `p99<15ms`. Pure."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from loadtest.report.model import Run, Verdict

COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
# To the unit that a figure is kept in: microseconds, bytes, per cent.
UNITS: Mapping[str, float] = {
    "": 1,
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "kb": 1_000,
    "mb": 1_000_000,
    "%": 1,
}
TIMES, SIZES = ("us", "ms", "s"), ("kb", "mb")
PERCENTILES = {f"p{at:g}": at for at in (50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99, 99.999)}
IN_TIME = {*PERCENTILES, "max", "mean", "cpu", "lag"}
IN_SIZE = {"memory"}
IN_PERCENT = {"failed", "idle"}
PLAIN = {"rps", "failed", "failures", "dropped", "requests", "idle", "connections"}
FIGURES = (*PERCENTILES, "max", "mean", "cpu", "lag", "memory", *sorted(PLAIN))
FORM = re.compile(
    r"\s*(?:(?P<of>[A-Za-z0-9_:./-]+)\.)?(?P<figure>[a-z]+(?:[0-9.]*[0-9])?)\s*"
    r"(?P<comparison><=|>=|<|>)\s*(?P<bound>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[a-zA-Z%]*)\s*"
)


class ThresholdError(ValueError):
    """A threshold that says nothing, with what would."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """of: what the figure belongs to, "" for the only one there is. bound: in the figure's unit;
    unit: the one it was said in, in which what is found is told."""

    text: str
    of: str
    figure: str
    comparison: str
    bound: float
    unit: str = field(default="", compare=False)

    def judge(self, figures: Mapping[str, float]) -> Verdict:
        """Compare; what was not measured does not meet it."""
        value = figures.get(self.key)
        met = value is not None and COMPARISONS[self.comparison](value, self.bound)
        shown = None if value is None else value / UNITS[self.unit]
        return Verdict(self.text, shown, met, self.unit)

    @property
    def key(self) -> str:
        """The name of the figure, with what it belongs to."""
        return f"{self.of}.{self.figure}" if self.of else self.figure


def parse_threshold(text: str) -> Threshold:
    """Read one. Raises ThresholdError."""
    found = FORM.fullmatch(text)
    if not found:
        raise ThresholdError(f"{text!r} is no threshold; `p99<15ms` and `rps>=20000` are")
    figure, unit, ratio = found["figure"], found["unit"].lower(), "/" in (found["of"] or "")
    if figure not in FIGURES:
        raise ThresholdError(f"{text!r}: {figure!r} is none of {', '.join(FIGURES)}")
    wanted = _units(figure, ratio=ratio)
    if unit not in wanted:
        kinds = ["a plain number"] if "" in wanted else []
        if any(wanted):
            kinds.append(f"in {' or '.join(filter(None, wanted))}")
        raise ThresholdError(f"{text!r}: {figure} is {' or '.join(kinds)}")
    bound = float(found["bound"]) * UNITS[unit]
    return Threshold(text.strip(), found["of"] or "", figure, found["comparison"], bound, unit)


def _units(figure: str, *, ratio: bool) -> Sequence[str]:
    if ratio:
        return ("",)
    if figure in IN_TIME:
        return TIMES
    if figure in IN_SIZE:
        return SIZES
    return ("", "%") if figure in IN_PERCENT else ("",)


def parse_thresholds(texts: Sequence[str]) -> list[Threshold]:
    """Read several. Raises ThresholdError with all that is wrong."""
    found, wrong = [], []
    for text in texts:
        try:
            found.append(parse_threshold(text))
        except ThresholdError as error:
            wrong.append(str(error))
    if wrong:
        raise ThresholdError("\n".join(wrong))
    return found


def figures_of(run: Run) -> dict[str, float]:
    """What of one run can be judged. failed and idle are per cent, the rest as the model has it."""
    figures = {
        "rps": run.rps,
        "failed": 100 * run.failed / run.requests if run.requests else 100.0,
        "failures": float(run.failed),
        "dropped": float(run.traffic.get("dropped", 0)),
        "requests": float(run.requests),
        "connections": float(run.traffic.get("opened", 0)),
        "idle": 100 * run.generator.idle,
    }
    if run.requests > run.failed:
        figures |= {"mean": run.latency.mean_us, "max": run.latency.at(100.0)}
        figures |= {name: run.latency.at(at) for name, at in PERCENTILES.items()}
    if run.rate:
        figures["lag"] = run.generator.lag_us
    if run.service is not None:
        figures |= {"cpu": run.service.cpu_us, "memory": float(run.service.peak_bytes)}
    return figures
