"""SIGTERM: nothing that was begun is cut, nothing idle holds the end up, twice is once."""

import contextlib
import http.client
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.process.running import ALONE, Service, alone, gunicorn

Start = Callable[..., AbstractContextManager[Service]]


@contextlib.contextmanager
def under_gunicorn(folder: Path, **environ: str) -> Iterator[Service]:
    """Two workers."""
    with gunicorn(folder, **{"WEB_CONCURRENCY": "2"} | environ) as service:
        yield service.ready()


@contextlib.contextmanager
def by_itself(folder: Path, **environ: str) -> Iterator[Service]:
    """One process."""
    with alone(folder, *ALONE, **environ) as service:
        yield service.ready()


WAYS = pytest.mark.parametrize("start", [under_gunicorn, by_itself])
LOOPS = pytest.mark.parametrize("loop", ["auto", "asyncio"])


def begin(service: Service, path: str) -> http.client.HTTPConnection:
    """A request on its way, on a connection that has been answered once already: it is in
    the hands of a worker that serves."""
    client = service.connect()
    client.request("GET", "/plaintext")
    assert client.getresponse().read() == b"Hello, World!"
    client.request("GET", path)
    return client


@WAYS
@LOOPS
def test_order(start: Start, loop: str, tmp_path: Path) -> None:
    """Not ready, while still accepting; then no longer accepting; then the answer in flight,
    with Connection: close; idle connections closed; then the end, and with success."""
    with start(tmp_path, LOOP=loop, TIMEOUT_DRAIN_DELAY="1") as service:
        idle = service.connect()
        idle.request("GET", "/plaintext")
        idle.getresponse().read()
        busy = begin(service, "/sleep?seconds=2.5")
        service.kill(signal.SIGTERM)
        service.wait_until(lambda: service.status("/readyz") == 503, "not ready")
        service.wait_until(lambda: service.status("/readyz") is None, "nobody listens")
        assert service.process.poll() is None
        answer = busy.getresponse()
        assert (answer.status, answer.read()) == (200, b"slept 2.5 s\n")
        assert answer.headers["Connection"] == "close"
        assert idle.sock.recv(1) == b""
        assert service.end() == 0


@WAYS
def test_second_sigterm_changes_nothing(start: Start, tmp_path: Path) -> None:
    """Neither to whom it was started, nor to a worker."""
    with start(tmp_path) as service:
        busy = begin(service, "/sleep?seconds=1.5")
        for _ in range(3):
            service.kill(signal.SIGTERM)
            for each in service.workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, signal.SIGTERM)
            service.wait_until(lambda: service.status("/readyz") is None, "nobody listens")
        answer = busy.getresponse()
        assert (answer.status, answer.read()) == (200, b"slept 1.5 s\n")
        assert service.end() == 0
        assert "Traceback" not in service.said()


@WAYS
def test_idle_connections_do_not_hold_it_up(start: Start, tmp_path: Path) -> None:
    """A hundred clients that keep their connections are no reason to stay."""
    with start(tmp_path) as service:
        for _ in range(100):
            client = service.connect()
            client.request("GET", "/plaintext")
            client.getresponse().read()
        began = time.monotonic()
        service.kill(signal.SIGTERM)
        assert service.end() == 0
        assert time.monotonic() - began < 5


def test_waiting_in_the_backlog(tmp_path: Path) -> None:
    """Who has connected but was not accepted yet is answered."""
    with gunicorn(tmp_path) as service:
        service.ready()
        [worker] = service.workers()
        os.kill(worker, signal.SIGSTOP)
        clients = [service.connect() for _ in range(50)]
        for client in clients:
            client.request("GET", "/plaintext")
        service.kill(signal.SIGTERM)
        service.wait_for("Handling signal: term")
        os.kill(worker, signal.SIGCONT)
        assert [client.getresponse().read() for client in clients] == [b"Hello, World!"] * 50
        assert service.end() == 0


def test_connected_and_silent(tmp_path: Path) -> None:
    """A connection on which nothing ever came is closed soon; one whose head is half there is
    answered when the rest comes."""
    with gunicorn(tmp_path) as service:
        service.ready()
        silent, half = service.connect(), begin(service, "/plaintext")
        silent.connect()
        half.getresponse().read()
        half.sock.sendall(b"GET /plaintext HTTP/1.1\r\nHost: a\r\n")
        service.pid()  # the halves have been read by now
        service.kill(signal.SIGTERM)
        assert silent.sock.recv(1) == b""
        half.sock.sendall(b"\r\n")
        answer = half.sock.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"Connection: close" in answer
        assert service.end() == 0


def test_hooks(tmp_path: Path) -> None:
    """Start-up hooks run before, shutdown hooks after, once in each worker."""
    with gunicorn(tmp_path) as service:
        service.ready()
        assert service.said().count("a start-up hook") == 1
        assert "a shutdown hook" not in service.said()
        service.kill(signal.SIGTERM)
        assert service.end() == 0
        assert service.said().count("a shutdown hook") == 1


def test_parent_is_gone(tmp_path: Path) -> None:
    """A worker whose arbiter was killed drains and goes."""
    with gunicorn(tmp_path) as service:
        busy = begin(service.ready(), "/sleep?seconds=2")
        [worker] = service.workers()
        service.kill(signal.SIGKILL)
        service.end()
        answer = busy.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
        service.wait_for(f"Worker {worker} drains: its parent is gone")
        service.wait_for(f"Worker exiting (pid: {worker})")
        assert service.status("/healthz") is None


def test_while_booting(tmp_path: Path) -> None:
    """A signal that comes as soon as there is a process is not lost."""
    with gunicorn(tmp_path, WEB_CONCURRENCY="4") as service:
        service.wait_until(lambda: len(service.booted()) == 4, "four were forked")
        last = service.booted()[-1]
        os.kill(last, signal.SIGTERM)
        service.wait_for(f"Worker exiting (pid: {last})")
        service.kill(signal.SIGTERM)
        assert service.end(5) == 0
