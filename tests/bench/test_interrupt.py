"""bench.interrupt: signals wait for the end of what must not be cut in half."""

import signal
from collections.abc import Iterator

import pytest

from bench.interrupt import SIGNALS, uninterrupted, unwind_on_signals


@pytest.fixture
def _unwinding() -> Iterator[None]:
    """Both signals raise KeyboardInterrupt, for this test only."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    unwind_on_signals()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_unwinding")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_for_the_end_of_the_block(number: signal.Signals) -> None:
    """The block runs to its end, then the signal unwinds what is around it."""
    steps: list[str] = []
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        with uninterrupted():
            signal.raise_signal(number)
            steps.append("still here")
        steps.append("never here")
    assert steps == ["still here"]
