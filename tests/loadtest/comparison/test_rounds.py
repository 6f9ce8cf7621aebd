"""loadtest.comparison.rounds: what is measured, in what time, and what comes of failures."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from loadtest.comparison import rounds
from loadtest.comparison.locust_run import Job, NotMeasured
from loadtest.comparison.options import parse_options
from loadtest.comparison.rounds import CHECK_REQUESTS, Rounds
from loadtest.comparison.servers import Contender
from loadtest.report.model import Run
from tests.loadtest.comparison.examples import run


class Stage:
    """A clock that only runs advance, and runs that are made up.

    took: seconds of a run. fate: what it comes to where that is not a good run.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.jobs: list[Job] = []
        self.given_up_after: list[float] = []
        self.took: Callable[[Job], float] = lambda job: 10.0
        self.fate: Callable[[Job], Run | Exception | None] = lambda job: None
        monkeypatch.setattr(rounds, "time", self)
        monkeypatch.setattr(rounds, "measure", self.measure)

    def monotonic(self) -> float:
        return self.now

    def measure(self, job: Job, out: Path, at_most_s: float, waiting: object) -> Run:
        self.jobs.append(job)
        self.given_up_after.append(at_most_s)
        self.now += min(self.took(job), at_most_s)
        fate = self.fate(job)
        if isinstance(fate, Exception):
            raise fate
        made: dict[str, object] = {"mode": job.load.mode, "rate": job.load.rate}
        return fate or run(job.contender.name, **made)  # type: ignore[arg-type]

    def play(self, *arguments: str, servers: Sequence[str] = ("a", "b")) -> Rounds:
        """Play what these options ask for."""
        contenders = [Contender(name, "", keeps=name != "closing") for name in servers]
        played = Rounds(parse_options(arguments), contenders, None, Path(), self.now)
        played.play()
        return played


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """One for each test."""
    return Stage(monkeypatch)


def test_a_short_run_comes_first(stage: Stage) -> None:
    """It is in no figure."""
    played = stage.play("--modes", "close", "--rates", "", "--rounds", "1")
    assert [(job.contender.name, job.requests) for job in stage.jobs] == [
        ("a", CHECK_REQUESTS),
        ("a", 100_000),
        ("b", 100_000),
    ]
    assert [(each.server, each.round) for each in played.runs] == [("a", 1), ("b", 1)]
    assert played.missing == []


def test_a_check_of_arrivals_takes_no_longer_than_they_do(stage: Stage) -> None:
    """1,000 requests at 5 a second would take minutes."""
    stage.play("--modes", "", "--rates", "5", "--rounds", "1", servers=["a"])
    assert [job.requests for job in stage.jobs] == [10, 10]


def test_rounds_that_do_not_fit_are_not_begun(stage: Stage) -> None:
    """Two runs of 10 s: after the check 50 of 60 s are left, of which two rounds take 40."""
    played = stage.play("--modes", "close", "--rates", "", "--minutes", "1")
    assert [(each.server, each.round) for each in played.runs] == [
        ("a", 1),
        ("b", 1),
        ("b", 2),
        ("a", 2),
    ]
    assert played.missing == ["2 of 5 rounds fit into the time that was given (--minutes 1)"]
    assert not played.broken
    assert stage.now == 1_050.0


def test_time_that_ends_within_a_round_ends_it(stage: Stage) -> None:
    """The first round is begun without knowing, and said to be half of one."""
    stage.took = lambda job: 45.0
    played = stage.play("--modes", "close", "--rates", "", "--minutes", "1")
    assert [each.server for each in played.runs] == ["a"]
    assert played.missing == [
        "the time was over in round 1: 1 of its 2 runs were not begun",
        "0 of 5 rounds fit into the time that was given (--minutes 1)",
    ]


def test_arrivals_without_time_are_missed(stage: Stage) -> None:
    """They come after the first round, and are named when they do not."""
    played = stage.play("--modes", "close", "--rates", "9", "--minutes", "0.6", "--rounds", "1")
    assert [each.rate for each in played.runs] == [0.0, 0.0]
    assert "arrivals that do not wait" in played.missing[0]
    assert len(played.missing) == 1


def test_what_would_not_end_is_given_up(stage: Stage) -> None:
    """After some time, or when all time is over."""
    stage.took = lambda job: 595.0
    stage.play("--modes", "close", "--rates", "", "--requests", "1000000", servers=["a", "b"])
    assert stage.given_up_after == [62.0, 538.0]


def test_a_failed_check_ends_it(stage: Stage) -> None:
    """It is in the report, with what can be done; nothing else is asked."""
    stage.fate = lambda job: run("a", failures={"status 429": 3})
    played = stage.play("--rounds", "1")
    assert len(stage.jobs) == 1
    assert [each.failed for each in played.runs] == [3]
    assert "RATE_LIMIT=off" in played.missing[0]
    assert played.missing[1] == "nothing more was measured: the check had failures"


def test_a_locust_that_makes_no_load_ends_it(stage: Stage) -> None:
    """There is nothing to report."""
    stage.fate = lambda job: NotMeasured("locust ended with 2: x")
    with pytest.raises(NotMeasured, match="ended with 2"):
        stage.play("--rounds", "1")


def test_failures_later_on_end_nothing(stage: Stage) -> None:
    """The run is kept with them, and the cure is said once."""
    bad = {"connect: no port of this machine is left (EADDRNOTAVAIL)": 1}
    stage.fate = lambda job: run("b", failures=bad) if job.contender.name == "b" else None
    played = stage.play("--modes", "close", "--rates", "", "--rounds", "2")
    assert [(each.server, each.failed) for each in played.runs] == [
        ("a", 0),
        ("b", 1),
        ("b", 1),
        ("a", 0),
    ]
    assert [text[:38] for text in played.missing] == ["Each connection takes a port of this m"]
    assert not played.broken


def test_a_run_that_could_not_be_measured_is_missing(stage: Stage) -> None:
    """By its name and with the reason; the others go on."""
    stage.fate = lambda job: (
        NotMeasured("locust ended with 1: x\n y") if job.contender.name == "b" else None
    )
    played = stage.play("--modes", "close", "--rates", "", "--rounds", "1")
    assert [each.server for each in played.runs] == ["a"]
    assert played.missing == ["round 1/1 new connections b: locust ended with 1: x y"]
    assert played.broken


def test_slow_servers_are_asked_less(stage: Stage) -> None:
    """Each is tried under each load; these answer 10,000 requests a second."""
    played = stage.play("--all", "--rounds", "1", servers=["a", "closing"])
    checks, measured = stage.jobs[:3], stage.jobs[3:]
    assert [(job.load.name, job.contender.name) for job in checks] == [
        ("keepalive", "a"),
        ("close", "a"),
        ("close", "closing"),
    ]
    assert [job.requests for job in measured] == [40_000, 40_000, 40_000]
    assert len(played.runs) == 3


def test_who_fails_its_check_is_left_out(stage: Stage) -> None:
    """Under that load; of many servers the others go on."""
    stage.fate = lambda job: (
        run("b", mode="close", failures={"wrong body": 1})
        if (job.contender.name, job.load.name) == ("b", "close")
        else None
    )
    played = stage.play("--all", "--rounds", "1")
    measured = [(each.mode, each.server, each.round) for each in played.runs]
    assert measured == [
        ("close", "b", 0),
        ("keepalive", "a", 1),
        ("keepalive", "b", 1),
        ("close", "a", 1),
    ]


def test_of_many_one_that_cannot_be_tried_ends_nothing(stage: Stage) -> None:
    """It is missing."""
    stage.fate = lambda job: NotMeasured("x") if job.contender.name == "b" else None
    played = stage.play("--all", "--rounds", "1", "--modes", "close")
    assert [each.server for each in played.runs] == ["a"]
    assert played.missing == ["check new connections b: x"]
    assert played.broken
