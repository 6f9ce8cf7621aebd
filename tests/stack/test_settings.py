"""What can be set of nginx: each setting does what it says, on both sides of its bound."""

import contextlib
import select
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from docker.models.containers import Container

from ops.compose import ComposeError
from tests.stack.stack import Stack, ask, logged, port_of

Nginx = Callable[..., Container]


def statuses(port: int, count: int, target: str = "/plaintext") -> list[int]:
    """Of so many requests at once."""
    with ThreadPoolExecutor(count) as threads:
        return [each.status for each in threads.map(lambda _: ask(port, target), range(count))]


def test_rate_limit(nginx: Nginx) -> None:
    """RATE_LIMIT in a second and RATE_BURST above it; then 429, with a line in the log."""
    since = time.time()
    container = nginx(RATE_LIMIT="1", RATE_BURST="3")
    found = statuses(port_of(container), 10)
    # One, three more, and what a slow machine takes longer than a second for.
    assert 4 <= found.count(200) < 10
    assert found.count(429) == 10 - found.count(200)
    assert logged(container, since, limit="REJECTED")[0]["status"] == 429


def test_rate_limit_off(nginx: Nginx) -> None:
    """Off is off."""
    container = nginx(RATE_LIMIT="off")
    assert set(statuses(port_of(container), 10)) == {200}
    assert ask(port_of(container), "/static/slipway.css").status == 200


def test_connection_limit(nginx: Nginx) -> None:
    """So many requests at a time for each client."""
    port = port_of(nginx(CONNECTION_LIMIT="3"))
    with contextlib.ExitStack() as ends:
        sleepers = [ends.enter_context(_asked(port, "/sleep?seconds=2")) for _ in range(4)]
        assert sorted(_status(each) for each in sleepers) == [200, 200, 200, 429]
    assert ask(port, "/plaintext").status == 200


@contextlib.contextmanager
def _asked(port: int, target: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        yield sock


def _status(sock: socket.socket) -> int:
    return int(sock.recv(12).split()[1])


def test_body(nginx: Nginx) -> None:
    """LIMIT_BODY is the service's variable: nginx keeps in step."""
    port = port_of(nginx(LIMIT_BODY="1k"))
    assert ask(port, "/echo", "POST", b"x" * 1024).status == 200
    assert ask(port, "/echo", "POST", b"x" * 1025).status == 413


def test_uploads(nginx: Nginx) -> None:
    """Bodies that are under way fit the room for them: no client has more than its quarter."""
    container = nginx(LIMIT_BODY="16m")  # eight in 128 MiB
    port = port_of(container)
    head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
    with contextlib.ExitStack() as ends:
        under_way = [
            ends.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            for _ in range(3)
        ]
        for each in under_way:
            each.sendall(head % 100_000 + b"x" * 99_999)
        refused = list(select.select(under_way, [], [], 30)[0])
        assert [_status(each) for each in refused] == [429]
        # A short one, and no body, are none of these.
        assert ask(port, "/echo", "POST", b"x" * 9999).status == 200
        for each in set(under_way) - set(refused):
            each.sendall(b"x")
            assert _status(each) == 200


def test_no_room(stack: Stack) -> None:
    """A longest body that would not find room is refused at the start."""
    with pytest.raises(ComposeError, match="LIMIT_BODY='1g': allowed is at most 134217728 bytes"):
        stack.compose.ask("run", "--rm", "--no-deps", "--env", "LIMIT_BODY=1g", "nginx")


def test_times(nginx: Nginx) -> None:
    """TIMEOUT_HEAD as well: who does not finish its head is let go."""
    port = port_of(nginx(TIMEOUT_HEAD="1.5"))
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n")
        assert sock.recv(1000) == b""


def test_handler_time(nginx: Nginx) -> None:
    """nginx waits for 25 s longer than the service gives its handlers, and then says who waits."""
    since = time.time()
    container = nginx(TIMEOUT_HANDLER="1")
    answer = ask(port_of(container), "/sleep?seconds=30")
    assert answer.status == 504
    assert f"<code>{answer.headers['X-Request-Id']}</code>".encode() in answer.body
    # It was in a handler's hands for too long to be asked again.
    (line,) = logged(container, since, target="/sleep?seconds=30")
    assert (line["status"], line["upstream_status"]) == (504, "504")


# ---- hosts


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("www.example.com", 200),
        ("WWW.EXAMPLE.COM:8080", 200),
        ("deep.below.example.org", 200),
        ("example.org", 200),
        ("example.com", 421),
        ("notexample.org", 421),
        ("www.example.com.evil.net", 421),
        ("127.0.0.1", 421),
    ],
)
def test_hosts(hosts: int, host: str, status: int) -> None:
    """ALLOWED_HOSTS are served, others are not, static files or not."""
    for target in ("/plaintext", "/static/slipway.css"):
        assert ask(hosts, target, Host=host).status == status


def test_hosts_of_health_checks(hosts: int) -> None:
    """A balancer asks for an address, or for nobody."""
    for target in ("/healthz", "/readyz"):
        assert ask(hosts, target, Host="127.0.0.1").status == 200


@pytest.fixture(scope="module")
def hosts(stack: Stack) -> Iterator[int]:
    """The port of an nginx for some hosts."""
    container = stack.one_more_nginx({"ALLOWED_HOSTS": "www.example.com, .example.org"})
    yield port_of(container)
    container.remove(force=True)


# ---- a balancer before nginx


def test_trusted_proxies(nginx: Nginx) -> None:
    """From TRUSTED_PROXIES the client, the scheme and the id are believed."""
    since = time.time()
    container = nginx(TRUSTED_PROXIES="10.0.0.0/8,172.16.0.0/12,192.168.0.0/16")
    fields = {
        "X_Forwarded_For": "192.0.2.1, 10.1.1.1",
        "X_Forwarded_Proto": "https",
        "X_Request_Id": "from-the-balancer",
    }
    answer = ask(port_of(container), "/headers", **fields)
    assert answer.headers["X-Request-Id"] == "from-the-balancer"
    said = answer.body.decode()
    assert "X-Forwarded-For: 192.0.2.1\n" in said
    assert "X-Forwarded-Proto: https\n" in said
    assert "X-Request-Id: from-the-balancer\n" in said
    (line,) = logged(container, since, request_id="from-the-balancer")
    assert line["client"] == "192.0.2.1"
    for bad in ("a b", "x" * 129, '"', ""):
        assert ask(port_of(container), "/", X_Request_Id=bad).headers["X-Request-Id"] != bad


def test_redirect(nginx: Nginx) -> None:
    """HTTPS_REDIRECT sends http on to https, but not what a balancer had by https."""
    container = nginx(HTTPS_REDIRECT="on", HTTPS_PORT="443", TRUSTED_PROXIES="0.0.0.0/0")
    answer = ask(port_of(container), "/hello/you?a=b", "POST", b"x", Host="example.com:8080")
    assert answer.status == 308
    assert answer.headers["Location"] == "https://example.com/hello/you?a=b"
    assert ask(port_of(container), "/plaintext", X_Forwarded_Proto="https").status == 200
    assert ask(port_of(container), "/readyz").status == 200


# ---- the cache


def test_no_cache(nginx: Nginx) -> None:
    """Nothing is cached unless it is asked for."""
    assert "X-Cache" not in ask(port_of(nginx()), "/plaintext").headers


def test_micro_cache(nginx: Nginx) -> None:
    """MICRO_CACHE=60: the second answer is the first one, under an id of its own."""
    port = port_of(nginx(MICRO_CACHE="60"))
    first, second = ask(port, "/hello/cache"), ask(port, "/hello/cache")
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("MISS", "HIT")
    assert first.body == second.body == b"Hello, cache"
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]
    assert ask(port, "/hello/cache?other").headers["X-Cache"] == "MISS"
    assert ask(port, "/hello/cache", Host="other").headers["X-Cache"] == "MISS"
    # What the request line says counts, for the service and for the key.
    absolute = ask(port, "http://third/hello/cache", Host="other")
    assert (absolute.status, absolute.headers["X-Cache"]) == (200, "MISS")


@pytest.mark.parametrize(
    ("target", "method", "fields"),
    [
        ("/hello/a", "GET", {"Cookie": "a=b"}),
        ("/hello/c", "GET", {"Cookie": "0"}),
        ("/hello/b", "GET", {"Authorization": "Basic eDp5"}),
        ("/time", "GET", {}),
        ("/echo", "POST", {}),
    ],
)
def test_not_cached(cached: int, target: str, method: str, fields: dict[str, str]) -> None:
    """What is somebody's own, what forbids it, and what is no GET."""
    body = b"x" if method == "POST" else None
    found = [ask(cached, target, method, body, **fields) for _ in range(3)]
    assert [each.status for each in found] == [200] * 3
    assert "HIT" not in [each.headers.get("X-Cache") for each in found]


@pytest.fixture(scope="module")
def cached(stack: Stack) -> Iterator[int]:
    """The port of an nginx that caches."""
    container = stack.one_more_nginx({"MICRO_CACHE": "60"})
    yield port_of(container)
    container.remove(force=True)
