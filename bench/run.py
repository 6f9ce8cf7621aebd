"""One run from the first server's start to the last one's stop. Says how it goes on stderr."""

import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.cores import Cores
from bench.load import LOADS
from bench.memory import CONNECTIONS, OTHER_FILES, IdleError, allow_files, hold_idle
from bench.options import Options
from bench.results import Cell, IdleMemory, Results
from bench.rounds import play
from bench.server import Server, StartError
from bench.targets import TARGETS

NGINX_MISSING = (
    "nginx is not installed, so nothing is compared with it: apt-get install nginx-light"
)


def say(text: str) -> None:
    """Tell whoever waits; standard output is the report's."""
    print(text, file=sys.stderr, flush=True)


@dataclass(slots=True)
class Run:
    """What is being measured, and what has been so far."""

    options: Options
    cores: Cores
    cells: list[Cell] = field(default_factory=list)
    memories: dict[str, IdleMemory] = field(default_factory=dict)
    answer_bytes: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def measure(self) -> Results:
        """Run the rounds, then hold the idle connections; leave no server behind."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            # nginx gives up root's rights and must still reach the folder it was given.
            Path(folder).chmod(0o755)
            self._play_rounds(Path(folder, "rounds"))
            if not self.options.skip_memory:
                self._hold_idle(Path(folder, "memory"))
        return Results(self.cells, self.memories, self.answer_bytes, self.missing)

    def _play_rounds(self, folder: Path) -> None:
        loads = [LOADS[name] for name in self.options.loads]
        with ExitStack() as stack:
            servers = self._start_all(folder, stack)
            say("warming up")
            for cell in play(
                self.options.rounds, self.options.seconds, loads, servers, self.cores.load
            ):
                self.cells.append(cell)
                say(progress(cell, self.options.rounds))

    def _start_all(self, folder: Path, stack: ExitStack) -> Mapping[str, Server]:
        servers = {}
        for name in self.options.servers:
            if TARGETS[name].program() is None:
                self._miss(NGINX_MISSING if name == "nginx" else f"{name} is not installed")
                continue
            try:
                server = stack.enter_context(self._server(name, folder))
            except StartError as error:
                self._miss(str(error))
                continue
            servers[name] = server
            if not server.pipelines and any(LOADS[each].pipelined for each in self.options.loads):
                self._miss(f"{name}, pipelined: it wants one request at a time")
            self.answer_bytes[name] = server.answer_bytes
            say(f"{name} listens on port {server.port}")
        return servers

    def _hold_idle(self, folder: Path) -> None:
        try:
            allow_files(CONNECTIONS + OTHER_FILES)
        except IdleError as error:
            self._miss(str(error))
            return
        # Those that did not start for the rounds will not do so now.
        for name in self.answer_bytes:
            if TARGETS[name].holds_idle:
                # A fresh server: what the loads have left in its caches is not the connections'.
                try:
                    with self._server(name, folder) as server:
                        self.memories[name] = hold_idle(server, self.cores.load)
                except (StartError, IdleError) as error:
                    self._miss(str(error))
                else:
                    say(f"{name} held {self.memories[name].connections:,} idle connections")

    def _server(self, name: str, folder: Path) -> Server:
        return Server(TARGETS[name], folder / name, self.cores.server)

    def _miss(self, what: str) -> None:
        self.missing.append(what.splitlines()[0])
        say(what)


def progress(cell: Cell, rounds: int) -> str:
    """One line for a cell."""
    where = f"round {cell.round}/{rounds}  {cell.load:10} {cell.server:14}"
    if cell.void:
        return f"{where} VOID: {cell.void}"
    return f"{where} {cell.cpu_us:8.1f} us/request {cell.rate:10,.0f} requests/s"
