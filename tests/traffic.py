"""A steady stream of requests, half of them POST, that notices each one which is not answered as
it must be. It never asks twice: what fails is counted."""

import http.client
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType

PATIENCE = 20.0  # seconds for an answer; nobody's service is this slow
SLEEP = 1.5  # seconds
PAUSE = 0.02  # seconds between two requests of one client: below the rate limit, all together


@dataclass
class Tally:
    """What became of the requests."""

    answered: int = 0
    slowest: float = 0.0  # seconds
    failures: list[str] = field(default_factory=list)


class Traffic:
    """Clients that ask until the end of the `with` block. Half of them keep their connections, the
    others make a new one for each request.

    sleepers: so many of them ask for /sleep, over and over: at any moment so many requests wait for
    their answer.
    """

    def __init__(self, port: int, clients: int = 12, sleepers: int = 0) -> None:
        self._port = port
        self._sleepers = sleepers
        self._over = threading.Event()
        self._tallies = [Tally() for _ in range(clients + sleepers)]
        self._threads = [
            threading.Thread(target=self._ask_on, args=(number, tally), daemon=True)
            for number, tally in enumerate(self._tallies)
        ]

    def __enter__(self) -> "Traffic":
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        for each in self._threads:
            each.join()

    @property
    def answered(self) -> int:
        """How many requests were answered so far."""
        return sum(each.answered for each in self._tallies)

    @property
    def failures(self) -> list[str]:
        """What went wrong so far."""
        return [said for each in self._tallies for said in each.failures]

    @property
    def slowest(self) -> float:
        """The longest anybody waited for an answer, in seconds."""
        return max(each.slowest for each in self._tallies)

    def go_on(self, requests: int = 400) -> None:
        """Return when so many more were answered. Raises TimeoutError."""
        wanted = self.answered + requests
        deadline = time.monotonic() + 60
        while self.answered < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"no traffic any more: {self.failures[:5]}")
            time.sleep(0.01)

    def _ask_on(self, number: int, tally: Tally) -> None:
        keeps, connection, asked = number % 2 == 0, None, number // 2
        if number < self._sleepers:  # one after the other, so that some always wait
            self._over.wait(number * SLEEP / self._sleepers)
        while not self._over.wait(PAUSE):
            asked += 1
            begun = time.monotonic()
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
            try:
                if number < self._sleepers:
                    close = _sleep(connection, keeps)
                else:
                    close = _ask(connection, asked, keeps)
                tally.answered += 1
            except (OSError, http.client.HTTPException, AssertionError) as error:
                method = "POST" if asked % 2 else "GET"
                tally.failures.append(f"{time.strftime('%X')} {method}: {error!r}")
                close = True
            tally.slowest = max(tally.slowest, time.monotonic() - begun)
            if close:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()


def _ask(connection: http.client.HTTPConnection, number: int, keep: bool) -> bool:
    """One request, GET or POST; whether the connection is to be closed. Raises what http.client
    raises, and AssertionError for a wrong answer."""
    body = f"number {number}".encode() if number % 2 else None
    headers = {} if keep else {"Connection": "close"}
    connection.request("POST" if body else "GET", "/echo" if body else "/plaintext", body, headers)
    return _judge(connection, body or b"Hello, World!")


def _sleep(connection: http.client.HTTPConnection, keep: bool) -> bool:
    """A request that takes a while. Gives and raises as above."""
    headers = {} if keep else {"Connection": "close"}
    connection.request("GET", f"/sleep?seconds={SLEEP:g}", headers=headers)
    return _judge(connection, f"slept {SLEEP:g} s\n".encode())


def _judge(connection: http.client.HTTPConnection, expected: bytes) -> bool:
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200 or text != expected:
        raise AssertionError(f"{answer.status} {text[:60]!r}")
    return answer.will_close
