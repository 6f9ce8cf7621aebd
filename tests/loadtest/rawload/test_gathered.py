"""What several processes measured, as one run; and what makes a run count for nothing."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from loadtest.rawload.gathered import Asked, Used, gather
from loadtest.rawload.ledger import Column, Ledger
from loadtest.rawload.phase import FINE_NS, Outcome
from loadtest.rawload.watch import IDLE_ENOUGH, LAG_ENOUGH_US, limited

ROOT = Path(__file__).parent.parent.parent.parent
TIMEOUT_S = 100
ASKED = Asked("a", "close", 9, 30, 0.0, "constant", 4)


def outcome(answers: int, *faults: str, **given: object) -> Outcome:
    """One process's, of so many answers of a millisecond each, a slice apart, and these faults."""
    ledger, column = Ledger(FINE_NS, exact=True), Column()
    for number in range(answers):
        column.add(1_000_000, number * FINE_NS)
    ledger.count(column)
    for fault in faults:
        ledger.fail(fault, 0)
    fields = {
        "measured": True,
        "requests": answers + len(faults),
        "seconds": 2.0,
        "opened": 7,
        "idle": 0.5,
        "cpu_seconds": 0.001,
        "ledger": ledger.packed(),
    }
    return Outcome(**{**fields, **given})  # type: ignore[arg-type]


def test_sums() -> None:
    """Requests and connections add up; the longest lasts; the busiest may be the limit."""
    parts = [
        outcome(17, "x", "y", seconds=3.0, idle=0.2, dropped=1),
        outcome(8, "x", lag_us=400.0, dropped=1),
    ]
    run = gather(ASKED, [outcome(4)], parts, Used(0.6, 5_000))
    assert (run.requests, run.seconds, run.failures) == (28, 3.0, {"x": 2, "y": 1})
    assert run.traffic == {"opened": 14, "dropped": 2, "warm_up": 4}
    assert (run.latency.at(50.0), run.latency.mean_us) == (1_000, 1_000)
    assert [each.answers for each in run.series] == [2] * 8 + [1] * 9
    assert run.series[0].failures == 3
    assert (run.generator.processes, run.generator.idle, run.generator.lag_us) == (2, 0.2, 400)
    assert run.generator.cpu_us == pytest.approx(0.002 / 28 * 1e6)
    assert run.service is not None
    assert run.service.cpu_us == pytest.approx(0.6 / 28 * 1e6)
    assert run.service.busy == pytest.approx(0.2)
    assert (run.service.peak_bytes, run.void) == (5_000, "")


def test_what_was_asked() -> None:
    """Is said as it was asked; in a closed model there are no arrivals to speak of."""
    run = gather(ASKED, [], [outcome(30)], None)
    assert (run.server, run.mode, run.connections, run.asked) == ("a", "close", 9, 30)
    assert (run.arrivals, run.service) == ("closed", None)
    opened = gather(replace(ASKED, rate=5.0, arrivals="poisson"), [], [outcome(30)], None)
    assert (opened.rate, opened.arrivals) == (5.0, "poisson")


# what was asked, warm-up, measurement, processes that are gone, why it is void
VOID: dict[str, tuple[dict[str, Any], list[Outcome], list[Outcome], list[str], str]] = {
    "complete": ({}, [], [outcome(30)], [], ""),
    "complete, with failures": ({}, [], [outcome(29, "x")], [], ""),
    "complete, some dropped": ({"rate": 9.0}, [], [outcome(29, dropped=1)], [], ""),
    "without a number": ({"requests": 0}, [], [outcome(3)], [], ""),
    "nothing": ({}, [], [], [], "nothing was asked"),
    "nothing of a process": ({"requests": 0}, [], [outcome(0)], [], "nothing was asked"),
    "one too few": ({}, [], [outcome(29)], [], "incomplete: 29 of 30 requests"),
    "one too many": ({}, [], [outcome(31)], [], "incomplete: 31 of 30 requests"),
    "of several": ({}, [], [outcome(15), outcome(14)], [], "incomplete: 29 of 30 requests"),
    "a warm-up": ({}, [outcome(4)], [outcome(30)], [], ""),
    "a bad one": (
        {},
        [outcome(3, "x"), outcome(2, "x", "y")],
        [outcome(30)],
        [],
        "3 requests of the warm-up failed: 2 x x, 1 x y",
    ),
    "a process is gone": ({}, [], [outcome(30)], ["b"], "1 of the processes that make the load"),
}  # fmt: skip


@pytest.mark.parametrize("name", VOID)
def test_void(name: str) -> None:
    """Why it counts for nothing; and nothing where it counts."""
    asked, warm, measured, lost, expected = VOID[name]
    run = gather(replace(ASKED, **asked), warm, measured, None, lost)
    assert (run.void[: len(expected)] or run.void) == expected


def test_limited() -> None:
    """On both sides of each bound: idle in a closed model, late in an open one."""
    assert limited(IDLE_ENOUGH, 1e9, 0.0) == ""
    assert limited(IDLE_ENOUGH - 0.001, 0.0, 0.0) == "it was idle for 4.9% of the time"
    assert limited(0.0, LAG_ENOUGH_US, 1.0) == ""
    assert limited(1.0, LAG_ENOUGH_US + 100, 1.0).endswith("left more than 1.1 ms late")


BUSY = {"idle": 0.01}
LIMITS: dict[str, tuple[dict[str, Any], list[Outcome], str]] = {
    "idle enough": ({}, [outcome(30)], ""),
    "never idle": ({}, [outcome(30, **BUSY)], "it was idle for 1.0%"),
    "one of two is never idle": ({}, [outcome(15), outcome(15, **BUSY)], "it was idle for 1.0%"),
    "never idle, as it must be": ({"rate": 9.0}, [outcome(30, **BUSY)], ""),
    "late": ({"rate": 9.0}, [outcome(30, lag_us=5_000.0)], "1 % of the requests left more than 5"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limited_by_the_generator(name: str) -> None:
    """The run counts, and says so."""
    asked, measured, expected = LIMITS[name]
    run = gather(replace(ASKED, **asked), [], measured, None)
    assert (run.void, run.generator.limited[: len(expected)] or run.generator.limited) == (
        "",
        expected,
    )


def test_split() -> None:
    """Shares of any number over any processes: their sum is exact, none is off by more than one
    from its part, and none with users is left out where there is enough for all."""
    random = Random(1)
    cases = [(40_001, {"a": 1, "b": 1}), (4_001, {"a": 3, "b": 3, "c": 1}), (2, {"a": 5, "b": 4})]
    for _ in range(500):
        processes = range(random.randrange(1, 9))
        users = {str(each): random.randrange(1, 200) for each in processes}
        cases.append((random.randrange(10 ** random.randrange(1, 10)), users))
    script = (
        "import json, sys; from loadtest.rawload.conductor import split;"
        "json.dump([split(*each) for each in json.load(sys.stdin)], sys.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        cwd=ROOT,
        check=True,
    )
    for (total, users), shares in zip(cases, json.loads(done.stdout), strict=True):
        assert sum(shares.values()) == total
        assert shares.keys() == users.keys()
        for node, count in users.items():
            assert abs(shares[node] - total * count / sum(users.values())) < 1
