"""Whether others used the machine meanwhile: then wall time says little of a server. Pure."""

from collections.abc import Sequence

from loadtest.report.figures import counts
from loadtest.report.model import Run

# Of one core. Where connections wait for answers either the server or the generator has no time to
# spare; a server that has so much, beside a generator that has some, was kept waiting by others.
SPARE = 0.25


def disturbed(run: Run) -> bool:
    """Whether neither of the two was the limit of a run that counts and has no rate of its own."""
    service = run.service
    return (
        counts(run)
        and not run.rate
        and not run.generator.limited
        and service is not None
        and service.busy < 1 - SPARE
    )


def disturbances(runs: Sequence[Run]) -> list[str]:
    """What is to be said of them; nothing where they are few."""
    judged = [run for run in runs if counts(run) and not run.rate and run.service is not None]
    found = [run for run in judged if disturbed(run)]
    if len(found) * 4 < len(judged) or not found:
        return []
    text = (
        f"In {len(found)} of {len(judged)} runs neither the server nor the generator was busy:"
        " something else took the time, other programs on their cores or what is between the two."
        " Seconds, throughput and latency then say little of the server; CPU per request does."
    )
    return [text]
