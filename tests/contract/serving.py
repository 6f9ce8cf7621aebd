"""One server as its user starts it: processes in a group of their own, on a socket that listens
before they do, so that nobody has to wait for them and nobody can take the port."""

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from tests.contract.variants import Variant
from tests.contract.wire import Wire

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0  # seconds; nothing here takes that long unless it never comes


class Service:
    """What is asked: a variant that answers on a port of 127.0.0.1."""

    variant: Variant
    port: int

    def connect(self) -> Wire:
        """A connection, to be closed by whoever asked for it."""
        return Wire(socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE))

    def ask(self, method: str, target: str, body: bytes = b"", *fields: str) -> bytes:
        """One request on a connection of its own; the answer's body, if it is a success."""
        with self.connect() as wire:
            return wire.ask(method, target, body, *fields, "Connection: close").expected()

    def answers(self) -> bool:
        """Whether it does what it is there for."""
        with contextlib.suppress(OSError):
            return self.ask("GET", "/plaintext") == b"Hello, World!"
        return False

    def release(self) -> int:
        """Let everybody go who is parked; how many that were."""
        return int(self.ask("POST", "/release"))


class Server(Service):
    """A variant that runs. folder: where its output goes."""

    def __init__(self, variant: Variant, folder: Path, workers: int = 1) -> None:
        self.variant = variant
        self.errors = folder / "stderr"
        self._output = folder / "stdout"
        self._workers = workers
        self._read = 0  # of its errors, by the tests before this one
        self.start()

    def start(self) -> None:
        """Begin, or begin again."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
        self.port = listener.getsockname()[1]
        descriptor = listener.fileno()
        # Ours must not be the copy that keeps the port open.
        with listener, self._output.open("ab") as output, self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                self.variant.command(descriptor, self._workers),
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], **self.variant.environment(self._workers)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                pass_fds=[descriptor],
                start_new_session=True,
            )

    def new_errors(self) -> str:
        """What it complained about since it was asked last."""
        text = self.errors.read_bytes()
        said, self._read = text[self._read :], len(text)
        return said.decode(errors="replace")

    def end(self) -> int:
        """Wait for the end. Gives the exit status."""
        return self.process.wait(PATIENCE)

    def destroy(self) -> None:
        """Leave nothing behind, whatever happened."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
