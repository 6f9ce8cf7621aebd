"""locust's own web page with our users: each swarm is a test of exactly so many requests."""

import csv
import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from tests.loadtest.processes import left_of
from tests.loadtest.rawload.locusts import LOCUSTFILE, TIMEOUT_S, kill, locust
from tests.loadtest.rawload.lying import LyingServer, lying
from tests.loadtest.rawload.plans import ports

# For a page to answer, and for a test that takes a second.
PATIENCE_S = 30.0
USERS = {"Journey", "Published", "Routes"}


class Page:
    """A locust that waits for somebody to start a test."""

    def __init__(self, folder: Path) -> None:
        (port,) = ports(1)
        self._url = f"http://127.0.0.1:{port}"
        options = "--warmup 30 --accept-limited --class-picker --web-host 127.0.0.1 --web-port"
        self.process: subprocess.Popen[str] = locust(
            ["-f", str(LOCUSTFILE), "--out", str(folder), *options.split(), str(port)], folder
        )

    def get(self, path: str, **form: object) -> str:
        """What is there; with a form, what it answers to that."""
        data = urlencode(form, doseq=True).encode() or None
        with urlopen(self._url + path, data, timeout=TIMEOUT_S) as answer:
            text: str = answer.read().decode()
        return text

    def answers(self) -> bool:
        """Whether it is there."""
        assert self.process.poll() is None, self.process.communicate()
        try:
            self.get("/")
        except URLError:
            return False
        return True

    def state(self) -> str:
        """Of the test. Not as /stats/requests says it: that may be two seconds old."""
        found = re.search(r'"state": "(\w+)"', self.get("/"))
        assert found is not None
        return found[1]

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """AssertionError if it does not come to that."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def swarm(self, server: LyingServer, count: int, **form: object) -> dict[str, int]:
        """A test, until the server was asked so often altogether, and to its end: requests by
        name, of which none failed."""
        given = {"user_count": 4, "spawn_rate": 100, "user_classes": "Published"}
        host = f"http://127.0.0.1:{server.port}"
        said = json.loads(self.get("/swarm", host=host, **{**given, **form}))
        assert said["success"], said
        self.wait_until(lambda: server.asked.total() >= count and self.state() == "stopped")
        rows = list(csv.DictReader(StringIO(self.get("/stats/requests/csv"))))
        assert {row["Failure Count"] for row in rows} == {"0"}
        return {row["Name"]: int(row["Request Count"]) for row in rows}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One that answers."""
    started = Page(tmp_path_factory.mktemp("page"))
    try:
        started.wait_until(started.answers)
        yield started
    finally:
        kill([started.process])
        started.process.communicate()


def test_users_to_choose_from(page: Page) -> None:
    """It names the scenarios, and asks for our options."""
    shown = page.get("/")
    found = re.search(r'"available_user_classes": \[(.*?)\]', shown)
    assert found is not None
    assert set(re.findall(r'"(\w+)"', found[1])) == USERS
    for option in ("requests", "connections", "warmup", "rate", "arrivals"):
        assert f'"{option}": {{' in shown


def test_one_test_after_another(page: Page) -> None:
    """Each has exactly its number of requests, whatever there was before; the server counts them
    too, with the warm-up of each."""
    with lying() as server:
        assert page.swarm(server, 530, requests=500) == {"/plaintext": 500, "Aggregated": 500}
        assert server.asked == {"plaintext": 530}
        assert page.swarm(server, 1060, requests=500) == {"/plaintext": 500, "Aggregated": 500}
        assert server.asked == {"plaintext": 1060}
        again = page.swarm(server, 1097, requests=37, warmup=0, connections="close")
        assert again == {"/plaintext": 37, "Aggregated": 37}
        assert (server.asked, server.connections) == ({"plaintext": 1097}, 4 + 4 + 37)


def test_its_end(page: Page) -> None:
    """A signal ends it, with the exit code of its last test, and nothing stays behind."""
    page.process.send_signal(signal.SIGTERM)
    output, _ = page.process.communicate(timeout=TIMEOUT_S)
    assert page.process.returncode == 0, output
    assert left_of(page.process.pid) == []
    assert "Traceback" not in output
