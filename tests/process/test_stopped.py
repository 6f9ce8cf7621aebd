"""SIGINT and SIGQUIT: the end at once, whatever hangs."""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.process.running import Service, alone, gunicorn

SIGNALS = pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGQUIT])
HANGING = pytest.mark.parametrize("path", ["/park", "/block", "/thread"])
LIBRARY = (sys.executable, "-m", "tests.process.misbehaving")


def hang(service: Service, path: str) -> None:
    """A request that will not be answered is in a handler's hands."""
    client = service.ready().connect()
    client.request("GET", "/plaintext")
    client.getresponse().read()
    client.request("GET", path)
    if path == "/block":  # nobody else is answered once it has begun
        with contextlib.closing(service.connect(0.3)) as other, contextlib.suppress(TimeoutError):
            while True:
                other.request("GET", "/plaintext")
                other.getresponse().read()
    else:
        assert service.status("/plaintext") == 200


def end_in_a_moment(service: Service) -> int:
    """The exit status. A second is meant; four allow for a slow machine."""
    began = time.monotonic()
    status = service.end()
    assert time.monotonic() - began < 4
    return status


@SIGNALS
@HANGING
def test_gunicorn(sig: signal.Signals, path: str, tmp_path: Path) -> None:
    """The master and its worker are gone, although a handler hangs, blocks, or has a thread."""
    with gunicorn(tmp_path) as service:
        hang(service, path)
        service.kill(sig)
        assert end_in_a_moment(service) == 0
        assert service.workers() == []


@pytest.mark.parametrize(
    ("sig", "path"),
    [(signal.SIGINT, "/park"), (signal.SIGINT, "/block"), (signal.SIGQUIT, "/thread")],
)
def test_alone(sig: signal.Signals, path: str, tmp_path: Path) -> None:
    """So does the library by itself; by SIGALRM where it could not end as asked."""
    with alone(tmp_path, *LIBRARY) as service:
        hang(service, path)
        service.kill(sig)
        expected = 0 if path == "/park" else -signal.SIGALRM
        assert end_in_a_moment(service) == expected


def test_while_draining(tmp_path: Path) -> None:
    """SIGQUIT after SIGTERM ends the waiting."""
    with gunicorn(tmp_path) as service:
        hang(service, "/park")
        service.kill(signal.SIGTERM)
        service.wait_until(lambda: service.status("/readyz") is None, "nobody listens")
        assert service.process.poll() is None
        service.kill(signal.SIGQUIT)
        assert end_in_a_moment(service) == 0


def test_make_serve(tmp_path: Path) -> None:
    """Ctrl-C goes to make and to all below it; nothing stays behind."""
    service = Service(tmp_path, "make", "serve", PORT="0", HOST="127.0.0.1")
    try:
        service.wait_for("Booting worker")
        service.wait_for(" listens on http://127.0.0.1:")
        os.killpg(service.process.pid, signal.SIGINT)
        end_in_a_moment(service)
        service.wait_until(lambda: service.workers() == [], "no worker is left")
        assert "Traceback" not in service.said()
    finally:
        service.destroy()
