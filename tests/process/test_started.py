"""The start: honest about what failed, quick to end then, and on every kind of address."""

import contextlib
import http.client
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.running import ALONE, APPLICATION, GUNICORN, Service, alone, gunicorn, listening

BAD = {"LIMIT_HED": "5", "WEB_CONCURRENCY": "many", "PORT": "http", "ACCESS_LOG": "xml"}
PLAIN_GUNICORN = (GUNICORN[0], "-m", "gunicorn")


@contextlib.contextmanager
def started(folder: Path, *command: str, **environ: str) -> Iterator[Service]:
    """Any command at all; killed at the end of the block."""
    service = Service(folder, *command, **environ)
    try:
        yield service
    finally:
        service.destroy()


@pytest.mark.parametrize(
    "application",
    ["with_broken_hook", "with_exiting_hook", "exiting"],
)
def test_broken_start_ends_gunicorn(application: str, tmp_path: Path) -> None:
    """What fails before the first request ends the start, with its reason, and once."""
    with gunicorn(tmp_path, f"tests.process.misbehaving:{application}") as service:
        assert service.end() == 3
        said = service.said()
        assert "no database" in said or "no secret key" in said
        assert "Reason: Worker failed to boot." in said
        assert len(service.booted()) == 1


def test_not_booted_before_the_hooks(tmp_path: Path) -> None:
    """A worker that still starts hears nobody, stays alive, and goes at once when told."""
    application = "tests.process.misbehaving:with_endless_hook"
    options = {"HEARTBEAT_TIMEOUT": "2", "TIMEOUT_HANDLER": "1"}
    with gunicorn(tmp_path, application, **options) as service:
        service.wait_for("waiting for a database")
        client = service.connect(3.5)
        client.request("GET", "/healthz")
        with pytest.raises(TimeoutError):
            client.getresponse()
        assert "TIMEOUT" not in service.said()
        service.kill(signal.SIGTERM)
        assert service.end(4) == 0


@pytest.mark.parametrize(
    "command",
    [("make", "serve"), ("make", "run"), GUNICORN, PLAIN_GUNICORN, ALONE],
    ids=["make serve", "make run", "gunicorn.conf.py", "gunicorn", "python -m app"],
)
def test_bad_settings(command: tuple[str, ...], tmp_path: Path) -> None:
    """One message names every bad variable, whichever way it is started."""
    bad = dict(BAD)
    if command == PLAIN_GUNICORN:
        del bad["WEB_CONCURRENCY"]  # gunicorn itself stumbles over it, before it reads our file
    with started(tmp_path, *command, **bad) as service:
        assert service.end() != 0
        said = service.said()
        assert "Traceback" not in said
        assert said.count("cannot start, these settings are not allowed:") == 1
        for name, value in bad.items():
            assert f"  {name}={value!r}: " in said


@pytest.mark.parametrize("command", [GUNICORN, PLAIN_GUNICORN])
def test_check_config(command: tuple[str, ...], tmp_path: Path) -> None:
    """gunicorn finds nothing wrong."""
    with started(tmp_path, *command, "--check-config") as service:
        assert service.end() == 0
        assert service.said() == ""


def test_port_in_use_by_gunicorn(tmp_path: Path) -> None:
    """gunicorn tries five times, a second apart; then it ends, although with REUSE_PORT each
    worker would have listened for itself, and failed for itself."""
    with listening() as taken:
        port = str(taken.getsockname()[1])
        environ = {"HOST": "127.0.0.1", "PORT": port, "REUSE_PORT": "on"}
        with started(tmp_path, *GUNICORN, **environ) as service:
            assert service.end() == 1
            assert f"Connection in use: ('127.0.0.1', {port})" in service.said()
            assert service.booted() == []


def test_port_alone_is_this_machine(tmp_path: Path) -> None:
    """PORT in the environment is a platform's and means every interface; --port is a person's."""
    with started(tmp_path, *ALONE, "--port", "0") as service:
        service.wait_for("listens on http://127.0.0.1:")


def test_port_in_use(tmp_path: Path) -> None:
    """`python -m app` says so in one line."""
    with listening() as taken:
        port = str(taken.getsockname()[1])
        with started(tmp_path, *ALONE, "--host", "127.0.0.1", "--port", port) as service:
            assert service.end() == 1
            said = service.said()
            assert said.startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use")
            assert len(said.splitlines()) == 1


def test_help(tmp_path: Path) -> None:
    """`python -m app --help` lists every setting."""
    with started(tmp_path, *ALONE, "--help") as service:
        assert service.end() == 0
        text = service.output.read_text()
        assert "usage: python -m app" in text
        assert "TIMEOUT_DRAIN_DELAY" in text


def test_line_at_start(tmp_path: Path) -> None:
    """One line says version, loop, address, workers and why, limits."""
    with gunicorn(tmp_path, WEB_CONCURRENCY="2", LIMIT_BODY="5k") as service:
        service.ready()
        [line] = [each for each in service.said().splitlines() if "listens on" in each]
        for words in (
            "slipway 0.",
            "on Python 3.",
            f"listens on http://127.0.0.1:{service.port} with 2 workers (WEB_CONCURRENCY=2);",
            "connections a worker, head 32768, body 5120 bytes; ",
            "handler 15, idle 95, drain 20 s",
        ):
            assert words in line


def test_line_at_start_alone(tmp_path: Path) -> None:
    """The same of one process."""
    with alone(tmp_path) as service:
        service.ready()
        address = f"http://127.0.0.1:{service.port}"
        assert f"listens on {address} with one process, without gunicorn; at" in service.said()


@pytest.mark.parametrize("absent", [True, False])
def test_without_uvloop(absent: bool, tmp_path: Path) -> None:
    """Plain asyncio serves where uvloop is not installed, and where it is not wanted."""
    (tmp_path / "uvloop.py").write_text('raise ImportError("not here")\n')
    environ = {"PYTHONPATH": str(tmp_path)} if absent else {"LOOP": "asyncio"}
    with gunicorn(tmp_path, **environ) as service:
        assert service.ready().status("/json") == 200
        assert " with asyncio listens on " in service.said()
        service.kill(signal.SIGTERM)
        assert service.end() == 0


def test_every_interface(tmp_path: Path) -> None:
    """HOST=:: hears IPv6 and IPv4."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with alone(tmp_path, *ALONE, "--host", "::") as service:
        for address in ("127.0.0.1", "::1"):
            client = http.client.HTTPConnection(address, service.port, timeout=15)
            with contextlib.closing(client):
                client.request("GET", "/plaintext")
                assert client.getresponse().read() == b"Hello, World!"


def test_reuse_port(tmp_path: Path) -> None:
    """Each worker has a socket of its own, and both are heard."""
    # Bound and not listening: it keeps the port for us, and gets no connection.
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        environ = {"HOST": "127.0.0.1", "PORT": str(port), "REUSE_PORT": "on"}
        command = (*GUNICORN, APPLICATION)
        with started(tmp_path, *command, **environ | {"WEB_CONCURRENCY": "2"}) as service:
            service.port = port
            service.ready()
            heard: set[int] = set()
            service.wait_until(lambda: heard.add(service.pid()) or len(heard) == 2, "both answer")
            busy = service.connect()
            busy.request("GET", "/sleep?seconds=1")
            assert service.status("/plaintext") == 200
            service.kill(signal.SIGTERM)
            assert busy.getresponse().status == 200
            assert service.end() == 0


def test_unix_socket(tmp_path: Path) -> None:
    """A unix socket serves, and its file goes with the server."""
    path = tmp_path / "slipway.sock"
    with started(tmp_path, *GUNICORN, BIND=f"unix:{path}") as service:
        service.wait_for("Booting worker")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(15)
            client.connect(str(path))
            client.sendall(b"GET /plaintext HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            with client.makefile("rb") as answer:
                assert answer.read().endswith(b"\r\n\r\nHello, World!")
        service.kill(signal.SIGTERM)
        assert service.end() == 0
        assert not path.exists()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key in one file, for localhost."""
    folder = tmp_path_factory.mktemp("tls")
    both = [folder / "key", folder / "certificate"]
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    options = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    try:
        subprocess.run(
            [*command.split(), *options, "-keyout", both[0], "-out", both[1]],
            check=True,
            capture_output=True,
            timeout=30,
        )
    except FileNotFoundError:
        pytest.skip("the openssl command is not installed")
    file = folder / "both"
    file.write_bytes(both[0].read_bytes() + both[1].read_bytes())
    return file


@pytest.mark.parametrize("loop", ["auto", "asyncio"])
def test_tls(loop: str, certificate: Path, tmp_path: Path) -> None:
    """HTTPS, and the same end: in flight is answered, silent ones do not hold it up."""
    with gunicorn(tmp_path, TLS_CERTFILE=str(certificate), LOOP=loop) as service:
        service.wait_for(f"listens on https://127.0.0.1:{service.port} ")
        trust = ssl.create_default_context(cafile=str(certificate))

        def connect() -> socket.socket:
            raw = socket.create_connection(("127.0.0.1", service.port), timeout=15)
            return trust.wrap_socket(raw, server_hostname="localhost")

        raw = socket.create_connection(("127.0.0.1", service.port))
        with connect() as client, connect(), raw:
            client.sendall(b"GET /sleep?seconds=1.5 HTTP/1.1\r\nHost: a\r\n\r\n")
            with connect() as other, other.makefile("rb") as answer:
                other.sendall(b"GET /json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert answer.read().endswith(b'{"message":"Hello, World!"}')
            service.kill(signal.SIGTERM)
            with client.makefile("rb") as answer:
                assert answer.read().endswith(b"slept 1.5 s\n")
            assert service.end(10) == 0  # who does not say goodbye is given 5 s
        assert "Traceback" not in service.said()


def test_plain_client_of_tls(certificate: Path, tmp_path: Path) -> None:
    """Who speaks plain HTTP to it is not answered, and harms nobody."""
    with gunicorn(tmp_path, TLS_CERTFILE=str(certificate)) as service:
        service.wait_for("Booting worker")
        client = service.connect()
        client.request("GET", "/")
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            client.getresponse()
        service.kill(signal.SIGTERM)
        assert service.end() == 0
