"""What several processes measured, as one run. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtest.rawload.ledger import EXACT_REQUESTS, SECOND_NS, Ledger
from loadtest.rawload.phase import FINE_NS, Outcome
from loadtest.rawload.watch import limited
from loadtest.report.model import Generator, Run, Service


@dataclass(frozen=True, slots=True)
class Asked:
    """What the test was to be."""

    label: str
    mode: str
    users: int
    requests: int
    rate: float
    arrivals: str
    warm_up: int


@dataclass(frozen=True, slots=True)
class Used:
    """CPU seconds of the server while it was measured, and its peak in bytes."""

    cpu_seconds: float
    peak_bytes: int


def gather(
    asked: Asked,
    warm: Sequence[Outcome],
    measured: Sequence[Outcome],
    used: Used | None,
    lost: Sequence[str] = (),
) -> Run:
    """One run of them all. lost: processes that never answered."""
    exact = 0 < asked.requests <= EXACT_REQUESTS
    ledger = Ledger(FINE_NS if exact else SECOND_NS, exact=exact)
    for each in measured:
        ledger.merge(each.ledger)
    requests = sum(each.requests for each in measured)
    dropped = sum(each.dropped for each in measured)
    seconds = max((each.seconds for each in measured), default=0.0)
    generator = _generator(asked, measured, requests)
    service = None
    if used is not None and requests and seconds:
        cpu_us = used.cpu_seconds / requests * 1e6
        service = Service(cpu_us, used.cpu_seconds / seconds, used.peak_bytes)
    return Run(
        server=asked.label,
        mode=asked.mode,
        round=1,
        rate=asked.rate,
        arrivals=asked.arrivals if asked.rate else "closed",
        connections=asked.users,
        asked=asked.requests,
        requests=requests,
        seconds=seconds,
        failures=dict(ledger.failures),
        traffic={
            "opened": sum(each.opened for each in measured),
            "dropped": dropped,
            "warm_up": sum(each.requests for each in warm),
        },
        latency=ledger.latency(),
        series=ledger.series(),
        makers=(generator, service),
        void=_void(asked, warm, requests, dropped, lost),
    )


def _generator(asked: Asked, measured: Sequence[Outcome], requests: int) -> Generator:
    cpu_us = sum(each.cpu_seconds for each in measured) / max(requests, 1) * 1e6
    idle = min((each.idle for each in measured), default=0.0)
    lag_us = max((each.lag_us for each in measured), default=0.0)
    why = limited(idle, lag_us, asked.rate) if requests else ""
    return Generator(len(measured), cpu_us, idle, lag_us, why)


def _void(
    asked: Asked,
    warm: Sequence[Outcome],
    requests: int,
    dropped: int,
    lost: Sequence[str],
) -> str:
    """Why the run counts for nothing; "" where it counts."""
    if lost:
        return f"{len(lost)} of the processes that make the load left: {', '.join(lost)}"
    failures = Counter[str]()
    for each in warm:
        packed: Mapping[str, Any] = each.ledger
        failures.update(packed["failures"])
    if failures:
        named = ", ".join(f"{count} x {name}" for name, count in failures.most_common(3))
        return f"{failures.total():,} requests of the warm-up failed: {named}"
    if not requests:
        return "nothing was asked"
    if asked.requests and requests + dropped != asked.requests:
        return f"incomplete: {requests + dropped:,} of {asked.requests:,} requests"
    return ""
