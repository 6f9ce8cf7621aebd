"""The containers, started as their user starts them, under another name and on other ports."""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from ops.compose import ROOT
from tests.stack.stack import Stack

HERE = Path(__file__).parent
COPIED = (
    *(".dockerignore", "Dockerfile", "Procfile", "docker-compose.yml", "docker-compose.dev.yml"),
    *("gunicorn.conf.py", "requirements.txt", "app", "nginx", "ops"),
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All of these need an engine: without one they are skipped, unless they were asked for."""
    missing = _missing()
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.stack)
            if missing and config.getoption("markexpr") != "stack":
                item.add_marker(pytest.mark.skip(reason=missing))


def _missing() -> str:
    """Why there is no engine; "" if there is one."""
    # Asked by the command: the SDK forgets to close its socket where nobody listens.
    try:
        subprocess.run(("docker", "version"), check=True, capture_output=True, timeout=10)
    except FileNotFoundError:
        return "no Docker engine answers: there is no docker command"
    except subprocess.TimeoutExpired:
        return "no Docker engine answers within 10 s"
    except subprocess.CalledProcessError as error:
        return f"no Docker engine answers: {error.stderr.decode().strip()}"
    return ""


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """The engine, asked through its SDK."""
    with contextlib.closing(docker.from_env()) as client:
        yield client


@pytest.fixture(scope="session")
def stack(engine: docker.DockerClient) -> Iterator[Stack]:
    """Everything runs, from the first test to the last. Nothing is set but ports and names."""
    environ = environment("test")
    running = Stack(engine, environ)
    with removed(environ):
        running.up("--build")
        yield running


def environment(name: str) -> dict[str, str]:
    """For a Compose project of its own, beside whatever else runs here."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "COMPOSE_PROJECT_NAME": f"slipway-{name}-{os.getpid()}",
        "COMPOSE_DISABLE_ENV_FILE": "1",
        "IMAGE": f"slipway-{name}-{os.getpid()}",
        "REVISION": "first",
        **{name: str(free_port()) for name in ("HTTP_PORT", "ALT_HTTP_PORT", "HTTPS_PORT")},
        "LOADTEST_PORT": f"127.0.0.1:{free_port()}",
    }


@contextlib.contextmanager
def removed(environ: dict[str, str], folder: Path = ROOT) -> Iterator[None]:
    """The containers, volumes and images of a project go at the end, whatever happened."""
    try:
        yield
    finally:
        down = ("down", "--volumes", "--rmi=all", "--remove-orphans", "--timeout=5")
        command = ["docker", "compose", "--profile=*", *down]
        subprocess.run(command, cwd=folder, env=environ, check=True, capture_output=True)


def copy_project(folder: Path) -> None:
    """What the containers are made of and operated with, to be changed by a test. They may read
    it, wherever a test's folder is."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "gallery")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy2(source, folder)
    for each in (folder, *folder.parents):
        if each.name.startswith(("pytest-", folder.name)):
            each.chmod(each.stat().st_mode | 0o055)


def free_port() -> int:
    """A port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
def nginx(stack: Stack) -> Iterator[Callable[..., Container]]:
    """Start one more nginx before the same services, with other settings, as
    `nginx(RATE_LIMIT="2")`; it goes after the test."""
    started: list[Container] = []

    def start(*, volume: str = "", **settings: str) -> Container:
        started.append(stack.one_more_nginx(settings, volume))
        return started[-1]

    yield start
    for each in started:
        each.remove(force=True)
