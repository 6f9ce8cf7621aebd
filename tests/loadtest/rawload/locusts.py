"""locust with our locustfile, as a user starts it, against a server of its own that counts."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.loadtest.processes import left_of
from tests.loadtest.rawload.lying import LyingServer, lying

ROOT = Path(__file__).parent.parent.parent.parent
LOCUSTFILE = ROOT / "loadtest" / "locustfile.py"
# Of one start; one that takes longer hangs.
TIMEOUT_S = 100


@dataclass(frozen=True)
class Start:
    """One locust. options: its own, as they are typed. story: what its server tells. others: more
    processes of the same test, their options. stops: the signal it gets when the server is first
    asked, if any; kills: SIGKILL then, for one of the others. locustfile: what it holds, where it
    is not ours."""

    options: str
    story: str = "honest"
    others: Sequence[str] = ()
    stops: signal.Signals | None = None
    kills: bool = False
    locustfile: str = ""
    host: str = ""  # else the server's


@dataclass(frozen=True)
class Ended:
    """What came of it. asked, connections: as the server counted. left: what still runs of the
    first one's processes."""

    code: int
    output: str
    asked: int
    connections: int
    folder: Path
    others: Sequence[int] = field(default=())
    left: Sequence[str] = field(default=())

    @property
    def run(self) -> dict[str, Any]:
        """Of summary.json."""
        found: dict[str, Any] = self.report["runs"][0]
        return found

    @property
    def report(self) -> dict[str, Any]:
        """summary.json."""
        found: dict[str, Any] = json.loads((self.folder / "summary.json").read_text())
        return found

    @property
    def answered(self) -> int:
        """In all slices of time."""
        return sum(each["answers"] for each in self.run["series"])


def start(given: Start, folder: Path) -> Ended:
    """Start it, wait for its end, and end whatever does not."""
    folder.mkdir()
    locustfile = LOCUSTFILE
    if given.locustfile:
        locustfile = folder / "locustfile.py"
        locustfile.write_text(given.locustfile)
    with ExitStack() as stack:
        server = stack.enter_context(lying(given.story))
        host = given.host or f"http://127.0.0.1:{server.port}"
        common = ["-f", str(locustfile), "-H", host, "--out", str(folder)]
        first, *others = (
            stack.enter_context(locust([*common, *each.split()], folder))
            for each in (f"--headless {given.options}", *given.others)
        )
        stack.callback(kill, [first, *others])
        return _ended(given, folder, server, first, others)


def _ended(
    given: Start,
    folder: Path,
    server: LyingServer,
    first: "subprocess.Popen[str]",
    others: Sequence["subprocess.Popen[str]"],
) -> Ended:
    if (given.stops or given.kills) and server.first_asked.wait(TIMEOUT_S):
        if given.stops:
            first.send_signal(given.stops)
        else:
            others[0].kill()
    output, _ = first.communicate(timeout=TIMEOUT_S)
    for each in others:
        each.communicate(timeout=TIMEOUT_S)
    codes = [each.returncode for each in others]
    left = left_of(first.pid)
    for process in left:
        process.kill()
    seen = server.asked.total(), server.connections
    return Ended(first.returncode, output, *seen, folder, codes, [str(each) for each in left])


def locust(options: Sequence[str], folder: Path) -> "subprocess.Popen[str]":
    """One that runs, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "locust", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=_environment(),
        start_new_session=True,
    )


def _environment() -> Mapping[str, str]:
    """Ours, without options of somebody else's load test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}


def kill(processes: Sequence["subprocess.Popen[str]"]) -> None:
    """Those that still run, with their children, of `--processes`."""
    for each in processes:
        if each.poll() is None:
            os.killpg(each.pid, signal.SIGKILL)
