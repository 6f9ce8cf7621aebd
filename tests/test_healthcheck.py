"""app.healthcheck: what it says, and how it exits, of real servers that are well or are not."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app import healthcheck
from app.healthcheck import main, trouble
from app.knobs import KNOBS
from tests.process.running import GUNICORN, ROOT, Service, alone, gunicorn

READY = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nready\n"


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without a setting of ours, to be given some."""
    for each in KNOBS:
        monkeypatch.delenv(each.name, raising=False)
    return monkeypatch


@contextmanager
def answering(
    data: bytes, listener: socket.socket | None = None, context: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[bytes]]]:
    """A server that says this to its one client and closes. Gives its address, and the list that
    the request's head comes into."""
    listener = listener or socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve() -> None:
        client, _ = listener.accept()
        with closing(context.wrap_socket(client, server_side=True) if context else client) as end:
            end.settimeout(10)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += end.recv(1 << 16)
            heard.append(head)
            end.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with listener:
        name = listener.getsockname()
        yield f"unix:{name}" if isinstance(name, str) else f"127.0.0.1:{name[1]}", heard
        thread.join(10)


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that nobody listens on, and that nobody else can take meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key in one file, of a name that nobody asks for."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    files = ["-subj", "/CN=elsewhere", "-keyout", folder / "key", "-out", folder / "certificate"]
    try:
        subprocess.run([*command.split(), *files], check=True, capture_output=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("the openssl command is not installed")
    both = folder / "both"
    both.write_bytes((folder / "key").read_bytes() + (folder / "certificate").read_bytes())
    return both


# ---- the service itself


@pytest.mark.parametrize("server", ["protocol", "aiohttp"])
def test_ready_then_draining(
    environ: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    server: str,
) -> None:
    """0 and not a word for a service that wants traffic; 1 and its own word once it is to stop."""
    with alone(tmp_path, SERVER=server, TIMEOUT_DRAIN_DELAY="3") as service:
        environ.setenv("PORT", str(service.port))
        environ.setenv("HOST", "127.0.0.1")
        assert (main(), capfd.readouterr()) == (0, ("", ""))
        service.kill(signal.SIGTERM)
        service.wait_until(lambda: service.status("/readyz") == 503, "it drains")
        assert main() == 1
        said = f"127.0.0.1:{service.port} answers 503: draining\n"
        assert capfd.readouterr() == ("", said)


def test_unix_socket(environ: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """gunicorn's other address."""
    address = f"unix:{tmp_path / 'slipway.sock'}"
    service = Service(tmp_path, *GUNICORN, BIND=address)
    try:
        service.wait_for("Booting worker")
        assert trouble(address) == ""
        environ.setenv("BIND", address)
        assert main() == 0
    finally:
        service.destroy()
    assert trouble(address) == f"{address} does not answer: [Errno 111] Connection refused"


def test_tls(environ: pytest.MonkeyPatch, certificate: Path, tmp_path: Path) -> None:
    """TLS where the settings say so, whoever the certificate is for."""
    with gunicorn(tmp_path, TLS_CERTFILE=str(certificate)) as service:
        service.wait_for("Booting worker")
        address = f"127.0.0.1:{service.port}"
        assert trouble(address, tls=True) == ""
        assert trouble(address).startswith(f"{address} does not answer: ")
        environ.setenv("BIND", address)
        assert main() == 1
        environ.setenv("TLS_CERTFILE", str(certificate))
        assert main() == 0


def test_ipv6(tmp_path: Path) -> None:
    """Its brackets are the address's, not the host's."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    service = Service(tmp_path, sys.executable, "-m", "app", HOST="::1", PORT="0")
    try:
        service.wait_until(lambda: re.search(r"http://\[::1\]:\d+", service.said()), "it listens")
        port = re.findall(r"http://\[::1\]:(\d+)", service.said())[0]
        assert trouble(f"[::1]:{port}") == ""
        assert trouble(f"[::]:{port}") == ""
    finally:
        service.destroy()


# ---- whom it asks, and what


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("0.0.0.0:8000", ("127.0.0.1", 8000)),
        ("[::]:8000", ("::1", 8000)),
        ("[::1]:8000", ("::1", 8000)),
        ("[fe80::1]:8000", ("fe80::1", 8000)),
        ("192.0.2.1:80", ("192.0.2.1", 80)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_where(monkeypatch: pytest.MonkeyPatch, address: str, asked: tuple[str, int]) -> None:
    """What listens on every interface is asked on the loopback, by IPv4 or IPv6 as it listens."""
    connections = []

    def refuse(where: tuple[str, int], timeout: float) -> socket.socket:
        connections.append((where, timeout))
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert trouble(address) == f"{address} does not answer: ConnectionRefusedError"
    assert connections == [(asked, healthcheck.TIMEOUT)]


def test_every_interface() -> None:
    """The same of a socket that does listen everywhere."""
    with answering(READY, socket.create_server(("0.0.0.0", 0))) as (address, _):
        assert trouble(address.replace("127.0.0.1", "0.0.0.0")) == ""


def test_first_of_several(environ: pytest.MonkeyPatch, nobody: str) -> None:
    """One address speaks for the service."""
    with answering(READY) as (address, _):
        environ.setenv("BIND", f"{address},{nobody}")
        assert main() == 0
    environ.setenv("BIND", f"{nobody},127.0.0.1:1")
    assert main() == 1


def test_request() -> None:
    """One request, which asks for the end of the connection: nothing stays open behind it."""
    with answering(READY) as (address, heard):
        assert trouble(address) == ""
    [head] = heard
    line, *fields = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    assert line == "GET /readyz HTTP/1.1"
    assert "Connection: close" in fields
    assert [each for each in fields if each.startswith("Host: ")] == ["Host: localhost"]


def test_request_to_a_unix_socket(tmp_path: Path) -> None:
    """It is the same there, with TLS around it or not."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "socket"))
    listener.listen()
    with answering(READY, listener) as (address, heard):
        assert trouble(address) == ""
    assert heard[0].startswith(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n")


# ---- what is wrong


def test_nobody_listens(
    environ: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], nobody: str
) -> None:
    """The message names the address."""
    environ.setenv("BIND", nobody)
    assert main() == 1
    said = f"{nobody} does not answer: [Errno 111] Connection refused\n"
    assert capfd.readouterr() == ("", said)


def test_no_such_socket(tmp_path: Path) -> None:
    """Nor is there always a file."""
    address = f"unix:{tmp_path}/none"
    assert trouble(address) == f"{address} does not answer: [Errno 2] No such file or directory"


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, family: int, tls: bool) -> None:
    """A server that hangs is given up: the kernel accepts for it, and nobody says a word."""
    monkeypatch.setattr(healthcheck, "TIMEOUT", 0.05)
    with socket.socket(family) as listener:
        path = str(tmp_path / "socket")
        listener.bind(path if family == socket.AF_UNIX else ("127.0.0.1", 0))
        listener.listen()
        name = listener.getsockname()
        address = f"unix:{path}" if family == socket.AF_UNIX else f"127.0.0.1:{name[1]}"
        end = threading.Timer(10, listener.close)  # of the test, were it to wait for ever
        end.start()
        said = trouble(address, tls=tls)
        end.cancel()
    assert said.startswith(f"{address} does not answer: ")
    assert said.endswith("timed out")


def test_patience() -> None:
    """It is shorter than the container's health check waits: who hangs is told by us."""
    text = (ROOT / "Dockerfile").read_text()
    [ours] = re.findall(r"--timeout=([0-9]+)s .*\\\n.*app\.healthcheck", text)
    assert int(ours) > healthcheck.TIMEOUT


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\ndraining\n", "answers 503: draining"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "answers 503:"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "answers 204:"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", "answers 302:"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n\xff\r\n", "answers 404: \xff"),
        (b"HTTP/1.1 500 No\r\n\r\n" + b"x" * 5000, "answers 500: " + "x" * 1024),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer: SSH-2.0-OpenSSH_9.2"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "does not answer: "),
        (b"HTTP/1.1 ABC\r\n\r\n", "does not answer: HTTP/1.1 ABC"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "does not answer: got more than 65536 bytes"),
        (b"", "does not answer: Remote end closed connection without response"),
    ],
)
def test_wrong_answer(answer: bytes, said: str) -> None:
    """Whatever is said that is not 200 is told on, up to 1024 bytes of it."""
    with answering(answer) as (address, _):
        found = trouble(address)
    assert found.startswith(f"{address} {said}")
    assert len(found) < 1100


def test_bad_settings(environ: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """They are named as the service itself names them, and nobody is asked."""
    environ.setenv("PORT", "many")
    environ.setenv("LIMIT_BODIES", "1")
    environ.setattr(healthcheck, "trouble", None)
    assert main() == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "cannot start, these settings are not allowed:"
    assert "  PORT='many': allowed is 0 to 65535" in err.splitlines()
    assert "LIMIT_BODIES='1': no such setting, did you mean LIMIT_BODY?" in err


def test_program(nobody: str) -> None:
    """As the container starts it: in its environment, with its exit status, without a traceback."""
    with answering(READY) as (address, _):
        for bind, status, said in (
            (address, 0, ""),
            (nobody, 1, f"{nobody} does not answer: [Errno 111] Connection refused\n"),
        ):
            done = subprocess.run(
                [sys.executable, "-m", "app.healthcheck"],
                cwd=ROOT,
                env={"PATH": os.environ["PATH"], "BIND": bind},
                capture_output=True,
                text=True,
                check=False,
                timeout=30,
            )
            assert (done.returncode, done.stdout, done.stderr) == (status, "", said)
