"""loadtest.comparison.servers: who is measured, and how each is started."""

from pathlib import Path

import pytest

from bench.cores import Cores
from bench.targets import Target
from loadtest.comparison import servers
from loadtest.comparison.servers import ALL, CONTENDERS, MAIN, Measured, quiet, started
from tests.loadtest.processes import left_of

UNPINNED = Cores(None, None, "")
BROKEN = Target("broken", "$python -m bench.no_such_module", "")
ABSENT = Target("absent", "no-such-program", "")


def test_aiohttp_is_the_twin_that_is_deployed() -> None:
    """One worker of gunicorn.conf.py with SERVER=aiohttp, in the place of the bench's."""
    environment = CONTENDERS["aiohttp"].variables(8_000, Path())
    assert environment["SERVER"] == "aiohttp"
    assert environment["WEB_CONCURRENCY"] == "1"
    assert environment["BIND"] == "127.0.0.1:8000"
    assert CONTENDERS["aiohttp"].argv(8_000, Path())[1:] == ["-m", "gunicorn"]
    assert CONTENDERS["aiohttp"].at_root


@pytest.mark.parametrize("name", ALL)
def test_nobody_logs_requests(name: str) -> None:
    """A line for each would be measured with it."""
    assert quiet(CONTENDERS[name]).variables(1, Path())["ACCESS_LOG"] == "off"


def test_the_floor_is_among_them() -> None:
    """It shows what the generator can make at most."""
    assert "floor" in MAIN


def test_who_does_not_start_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the end of its log; the others run, and are stopped at the end."""
    known = {**CONTENDERS, "broken": BROKEN, "absent": ABSENT}
    monkeypatch.setattr(servers, "CONTENDERS", known)
    with started(["broken", "floor", "absent"], UNPINNED, tmp_path) as found:
        (floor,) = found.contenders
        assert (floor.name, floor.keeps) == ("floor", True)
        broken, absent = found.missing
        assert broken.startswith("broken was not measured: broken ended before it listened")
        assert "no_such_module" in broken
        assert absent == "absent was not measured: it is not installed"
    assert left_of(floor.pid) == []


def test_all_are_stopped_whatever_happens(tmp_path: Path) -> None:
    """An interruption, for one."""
    pids: list[int] = []

    def interrupted() -> None:
        with started(["floor"], UNPINNED, tmp_path) as found:
            pids.extend(each.pid for each in found.contenders)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(pids) == 1
    assert left_of(pids[0]) == []


def test_a_signal_just_after_a_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server runs, and nobody has been given it yet."""
    pids: list[int] = []

    class Interrupted(Measured):
        def __enter__(self) -> Measured:
            super().__enter__()
            pids.append(self.contender.pid)
            raise KeyboardInterrupt

    monkeypatch.setattr(servers, "Measured", Interrupted)
    with pytest.raises(KeyboardInterrupt), started(["floor"], UNPINNED, tmp_path):
        pass
    assert left_of(pids[0]) == []
