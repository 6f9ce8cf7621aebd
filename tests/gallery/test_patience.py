"""The ways that read bytes themselves: a slow client is not waited for, however slow it is."""

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECOND = dict.fromkeys(("TIMEOUT_FIRST_BYTE", "TIMEOUT_HEAD", "TIMEOUT_BODY", "TIMEOUT_IDLE"), "1")
PATIENCE = 20.0

POST = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
# What is said at the beginning, and how the answer begins, if there is one.
SLOW = {
    "silent": (b"", b""),
    "half a head": (b"GET /plaintext HTTP/1.1\r\nHost:", b"HTTP/1.1 408 "),
    "half a body": (POST + b"Content-Length: 9\r\n\r\nabc", b"HTTP/1.1 408 "),
    "half a chunk": (POST + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc", b"HTTP/1.1 408 "),
    "idle": (b"GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n", b"HTTP/1.1 200 "),
}
DRIPPING = POST + b"Content-Length: 1000000\r\n\r\n"


@contextmanager
def serving(way: str) -> Iterator[int]:
    """A way whose patience is a second, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-m", "app.gallery", way, "--fd", str(listener.fileno())],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **SECOND},
            pass_fds=[listener.fileno()],
            stderr=subprocess.DEVNULL,
        )
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def drip(sock: socket.socket) -> None:
    """Send a byte now and then, until there is an answer. AssertionError if none comes."""
    deadline = time.monotonic() + PATIENCE
    while not select.select([sock], [], [], 0.1)[0]:
        assert time.monotonic() < deadline
        sock.send(b"a")


@pytest.mark.parametrize("way", ["protocol", "streams", "chat", "snow", "stdlib"])
def test_slow_clients(way: str) -> None:
    """Each is told, or left, when its time is over; bytes that drip do not prolong it."""
    with serving(way) as port, ExitStack() as stack:

        def connect(said: bytes) -> socket.socket:
            client = socket.create_connection(("127.0.0.1", port), PATIENCE)
            stack.enter_context(client)
            client.sendall(said)
            return client

        clients = {name: connect(said) for name, (said, _) in SLOW.items()}
        dripping = connect(DRIPPING)
        drip(dripping)
        assert dripping.recv(12) == b"HTTP/1.1 408"
        for name, client in clients.items():
            with client.makefile("rb") as answer:
                found = answer.read()
            assert found[:13] == SLOW[name][1], name
