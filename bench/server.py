"""One target as a running server: started, believed only when its answer is right, stopped."""

import os
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from bench import answer, process
from bench.cores import pinned
from bench.interrupt import uninterrupted
from bench.targets import ROOT, Target

START_S = 20.0
STOP_S = 10.0
POLL_S = 0.02
LOG_TAIL_LINES = 25


class StartError(Exception):
    """A server that is not there to be measured: a line that says why, then the end of its log."""


class Server:
    """A target on a free port of 127.0.0.1, in a session of its own. A context manager."""

    def __init__(self, target: Target, scratch: Path, core: int | None) -> None:
        self.name = target.name
        self.keeps = target.keeps
        self.pipelines = target.pipelines
        self.port = _free_port()
        self.answer_bytes = 0
        self._target = target
        self._scratch = scratch
        self._core = core
        self._log = scratch / "stderr.log"
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        """Start it. Raises StartError."""
        try:
            self._spawn()
            self._wait_until_it_listens()
            self.answer_bytes = self._verify()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def cpu_seconds(self) -> float:
        """CPU time its whole session has used so far."""
        return process.cpu_seconds(self._pid)

    def worker_memory(self) -> process.Memory:
        """Memory of its worker now."""
        return process.worker_memory(self._pid)

    def stop(self) -> None:
        """Ask its first process to end, and end the whole group when that takes too long."""
        child = self._child
        if child is None:
            return
        with uninterrupted():
            self._child = None
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_S)
            # Whatever is left of the group, which usually is nothing.
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    @property
    def _pid(self) -> int:
        if self._child is None:
            raise StartError(f"{self.name} is not running")
        return self._child.pid

    def _spawn(self) -> None:
        self._scratch.mkdir(parents=True)
        self._target.write_files(self.port, self._scratch)
        command = pinned(self._core, self._target.argv(self.port, self._scratch))
        with self._log.open("wb") as log, uninterrupted():
            self._child = subprocess.Popen(
                command,
                cwd=ROOT if self._target.at_root else self._scratch,
                env=self._target.variables(self.port, self._scratch),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._child is None or self._child.poll() is not None:
                raise self._failure("ended before it listened")
            try:
                socket.create_connection(("127.0.0.1", self.port), POLL_S).close()
            except OSError:
                time.sleep(POLL_S)
            else:
                return
        raise self._failure(f"did not listen within {START_S:.0f} s")

    def _verify(self) -> int:
        try:
            answers = answer.parse_answers(
                answer.exchange(self.port, keeps=self.keeps, pipelines=self.pipelines)
            )
        except (OSError, ValueError) as error:
            raise self._failure(f"did not answer as it must: {error!r}") from error
        if found := answer.faults(answers):
            raise self._failure("did not answer as it must: " + "; ".join(found))
        return answers[0].size

    def _failure(self, what: str) -> StartError:
        lines = self._log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        return StartError("\n    ".join([f"{self.name} {what}", *lines]))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
