"""loadtest.comparison.progress: what is said while it runs."""

import io

import pytest

from loadtest.comparison.loads import CLOSE, KEEP_ALIVE, Load, Step
from loadtest.comparison.progress import CHECK, Progress, remaining, result
from tests.loadtest.comparison.examples import run


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_the_live_line_is_for_terminals() -> None:
    """A log has lines that stay, without codes."""
    log, terminal = io.StringIO(), Terminal()
    for stream in (log, terminal):
        progress = Progress(2, ["a"], stream)
        progress.wait("now")
        progress.say("done")
    assert log.getvalue() == "done\n"
    assert terminal.getvalue() == "\r\x1b[Know\r\x1b[Kdone\n"


def test_a_live_line_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """What wraps cannot be erased."""
    monkeypatch.setenv("COLUMNS", "5")
    terminal = Terminal()
    Progress(1, [], terminal).wait("123456789")
    assert terminal.getvalue() == "\r\x1b[K1234"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step(2, Load(KEEP_ALIVE), "a"), "round 2/3 keep-alive      a  "),
        (Step(2, Load(CLOSE), "abc"), "round 2/3 new connections abc"),
        (Step(2, Load(KEEP_ALIVE, 20_000), "a"), "round 2/3 20,000/s arriving a  "),
        (Step(CHECK, Load(CLOSE), "a"), "check     new connections a  "),
    ],
)
def test_which_run_it_is(step: Step, expected: str) -> None:
    """Columns are aligned."""
    assert Progress(3, ["a", "abc"]).where(step) == expected


def test_a_run_in_short() -> None:
    """Seconds, requests a second, CPU, the 99th percentile, failures."""
    assert result(run(cpu_us=12.3, p99_us=1_500.0)).split() == [
        *("0.0", "s", "10,000/s", "12.3", "us", "CPU", "p99", "1.50", "ms", "0", "failed"),
    ]


def test_what_a_run_is_not_worth() -> None:
    """Is said at once."""
    assert "CPU not seen" in result(run(cpu_us=None))
    assert result(run(limited="busy")).endswith(", generator at its limit")
    assert result(run(limited="busy", void="incomplete")).endswith(", VOID: incomplete")


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, ""),
        (2.0, "about 5 s left"),
        (47.0, "about 45 s left"),
        (89.0, "about 90 s left"),
        (90.0, "about 2 min left"),
        (400.0, "about 7 min left"),
    ],
)
def test_the_rest_is_a_guess(seconds: float, expected: str) -> None:
    """And written as one."""
    assert remaining(seconds) == expected
