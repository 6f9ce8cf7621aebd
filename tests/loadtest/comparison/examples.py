"""Runs with made-up figures, as little said as a test needs."""

from collections.abc import Mapping

from loadtest.report.model import Generator, Latency, Run, Service

PERCENTILES = (0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99, 99.999, 100.0)


def run(
    server: str = "protocol",
    *,
    mode: str = "keepalive",
    number: int = 1,
    rate: float = 0.0,
    cpu_us: float | None = 10.0,
    busy: float = 0.5,
    limited: str = "",
    failures: Mapping[str, int] | None = None,
    void: str = "",
    p99_us: float = 1_000.0,
) -> Run:
    """100 requests in a hundredth of a second."""
    service = None if cpu_us is None else Service(cpu_us, busy, 1_000_000)
    return Run(
        server=server,
        mode=mode,
        round=number,
        rate=rate,
        arrivals="constant" if rate else "closed",
        connections=10,
        asked=100,
        requests=100,
        seconds=0.01,
        failures=failures or {},
        traffic={"opened": 10, "dropped": 0, "warm_up": 0},
        latency=Latency([(at, p99_us) for at in PERCENTILES], p99_us),
        series=[],
        makers=(Generator(1, 5.0, 0.2, 0.0, limited), service),
        void=void,
    )
