"""https: the profile `tls`, with a certificate of its own making or somebody else's."""

import contextlib
import http.client
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker.models.containers import Container

from ops.compose import ComposeError
from tests.stack.stack import Stack, port_of


@pytest.fixture(scope="module")
def https(stack: Stack) -> Iterator[int]:
    """The profile `tls`, with a certificate of its own making."""
    compose = stack.with_settings(COMPOSE_PROFILES="tls")
    compose.ask("up", "--detach", "--wait")
    yield stack.https_port
    compose.ask("rm", "--stop", "--force", "nginx-tls")


def trusting_nobody() -> ssl.SSLContext:
    """For a certificate that nobody has signed."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def test_https(https: int) -> None:
    """The service, which knows that it is https, under a header that keeps it so."""
    connection = http.client.HTTPSConnection(
        "localhost", https, timeout=30, context=trusting_nobody()
    )
    with contextlib.closing(connection):
        connection.request("GET", "/headers")
        answer = connection.getresponse()
        assert b"X-Forwarded-Proto: https\n" in answer.read()
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_http_2(https: int) -> None:
    """By curl, which speaks it."""
    done = subprocess.run(
        [
            *("curl", "-q", "--silent", "--insecure", "--http2", "--noproxy", "*"),
            *("--write-out", " %{http_version}", f"https://localhost:{https}/plaintext"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "Hello, World! 2"


def test_old_tls(https: int) -> None:
    """TLS 1.1 is refused, 1.2 is not."""
    for version, is_served in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True)):
        context = trusting_nobody()
        with (
            pytest.warns(DeprecationWarning, match="TLSv1_1")
            if not is_served
            else contextlib.nullcontext()
        ):
            context.minimum_version = context.maximum_version = version
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with socket.create_connection(("127.0.0.1", https), timeout=30) as sock:
            refused = contextlib.nullcontext() if is_served else pytest.raises(ssl.SSLError)
            with refused, context.wrap_socket(sock, server_hostname="localhost"):
                pass


def test_certificate_is_kept(stack: Stack, https: int) -> None:
    """One that was made is there after a start anew: browsers ask once."""
    before = ssl.get_server_certificate(("127.0.0.1", https))
    stack.with_settings(COMPOSE_PROFILES="tls").ask(
        "up", "--detach", "--wait", "--force-recreate", "--no-deps", "nginx-tls"
    )
    assert ssl.get_server_certificate(("127.0.0.1", https)) == before


def test_own_certificate(stack: Stack, tmp_path: Path, nginx: Callable[..., Container]) -> None:
    """Files of one's own: fullchain.pem and privkey.pem. One without the other is refused."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ours"),
            *("-keyout", tmp_path / "privkey.pem", "-out", tmp_path / "fullchain.pem"),
        ],
        check=True,
        capture_output=True,
    )
    (tmp_path / "privkey.pem").chmod(0o644)
    tmp_path.chmod(0o755)
    volume = f"{tmp_path}:/etc/nginx/certificates:ro"
    container = nginx(volume=volume, TLS="on")
    served = ssl.get_server_certificate(("127.0.0.1", port_of(container, 8443)))
    assert served.strip() in (tmp_path / "fullchain.pem").read_text()
    (tmp_path / "privkey.pem").unlink()
    with pytest.raises(ComposeError, match=r"privkey\.pem in the certificates' folder"):
        stack.compose.ask(
            *("run", "--rm", "--no-deps", "--env", "TLS=on", "--volume", volume, "nginx")
        )
