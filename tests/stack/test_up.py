"""`docker compose up`: with no settings all of it runs, and what is in the way is named."""

import contextlib
import socket
import subprocess
import sys

import pytest

from ops.compose import ROOT, Compose, ComposeError
from tests.stack.stack import Stack, ask, is_healthy


def test_who_answers_where(stack: Stack) -> None:
    """The Protocol server on the one port, its aiohttp twin on the other."""
    assert b"<dd>the Protocol server</dd>" in ask(stack.http_port, "/").body
    assert b"<dd>aiohttp</dd>" in ask(stack.alt_http_port, "/").body


def test_everything_is_healthy(stack: Stack) -> None:
    """Whatever runs has a health check, and passes it."""
    running = stack.containers()
    assert {each.labels["com.docker.compose.service"] for each in running} >= {
        *("nginx", "protocol", "aiohttp"),
    }
    assert [each.name for each in running if not is_healthy(each)] == []


def test_nginx_starts_last(stack: Stack) -> None:
    """When there is something to be in front of."""
    started = stack.one("nginx").attrs["State"]["StartedAt"]
    assert all(each.attrs["State"]["StartedAt"] < started for each in stack.containers("protocol"))


def test_one_image(stack: Stack) -> None:
    """Both servers, and the copying of the static files, run the same image."""
    stack.up()
    services = ("protocol", "aiohttp", "static")
    every = stack.compose.containers(*services)
    assert {each.service for each in every} == set(services)
    assert len({stack.engine.containers.get(each.id).image.id for each in every}) == 1


def test_again(stack: Stack) -> None:
    """Where nothing has changed, nothing is replaced, though all of it is built again."""
    stack.up("--build")
    before = {each.id for each in stack.containers()}
    stack.up("--build")
    assert {each.id for each in stack.containers()} == before


@pytest.mark.parametrize("service", ["protocol", "aiohttp"])
def test_bad_settings_of_the_service(stack: Stack, service: str) -> None:
    """Every wrong one is named, and nothing starts."""
    wrong = ("--env", "LIMIT_HEAD=1", "--env", "TIMEOUT_DRAIN=soon")
    with pytest.raises(ComposeError) as caught:
        stack.compose.ask("run", "--rm", "--no-deps", *wrong, service)
    said = str(caught.value)
    assert "LIMIT_HEAD='1': allowed is 128 to 4m bytes" in said
    assert "TIMEOUT_DRAIN='soon': allowed is 1 to 3600 s" in said
    assert "Traceback" not in said


def test_bad_settings_of_nginx(stack: Stack) -> None:
    """The same of nginx."""
    wrong = ("--env", "RATE_LIMIT=fast", "--env", "LIMIT_BODY=1t", "--env", "TLS=maybe")
    with pytest.raises(ComposeError) as caught:
        stack.compose.ask("run", "--rm", "--no-deps", *wrong, "nginx")
    said = str(caught.value)
    assert "RATE_LIMIT='fast': allowed is 1 to 1000000 requests a second" in said
    assert "LIMIT_BODY='1t': allowed is a number of bytes" in said
    assert "TLS='maybe': allowed is on or off" in said


# ---- make up


def up(environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """`make up` in another project, which cannot start."""
    return subprocess.run(
        [sys.executable, "-m", "ops.up"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_port_taken(stack: Stack) -> None:
    """By somebody's program: the message says which variable chooses another."""
    with socket.create_server(("0.0.0.0", 0)) as sock:
        port = sock.getsockname()[1]
        environ = {
            **stack.environ,
            "COMPOSE_PROJECT_NAME": f"{stack.name}-other",
            "HTTP_PORT": str(port),
        }
        done = up(environ)
    assert done.returncode == 1
    alt, container = stack.alt_http_port, stack.one("nginx").name
    said = "port {0} for nginx is taken by {2}: stop it, or choose another in .env, as in {3}={1}"
    assert done.stderr.splitlines() == [
        said.format(port, port + 1000, "another program", "HTTP_PORT"),
        said.format(alt, alt + 1000, f"the container {container}", "ALT_HTTP_PORT"),
    ]


def test_no_docker(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where there is none, or none that answers, it says so, with what to do."""
    empty = tmp_path_factory.mktemp("empty")
    missing = up({**stack.environ, "PATH": str(empty)})
    assert (missing.returncode, missing.stderr.split(":")[0]) == (1, "docker is not installed")
    silent = up({**stack.environ, "DOCKER_HOST": f"unix://{empty}/none"})
    assert (silent.returncode, silent.stderr.split(":")[0]) == (1, "no Docker engine answers")


def test_up_explains(stack: Stack) -> None:
    """What ended is shown with its last words."""
    name = f"{stack.name}-bad"
    ports = dict.fromkeys(("HTTP_PORT", "ALT_HTTP_PORT", "HTTPS_PORT"), "0")
    environ = {**stack.environ, **ports, "COMPOSE_PROJECT_NAME": name, "WEB_CONCURRENCY": "none"}
    try:
        done = up(environ)
        assert done.returncode == 1
        assert "WEB_CONCURRENCY='none': allowed is 1 to 1024 processes" in done.stderr
    finally:
        with contextlib.suppress(ComposeError):
            Compose(environ).ask("down", "--volumes", "--timeout", "1")
