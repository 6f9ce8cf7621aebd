"""What is written down: each answer soon, each error with its request, and where it is asked."""

import json
import signal
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tests.process.running import ALONE, Service, alone, gunicorn


def records(file: Path) -> list[dict[str, Any]]:
    """The access log, in whole lines."""
    return [json.loads(line) for line in file.read_text().splitlines(keepends=True)]


def targets(file: Path) -> list[str]:
    """What was asked for, by the access log."""
    return [each["target"] for each in records(file)] if file.exists() else []


def test_flushed_every_second_and_at_exit(tmp_path: Path) -> None:
    """A line is there about a second after the answer, and all of them are at the end."""
    with gunicorn(tmp_path) as service:
        service.ready()
        client = service.connect()
        client.request("GET", "/json")
        client.getresponse().read()
        began = time.monotonic()
        service.wait_until(lambda: "/json" in targets(service.output), "it is written")
        assert time.monotonic() - began < 3
        client.request("GET", "/time")
        client.getresponse().read()
        service.kill(signal.SIGTERM)
        assert service.end() == 0
        assert targets(service.output)[-1] == "/time"


@pytest.mark.parametrize("sig", [signal.SIGQUIT, signal.SIGINT])
def test_flushed_when_stopped_at_once(sig: signal.Signals, tmp_path: Path) -> None:
    """Also then."""
    with gunicorn(tmp_path) as service:
        assert service.ready().status("/time") == 200
        service.kill(sig)
        assert service.end() == 0
        assert targets(service.output)[-1] == "/time"


def reached(way: str, folder: Path, log: Path) -> AbstractContextManager[Service]:
    """A service that writes its access log to a file."""
    environ = {"ACCESS_LOG_FILE": str(log)}
    return gunicorn(folder, **environ) if way == "gunicorn" else alone(folder, *ALONE, **environ)


@pytest.mark.parametrize("way", ["gunicorn", "alone"])
def test_moved_log(way: str, tmp_path: Path) -> None:
    """SIGUSR1 goes on in a new file after the old one was moved, and loses no line."""
    log, old = tmp_path / "access.log", tmp_path / "access.log.1"
    with reached(way, tmp_path, log) as service:
        assert service.ready().status("/json") == 200
        log.rename(old)
        service.kill(signal.SIGUSR1)
        service.wait_until(log.exists, "a new file")
        assert service.status("/time") == 200
        service.wait_until(lambda: "/time" in targets(log), "it goes on there")
        assert targets(old)[-1] == "/json"
        assert log.stat().st_mode & 0o007 == 0
        service.kill(signal.SIGTERM)
        assert service.end() == 0


def test_error(tmp_path: Path) -> None:
    """The error log has the request id and the traceback, the access log has the id; the
    client has the id and nothing else of it."""
    with gunicorn(tmp_path) as service:
        service.ready()
        client = service.connect()
        client.request("GET", "/fail", headers={"X-Request-Id": "a-request-of-ours"})
        answer = client.getresponse()
        body = answer.read().decode()
        assert answer.status == 500
        assert answer.headers["X-Request-Id"] == "a-request-of-ours"
        for secret in ("swordfish", "RuntimeError", "Traceback", "misbehaving.py", "fail"):
            assert secret not in body
        said = service.said()
        assert "request a-request-of-ours" in said
        assert "RuntimeError: the password is swordfish" in said
        assert "Traceback (most recent call last)" in said
        service.wait_until(lambda: "/fail" in targets(service.output), "it is written")
        [record] = [each for each in records(service.output) if each["target"] == "/fail"]
        assert (record["status"], record["request_id"]) == (500, "a-request-of-ours")


def test_off(tmp_path: Path) -> None:
    """ACCESS_LOG=off writes nothing."""
    with gunicorn(tmp_path, ACCESS_LOG="off") as service:
        service.ready().kill(signal.SIGTERM)
        assert service.end() == 0
        assert service.accesses() == ""


def test_common(tmp_path: Path) -> None:
    """ACCESS_LOG=common is one line in that form."""
    with gunicorn(tmp_path, ACCESS_LOG="common") as service:
        assert service.ready().status("/plaintext") == 200
        service.kill(signal.SIGTERM)
        assert service.end() == 0
        line = service.accesses().splitlines()[-1]
        assert line.startswith("127.0.0.1 - - [")
        assert '] "GET /plaintext HTTP/1.1" 200 13 ' in line


def test_level(tmp_path: Path) -> None:
    """LOG_LEVEL reaches gunicorn and the library."""
    with gunicorn(tmp_path, LOG_LEVEL="warning") as service:
        service.ready().status("/fail")
        said = service.said()
        assert "Booting worker" not in said
        assert "swordfish" in said
