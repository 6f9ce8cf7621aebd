"""Servers that lie, over real sockets: each lie has its name, and is counted exactly.

All cases run in one process, at the same time; the server counts what it was asked.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gevent.monkey
import pytest

from loadtest.rawload.ledger import Ledger
from tests.loadtest.rawload.driving import PAUSE_MS, Case
from tests.loadtest.rawload.lying import lying

ROOT = Path(__file__).parent.parent.parent.parent
TIMEOUT_S = 120
GIVE_UP_S = 1.5  # long enough for an honest answer while all cases begin at once
SILENT = f"no answer within {GIVE_UP_S} s"
UNCLOSED = f"not closed within {GIVE_UP_S} s of its last answer"
MORE, RESET = "more bytes than announced", "receive: ECONNRESET"
IN_BODY, IN_HEAD, NOTHING = (
    f"closed {where}" for where in ("within the body", "within the head", "without an answer")
)

# What is told, how it is named with a connection for many requests, and with one for each.
LIES = {
    "short body": (IN_BODY, IN_BODY),
    "long body": (MORE, MORE),
    "shorter, honestly": ("a body of 12 bytes where 13 were due",) * 2,
    "longer, honestly": ("a body of 14 bytes where 13 were due",) * 2,
    "empty": ("a body of 0 bytes where 13 were due",) * 2,
    "another body": ("wrong body", "wrong body"),
    "sorry": ("status 500", "status 500"),
    # It is the first thing that was wrong with it.
    "sorry, kept": ("status 503", "status 503"),
    "no length": ("no Content-Length", "no Content-Length"),
    "both lengths": ("Content-Length beside Transfer-Encoding",) * 2,
    "chunks cut": (IN_BODY, IN_BODY),
    "chunks wrong": ("a chunk of another size than announced",) * 2,
    "in the head": (IN_HEAD, IN_HEAD),
    "in the body": (IN_BODY, IN_BODY),
    "no answer": (NOTHING, NOTHING),
    "reset": (RESET, RESET),
    "stalled": (SILENT, SILENT),
    "stalled in the body": (SILENT, SILENT),
    "not HTTP": ("no HTTP/1.1 status line",) * 2,
    "two answers": (MORE, MORE),
    "kept": ("", UNCLOSED),
}
HONEST = ("honest", "bytes", "chunked", "interim", "goodbye", "old")
REQUESTS, SLOW_REQUESTS = 40, 6
SLOW = {SILENT, UNCLOSED}
RARE = 3_001


def mode(keeps: bool) -> str:
    """As it is called in the options."""
    return "keepalive" if keeps else "close"


def fault_of(told: str, keeps: bool) -> str:
    """What a lie is counted as."""
    return LIES[told][0 if keeps else 1] if told in LIES else ""


def is_slow(told: str, keeps: bool) -> bool:
    """Whether it is waited for until it is given up."""
    return fault_of(told, keeps) in SLOW or (told == "sorry, kept" and not keeps)


def requests_of(told: str, keeps: bool) -> int:
    """Fewer of the slow ones."""
    return SLOW_REQUESTS if is_slow(told, keeps) else REQUESTS


def asked_as(told: str, keeps: bool) -> str:
    """A name for each mode, so that the server counts them apart."""
    return told if keeps else f"{told} or {told} 1"


class Outcomes:
    """Those of all cases; how often the server was asked for each name, and during a stall."""

    def __init__(
        self, found: Mapping[str, Any], asked: Mapping[str, int], stalled: Mapping[str, int]
    ) -> None:
        self._found = found
        self.asked = asked
        self.stalled = stalled

    def __getitem__(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self._found[name]
        return found

    def failures(self, name: str) -> dict[str, int]:
        """By name."""
        found: dict[str, int] = self[name]["ledger"]["failures"]
        return found

    def latency(self, name: str, percentile: float) -> float:
        """In milliseconds."""
        ledger = Ledger(1, exact=True)
        ledger.merge(self[name]["ledger"])
        return ledger.latency().at(percentile) / 1000

    def answered(self, name: str) -> int:
        """How many latencies were kept."""
        return sum(sum(counts) for _, _, counts in self[name]["ledger"]["slices"])


def told_cases(port: int, nobody: int) -> Iterator[Case]:
    """Each story in each mode. nobody: a port on which nobody listens."""
    for keeps in (True, False):
        for told in (*HONEST, *LIES):
            yield Case(
                f"{told} {mode(keeps)}",
                port,
                asked_as(told, keeps),
                requests_of(told, keeps),
                keeps=keeps,
                give_up_s=GIVE_UP_S if is_slow(told, keeps) else TIMEOUT_S,
            )
        yield Case(f"refused {mode(keeps)}", nobody, "honest", REQUESTS, keeps=keeps)
        rare = "honest or sorry 1000" if keeps else "honest or another body 1000"
        yield Case(f"rare {mode(keeps)}", port, rare, RARE, keeps=keeps)


def closed_cases(port: int) -> Iterator[Case]:
    """Of a closed model."""
    yield Case("warm", port, "honest or sorry 2000", 1_001, 999, connections=7)
    yield Case("tail", port, "tail", REQUESTS, keeps=False)
    uploads: dict[str, Any] = {"method": "POST", "alone": True}
    yield Case("upload", port, "honest then honest 8", 3, sends=5_000_000, **uploads)
    yield Case("early", port, "early", 2, connections=2, sends=64_000_000, **uploads)
    yield Case("head", port, "honest then honest 1", REQUESTS, method="HEAD")
    yield Case("few", port, "honest then honest 2", 3, connections=9)
    yield Case("leaving", port, "honest then honest 3", 2_001, connections=9, meanwhile="leave")
    yield Case("halted", port, "honest then honest 4", 100_000, meanwhile="halt")
    yield Case("stall", port, "honest then stall 500", 1_000, alone=True)


def open_cases(port: int) -> Iterator[Case]:
    """Of an open one, one by one: it never lets the loop rest."""
    opened: dict[str, Any] = {"rate": 2_000.0, "alone": True}
    yield Case("open", port, "honest then honest 5", 500, 100, **opened)
    yield Case("open, stall", port, "honest then stall 501", 2_000, **opened)
    yield Case("open, leaving", port, "honest then honest 6", 500, meanwhile="leave", **opened)
    yield Case("open, halted", port, "stalled then stalled 1", 500, meanwhile="halt", connections=1,
               give_up_s=GIVE_UP_S, drop_after_s=TIMEOUT_S, **opened)  # fmt: skip
    yield Case("open, blocked", port, "honest then honest 7", 200, meanwhile="block", **opened)
    yield Case("dropped", port, "honest then stall 10", 300, connections=1, drop_after_s=0.02,
               **opened)  # fmt: skip


@pytest.fixture(scope="module")
def outcomes() -> Iterator[Outcomes]:
    """Of all cases, from one process."""
    with socket.socket() as nobody, lying() as server:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        told = told_cases(server.port, nobody.getsockname()[1])
        others = (*closed_cases(server.port), *open_cases(server.port))
        given = [asdict(each) for each in (*told, *others)]
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "tests.loadtest.rawload.driving"],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            cwd=ROOT,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        yield Outcomes(json.loads(done.stdout), server.asked, server.stalled)


@pytest.mark.parametrize("keeps", [True, False], ids=mode)
@pytest.mark.parametrize("told", HONEST)
def test_honest(outcomes: Outcomes, told: str, keeps: bool) -> None:
    """As many requests as were ordered, each of them counted by the server, and none failed."""
    name = f"{told} {mode(keeps)}"
    assert outcomes.failures(name) == {}
    assert outcomes[name]["requests"] == outcomes.answered(name) == REQUESTS
    assert outcomes.asked[asked_as(told, keeps)] == REQUESTS
    alone = not keeps or told in ("goodbye", "old")
    assert outcomes[name]["opened"] == (REQUESTS if alone else 5)


@pytest.mark.parametrize("keeps", [True, False], ids=mode)
@pytest.mark.parametrize("told", LIES)
def test_lies(outcomes: Outcomes, told: str, keeps: bool) -> None:
    """Each request fails, by the same name, once; none of them has a latency."""
    name = f"{told} {mode(keeps)}"
    fault, requests = fault_of(told, keeps), requests_of(told, keeps)
    wrong = {fault: requests} if fault else {}
    assert outcomes.failures(name) == wrong
    assert outcomes[name]["requests"] == requests
    assert outcomes.answered(name) == requests - sum(wrong.values())
    assert outcomes.asked[asked_as(told, keeps)] == requests


@pytest.mark.parametrize("keeps", [True, False], ids=mode)
def test_nobody_listens(outcomes: Outcomes, keeps: bool) -> None:
    """Also the second time on the same connection it is the connecting that failed."""
    name = f"refused {mode(keeps)}"
    assert outcomes.failures(name) == {"connect: ECONNREFUSED": REQUESTS}
    assert outcomes[name]["requests"] == REQUESTS


@pytest.mark.parametrize(("keeps", "fault"), [(True, "status 500"), (False, "wrong body")])
def test_one_in_a_thousand(outcomes: Outcomes, keeps: bool, fault: str) -> None:
    """Is found, each time, and costs no other request."""
    name = f"rare {mode(keeps)}"
    assert outcomes.failures(name) == {fault: 3}
    assert (outcomes[name]["requests"], outcomes.answered(name)) == (RARE, RARE - 3)


def test_warm_up(outcomes: Outcomes) -> None:
    """It is sent and left out; what went wrong in the measurement is not."""
    assert outcomes.asked["honest or sorry 2000"] == 2_000
    assert outcomes["warm"]["requests"] == 1_001
    assert outcomes.failures("warm") == {"status 500": 1}
    assert outcomes.answered("warm") == 1_000


def test_bytes_after_the_answer(outcomes: Outcomes) -> None:
    """Where each request has its own connection nothing may come after its answer, whether the
    kernel brings it with the answer or later."""
    found = outcomes.failures("tail")
    assert set(found) <= {MORE, "bytes after the answer"}
    assert sum(found.values()) == REQUESTS


def test_uploads(outcomes: Outcomes) -> None:
    """Bodies that the kernel takes in pieces arrive; an answer before the end of one is a fault,
    after which the connection is of no use."""
    assert outcomes.failures("upload") == {}
    assert outcomes.answered("upload") == outcomes.asked["honest then honest 8"] == 3
    assert outcomes.failures("early") == {"an answer before the whole request was sent": 2}


def test_head(outcomes: Outcomes) -> None:
    """A server that sends a body to a HEAD is caught."""
    assert outcomes.failures("head") == {"a body where none may be": REQUESTS}


def test_fewer_requests_than_connections(outcomes: Outcomes) -> None:
    """Connections that get no ticket open nothing."""
    assert (outcomes["few"]["requests"], outcomes["few"]["opened"]) == (3, 3)
    assert outcomes.asked["honest then honest 2"] == 3


def test_users_leave(outcomes: Outcomes) -> None:
    """What they had under way is given back, and others send it."""
    assert outcomes.failures("leaving") == outcomes.failures("open, leaving") == {}
    assert outcomes["leaving"]["requests"] == outcomes.answered("leaving") == 2_001
    assert 2_001 <= outcomes.asked["honest then honest 3"] <= 2_001 + 4
    found = outcomes["open, leaving"]
    assert found["requests"] + found["dropped"] == 500


def test_halted(outcomes: Outcomes) -> None:
    """What is under way ends; nothing is sent any more, whatever waits."""
    assert outcomes["halted"]["requests"] == outcomes.asked["honest then honest 4"] < 100_000
    assert outcomes["open, halted"]["requests"] == outcomes.asked["stalled then stalled 1"] == 1
    assert outcomes["open, halted"]["dropped"] == 0


def test_stall_in_a_closed_model(outcomes: Outcomes) -> None:
    """Few requests meet it, for no more are sent meanwhile: one for each connection."""
    assert 1 <= outcomes.stalled["honest then stall 500"] <= 5
    assert outcomes.answered("stall") == 1_000
    assert outcomes.latency("stall", 100.0) >= 190


def test_stall_in_an_open_model(outcomes: Outcomes) -> None:
    """As few meet it; but those that were due meanwhile have waited, and from when they were due
    p99 shows it."""
    assert 1 <= outcomes.stalled["honest then stall 501"] <= 5
    assert outcomes.failures("open, stall") == {}
    assert outcomes.answered("open, stall") == 2_000
    assert outcomes.latency("open, stall", 99.0) >= 150


def test_open(outcomes: Outcomes) -> None:
    """Exactly as many as were ordered are sent, when they are due and not before."""
    assert outcomes.asked["honest then honest 5"] == 600
    assert outcomes["open"]["requests"] == outcomes.answered("open") == 500
    assert outcomes["open"]["dropped"] == 0
    assert outcomes["open"]["seconds"] >= 499 / 2_000


def test_dropped(outcomes: Outcomes) -> None:
    """Arrivals that found no connection in time are counted, and were never sent."""
    found = outcomes["dropped"]
    assert found["dropped"] >= 100
    assert found["requests"] + found["dropped"] == 300
    assert outcomes.asked["honest then stall 10"] == found["requests"]
    assert outcomes.failures("dropped") == {}


def test_pytest_is_not_patched(outcomes: Outcomes) -> None:
    """What locust does to its process stays in others."""
    assert not gevent.monkey.is_module_patched("socket")
    assert "locust" not in sys.modules


def test_lag(outcomes: Outcomes) -> None:
    """When the generator itself stands still, it says how late its requests left."""
    found = outcomes["open, blocked"]
    assert found["lag_us"] >= PAUSE_MS * 1000 / 2
    assert found["requests"] == 200
