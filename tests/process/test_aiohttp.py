"""SERVER=aiohttp: the settings, the logs and the end are those of the Protocol server, as far as
aiohttp goes. What both answer is the contract suite's business."""

import gzip
import json
import re
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.process.running import Service, alone, gunicorn

APPLICATION = "app.aiohttp_app:create_runner"


@contextmanager
def twin(folder: Path, *options: str, **environ: str) -> Iterator[Service]:
    """The service on aiohttp under its own gunicorn worker, ready."""
    with gunicorn(folder, APPLICATION, *options, SERVER="aiohttp", **environ) as service:
        yield service.ready()


def exchange(service: Service, said: bytes, *, seconds: float = 15) -> bytes:
    """Everything that comes back until the server closes."""
    with closing(socket.create_connection(("127.0.0.1", service.port), seconds)) as client:
        client.sendall(said)
        with client.makefile("rb") as answer:
            return answer.read()


def get(target: str, *fields: str) -> bytes:
    """A request that is the last of its connection."""
    lines = [f"GET {target} HTTP/1.1", "Host: a", "Connection: close", *fields, "", ""]
    return "\r\n".join(lines).encode()


def status(answer: bytes) -> int:
    """The status of an answer, interim ones left out."""
    return int(re.findall(rb"^HTTP/1\.[01] ([2-5][0-9][0-9]) ", answer, re.MULTILINE)[0])


def records(service: Service, count: int) -> list[dict[str, Any]]:
    """The access log, when it has so many lines besides those of /healthz."""

    def found() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in service.accesses().splitlines(keepends=True)]
        return [each for each in lines if each.get("target") != "/healthz"]

    service.wait_until(lambda: len(found()) >= count, f"{count} lines are written")
    return found()


def both(folder: Path) -> Iterator[Service]:
    """The two servers, one after the other."""
    for name, start in (("protocol", gunicorn), ("aiohttp", twin)):
        (folder / name).mkdir()
        with start(folder / name) as service:
            yield service.ready()


def test_log_fields(tmp_path: Path) -> None:
    """The access log says the same of the same requests, whichever server answers."""
    seen = []
    for service in both(tmp_path):
        exchange(service, get("/hello/Ada?x=1", "X-Request-Id: mine", "User-Agent: a"))
        exchange(service, b"HEAD /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        exchange(service, get("/stream?chunks=2"))
        exchange(service, get("/nowhere", "X-Forwarded-For: 192.0.2.7"))
        exchange(
            service,
            b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc",
        )
        lines = records(service, 5)
        assert len({each["request_id"] for each in lines}) == 5
        for each in lines:
            assert 0 < each.pop("seconds") < 15
            assert re.fullmatch("mine|[0-9a-f]{32}", each.pop("request_id"))
            del each["time"]
        seen.append(lines)
    assert seen[1] == seen[0]
    assert [each["bytes"] for each in seen[0][:3]] == [10, 0, 14]
    assert seen[0][3]["client"] == "192.0.2.7"


def test_what_was_no_request(tmp_path: Path) -> None:
    """It is in the access log, and not as a traceback in the error log."""
    with twin(tmp_path) as service:
        assert status(exchange(service, b"\x16\x03\x01\x02\x00\r\n\r\n")) == 400
        assert status(exchange(service, get("/", "Content-Length: 1, 2"))) == 400
        [one, two] = records(service, 2)
        assert (one["method"], one["status"], one["client"]) == (None, 400, "127.0.0.1")
        assert two["status"] == 400
        assert "Traceback" not in service.said()


def test_client_that_left(tmp_path: Path) -> None:
    """499, and what it had waited for is forgotten."""
    with twin(tmp_path) as service:
        with closing(socket.create_connection(("127.0.0.1", service.port), 15)) as client:
            client.sendall(get("/park"))
            # Another has been answered: so that one is parked.
            exchange(service, get("/plaintext"))
        [_, gone] = records(service, 2)
        assert (gone["target"], gone["status"]) == ("/park", 499)
        answer = exchange(service, get("/release").replace(b"GET", b"POST"))
        assert answer.endswith(b"\r\n\r\n0")


@pytest.mark.parametrize(
    ("environ", "request_", "expected"),
    [
        ({"LIMIT_FIELDS": "5"}, get("/", *["A: b"] * 4), 400),
        ({"LIMIT_FIELDS": "6"}, get("/", *["A: b"] * 4), 200),
        ({"LIMIT_REQUEST_LINE": "100"}, get("/hello/" + "a" * 200), 400),
        ({"LIMIT_REQUEST_LINE": "300"}, get("/hello/" + "a" * 200), 200),
        ({"LIMIT_HEAD": "1k"}, get("/", *[f"A{each}: " + "b" * 300 for each in "123"]), 200),
        ({"LIMIT_HEAD": "1k"}, get("/", *[f"A{each}: " + "b" * 300 for each in "1234"]), 431),
        ({"TIMEOUT_HANDLER": "1"}, get("/sleep?seconds=2"), 200),  # which has a deadline of its own
    ],
)
def test_limits(environ: dict[str, str], request_: bytes, expected: int, tmp_path: Path) -> None:
    """aiohttp keeps those it has in its own words (400), the rest is kept by ours."""
    with twin(tmp_path, **environ) as service:
        assert status(exchange(service, request_)) == expected


def test_limit_of_a_body(tmp_path: Path) -> None:
    """What is too long is refused before it is read, or where it becomes too long."""
    with twin(tmp_path, LIMIT_BODY="10") as service:
        for size, expected in ((10, 200), (11, 413)):
            sized = f"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {size}"
            assert status(exchange(service, f"{sized}\r\n\r\n{'a' * size}".encode())) == expected
            chunked = sized.partition("Content-Length")[0] + "Transfer-Encoding: chunked"
            body = f"{size:x}\r\n{'a' * size}\r\n0\r\n\r\n"
            assert status(exchange(service, f"{chunked}\r\n\r\n{body}".encode())) == expected


def test_compressed_body(tmp_path: Path) -> None:
    """Nothing is unpacked: a few bytes could become gigabytes."""
    packed = gzip.compress(b"a" * 1000)
    with twin(tmp_path) as service:
        head = (
            "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Encoding: gzip\r\n"
            f"Content-Length: {len(packed)}\r\n\r\n"
        )
        answer = exchange(service, head.encode() + packed)
        assert status(answer) == 200
        assert answer.endswith(b"\r\n\r\n" + packed)


def test_slow_body(tmp_path: Path) -> None:
    """408 for a body that does not come."""
    with twin(tmp_path, TIMEOUT_BODY="1") as service:
        answer = exchange(
            service, b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc"
        )
        assert status(answer) == 408


def test_idle_connection(tmp_path: Path) -> None:
    """TIMEOUT_IDLE stands above gunicorn's keepalive, and closes what is silent."""
    with twin(tmp_path, "--keep-alive", "77", TIMEOUT_IDLE="1") as service:
        began = time.monotonic()
        answer = exchange(service, b"GET /plaintext HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status(answer) == 200
        assert time.monotonic() - began < 15


def test_drain_has_an_end(tmp_path: Path) -> None:
    """What is unanswered after TIMEOUT_DRAIN gets 503, and the service ends with success."""
    with twin(tmp_path, TIMEOUT_DRAIN="1") as service:
        with closing(socket.create_connection(("127.0.0.1", service.port), 15)) as client:
            client.sendall(get("/park"))
            exchange(service, get("/plaintext"))
            service.kill(signal.SIGTERM)
            with client.makefile("rb") as answer:
                assert status(answer.read()) == 503
        assert service.end() == 0
        assert json.loads(service.accesses().splitlines()[-1])["status"] == 503


def test_order_of_the_drain(tmp_path: Path) -> None:
    """Not ready, while still accepting; then the answer in flight, with Connection: close."""
    with twin(tmp_path, TIMEOUT_DRAIN_DELAY="2") as service:
        with closing(socket.create_connection(("127.0.0.1", service.port), 15)) as client:
            client.sendall(b"GET /sleep?seconds=3 HTTP/1.1\r\nHost: a\r\n\r\n")
            exchange(service, get("/plaintext"))
            service.kill(signal.SIGTERM)
            service.wait_until(lambda: service.status("/readyz") == 503, "not ready")
            service.wait_until(lambda: service.status("/readyz") is None, "nobody listens")
            service.kill(signal.SIGTERM)
            with client.makefile("rb") as answer:
                whole = answer.read()
        assert status(whole) == 200
        assert b"\r\nConnection: close\r\n" in whole
        assert service.end() == 0


def test_idle_connection_has_a_moment(tmp_path: Path) -> None:
    """While it drains an idle client may send one more request: it is answered, and told that it
    was the last. Then nobody is waited for."""
    with twin(tmp_path, TIMEOUT_DRAIN="5", TIMEOUT_DRAIN_IDLE="15") as service:
        client = service.connect()
        client.request("GET", "/plaintext")
        assert client.getresponse().read() == b"Hello, World!"
        service.kill(signal.SIGTERM)
        service.wait_until(lambda: service.status("/readyz") is None, "nobody listens")
        client.request("GET", "/plaintext")
        answer = client.getresponse()
        assert (answer.status, answer.headers["Connection"]) == (200, "close")
        answer.read()
        assert service.end(10) == 0


def test_what_is_not_kept_is_said(tmp_path: Path) -> None:
    """A setting that aiohttp cannot keep does not vanish in silence."""
    given = {"TIMEOUT_HEAD": "5", "LIMIT_LINGER": "10", "LIMIT_HEAD": "2k", "LIMIT_BODY": "9"}
    with twin(tmp_path, LIMIT_CONNECTIONS="10", **given) as service:
        words = "SERVER=aiohttp does not keep LIMIT_CONNECTIONS, LIMIT_LINGER, TIMEOUT_HEAD"
        service.wait_for(words)
        assert service.said().partition(words)[2].startswith("\n")


def test_moved_log(tmp_path: Path) -> None:
    """SIGUSR1 goes on in a new file after the old one was moved."""
    log, old = tmp_path / "access.log", tmp_path / "access.log.1"
    with twin(tmp_path, ACCESS_LOG_FILE=str(log)) as service:
        log.rename(old)
        service.kill(signal.SIGUSR1)
        service.wait_until(log.exists, "a new file")
        assert service.status("/time") == 200
        service.wait_until(lambda: "/time" in log.read_text(), "it goes on there")


@pytest.mark.parametrize(("sig", "expected"), [(signal.SIGTERM, 200), (signal.SIGINT, None)])
def test_without_gunicorn(sig: signal.Signals, expected: int | None, tmp_path: Path) -> None:
    """`python -m app` too: SIGTERM answers what is in flight, SIGINT does not; both end well."""
    with alone(tmp_path, SERVER="aiohttp") as service:
        service.ready()
        with closing(socket.create_connection(("127.0.0.1", service.port), 15)) as client:
            client.sendall(get("/sleep?seconds=1"))
            exchange(service, get("/plaintext"))
            service.kill(sig)
            with client.makefile("rb") as answer:
                whole = answer.read()
        assert (status(whole) if whole else None) == expected
        assert service.end() == 0
        assert "by aiohttp 3." in service.said()


def test_bad_setting(tmp_path: Path) -> None:
    """One message, and no traceback of aiohttp's."""
    with gunicorn(tmp_path, APPLICATION, SERVER="aiohttp", LIMIT_BODY="much") as service:
        assert service.end() == 1
        assert "LIMIT_BODY='much'" in service.said()
        assert "Traceback" not in service.said()
