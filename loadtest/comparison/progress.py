"""How a comparison goes on, on stderr: a line for each run, and a live one on a terminal."""

import shutil
import sys
from collections.abc import Iterable
from typing import TextIO

from loadtest.comparison.loads import Step
from loadtest.report.model import Run

MODES = {"keepalive": "keep-alive", "close": "new connections"}
ERASE = "\r\x1b[K"
# The round of what is no round yet.
CHECK = 0


def say(text: str) -> None:
    """Tell whoever waits; standard output is the report's."""
    # A live line may stand there.
    print(f"{ERASE if sys.stderr.isatty() else ''}{text}", file=sys.stderr, flush=True)


class Progress:
    """Says what happened. rounds: how many were asked for. servers: their names."""

    def __init__(self, rounds: int, servers: Iterable[str], stream: TextIO | None = None) -> None:
        self._rounds = rounds
        self._widest = max(map(len, servers), default=0)
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()

    def say(self, text: str) -> None:
        """A line that stays."""
        self._write(f"{ERASE if self._terminal else ''}{text}\n")

    def wait(self, text: str) -> None:
        """A line for now, on a terminal only."""
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._write(f"{ERASE}{text[:width]}")

    def where(self, step: Step) -> str:
        """Which run it is."""
        load = step.load
        name = f"{load.rate:,g}/s arriving" if load.rate else MODES[load.mode]
        turn = f"round {step.round}/{self._rounds}" if step.round != CHECK else "check"
        return f"{turn:9} {name:15} {step.server:{self._widest}}"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def result(run: Run) -> str:
    """One run in short: seconds, requests a second, the server's CPU for each of them."""
    cpu = f"{run.service.cpu_us:6.1f} us CPU" if run.service else "CPU not seen"
    p99 = dict(run.latency.spectrum).get(99.0, 0.0) / 1000
    text = f"{run.seconds:6.1f} s {run.rps:9,.0f}/s {cpu}  p99 {p99:7.2f} ms {run.failed:3,} failed"
    if dropped := run.traffic.get("dropped", 0):
        text += f", {dropped:,} dropped"
    if run.void:
        text += f", VOID: {run.void}"
    elif run.generator.limited:
        text += ", generator at its limit"
    return text


def remaining(seconds: float) -> str:
    """A time that nobody should rely on."""
    if seconds < 1:
        return ""
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5)):.0f} s left"
    return f"about {seconds / 60:.0f} min left"
