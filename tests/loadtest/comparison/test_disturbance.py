"""loadtest.comparison.disturbance: who else used the machine."""

from typing import Any

import pytest

from loadtest.comparison.disturbance import disturbances, disturbed
from tests.loadtest.comparison.examples import run


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"busy": 0.74}, True),
        ({"busy": 0.75}, False),
        ({"busy": 0.1, "limited": "idle for 1 %"}, False),
        ({"busy": 0.1, "rate": 500.0}, False),
        ({"busy": 0.1, "void": "incomplete"}, False),
        ({"cpu_us": None}, False),
    ],
)
def test_neither_was_busy(given: dict[str, Any], expected: bool) -> None:
    """Where connections wait for answers one of the two always is, on a machine of their own."""
    assert disturbed(run(**given)) is expected


def test_one_run_of_many_is_no_disturbance() -> None:
    """A quarter of them is; runs that cannot tell are not among them."""
    quiet = [run(busy=1.0)] * 3
    others = [run(rate=5.0), run(cpu_us=None)]
    (said,) = disturbances([*quiet, run(busy=0.3), *others])
    assert said.startswith("In 1 of 4 runs neither the server nor the generator was busy")
    assert disturbances([*quiet, run(busy=1.0), run(busy=0.3)]) == []
    assert disturbances([]) == []
