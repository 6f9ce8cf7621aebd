"""Workers come and go under steady traffic, and nobody notices but who was in their hands."""

import itertools
import os
import re
import signal
import time
from pathlib import Path

import pytest

from tests.process.running import Service, alive, gunicorn
from tests.process.traffic import Traffic


def reload(service: Service) -> None:
    """SIGHUP, and wait until none of the workers is there that were there before."""
    before = service.workers()
    service.kill(signal.SIGHUP)
    service.wait_until(lambda: not any(alive(each) for each in before), "old workers are gone")
    service.wait_until(lambda: service.pid() not in before, "new workers answer")


@pytest.mark.parametrize("loop", ["auto", "asyncio"])
def test_hup(loop: str, tmp_path: Path) -> None:
    """SIGHUP brings in new workers without a failed request."""
    with gunicorn(tmp_path, WEB_CONCURRENCY="2", LOOP=loop, ACCESS_LOG="off") as service:
        service.ready()
        with Traffic(service) as traffic:
            for _ in range(2):
                reload(service)
        assert traffic.failures == []
        assert traffic.answered > 100
        assert service.said().count("Hang up: Master") == 2


# A program to be saved with another number.
CHANGING = (
    "from app.main import create_server as create\n"
    "def create_server(settings):\n"
    "    server = create(settings)\n"
    "    server.get('/pid')(lambda _: 'OLD')\n"
    "    return server\n"
)


def test_reload_when_saved(tmp_path: Path) -> None:
    """gunicorn's --reload: what is saved is served, the second time as well."""
    program = tmp_path / "saved_application.py"
    program.write_text(CHANGING.replace("OLD", "1"))
    options = ("--reload", "--pythonpath", str(tmp_path))
    application = "saved_application:create_server"
    with gunicorn(tmp_path, application, *options, PYTHONDONTWRITEBYTECODE="1") as service:
        assert service.ready().pid() == 1
        times = itertools.count(time.time(), 10)

        def served(number: int) -> bool:
            # Saved again each time: gunicorn may not have looked at the file before the first.
            program.write_text(CHANGING.replace("OLD", str(number)))
            later = next(times)
            os.utime(program, (later, later))
            return service.pid() == number

        for number in (2, 3):
            service.wait_until(lambda number=number: served(number), f"{number} is served")


def test_hup_brings_in_new_code(tmp_path: Path) -> None:
    """The application is imported anew by each worker."""
    program = tmp_path / "changing_application.py"
    program.write_text(CHANGING.replace("OLD", "1"))
    options = ("--pythonpath", str(tmp_path))
    application = "changing_application:create_server"
    with gunicorn(tmp_path, application, *options, PYTHONDONTWRITEBYTECODE="1") as service:
        assert service.ready().pid() == 1
        program.write_text(CHANGING.replace("OLD", "2"))
        reload(service)
        assert service.pid() == 2


def test_max_requests(tmp_path: Path) -> None:
    """A worker that has answered enough is replaced, and cuts nobody off."""
    environ = {"WEB_CONCURRENCY": "2", "MAX_REQUESTS": "100", "ACCESS_LOG": "off"}
    with gunicorn(tmp_path, **environ) as service:
        service.ready()
        with Traffic(service) as traffic:
            service.wait_until(lambda: len(service.booted()) >= 5, "three were replaced", 30)
        assert traffic.failures == []
        answered = re.findall(r"drains: it has answered (\d+)", service.said())
        assert len(answered) >= 3
        assert all(int(each) >= 100 for each in answered)


def test_killed(tmp_path: Path) -> None:
    """kill -9 of a worker costs the requests in its hands and no others; it is replaced."""
    with gunicorn(tmp_path, WEB_CONCURRENCY="2") as service:
        service.ready()
        service.wait_until(lambda: len(service.workers()) == 2, "both are there")
        victim, other = service.workers()
        hands: dict[int, list[object]] = {victim: [], other: []}
        clients = []
        while not all(hands.values()):
            assert len(clients) < 1000, "one worker takes every connection"
            client = service.connect()
            client.request("GET", "/pid")
            owner = int(client.getresponse().read())
            clients.append((client, owner))
            hands[owner].append(client)
        for client, _ in clients:
            client.request("GET", "/sleep?seconds=1")
        assert service.status("/plaintext") == 200
        os.kill(victim, signal.SIGKILL)
        for client, owner in clients:
            if owner == victim:
                with pytest.raises(ConnectionError):
                    client.getresponse()
            else:
                assert client.getresponse().read() == b"slept 1 s\n"
        service.wait_until(lambda: len(service.workers()) == 2, "it is replaced")
        service.wait_until(lambda: service.pid() not in (victim, other), "the new one answers")


def test_blocked_loop(tmp_path: Path) -> None:
    """A worker whose loop hangs is killed and replaced; where it hung is in the log."""
    with gunicorn(tmp_path, HEARTBEAT_TIMEOUT="2", TIMEOUT_HANDLER="1") as service:
        [hung] = service.ready().workers()
        client = service.connect()
        client.request("GET", "/block")
        service.wait_for(f"WORKER TIMEOUT (pid:{hung})")
        service.wait_for("the event loop hung for 2 s; the stack is above")
        said = service.said()
        assert 'misbehaving.py", line ' in said
        assert " in block\n" in said
        with pytest.raises(ConnectionError):
            client.getresponse()
        assert service.ready().pid() != hung


def test_waiting_handler_is_no_blocked_loop(tmp_path: Path) -> None:
    """A handler may wait for longer than the heartbeat's timeout: the loop goes on."""
    environ = {"HEARTBEAT_TIMEOUT": "2", "TIMEOUT_HANDLER": "1"}
    with gunicorn(tmp_path, **environ) as service:
        assert service.ready().status("/sleep?seconds=4") == 200
        assert "TIMEOUT" not in service.said()
