"""Requests that are parked, on connections that have been used before."""

from types import TracebackType

from tests.contract.serving import Server
from tests.contract.wire import Wire

BOUND = 2000  # times that /release is asked


class Parked:
    """A context manager: at its end the connections are closed."""

    def __init__(self, server: Server) -> None:
        self.wires: list[Wire] = []
        self.beside: list[Wire] = []  # connections that are not parked
        self._server = server

    def __enter__(self) -> "Parked":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in (*self.wires, *self.beside):
            each.sock.close()

    def settle(self) -> None:
        """Let go who is parked from before."""
        self.arrive()
        while self._server.release():
            self.arrive()

    def park(self, count: int, wires: list[Wire] | None = None) -> None:
        """Park so many; on these connections, or on new ones."""
        if wires is None:
            wires = [self._server.connect() for _ in range(count)]
            self.wires += wires
            for each in wires:
                each.ask("GET", "/plaintext").expected()
        for each in wires:
            each.start("GET", "/park")

    def arrive(self) -> None:
        """Let the server come to what was sent before: it takes its turn with all of this."""
        for _ in range(30):
            if not self._server.answers():
                raise AssertionError("the server does not answer while requests are parked")

    def release_all(self) -> int:
        """Release until everybody has been let go. Gives how many that were."""
        count = 0
        for _ in range(BOUND):
            count += self._server.release()
            if not any(each.quiet() for each in self.wires):
                return count
        waiting = sum(each.quiet() for each in self.wires)
        raise AssertionError(f"{waiting} still wait, {count} were let go")

    def answers(self) -> list[bytes]:
        """What they were told."""
        return [each.answer().expected() for each in self.wires]
