"""What nginx asks twice, before two services that take every request and answer none."""

from collections.abc import Iterator

import pytest
from docker.models.containers import Container

from tests.stack.stack import Stack, ask, is_healthy, port_of, wait_until

# Answers health checks. Of anything else it reads the head and closes; the methods are its log.
SILENT = """
import socket, threading
def serve(sock):
    head = sock.makefile("rb").readline()
    if b"/readyz" in head:
        sock.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n")
    else:
        print(head.split()[0].decode(), flush=True)
    sock.close()
listener = socket.create_server(("0.0.0.0", 8000))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],)).start()
"""


@pytest.fixture(scope="module")
def silent(stack: Stack) -> Iterator[tuple[int, list[Container]]]:
    """The port of nginx, and the two services behind it, in a network of their own."""
    engine, started = stack.engine, []
    network = engine.networks.create(f"{stack.name}-silent")
    image, front = stack.one("protocol").image, stack.one("nginx").image
    try:
        for name in ("protocol", "aiohttp"):
            service = engine.containers.create(image, ["python", "-c", SILENT])
            started.append(service)
            network.connect(service, aliases=[name])
            service.start()
        nginx = engine.containers.create(
            front, ports={"8080/tcp": ("127.0.0.1", None)}, network=network.name
        )
        started.append(nginx)
        nginx.start()
        wait_until(lambda: is_healthy(nginx), "nginx is not healthy")
        yield port_of(nginx), started[:2]
    finally:
        for each in started:
            each.remove(force=True)
        network.remove()


@pytest.mark.parametrize(
    ("method", "times"),
    [("GET", 2), ("HEAD", 2), ("PUT", 2), ("DELETE", 2), ("POST", 1), ("PATCH", 1)],
)
def test_asked(silent: tuple[int, list[Container]], method: str, times: int) -> None:
    """What may be repeated (RFC 9110 9.2.2) is asked of each, once; what may not be, of one."""
    port, services = silent
    body = b"x" if method in ("PUT", "POST", "PATCH") else None
    assert ask(port, "/", method, body).status == 502
    asked = [line for each in services for line in each.logs().decode().split()]
    assert asked.count(method) == times
