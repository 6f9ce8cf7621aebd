"""Thresholds over several servers and rounds: `keepalive:protocol.cpu<60us`,
`keepalive:fastapi/protocol.cpu>=3`. Pure.

A figure is the median of the rounds; of failures it is the worst round, since one is too many. A
ratio is made within each round, and its median is what counts.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from loadtest.comparison.loads import Load
from loadtest.report.figures import counts
from loadtest.report.model import Run, Verdict
from loadtest.thresholds import Threshold, ThresholdError, figures_of

# Counted in runs that are void, too.
WORST = ("failures", "failed", "dropped")


def named(threshold: Threshold) -> tuple[str, list[str]]:
    """The load and the servers that a threshold speaks of. Raises ThresholdError."""
    load, colon, who = threshold.of.partition(":")
    servers = who.split("/")
    if not (load and colon and all(servers)) or len(servers) > 2:
        raise ThresholdError(
            f"{threshold.text!r}: of what? LOAD:SERVER.{threshold.figure} or"
            f" LOAD:SERVER/SERVER.{threshold.figure}, as in keepalive:protocol.cpu<60us"
        )
    return load, servers


def check(
    thresholds: Iterable[Threshold], loads: Sequence[str], servers: Sequence[str]
) -> list[str]:
    """What is wrong with thresholds where these loads and servers are measured."""
    wrong = []
    for each in thresholds:
        try:
            load, who = named(each)
        except ThresholdError as error:
            wrong.append(str(error))
            continue
        if load not in loads:
            wrong.append(f"{each.text!r}: {load} is not measured, {', '.join(loads)} is")
        wrong += [
            f"{each.text!r}: {name} is not measured, {', '.join(servers)} is"
            for name in who
            if name not in servers
        ]
    return wrong


def judge(thresholds: Iterable[Threshold], runs: Sequence[Run]) -> list[Verdict]:
    """Each of them; what was not measured is not met."""
    return [each.judge(_figure(each, runs)) for each in thresholds]


def _figure(threshold: Threshold, runs: Sequence[Run]) -> Mapping[str, float]:
    load, servers = named(threshold)
    over, *under = [_by_round(threshold.figure, load, name, runs) for name in servers]
    if under:
        below = under[0]
        values = [over[at] / below[at] for at in over.keys() & below.keys() if below[at]]
    else:
        values = list(over.values())
    if not values:
        return {}
    worst = threshold.figure in WORST and not under
    return {threshold.key: max(values) if worst else median(values)}


def _by_round(figure: str, load: str, server: str, runs: Sequence[Run]) -> dict[int, float]:
    found = {}
    for run in runs:
        if run.server == server and Load(run.mode, run.rate).name == load:
            value = figures_of(run).get(figure)
            if value is not None and (counts(run) or figure in WORST):
                found[run.round] = value
    return found
