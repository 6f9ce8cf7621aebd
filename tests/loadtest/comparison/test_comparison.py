"""loadtest.comparison.comparison: what belongs into the report beside the runs."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.targets import Target
from loadtest.comparison import comparison, servers
from loadtest.comparison.comparison import Comparison
from loadtest.comparison.options import parse_options
from loadtest.comparison.servers import CONTENDERS, Contender
from loadtest.rawload.target import TargetError
from loadtest.report.model import Run
from tests.loadtest.comparison.examples import run
from tests.loadtest.comparison.liars import answer, serving

FLOOR = CONTENDERS["floor"]
CLOSING = CONTENDERS["way:wsgi-sync"]
BROKEN = Target("floor", "$python -m bench.no_such_module", "")


class Rounds:
    """Rounds that are over at once."""

    runs: Sequence[Run] = ()
    broken = False
    asked: Sequence[Contender] = ()

    def __init__(
        self,
        options: object,
        contenders: Sequence[Contender],
        core: object,
        folder: Path,
        begun: float,
    ) -> None:
        Rounds.asked = contenders
        self.missing = ["of the rounds"]

    def play(self) -> None:
        """Nothing to do."""


@pytest.fixture(autouse=True)
def _rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "Rounds", Rounds)
    monkeypatch.setattr(Rounds, "runs", [run(busy=0.1)])
    known = {**CONTENDERS, "floor": CLOSING, "protocol": FLOOR, "fastapi": BROKEN}
    monkeypatch.setattr(servers, "CONTENDERS", known)


def measured(*arguments: str) -> Comparison:
    """All of it."""
    made = Comparison(parse_options(arguments))
    made.measure()
    return made


def test_what_is_missing_is_said_in_its_order() -> None:
    """What did not start, what is measured in part, what the rounds say, what disturbed them."""
    made = measured("--servers", "protocol,floor,fastapi")
    absent, partly, of_rounds, disturbed, more = made.report("more").missing
    assert absent.startswith("fastapi was not measured: floor ended before it listened")
    assert "\n" not in absent
    assert partly == "way:wsgi-sync: only with a connection per request, for they keep none"
    assert of_rounds == "of the rounds"
    assert disturbed.startswith("In 1 of 1 runs")
    assert more == "more"
    assert made.incomplete


def test_nothing_is_missing() -> None:
    """Where all started, and those that keep nothing are asked for nothing else."""
    made = measured("--servers", "floor", "--modes", "close", "--rates", "")
    assert made.report().missing[0] == "of the rounds"
    assert not made.incomplete
    assert [each.keeps for each in Rounds.asked] == [False]


def test_a_broken_run_makes_it_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server that did not start does."""
    monkeypatch.setattr(Rounds, "broken", True)
    assert measured("--servers", "protocol").incomplete


def test_without_a_server_there_are_no_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing to report."""
    monkeypatch.setattr(comparison, "Rounds", None)
    made = measured("--servers", "fastapi")
    assert made.report().runs == []
    assert made.incomplete


def test_a_process_that_does_not_run_is_refused() -> None:
    """Before the load: each run would fail for it."""
    with serving(lambda number: answer()) as url:
        with pytest.raises(TargetError, match="--server-pid 4194304: no such process"):
            measured("--target", url, "--server-pid", str(2**22))
        assert measured("--target", url, "--server-pid", "1").report().facts["target"] == url
    assert [(each.name, each.url, each.pid) for each in Rounds.asked] == [("target", url, 1)]
