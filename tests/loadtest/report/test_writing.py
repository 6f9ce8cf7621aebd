"""loadtest.report.writing and python -m loadtest.report: three files, whole or not at all."""

import json
from pathlib import Path

import pytest

from loadtest.report import writing
from loadtest.report.__main__ import main
from loadtest.report.markdown import markdown
from loadtest.report.writing import NoReport, read, write
from tests.loadtest.report import examples

FILES = ["index.html", "summary.json", "summary.md"]


def names(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_three_files_are_written(tmp_path: Path) -> None:
    """Into a folder that is made, and nothing else is left there."""
    report, folder = examples.full(), tmp_path / "a" / "b"
    write(report, folder)
    assert names(folder) == FILES
    assert (folder / "summary.md").read_text(encoding="utf-8") == markdown(report)
    assert json.dumps(read(folder).as_json()) == json.dumps(report.as_json())
    assert {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()} == {"0o644"}


def test_what_was_measured_is_kept_when_drawing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The data is written first."""

    def fail(_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(writing, "page", fail)
    with pytest.raises(ZeroDivisionError):
        write(examples.single(), tmp_path)
    assert names(tmp_path) == ["summary.json", "summary.md"]


def test_a_file_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old one stays and no half of the new one."""
    write(examples.single(), tmp_path)
    before = (tmp_path / "summary.json").read_text(encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write(examples.full(), tmp_path)
    assert names(tmp_path) == FILES
    assert (tmp_path / "summary.json").read_text(encoding="utf-8") == before


def test_a_report_is_drawn_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From its data alone, byte for byte."""
    write(examples.full(), tmp_path)
    before = [(tmp_path / name).read_bytes() for name in FILES]
    for name in ("index.html", "summary.md"):
        (tmp_path / name).unlink()
    assert main([str(tmp_path)]) == 0
    assert [(tmp_path / name).read_bytes() for name in FILES] == before
    assert capsys.readouterr().out == f"{tmp_path / 'index.html'}\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "No such file"),
        ("{", "not JSON"),
        ("[]", "not a report"),
        ('{"version": 3}', "version 3"),
        ('{"version": 1, "facts": {}}', "not a report"),
        ('{"version": 1, "facts": {}, "runs": 1, "verdicts": [], "missing": []}', "not a report"),
        ("\udcff", "not JSON"),
    ],
)
def test_no_report_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str | None, said: str
) -> None:
    """Exit code 2, one line that names the file, and nothing is written."""
    path = tmp_path / "summary.json"
    if given is not None:
        path.write_bytes(given.encode(errors="surrogateescape"))
    assert main([str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"no report: {path}: ")
    assert said in error
    assert names(tmp_path) == (["summary.json"] if given is not None else [])
    with pytest.raises(NoReport):
        read(tmp_path)


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    """And a missing folder is a mistake in the call."""
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "summary.json" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="2"):
        main([])
