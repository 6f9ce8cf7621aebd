"""Made-up reports: what a real load test would have found, without a second of measuring."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import log10
from random import Random

from loadtest.report.model import Generator, Latency, Moment, Report, Run, Service, Verdict

PERCENTILES = [
    *(0.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 97.5, 99.0, 99.5, 99.75, 99.9, 99.95, 99.99),
    *(99.995, 99.999, 100.0),
]
# requests per second, server CPU microseconds per request
SPEEDS = {
    "protocol": (54_000.0, 9.1),
    "aiohttp": (9_800.0, 98.0),
    "fastapi": (3_700.0, 265.0),
    "floor": (61_000.0, 4.2),
}
FACTS = {
    "python": "3.11.2",
    "kernel": "6.1.0-18-amd64",
    "cpu": "Intel Xeon Platinum 8275CL, 2 cores",
    "locust": "2.47.0",
    "commit": "0123abc",
}
HOSTILE = "<script>alert(1)</script>\"'&|`\x1b[31m\n# x"


def latency(p50_us: float, tail: float = 4.0) -> Latency:
    """A spectrum that grows by the share of tail for every nine."""
    spectrum = [
        (
            at,
            p50_us * (0.4 + at / 83 if at <= 50 else tail ** (log10(50 / max(100 - at, 1e-3)) / 2)),
        )
        for at in PERCENTILES
    ]
    return Latency(spectrum, p50_us * 1.1)


def run(server: str = "protocol", **given: object) -> Run:
    """One run of 100,000 requests at 100 connections; given replaces any of its fields."""
    speed, cpu_us = SPEEDS.get(server, (5_000.0, 150.0))
    p50_us = 100 / speed * 1e6
    fields: dict[str, object] = {
        "server": server,
        "mode": "keepalive",
        "round": 1,
        "rate": 0.0,
        "arrivals": "closed",
        "connections": 100,
        "asked": 100_000,
        "requests": 100_000,
        "seconds": 100_000 / speed,
        "failures": {},
        "traffic": {"opened": 100, "dropped": 0, "warm_up": 5_000},
        "latency": latency(p50_us),
        "series": series(100_000 / speed, speed, p50_us),
        "makers": (Generator(1, 17.0, 0.31), Service(cpu_us, 0.97, 31_000_000)),
    }
    return Run(**{**fields, **given})  # type: ignore[arg-type]


def series(seconds: float, speed: float, p50_us: float, seed: int = 1) -> list[Moment]:
    """Twenty slices; the last of them a little short."""
    random, step = Random(seed), seconds / 19.5
    return [
        Moment(
            at * step,
            min(step, seconds - at * step),
            int(speed * min(step, seconds - at * step) * random.uniform(0.94, 1.03)),
            0,
            p50_us * random.uniform(0.95, 1.1),
            p50_us * random.uniform(1.6, 2.6),
        )
        for at in range(20)
    ]


def rounds(server: str, mode: str, count: int, seed: int) -> list[Run]:
    """A server in every round: close costs it more, floor shows the generator at its limit."""
    random = Random(seed)
    speed, cpu_us = SPEEDS.get(server, (random.uniform(900, 30_000), random.uniform(20, 900)))
    if mode == "close":
        speed, cpu_us = 1 / (1 / speed + 1 / 14_000), cpu_us + 38
    found = []
    for at in range(1, count + 1):
        rps, cpu = speed * random.uniform(0.95, 1.04), cpu_us * random.uniform(0.97, 1.04)
        limited = "" if rps < 50_000 else "it waited 2 % of its time, less than 5 %"
        p50_us = 100 / rps * 1e6
        found.append(
            run(
                server,
                mode=mode,
                round=at,
                seconds=100_000 / rps,
                latency=latency(p50_us, random.uniform(3, 5)),
                series=series(100_000 / rps, rps, p50_us, at),
                traffic={"opened": 100 if mode == "keepalive" else 100_000, "dropped": 0},
                makers=(
                    Generator(1, 17.0, 0.02 if limited else 0.4, 0.0, limited),
                    Service(cpu, min(1.0, cpu * rps / 1e6), int((20 + cpu / 5) * 1e6)),
                ),
            )
        )
    return found


def offered(server: str, rate: float, at_most: float, round_: int = 1) -> Run:
    """Arrivals of their own for ten seconds; above at_most some are dropped."""
    kept = min(rate, at_most)
    lost = int((rate - kept) * 10)
    p50_us = (150 + 4e5 / at_most) / max(0.02, 1 - 0.97 * kept / at_most)
    return run(
        server,
        round=round_,
        rate=rate,
        arrivals="poisson",
        asked=0,
        requests=int(kept * 10),
        seconds=10.0,
        traffic={"opened": 100, "dropped": lost},
        latency=latency(p50_us, 5),
        makers=(Generator(1, 20.0, 0.5, 85.0), Service(50.0, kept / at_most, 31_000_000)),
    )


def closed_runs(names: Iterable[str], modes: Iterable[str], count: int) -> list[Run]:
    """Every server in every mode and round."""
    return [
        each
        for mode in modes
        for seed, name in enumerate(names)
        for each in rounds(name, mode, count, seed)
    ]


def full() -> Report:
    """Three servers and the null server, two modes, five rounds, four offered rates."""
    runs = closed_runs(SPEEDS, ("keepalive", "close"), 5)
    runs[7] = run("aiohttp", round=3, void="the generator lost the server: connection refused")
    runs[11] = replace(runs[11], failures={"status 500": 3, "body differs": 1})
    limits = {"protocol": 52_000.0, "aiohttp": 9_500.0, "fastapi": 3_600.0}
    runs += [
        offered(name, rate, at_most, at)
        for at in (1, 2, 3)
        for rate in (1_000.0, 3_000.0, 9_000.0, 27_000.0)
        for name, at_most in limits.items()
    ]
    verdicts = [Verdict("p99<15ms", 4.1, met=True), Verdict("rps>=60000", 54_012.0, met=False)]
    return Report(FACTS, runs, verdicts, ["way:asyncore: not installed"])


def single() -> Report:
    """One run of one server, made elsewhere: no round to compare, no process to watch."""
    only = run(
        asked=40_000,
        requests=40_000,
        seconds=0.8,
        series=series(0.8, 50_000, 1_900),
        makers=(Generator(1, 17.0, 0.31), None),
    )
    return Report({"python": "3.12.1"}, [only])


def gallery() -> Report:
    """Sixteen servers in one mode, with long names."""
    names = ["protocol", *(f"way:{word}" for word in WAYS)]
    return Report(FACTS, closed_runs(names, ["keepalive"], 3))


WAYS: Sequence[str] = (
    *("asyncio-streams", "asynchat", "select-futures", "http.server", "http.server-threads"),
    *("wsgi-sync", "wsgi-threads", "wsgi-gevent", "webob", "werkzeug", "fastapi-uvicorn"),
    *("fastapi-httptools", "aiohttp-uvloop", "aiohttp", "bare-selectors"),
)


def all_void() -> Report:
    """Two servers, and no run of either that counts."""
    return Report({}, [run(void="timed out"), run("fastapi", void="", requests=0, seconds=0.0)])


def hostile() -> Report:
    """Names and facts that would like to be markup, table cells or a terminal's colours."""
    runs = [
        run(HOSTILE, void=HOSTILE),
        *(run(HOSTILE, round=at, failures={HOSTILE: 1}) for at in (1, 2)),
        run("protocol", makers=(Generator(1, 17.0, 0.0, 0.0, HOSTILE), None)),
        run("東" * 40, mode=HOSTILE, connections=7),
        run("x", mode=f"{HOSTILE}2", connections=7),
        offered(HOSTILE, 500.0, 400.0),
        replace(offered("x", 500.0, 400.0), arrivals=HOSTILE),
    ]
    verdicts = [Verdict(HOSTILE, None, met=False)]
    return Report({HOSTILE: HOSTILE}, runs, verdicts, [HOSTILE])
