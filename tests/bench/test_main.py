"""bench.__main__: exit codes, and what stands in the way."""

from pathlib import Path

import pytest

from bench import __main__ as command
from bench.floors import judge_all
from bench.options import Options
from bench.process import Memory
from bench.results import Cell, IdleMemory, Results
from bench.summary import Summary


def run_with(ours: float, arguments: list[str], monkeypatch: pytest.MonkeyPatch, out: Path) -> int:
    """Run the command over a measurement in which nginx takes one second per plain request."""

    def summarise(options: Options) -> Summary:
        cells = [Cell(1, "plain", "nginx", 1, 1, 1), Cell(1, "plain", "protocol", 1, ours, ours)]
        memories = {"protocol": IdleMemory(10_000, Memory(1, 1), Memory(2, 2))}
        results = Results(cells, memories, {}, [])
        return Summary(options, {}, results, judge_all(results, options.servers, options.loads))

    monkeypatch.setattr(command, "summarise", summarise)
    monkeypatch.setattr(command, "obstacle", lambda: "")
    monkeypatch.setattr(command, "unwind_on_signals", lambda: None)
    return command.main([*arguments, "--servers", "protocol,nginx", "--out", str(out)])


@pytest.mark.parametrize(
    ("ours", "arguments", "expected"),
    [
        (1.5, ["--loads", "plain", "--check"], 0),
        (1.6, ["--loads", "plain", "--check"], 1),
        (1.6, ["--loads", "plain"], 0),
        (1.5, ["--loads", "plain,close", "--check"], 1),
    ],
)
def test_only_check_makes_a_missed_floor_an_error(
    ours: float,
    arguments: list[str],
    expected: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A floor that was asked for and could not be judged counts as missed."""
    assert run_with(ours, arguments, monkeypatch, tmp_path) == expected


def test_the_report_is_printed_and_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder is made when it is not there."""
    out = tmp_path / "build" / "bench"
    run_with(1.5, ["--loads", "plain"], monkeypatch, out)
    assert sorted(path.name for path in out.iterdir()) == ["summary.json", "summary.md"]
    assert (out / "summary.md").read_text() == capsys.readouterr().out


def test_the_table_of_the_ways_is_kept_beside_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When ways were measured, and only then."""
    monkeypatch.setattr(command, "obstacle", lambda: "")
    monkeypatch.setattr(command, "unwind_on_signals", lambda: None)
    nothing = Results([], {}, {}, [])
    monkeypatch.setattr(command, "summarise", lambda options: Summary(options, {}, nothing, []))
    assert command.main(["--ways", "--out", str(tmp_path)]) == 0
    assert "| way |" in (tmp_path / "ways.md").read_text()


def test_without_wrk_nothing_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says what to install."""
    monkeypatch.setenv("PATH", "")
    assert command.main([]) == 2
    assert "apt-get install wrk" in capsys.readouterr().err
