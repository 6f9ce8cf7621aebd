"""loadtest.report.model: a report survives being written as JSON and read again."""

import json
from collections.abc import Mapping

import pytest

from loadtest.report.model import Report
from tests.loadtest.report import examples


@pytest.mark.parametrize("name", ["full", "single", "gallery", "all_void", "hostile"])
def test_a_report_comes_back_as_it_was(name: str) -> None:
    """Every field of every run; sequences may come back as lists."""
    report: Report = getattr(examples, name)()
    again = Report.from_json(json.loads(json.dumps(report.as_json())))
    assert json.dumps(again.as_json()) == json.dumps(report.as_json())
    assert [run.rps for run in again.runs] == [run.rps for run in report.runs]
    assert again.runs[0].latency == report.runs[0].latency
    assert again.runs[0].makers == report.runs[0].makers


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"version": 2},
        {"version": 1},
        {"version": 1, "facts": {}, "runs": [{}], "verdicts": [], "missing": []},
        {"version": 1, "facts": {}, "runs": [], "verdicts": [{"x": 1}], "missing": []},
    ],
)
def test_anything_else_is_no_report(given: Mapping[str, object]) -> None:
    """One error for all that is missing or too much."""
    with pytest.raises(ValueError, match="report"):
        Report.from_json(given)
