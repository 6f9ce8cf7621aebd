"""locust with our locustfile: exact numbers, exit codes, reports, in one process and in several.

Each is started once, a few at a time; the tests look at what came of it.
"""

import csv
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.loadtest.rawload.locusts import Ended, start
from tests.loadtest.rawload.plans import REFUSED, starts

AT_A_TIME = 4
Endings = Mapping[str, "Future[Ended]"]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endings]:
    """What came of each."""
    folder: Path = tmp_path_factory.mktemp("locusts")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = {
            name: pool.submit(start, each, folder / str(number))
            for number, (name, each) in enumerate(starts().items())
        }
        yield found
        for each in found.values():
            each.cancel()


EXACT = {
    # name: requests, warm-up, connections that the server saw; one looks whether anybody listens,
    # unless it is the master, which may stand elsewhere
    "alone": (4001, 50, 1 + 7),
    "close": (1001, 13, 1 + 1014),
    "processes": (4001, 51, 7),
    "distributed": (1001, 13, 1014),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact(ended: Endings, name: str) -> None:
    """Exactly so many are sent and verified, beside the warm-up, whoever sends them; the server
    counts the same, and the connections too."""
    found, (requests, warm_up, connections) = ended[name].result(), EXACT[name]
    assert found.code == 0, found.output
    assert (found.asked, found.connections) == (requests + warm_up, connections)
    assert (found.run["requests"], found.run["asked"], found.answered) == (requests,) * 3
    assert (found.run["failures"], found.run["void"]) == ({}, "")
    assert found.run["traffic"]["warm_up"] == warm_up
    if name in ("close", "distributed"):
        assert found.run["traffic"]["opened"] == requests


def test_processes(ended: Endings) -> None:
    """All of them are in the report, and end well."""
    assert ended["processes"].result().run["makers"][0]["processes"] == 2
    assert ended["distributed"].result().run["makers"][0]["processes"] == 2
    assert ended["distributed"].result().others == [0, 0]


@pytest.mark.parametrize(("name", "requests"), [("rate", 2001), ("rate, processes", 1001)])
def test_rate(ended: Endings, name: str, requests: int) -> None:
    """What was sent and what was dropped are as many as were ordered; the server saw those sent."""
    found = ended[name].result()
    assert found.code == 0, found.output
    dropped = found.run["traffic"]["dropped"]
    assert found.run["requests"] + dropped == requests
    # Of the warm-up some may have been dropped too.
    assert found.asked == found.run["requests"] + found.run["traffic"]["warm_up"]
    assert found.run["arrivals"] == ("poisson" if name == "rate" else "constant")
    assert found.run["seconds"] >= 0.5
    assert found.run["makers"][0]["lag_us"] > 0


def test_tasks(ended: Endings) -> None:
    """Users with tasks of their own take from the same number, and are told what each request was
    worth."""
    found = ended["tasks"].result()
    assert found.code == 1, found.output
    assert "tells its tasks nothing" not in found.output
    assert (found.run["requests"], found.asked) == (501, 501)
    # Each user asks for both in turn.
    assert abs(found.run["failures"]["wrong body"] - 250) <= 4
    assert found.answered + found.run["failures"]["wrong body"] == 501


def test_locusts_own_figures(ended: Endings) -> None:
    """Its table and its CSV have each request of the measurement, and none of the warm-up."""
    found = ended["alone"].result()
    lines = [line.split() for line in found.output.splitlines() if "Aggregated" in line]
    assert "4001" in lines[-1]
    with (found.folder / "kept_stats.csv").open() as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    assert {name: row["Request Count"] for name, row in rows.items()} == {
        "/plaintext": "4001",
        "Aggregated": "4001",
    }


def test_fire_events(ended: Endings) -> None:
    """A listener hears of each request of the measurement once, and of each failure."""
    found = ended["events"].result()
    assert found.code == 1, found.output
    fired = [line.split("|") for line in found.output.splitlines() if line.startswith("fired|")]
    counts = {(name, fault): int(times) for _, name, fault, _, times in fired}
    assert counts == {("/plaintext", ""): 1000, ("/plaintext", "status 500"): 1}
    assert {timed for _, _, fault, timed, _ in fired if not fault} == {"True"}


def test_rare_failures(ended: Endings) -> None:
    """One in a thousand is counted, and decides: the exit code is that of failed requests, whatever
    was missed beside."""
    found = ended["rare"].result()
    assert found.code == 1, found.output
    assert found.run["failures"] == {"status 500": 3}
    assert (found.run["requests"], found.answered, found.asked) == (3001, 2998, 3001)
    assert sum(each["failures"] for each in found.run["series"]) == 3


def test_missed(ended: Endings) -> None:
    """A threshold that is missed has its own exit code, and its line."""
    found = ended["missed"].result()
    assert found.code == 3, found.output
    (verdict,) = found.report["verdicts"]
    assert (verdict["text"], verdict["met"]) == ("rps>=999999999", False)
    assert found.run["void"] == ""


def test_met(ended: Endings) -> None:
    """Those that are met are said to be."""
    verdicts = ended["alone"].result().report["verdicts"]
    assert [(each["text"], each["met"]) for each in verdicts] == [
        ("p99<100s", True),
        ("failed<=0", True),
    ]


@pytest.mark.parametrize(
    "name", ["time", "stopped", "interrupted", "master stopped", "processes stopped"]
)
def test_incomplete(ended: Endings, name: str) -> None:
    """Stopped before its end, by the clock or by a signal, a test counts for nothing; what it had
    measured is reported all the same."""
    found = ended[name].result()
    assert found.code == 4, found.output
    assert found.run["void"].startswith("incomplete: ")
    assert 0 < found.run["requests"] == found.asked < 100_000_000
    assert found.run["failures"] == {}
    assert set(found.others) <= {0}
    assert found.left == []


def test_stopped_while_some_wait(ended: Endings) -> None:
    """What waits for a connection is not waited for; what has no answer yet is given up."""
    found = ended["stopped while some wait"].result()
    assert found.code in (1, 4), found.output
    assert found.asked == 1
    assert found.run["requests"] == sum(found.run["failures"].values()) <= 1
    assert found.run["void"].startswith(("incomplete", "nothing was asked"))


def test_lost(ended: Endings) -> None:
    """When a process of several is gone, so are its figures: it all counts for nothing."""
    found = ended["lost"].result()
    assert found.code == 4, found.output
    assert "1 of the processes that make the load left" in found.run["void"]


ENDLESS = {"endless": 11, "endless, processes": 12, "endless, rate": 11}


@pytest.mark.parametrize("name", ENDLESS)
def test_endless(ended: Endings, name: str) -> None:
    """Without a number it goes on until it is stopped, and that is its end."""
    found = ended[name].result()
    assert found.code == 0, found.output
    assert (found.run["asked"], found.run["failures"]) == (0, {})
    assert found.asked == found.run["requests"] + ENDLESS[name]
    assert found.answered == found.run["requests"] > 0


def test_warm_up_that_fails(ended: Endings) -> None:
    """A server that is not right before the measurement is not measured."""
    found = ended["warm-up fails"].result()
    assert found.code == 1, found.output
    assert "1 requests of the warm-up failed: 1 x status 500" in found.run["void"]


def test_nobody_listens(ended: Endings) -> None:
    """Nor is one that is not there; it takes no time to find out."""
    found = ended["nobody"].result()
    assert found.code == 2, found.output
    assert "nobody listens at http://" in found.output


def test_path(ended: Endings) -> None:
    """Whatever a path answers the first time must come each time; it is not asked for that by every
    user. If it is no success, nothing is measured."""
    found, failed = ended["path"].result(), ended["path that fails"].result()
    assert found.code == 0, found.output
    assert found.run["requests"] == 101
    assert found.asked - 101 - 7 in (1, 2)
    assert (failed.code, failed.asked) == (2, 1), failed.output
    assert "/sorry answers 500" in failed.output


def test_server_pid(ended: Endings) -> None:
    """CPU time and memory of a process are in the report; without one nothing is said of them."""
    found = ended["pid"].result()
    assert found.code == 0, found.output
    service = found.run["makers"][1]
    assert service["cpu_us"] > 0
    assert service["busy"] > 0
    assert service["peak_bytes"] > 10_000_000
    assert ended["alone"].result().run["makers"][1] is None


def test_limited(ended: Endings) -> None:
    """A run in which the generator was the limit is shown as a bound, and has an exit code of its
    own, unless that is accepted."""
    refused, accepted = ended["limited"].result(), ended["accepted"].result()
    assert (refused.code, accepted.code) == (4, 0), refused.output + accepted.output
    for each in (refused, accepted):
        assert each.run["void"] == ""
        assert each.run["makers"][0]["limited"].startswith("it was idle for")
    assert any("--accept-limited" in each for each in refused.report["missing"])
    assert accepted.report["missing"] == []


@pytest.mark.parametrize("name", [*REFUSED, "https", "journey"])
def test_refused(ended: Endings, name: str) -> None:
    """What cannot work is refused with its cause before anything is sent."""
    found = ended[name].result()
    assert (found.code, found.asked) == (2, 0), found.output
    said = {name: text for name, (_, text) in REFUSED.items()} | {
        "https": "speaks no TLS",
        "journey": "Journey",
    }
    assert said[name] in found.output
    assert "Traceback" not in found.output
