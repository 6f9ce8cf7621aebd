"""One release: a built commit with its settings, and the processes of its Procfile.

The Procfile's `release` line is run to its end, its `web` line is started by honcho, which stands
for the platform's own starter: signals pass it by. Knows nothing of routers and of other releases.
"""

import contextlib
import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
from honcho.environ import parse_procfile

from tests.platforms.buildpack import Refused
from tests.platforms.profile import Profile

STARTED = re.compile(r"web\.1 started \(pid=(\d+)\)")
LOOK = 0.02  # seconds between two looks
AGAIN = 0.5  # seconds until the next signal: it comes while a release drains


class Release:
    """A built commit. environ: all that its processes are given."""

    def __init__(
        self, source: Path, environment: Path, environ: Mapping[str, str], port: int
    ) -> None:
        # given
        self.source = source
        self.port = port
        path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.environ = {"PATH": path, "HOME": str(source), "PORT": str(port), **environ}
        # of its life
        self.told = 0  # signals to stop
        self.killed = False
        self.stop_seconds = 0.0
        self._log = source.with_name(f"{source.name}-{port}.log")
        self._runner: subprocess.Popen[bytes] | None = None
        self._processes: list[psutil.Process] = []  # that ever were; the web line's own first

    @property
    def log(self) -> str:
        """What its processes have said."""
        return self._log.read_text() if self._log.exists() else ""

    # ---- the release line

    def prepare(self) -> str:
        """Run the Procfile's release line. Gives what it said. Raises Refused if it fails."""
        lines = parse_procfile((self.source / "Procfile").read_text()).processes
        if "release" not in lines:
            return ""
        done = subprocess.run(
            ["bash", "-c", lines["release"]],
            cwd=self.source,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise Refused(f"the release line failed:\n{done.stdout}")
        return done.stdout

    # ---- the web line

    def start(self) -> None:
        """Start the Procfile's web line."""
        command = [sys.executable, "-u", "-m", "honcho", "--no-colour", "start", "web"]
        with self._log.open("wb") as log:
            self._runner = subprocess.Popen(
                command,
                cwd=self.source,
                env=self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_ready(self, path: str, seconds: float) -> None:
        """Return when it answers 200. Raises Refused if it ends, or if it does not in time."""
        deadline = time.monotonic() + seconds
        while self.status(path) != 200:
            if self._runner is None or self._runner.poll() is not None:
                raise Refused(f"the web process has ended:\n{self.log}")
            if time.monotonic() > deadline:
                raise Refused(f"{path} was not 200 within {seconds:g} s:\n{self.log}")
            time.sleep(LOOK)

    def status(self, path: str) -> int | None:
        """What a request from the platform itself is answered; None where nobody answers."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            client.request("GET", path)
            return client.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            client.close()

    def processes(self) -> list[psutil.Process]:
        """The web line's process, and all below it, that live; first who was first."""
        with contextlib.suppress(psutil.NoSuchProcess):
            if not self._processes and (match := STARTED.search(self.log)):
                self._processes.append(psutil.Process(int(match[1])))
            for each in self._processes[:1]:
                found = each.children(recursive=True)
                self._processes += [each for each in found if each not in self._processes]
        return [each for each in self._processes if is_alive(each)]

    def stop(self, profile: Profile) -> None:
        """End it as the platform does: signals, and SIGKILL for what is left too long. Returns when
        the platform has nothing more to wait for; see `killed`."""
        began = time.monotonic()
        for turn in range(profile.stops):
            for each in self._reached(profile):
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.send_signal(profile.stop)
            self.told = turn + 1
            if self._wait_over(profile, began + self.told * AGAIN):
                break
        self.killed = not self._wait_over(profile, began + profile.kill)
        if self.killed:
            self._kill()
        self.stop_seconds = time.monotonic() - began

    def _reached(self, profile: Profile) -> list[psutil.Process]:
        """Whom a signal of the platform reaches."""
        if profile.reaches != "server":
            return self.processes()
        # In a container the line is run without a shell, or by one that becomes the server.
        servers = [each for each in self.processes() if not is_shell(each)]
        return servers[:1]

    def _wait_over(self, profile: Profile, deadline: float) -> bool:
        if profile.reaches != "all until the first has gone":
            return self.wait_gone(deadline)
        while self._processes and is_alive(self._processes[0]):
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK)
        return True

    def wait_gone(self, deadline: float) -> bool:
        """Return when none of its processes is left, or at the deadline. Gives whether none is."""
        while self.processes():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK)
        return True

    def _kill(self) -> None:
        found = self.processes()
        with contextlib.suppress(psutil.NoSuchProcess):  # those that no log line has named yet
            if self._runner is not None:
                found += psutil.Process(self._runner.pid).children(recursive=True)
        for each in reversed(found):
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()

    def destroy(self) -> None:
        """Leave nothing behind, whatever happened."""
        self._kill()
        if self._runner is not None:
            self._runner.kill()
            self._runner.wait(10)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs, and has not only been left for its parent to notice."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def is_shell(process: psutil.Process) -> bool:
    """Whether it is the shell that runs the line, and has not become what the line names."""
    try:
        return process.name() in ("sh", "dash", "bash")
    except psutil.NoSuchProcess:
        return False
