"""One locust process: one server under one load, measured once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cores import pinned
from bench.interrupt import uninterrupted
from bench.targets import ROOT
from loadtest.comparison.loads import Load, warm_up
from loadtest.comparison.servers import Contender
from loadtest.report.model import Generator, Run
from loadtest.report.writing import NoReport, read

LOCUSTFILE = ROOT / "loadtest" / "locustfile.py"
USERS_PER_S = 1_000
POLL_S = 0.5
LOG_TAIL_LINES = 6
# Of one core: a server that was this busy was the limit itself.
BUSY = 0.95


class NotMeasured(Exception):
    """There is no run; the text says why, with the end of what locust said."""


@dataclass(frozen=True, slots=True)
class Job:
    """What locust is told. core: None leaves it where the kernel puts it."""

    contender: Contender
    load: Load
    requests: int
    connections: int
    core: int | None = None

    def command(self, out: Path) -> list[str]:
        """Locust's command line, its report going to a folder."""
        given = {
            "-f": LOCUSTFILE,
            "-u": self.connections,
            "-r": max(USERS_PER_S, self.connections),
            "-H": self.contender.url,
            "--requests": self.requests,
            "--connections": self.load.mode,
            "--warmup": warm_up(self.requests),
            "--label": self.contender.name,
            "--out": out,
        }
        if self.contender.pid:
            given["--server-pid"] = self.contender.pid
        if self.contender.path:
            given["--path"] = self.contender.path
        if self.load.rate:
            given |= {"--rate": f"{self.load.rate:g}", "--arrivals": "constant"}
        words = [str(word) for pair in given.items() for word in pair]
        program = [sys.executable, "-m", "locust", "--headless", "--only-summary"]
        return pinned(self.core, [*program, "--accept-limited", *words])


def measure(job: Job, out: Path, at_most_s: float, waiting: Callable[[float], None]) -> Run:
    """Run it; waiting is told the seconds so far, now and then. Raises NotMeasured."""
    out.mkdir(parents=True)
    log = out / "locust.log"
    code = _run(job.command(out), log, at_most_s, waiting)
    try:
        if code is None:
            raise NotMeasured(f"it had not ended after {at_most_s:.0f} s")
        report = read(out)
    except NoReport:
        raise NotMeasured(f"locust ended with {code}: {tail(log)}") from None
    return judged(report.runs[0])


def _run(
    command: list[str], log: Path, at_most_s: float, waiting: Callable[[float], None]
) -> int | None:
    """The exit code; None when it had to be ended. Leaves no process behind."""
    begun = time.monotonic()
    child = None
    try:
        with log.open("wb") as output, uninterrupted():
            child = subprocess.Popen(
                command,
                cwd=ROOT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the comparison, which ends locust as it unwinds.
                start_new_session=True,
            )
        while (so_far := time.monotonic() - begun) < at_most_s:
            with suppress(subprocess.TimeoutExpired):
                return child.wait(min(POLL_S, at_most_s - so_far))
            waiting(time.monotonic() - begun)
        return None
    finally:
        if child is not None:
            _end(child)


def _end(child: "subprocess.Popen[bytes]") -> None:
    with uninterrupted():
        if child.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _environment() -> dict[str, str]:
    """Ours without locust's own variables: they would change what is measured."""
    return {name: text for name, text in os.environ.items() if not name.startswith("LOCUST_")}


def tail(log: Path) -> str:
    """The last lines of a log, as one."""
    lines = log.read_text(errors="replace").splitlines()
    said = [line.strip() for line in lines if line.strip()]
    return " | ".join(said[-LOG_TAIL_LINES:]) or "it said nothing"


def judged(run: Run) -> Run:
    """A generator without time to spare was not the limit of a server that had none either.

    Arrivals that left late stay labelled: their latencies have the generator's lateness in them.
    """
    generator, service = run.makers
    if generator.limited and not run.rate and service is not None and service.busy >= BUSY:
        made: Generator = replace(generator, limited="")
        return replace(run, makers=(made, service))
    return run
