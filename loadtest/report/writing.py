"""A report's three files in a folder: for programs, for a terminal, for a browser."""

import json
import os
import tempfile
from pathlib import Path

from loadtest.report.markdown import markdown
from loadtest.report.model import Report
from loadtest.report.page import page

DATA, TEXT, PAGE = "summary.json", "summary.md", "index.html"
MODE = 0o644  # what a temporary file lacks: others may read a report


class NoReport(Exception):
    """There is no report in a folder, or what is there is none."""


def write(report: Report, folder: Path) -> None:
    """Write all three; a reader never sees half of one. The folder is made where it is missing.

    The data comes first: when drawing fails, nothing that was measured is lost. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / DATA, json.dumps(report.as_json(), indent=1) + "\n")
    draw(report, folder)


def draw(report: Report, folder: Path) -> None:
    """Write what is derived: Markdown and the page. Raises OSError."""
    _replace(folder / TEXT, markdown(report))
    _replace(folder / PAGE, page(report))


def read(folder: Path) -> Report:
    """The report that was written into a folder. Raises NoReport."""
    path = folder / DATA
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoReport(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise NoReport(f"{path}: not JSON: {error}") from error
    if not isinstance(given, dict):
        raise NoReport(f"{path}: not a report")
    try:
        return Report.from_json(given)
    except (AttributeError, ValueError) as error:
        raise NoReport(f"{path}: {error}") from error


def _replace(path: Path, text: str) -> None:
    """Beside it first, then in its place: rename is atomic within a folder."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        beside.chmod(MODE)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
