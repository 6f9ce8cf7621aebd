"""`python -m app.gallery`: what it says, what it refuses, and several workers."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from app.gallery import __main__ as command
from app.gallery.ways import WAYS

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """The command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "app.gallery", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@contextmanager
def serving(*arguments: str) -> "Iterator[tuple[subprocess.Popen[str], int]]":
    """The command on a socket that already listens, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "app.gallery", *arguments, "--fd", str(listener.fileno())],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"]},
            pass_fds=[listener.fileno()],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    try:
        yield process, port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its workers too, which hold its output open
        process.communicate()


def page(port: int) -> str:
    """The page at /."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as client:
        client.request("GET", "/", headers={"Connection": "close"})
        return client.getresponse().read().decode()


def test_list() -> None:
    """Without a name: all of them, and how to start one."""
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == command.listing()
    assert all(f"  {name} " in done.stdout for name in WAYS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gopher"], "invalid choice: 'gopher'"),
        (["streams", "--port", "70000"], "'70000' is not a port from 0 to 65535"),
        (["streams", "--port", "http"], "'http' is not a port"),
        (["streams", "--workers", "0"], "'0' is not a number from 1 to 64"),
        (["streams", "--workers", "65"], "'65' is not a number from 1 to 64"),
        (["streams", "--fd", "77"], "--fd 77 is no socket: Bad file descriptor"),
        (["streams", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1 port 8000: "),
    ],
)
def test_refused(arguments: list[str], words: str) -> None:
    """A message that names the cause, and no traceback."""
    done = run(*arguments)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_setting() -> None:
    """The settings are judged as everywhere."""
    done = run("streams", LIMIT_HEAD="big")
    assert done.returncode == 1
    assert "LIMIT_HEAD='big'" in done.stderr


def test_port_that_is_taken() -> None:
    """Who has it is another question."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = run("streams", "--port", str(listener.getsockname()[1]))
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


def test_missing_package() -> None:
    """What is not installed is named, with the command that installs it."""
    program = (
        "import sys; sys.modules['fastapi'] = None; sys.argv = ['app.gallery', 'fastapi'];"
        "from app.gallery import __main__ as m; m._installed = lambda name: name != 'fastapi';"
        "m.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "fastapi needs fastapi, which the service does not: "
        "make gallery ARGS=fastapi, or pip install -r requirements-gallery.txt\n"
    )


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_workers(sig: signal.Signals) -> None:
    """Several processes answer on one address, and one signal ends them all."""
    with serving("streams", "--workers", "3") as (process, port):
        assert "Slipway" in page(port)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 3
        process.send_signal(sig)
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0, said
        assert not any(Path(f"/proc/{each}").exists() for each in children)


def test_worker_that_dies() -> None:
    """It is not replaced: the others end as well, and the exit code says so."""
    with serving("streams", "--workers", "2") as (process, port):
        assert "Slipway" in page(port)
        [first, _] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(first), signal.SIGKILL)
        process.communicate(timeout=20)
        assert process.returncode == signal.SIGKILL
