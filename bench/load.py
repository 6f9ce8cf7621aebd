"""The loads, and wrk that makes them. Knows nothing of CPU time or of who answers."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.answer import PATH
from bench.cores import pinned

SCRIPTS = Path(__file__).parent / "loads"
CONNECTIONS = 100
# wrk itself gives up on answers after 2 s; this is for a wrk that does not end at all.
GRACE_S = 15.0
ERRORS = ("connect", "read", "write", "status", "timeout")


@dataclass(frozen=True, slots=True)
class Load:
    """One way of asking; at_most_s bounds how long in one go. pipelined: several requests are sent
    before the first is answered."""

    name: str
    what: str
    at_most_s: int = 3600
    pipelined: bool = False

    def seconds(self, asked: int) -> int:
        """How long to keep it up, of the seconds asked for."""
        return min(asked, self.at_most_s)


@dataclass(frozen=True, slots=True)
class Score:
    """What wrk says of one run; void when errors names anything."""

    requests: int
    seconds: float
    errors: Mapping[str, int]


class WrkError(Exception):
    """wrk did not run, or said something that is no score."""


LOADS: Mapping[str, Load] = {
    load.name: load
    for load in (
        Load("plain", "keep-alive, a request line and Host, the same every time"),
        Load("browser", "keep-alive, 12 fields of about 530 bytes, one of them always new"),
        Load("pipelined", "keep-alive, 16 plain requests per write", pipelined=True),
        # A second makes some 15,000 connections; one address has 28,000 client ports. The server
        # closes first and keeps the TIME_WAIT, which the next connection from that port replaces:
        # with net.ipv4.tcp_tw_reuse=0, 70,000 in 4 s and none failed (November 2026).
        Load("close", "a connection per request", at_most_s=1),
    )
}


def parse_score(output: str) -> Score:
    """Read the JSON line of loads/report.lua in wrk's output. Raises WrkError without one."""
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            report: dict[str, int] = json.loads(line)
            errors = {name: report[name] for name in ERRORS if report[name]}
            return Score(report["requests"], report["microseconds"] / 1e6, errors)
    raise WrkError(f"wrk reported nothing: {output.strip()[-300:] or 'no output'}")


def run_load(load: Load, port: int, seconds: int, core: int | None) -> Score:
    """Ask 127.0.0.1:port for that long. Raises WrkError."""
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS)]
    command += ["--duration", f"{seconds}s", "--script", f"{load.name}.lua"]
    try:
        done = subprocess.run(
            pinned(core, [*command, f"http://127.0.0.1:{port}{PATH}"]),
            cwd=SCRIPTS,  # Where the scripts find report.lua.
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds + GRACE_S,
            check=False,  # A wrk that fails prints why instead of a score.
            # Ctrl-C is for the harness, which ends wrk as it unwinds.
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise WrkError(f"wrk did not end within {seconds + GRACE_S:.0f} s") from error
    return parse_score(done.stdout)
