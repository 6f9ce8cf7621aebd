"""What a reader must know before believing a figure: what is void, what is missing. Pure."""

from loadtest.report.figures import closed_panels, counts, load_of, open_panels
from loadtest.report.model import Report, Run

UNSAID = (
    "One machine, one network path, one answer: yours differ.",
    "Server and generator on one machine share its caches and its memory, and may share its cores.",
    "Where the generator was the limit, throughput is a lower bound, and latency includes its own.",
    "A server that stalls is asked less by connections that wait: its latency looks better there.",
    "Arrivals that do not wait show what callers of their own would see.",
    "The published test named neither its tool nor its machine: its seconds are for scale only.",
)

UNWATCHED = "Nobody watched the servers' processes: no CPU and no memory of theirs."


def named(run: Run) -> str:
    """Which run it was, in words."""
    return f"{run.server}, {load_of(run)}, round {run.round}"


def troubles(report: Report) -> list[str]:
    """What does not count, and why; what could not be measured."""
    void = [
        f"{named(run)}: {run.void or 'no request was answered'}"
        for run in report.runs
        if not counts(run)
    ]
    return [*void, *map(str, report.missing)]


def unsaid(report: Report) -> list[str]:
    """What the figures do not say."""
    runs = [run for run in report.runs if counts(run)]
    if runs and not any(run.service for run in runs):
        return [UNWATCHED, *UNSAID]
    return list(UNSAID)


def opening(report: Report) -> str:
    """One sentence on how much there is to read."""
    if not report.runs:
        return "Nothing was measured."
    counted = [run for run in report.runs if counts(run)]
    if not counted:
        return "No run counts: there are no figures."
    rounds = len({run.round for run in counted})
    loads = len(closed_panels(report)) + len(open_panels(report))
    text = (
        f"{_many(len(counted), 'run')} of {_many(len({run.server for run in counted}), 'server')}"
        f" under {_many(loads, 'load')} in {_many(rounds, 'round')}."
    )
    if rounds == 1:
        return f"{text} One round shows nothing of chance: there are no intervals."
    return f"{text} Medians of the rounds, lowest and highest in brackets."


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' if count != 1 else ''}"
