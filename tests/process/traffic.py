"""A steady stream of requests, GET and POST, over connections that are kept and fresh ones."""

import http.client
import threading
import time
from types import TracebackType

from tests.process.running import Service

BODY = b"x" * 3000


class Traffic:
    """Clients that go on until the end of the block. Whatever was not answered as it should
    be is in `failures`."""

    def __init__(self, service: Service, clients: int = 3) -> None:
        self.failures: list[str] = []
        self.answered = 0
        self._port = service.port
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(fresh,)) for fresh in [True, False] * clients
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
        self._stopped.set()
        for each in self._threads:
            each.join(30)

    def _run(self, fresh: bool) -> None:
        client = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        while not self._stopped.is_set():
            try:
                self._ask(client)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{'fresh' if fresh else 'kept'}: {error!r}")
                client.close()
            if fresh:
                client.close()
            time.sleep(0.002)  # a pace, so that the servers' turn comes on one core as well
        client.close()

    def _ask(self, client: http.client.HTTPConnection) -> None:
        client.request("GET", "/plaintext")
        self._judge(client.getresponse(), b"Hello, World!")
        client.request("POST", "/echo", BODY)
        self._judge(client.getresponse(), BODY)

    def _judge(self, answer: http.client.HTTPResponse, expected: bytes) -> None:
        found = answer.read()
        if (answer.status, found) != (200, expected):
            self.failures.append(f"{answer.status} {found[:60]!r}")
        self.answered += 1
