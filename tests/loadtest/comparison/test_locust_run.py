"""loadtest.comparison.locust_run: what locust is told, and what its run is worth."""

from pathlib import Path

import pytest

from loadtest.comparison import locust_run
from loadtest.comparison.loads import CLOSE, KEEP_ALIVE, Load
from loadtest.comparison.locust_run import Job, NotMeasured, judged, measure, tail
from loadtest.comparison.servers import Contender
from tests.loadtest.comparison.examples import run
from tests.loadtest.processes import left_of

IDLE = "it was idle for 1.0% of the time"


@pytest.mark.parametrize(
    ("busy", "rate", "expected"),
    [
        (0.94, 0.0, IDLE),  # the server had time left: the generator was the limit
        (0.95, 0.0, ""),  # neither had: so it was the server's rate
        (2.10, 0.0, ""),  # threads on several cores
        (0.99, 500.0, IDLE),  # requests that left late are late whatever the server did
    ],
)
def test_who_was_the_limit(busy: float, rate: float, expected: str) -> None:
    """A generator without idle time is the limit only of a server that has some."""
    assert judged(run(busy=busy, rate=rate, limited=IDLE)).generator.limited == expected


def test_an_unseen_server_acquits_nobody() -> None:
    """Its CPU is not known."""
    assert judged(run(cpu_us=None, limited=IDLE)).generator.limited == IDLE


def words(job: Job) -> str:
    """Its command line."""
    return " ".join(job.command(Path("out")))


def test_what_locust_is_told() -> None:
    """Only what is so: without a rate, a path, a process or a core, none is named."""
    contender = Contender("protocol", "http://127.0.0.1:1")
    plain = words(Job(contender, Load(KEEP_ALIVE), 8_000, 100))
    assert "--requests 8000 --connections keepalive --warmup 2000 --label protocol" in plain
    assert "-u 100 -r 1000 -H http://127.0.0.1:1" in plain
    assert "--accept-limited" in plain
    for absent in ("--rate", "--path", "--server-pid", "taskset"):
        assert absent not in plain


def test_what_locust_is_told_besides() -> None:
    """A rate comes with evenly spaced arrivals."""
    contender = Contender("target", "http://h", pid=7, path="/x")
    full = words(Job(contender, Load(CLOSE, 500.0), 10, 5_000, core=1))
    assert full.startswith("taskset -c 1 ")
    for present in (
        "--connections close",
        "-r 5000",
        "--server-pid 7 --path /x --rate 500 --arrivals constant",
    ):
        assert present in full


def test_of_a_log_the_end_is_told(tmp_path: Path) -> None:
    """The last lines as one, without the empty ones."""
    log = tmp_path / "log"
    log.write_text("".join(f"line {number}\n\n" for number in range(9)))
    assert tail(log) == "line 3 | line 4 | line 5 | line 6 | line 7 | line 8"
    log.write_text("\n")
    assert tail(log) == "it said nothing"


class Program(Job):
    """Some program in the place of locust."""

    def command(self, out: Path) -> list[str]:
        return ["sh", "-c", self.contender.name]


def program(text: str) -> Job:
    """A shell's commands."""
    return Program(Contender(text, ""), Load(CLOSE), 1, 1)


def test_without_a_report_the_log_says_why(tmp_path: Path) -> None:
    """And the exit code."""
    with pytest.raises(NotMeasured, match=r"^locust ended with 2: no such option$"):
        measure(program("echo no such option; exit 2"), tmp_path / "run", 30, lambda _: None)


def test_what_does_not_end_is_ended(tmp_path: Path) -> None:
    """With what it has started, and its name is in the message."""
    told: list[float] = []
    pids = tmp_path / "pids"
    job = program(f"echo $$ > {pids}; sleep 60 & sleep 60")
    with pytest.raises(NotMeasured, match=r"^it had not ended after 1 s$"):
        measure(job, tmp_path / "run", 1.2, told.append)
    assert told
    assert left_of(int(pids.read_text())) == []


def test_locust_hears_nothing_of_the_callers_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """LOCUST_USERS in somebody's shell would change what is measured."""
    monkeypatch.setenv("LOCUST_USERS", "7")
    monkeypatch.setenv("LOCUSTS", "7")
    environment = locust_run._environment()
    assert "LOCUST_USERS" not in environment
    assert environment["LOCUSTS"] == "7"
