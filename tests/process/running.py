"""A running service: real processes in a group of their own, on a socket made beforehand."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
APPLICATION = "tests.process.misbehaving:create_server"
GUNICORN = (sys.executable, "gunicorn.conf.py")
ALONE = (sys.executable, "-m", "app")


class Service:
    """One service as its user starts it. Its output goes to two files."""

    def __init__(
        self, folder: Path, *command: str, listener: socket.socket | None = None, **environ: str
    ) -> None:
        self.clients: list[http.client.HTTPConnection] = []
        self.output = folder / "stdout"
        self.errors = folder / "stderr"
        with self.output.open("wb") as output, self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "WEB_CONCURRENCY": "1", **environ},
                stdout=output,
                stderr=errors,
                pass_fds=[] if listener is None else [listener.fileno()],
                start_new_session=True,
            )
        if listener is not None:
            # Ours must not be the copy that keeps the port open.
            self.port = listener.getsockname()[1]
            listener.close()

    def said(self) -> str:
        """The error log so far."""
        return self.errors.read_text()

    def accesses(self) -> str:
        """The access log so far."""
        return self.output.read_text()

    def wait_until(self, condition: Callable[[], object], what: str, seconds: float = 15) -> None:
        """Return when the condition holds; AssertionError if it does not come to that."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not in {seconds} s\n{self.said()}"
            time.sleep(0.02)

    def wait_for(self, words: str) -> None:
        """Return when the error log has this."""
        self.wait_until(lambda: words in self.said(), f"log has {words!r}")

    def ready(self) -> "Service":
        """Return when it answers."""
        self.wait_until(lambda: self.status("/healthz") == 200, "it answers")
        return self

    def connect(self, seconds: float = 15) -> http.client.HTTPConnection:
        """A client; closed when the service is."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        self.clients.append(client)
        return client

    def status(self, path: str) -> int | None:
        """What a new connection is answered; None where nobody listens."""
        with contextlib.closing(self.connect()) as client:
            try:
                client.request("GET", path)
                return client.getresponse().status
            except ConnectionError:
                return None

    def pid(self) -> int:
        """The worker that answers a new connection."""
        with contextlib.closing(self.connect()) as client:
            client.request("GET", "/pid")
            return int(client.getresponse().read())

    def booted(self) -> list[int]:
        """Every worker there ever was, by process id."""
        return [int(each) for each in re.findall(r"Booting worker with pid: (\d+)", self.said())]

    def workers(self) -> list[int]:
        """Those that are alive."""
        return [each for each in self.booted() if alive(each)]

    def kill(self, sig: int) -> None:
        """A signal to the master, or to the one process."""
        self.process.send_signal(sig)

    def end(self, seconds: float = 15) -> int:
        """Wait for the end. Returns the exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s\n{self.said()}") from None

    def destroy(self) -> None:
        """Leave nothing behind, whatever happened."""
        for each in self.clients:
            each.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(15)


def alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def listening() -> socket.socket:
    """A socket on a free port, to be handed on: nobody else can take the port in between."""
    return socket.create_server(("127.0.0.1", 0), backlog=2048)


@contextlib.contextmanager
def gunicorn(
    folder: Path, application: str = APPLICATION, *options: str, **environ: str
) -> Iterator[Service]:
    """The service under gunicorn, as `make serve` starts it; killed at the end of the block."""
    listener = listening()
    bind = f"fd://{listener.fileno()}"
    service = Service(
        folder, *GUNICORN, application, "--bind", bind, *options, listener=listener, **environ
    )
    try:
        yield service
    finally:
        service.destroy()


@contextlib.contextmanager
def alone(folder: Path, *command: str, **environ: str) -> Iterator[Service]:
    """The service in one process, on a free port that it chose itself."""
    service = Service(folder, *(command or ALONE), PORT="0", HOST="127.0.0.1", **environ)
    try:
        service.wait_until(lambda: re.search(r"http://\S+:\d+", service.said()), "it listens")
        service.port = int(re.findall(r"http://\S+:(\d+)", service.said())[0])
        yield service
    finally:
        service.destroy()
