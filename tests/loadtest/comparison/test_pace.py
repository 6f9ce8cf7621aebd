"""loadtest.comparison.pace: what fits into the time that is left."""

import pytest

from loadtest.comparison.loads import CLOSE, KEEP_ALIVE, Load, Step
from loadtest.comparison.pace import Pace

ONE = Step(1, Load(KEEP_ALIVE), "a")
OTHER = Step(1, Load(CLOSE), "a")
ARRIVING = Step(1, Load(KEEP_ALIVE, 5.0), "a")


def test_the_longest_time_counts() -> None:
    """Of any round, for the same server and load only."""
    pace = Pace()
    for seconds in (3.0, 9.0, 4.0):
        pace.took(ONE, seconds)
    pace.took(OTHER, 1.0)
    assert pace.expect([Step(7, ONE.load, "a"), OTHER]) == 10.0


def test_of_what_was_never_seen_the_others_tell() -> None:
    """Their mean; arrivals take about as long as they are kept up."""
    pace = Pace()
    pace.took(ONE, 30.0)
    assert pace.expect([OTHER]) == 30.0
    assert pace.expect([ARRIVING]) == 6.0


@pytest.mark.parametrize(("left_s", "expected"), [(115.1, True), (114.9, False)])
def test_only_what_will_end_in_time_fits(left_s: float, expected: bool) -> None:
    """With a margin, for the machine may be slower next time."""
    pace = Pace()
    pace.took(ONE, 100.0)
    assert pace.fits([ONE], left_s) is expected


@pytest.mark.parametrize(("left_s", "expected"), [(1.0, True), (0.0, False)])
def test_the_first_is_tried(left_s: float, expected: bool) -> None:
    """Nothing is known yet, so nothing speaks against it while there is time."""
    assert Pace().fits([ONE], left_s) is expected


def test_what_takes_much_longer_than_before_is_stuck() -> None:
    """Five times as long, a minute at least; before it was seen, by its number of requests."""
    pace = Pace()
    assert pace.patience(ONE, 100_000) == 260.0
    pace.took(ONE, 2.0)
    assert pace.patience(ONE, 100_000) == 60.0
    pace.took(ONE, 40.0)
    assert pace.patience(ONE, 100_000) == 200.0
