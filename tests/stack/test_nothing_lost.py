"""No request is lost, whatever is done to the containers: GET and POST keep coming in meanwhile."""

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from tests.stack.processes import kill, look, workers
from tests.stack.stack import Stack, access_log, is_healthy, wait_until
from tests.traffic import Traffic

SLEEPERS = 20


@pytest.fixture
def traffic(stack: Stack) -> Iterator[Traffic]:
    """Requests for the Protocol server, before, during and after. None may fail."""
    with Traffic(stack.http_port) as found:
        found.go_on()
        yield found
        found.go_on()
    assert found.failures == []


def test_recreate(stack: Stack, traffic: Traffic) -> None:
    """`docker compose up -d --build protocol` after a change: a new container, of a new image."""
    before = stack.one("protocol")
    changed = stack.with_settings(REVISION="recreated")
    changed.ask("up", "--detach", "--build", "protocol")
    after = stack.one("protocol")
    assert after.id != before.id
    assert after.image.labels["org.opencontainers.image.revision"] == "recreated"
    wait_until(lambda: is_healthy(after), "the new container is not healthy")
    stack.asks("protocol", stack.addresses("protocol"))


def test_reload(stack: Stack, traffic: Traffic) -> None:
    """SIGHUP to gunicorn's master: new workers, as many as before."""
    container = stack.one("protocol")
    master, before = look(container)
    kill(container, master, "SIGHUP")
    wait_until(lambda: not set(before) & workers(container), "the old workers do not go")
    assert len(workers(container)) == len(before)


def test_nginx_reload(stack: Stack, traffic: Traffic) -> None:
    """`nginx -s reload`, as after the renewal of a certificate: new workers, and those who keep
    their connections are told which answer is the last."""
    for _ in range(3):
        conf = "/etc/nginx/slipway/nginx.conf"
        stack.compose.ask("exec", "--no-TTY", "nginx", "nginx", "-c", conf, "-s", "reload")
        traffic.go_on()


def test_scale(stack: Stack, traffic: Traffic) -> None:
    """Three containers, all of which are asked, and back to one."""
    options = ("--detach", "--wait", "--no-recreate", "--no-deps", "--scale")
    stack.compose.ask("up", *options, "protocol=3", "protocol")
    assert len(stack.addresses("protocol")) == 3
    stack.asks("protocol", stack.addresses("protocol"))
    stack.compose.ask("up", *options, "protocol=1", "protocol")
    assert len(stack.addresses("protocol")) == 1
    stack.asks("protocol", stack.addresses("protocol"))


def test_killed_worker(stack: Stack) -> None:
    """SIGKILL of one of two workers. What it has in hand is asked again where that is safe, as it
    is for GET. A POST that it has in hand fails, and is in nginx's log; nothing else does."""
    container = stack.one("protocol")
    since = time.time()
    with contextlib.ExitStack() as ends, Traffic(stack.http_port) as traffic:
        traffic.go_on()
        sleepers = [ends.enter_context(_sleeper(stack.http_port)) for _ in range(SLEEPERS)]
        traffic.go_on(200)  # by then they are all in the workers' hands
        _, before = look(container)
        victim = max(before, key=lambda each: before[each])
        kill(container, victim, "SIGKILL")
        answers = [_status(each) for each in sleepers]
        wait_until(
            lambda: len(now := workers(container)) == 2 and victim not in now, "nobody took over"
        )
        traffic.go_on()
    log = access_log(stack.one("nginx"), since)
    in_its_hands = [each for each in log if each["upstream_status"].startswith("502")]
    slept = [each for each in in_its_hands if each["target"].startswith("/sleep")]
    lost = [each for each in in_its_hands if each["status"] == 502]
    assert answers == [200] * SLEEPERS
    assert 0 < len(slept) <= SLEEPERS
    assert {each["status"] for each in slept} == {200}
    assert len(traffic.failures) == len(lost), traffic.failures
    assert {each["method"] for each in lost} <= {"POST"}


@contextlib.contextmanager
def _sleeper(port: int) -> Iterator[socket.socket]:
    """A request that takes a while."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(b"GET /sleep?seconds=4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        yield sock


def _status(sock: socket.socket) -> int:
    return int(sock.recv(12).split()[1])


def test_stop_with_idle_connections(stack: Stack) -> None:
    """`docker compose stop` does not wait for those who have a connection and nothing to ask."""
    with contextlib.ExitStack() as ends:
        idle = [
            ends.enter_context(socket.create_connection(("127.0.0.1", stack.http_port), timeout=30))
            for _ in range(100)
        ]
        for each in idle:
            each.sendall(b"GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
            assert each.recv(4096).startswith(b"HTTP/1.1 200 ")
        try:
            begun = time.monotonic()
            stack.compose.ask("stop")
            stopped = _stopped(stack)
            # Nobody was killed, and nobody waited for the idle connections as for one that has
            # something to say, which would take TIMEOUT_DRAIN.
            assert time.monotonic() - begun < 20
            assert {each["ExitCode"] for each in stopped} == {0}
            assert [each.recv(1) for each in idle] == [b""] * len(idle)
        finally:
            stack.up()


def _stopped(stack: Stack) -> list[dict[str, int]]:
    found = stack.engine.containers.list(
        all=True, filters={"label": f"com.docker.compose.project={stack.name}"}
    )
    return [each.attrs["State"] for each in found]
