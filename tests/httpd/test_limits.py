"""Every bound has a range, a unit and a reason, and holds on both sides."""

from dataclasses import Field, fields
from typing import Any

import pytest

from app.httpd.limits import Deadlines, Limits, outside

EVERY = [(kind, each) for kind in (Limits, Deadlines) for each in fields(kind)]
NAMES = [f"{kind.__name__}.{each.name}" for kind, each in EVERY]


@pytest.mark.parametrize(("kind", "bound"), EVERY, ids=NAMES)
def test_both_sides(kind: type[Any], bound: "Field[Any]") -> None:
    """The ends of a range are inside it, the next values are not, and the error says so."""
    low, high = bound.metadata["low"], bound.metadata["high"]
    assert getattr(kind(**{bound.name: low}), bound.name) == low
    assert getattr(kind(**{bound.name: high}), bound.name) == high
    for wrong in (low - 1, high + 1, float("nan"), float("inf")):
        with pytest.raises(
            ValueError, match=f"{bound.name} is {wrong}, allowed is {low} to {high}"
        ):
            kind(**{bound.name: wrong})


@pytest.mark.parametrize(("kind", "bound"), EVERY, ids=NAMES)
def test_default_and_reason(kind: type[Any], bound: "Field[Any]") -> None:
    """A default is inside its range, and every bound says its unit and why."""
    assert outside(bound, bound.default) == ""
    assert bound.metadata["unit"]
    assert len(bound.metadata["why"]) > 10


def test_idle_outlives_those_in_front() -> None:
    """An idle connection is kept longer than nginx (60 s) and Heroku's router (90 s) keep it."""
    assert Deadlines().idle > 90


def test_bounds_do_not_change() -> None:
    """What a server was started with stays."""
    with pytest.raises(AttributeError):
        Limits().body = 5  # type: ignore[misc]
