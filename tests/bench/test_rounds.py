"""bench.rounds: what is measured when."""

from collections.abc import Mapping

import pytest

from bench.load import LOADS
from bench.rounds import schedule, why_void


def test_rounds_are_interleaved() -> None:
    """Round 0, the warm-up, then A B, A B: never A A, B B."""
    loads = [LOADS["plain"], LOADS["close"]]
    assert [(number, load.name, name) for number, load, name in schedule(1, loads, ["a", "b"])] == [
        (0, "plain", "a"),
        (0, "plain", "b"),
        (0, "close", "a"),
        (0, "close", "b"),
        (1, "plain", "a"),
        (1, "plain", "b"),
        (1, "close", "a"),
        (1, "close", "b"),
    ]


@pytest.mark.parametrize(
    ("requests", "errors", "expected"),
    [
        (100, {}, ""),
        (0, {}, "wrk got no answer at all"),
        (100, {"read": 3, "status": 1}, "wrk saw 3 read errors, 1 status errors"),
    ],
)
def test_a_void_cell_says_why(requests: int, errors: Mapping[str, int], expected: str) -> None:
    """Errors void a cell however many answers came with them."""
    assert why_void(requests, errors) == expected
