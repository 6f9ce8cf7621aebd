"""loadtest.comparison.__main__: exit codes, and what stands in the way."""

import importlib.util
import json
import resource
from collections.abc import Sequence
from pathlib import Path

import pytest

from loadtest.comparison import __main__ as command
from loadtest.comparison.comparison import Comparison
from loadtest.comparison.locust_run import NotMeasured
from loadtest.comparison.verdicts import judge
from loadtest.rawload.target import TargetError
from loadtest.report.model import Report, Run
from tests.loadtest.comparison.examples import run

BAD = {"wrong body": 1}


class Made(Comparison):
    """A comparison that measured what it was told to."""

    runs: Sequence[Run] = ()
    given_up = False
    raised: BaseException | None = None

    def measure(self) -> None:
        if self.raised:
            raise self.raised

    @property
    def incomplete(self) -> bool:
        return self.given_up

    def report(self, more: str = "") -> Report:
        verdicts = judge(self._options.thresholds, self.runs)
        return Report({"date": "today"}, self.runs, verdicts, [more] if more else [])


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> type[Made]:
    """In the place of the real one."""

    class Fresh(Made):
        pass

    monkeypatch.setattr(command, "Comparison", Fresh)
    monkeypatch.setattr(command, "unwind_on_signals", lambda: None)
    monkeypatch.setattr(command, "obstacle", lambda connections: "")
    monkeypatch.setattr(command, "allow_files", lambda connections: None)
    return Fresh


@pytest.mark.parametrize(
    ("runs", "given_up", "expected"),
    [
        ([run()], False, 0),
        ([run(cpu_us=99.0)], False, 3),
        ([run(), run(void="incomplete", number=2)], False, 4),
        ([run()], True, 4),
        ([run(cpu_us=99.0)], True, 4),
        ([run(), run(failures=BAD, number=2)], False, 1),
        ([run(failures=BAD, void="incomplete"), run(cpu_us=99.0, number=2)], True, 1),
        ([run(void="incomplete")], False, 4),
        ([], True, 2),
    ],
)
def test_exit_codes(
    runs: Sequence[Run], given_up: bool, expected: int, made: type[Made], tmp_path: Path
) -> None:
    """A failure is worse than a gap, and a gap than a threshold that was missed."""
    made.runs, made.given_up = runs, given_up
    arguments = ["--threshold", "keepalive:protocol.cpu<20us", "--out", str(tmp_path)]
    assert command.main(arguments) == expected


def test_the_report_is_printed_and_kept(
    made: type[Made], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder is made where it is missing."""
    made.runs = [run()]
    out = tmp_path / "build" / "loadtest"
    command.main(["--out", str(out)])
    said = capsys.readouterr()
    assert sorted(each.name for each in out.iterdir()) == [
        *("index.html", "summary.json", "summary.md"),
    ]
    assert (out / "summary.md").read_text() == said.out
    assert str(out / "index.html") in said.err


def test_an_interruption_keeps_what_there_is(
    made: type[Made], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a word on it; the exit code is the shell's for Ctrl-C."""
    made.runs, made.raised = [run()], KeyboardInterrupt()
    assert command.main(["--out", str(tmp_path)]) == 130
    assert "it was interrupted" in json.loads((tmp_path / "summary.json").read_text())["missing"][0]


def test_an_early_interruption_writes_nothing(made: type[Made], tmp_path: Path) -> None:
    """The report of the last time stays."""
    made.raised = KeyboardInterrupt()
    assert command.main(["--out", str(tmp_path / "out")]) == 130
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("error", [TargetError("nobody there"), NotMeasured("nobody there")])
def test_what_cannot_be_measured_says_why(
    error: Exception, made: type[Made], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a traceback."""
    made.raised = error
    assert command.main([]) == 2
    assert capsys.readouterr().err == "nobody there\n"


def test_a_folder_that_cannot_be_written(
    made: type[Made], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The report is printed all the same."""
    made.runs = [run()]
    (tmp_path / "file").touch()
    assert command.main(["--out", str(tmp_path / "file")]) == 2
    said = capsys.readouterr()
    assert "# Load test" in said.out
    assert "could not be kept" in said.err


def test_a_reader_that_leaves(
    made: type[Made], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make loadtest | head`: the report has been kept by then."""

    def broken(*said: object, **how: object) -> None:
        raise BrokenPipeError

    made.runs = [run()]
    monkeypatch.setattr("builtins.print", broken)
    monkeypatch.setattr(command, "say", lambda text: None)
    assert command.main(["--out", str(tmp_path)]) == 2
    assert (tmp_path / "summary.json").exists()


def test_without_locust_nothing_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says what to do."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert command.main([]) == 2
    assert "make .venv/.loadtest" in capsys.readouterr().err


def test_elsewhere_than_on_linux_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no /proc."""
    monkeypatch.setattr("sys.platform", "darwin")
    assert "only Linux has" in command.obstacle(1)


@pytest.mark.parametrize(
    ("hard", "problem"), [(resource.RLIM_INFINITY, False), (356, False), (355, True)]
)
def test_open_files(hard: int, problem: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection is an open file; there are 256 others."""
    monkeypatch.setattr(resource, "getrlimit", lambda which: (64, hard))
    assert ("ulimit" in command.obstacle(100)) is problem


def test_the_limit_on_open_files_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as is needed, and only where it is."""
    limits: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: (300, 1_000))
    monkeypatch.setattr(resource, "setrlimit", lambda which, both: limits.append(both))
    for connections in (10, 44):
        command.allow_files(connections)
    assert limits == []
    command.allow_files(45)
    assert limits == [(301, 1_000)]
