"""loadtest.report.scale: places along an axis, and its round numbers."""

import pytest

from loadtest.report.quantities import axis
from loadtest.report.scale import linear, logarithmic, percentiles


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        (0, 32, 4, ["0", "10", "20", "30", "40"]),
        (0, 54_000, 6, ["0", "10k", "20k", "30k", "40k", "50k", "60k"]),
        (0, 1, 2, ["0", "0.5", "1"]),
        (-3, 3, 6, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        (5, 5, 3, ["4", "6", "8", "10"]),
        (0, 0, 2, ["0", "0.5", "1"]),
    ],
)
def test_a_linear_axis_counts_in_1_2_5(
    low: float, high: float, count: int, expected: list[str]
) -> None:
    """From a whole step to a whole step, and never nowhere."""
    scale = linear(low, high, count, axis)
    assert [text for _, text in scale.ticks] == expected
    assert (scale.place(scale.ticks[0][0]), scale.place(scale.ticks[-1][0])) == (0, 1)


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        (1.2, 80, 7, ["1", "2", "5", "10", "20", "50", "100"]),
        (1.2, 80, 5, ["1", "3", "10", "30", "100"]),
        (1.2, 80_000, 6, ["1", "10", "100", "1k", "10k", "100k"]),
        (3.1, 4.8, 6, ["3", "4", "5"]),
        (7, 7, 6, ["5", "10", "20"]),
    ],
)
def test_a_logarithmic_axis_has_what_there_is_room_for(
    low: float, high: float, count: int, expected: list[str]
) -> None:
    """1-2-5, then 1-3, then whole powers of ten; near values get finer steps."""
    assert [text for _, text in logarithmic(low, high, count, axis).ticks][:7] == expected


@pytest.mark.parametrize("value", [0.0, -1.0])
def test_what_has_no_logarithm_stands_at_the_beginning(value: float) -> None:
    """Nothing is divided by it."""
    assert logarithmic(1, 100, 5, axis).place(value) == 0
    assert logarithmic(value, value, 5, axis).ticks


def test_every_nine_is_as_wide_as_the_one_before() -> None:
    """And the slowest stands at the end."""
    scale = percentiles([0.0, 50.0, 90.0, 99.0, 99.9, 100.0])
    places = [scale.place(at) for at in (90.0, 99.0, 99.9)]
    assert places[1] - places[0] == pytest.approx(places[2] - places[1])
    assert (scale.place(0.0), scale.place(100.0)) == (0, 1)
    assert [text for _, text in scale.ticks] == ["50", "90", "99", "99.9", "max"]
