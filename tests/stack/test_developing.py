"""docker-compose.dev.yml: what is saved is served, without anybody starting anything."""

import itertools
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.conftest import copy_project, environment, removed
from tests.stack.stack import ask, wait_until

FILES = ("docker-compose.yml", "docker-compose.dev.yml")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project that may be edited, and that others may read."""
    copy_project(tmp_path)
    return tmp_path


@pytest.fixture
def developed(copy: Path) -> Iterator[dict[str, str]]:
    """It runs. Gives what it was started with."""
    environ = {**environment("dev"), "COMPOSE_FILE": ":".join(FILES)}
    with removed({**environ, "COMPOSE_FILE": "docker-compose.yml"}):
        up = ["docker", "compose", "up", "--build", "--detach", "--wait"]
        subprocess.run(up, cwd=copy, env=environ, check=True, capture_output=True)
        yield environ


@pytest.mark.parametrize("port", ["HTTP_PORT", "ALT_HTTP_PORT"])
def test_change(copy: Path, developed: dict[str, str], port: str) -> None:
    """Code and static files, on both servers."""
    found = int(developed[port])
    content = copy / "app" / "content.py"
    times = itertools.count(time.time(), 10)

    def served(said: str) -> bool:
        # Saved again each time: gunicorn may not have looked at the file before the first.
        later = next(times)
        os.utime(content, (later, later))
        return ask(found, "/plaintext").body == said.encode()

    for said in ("Hello, once!", "Hello, again!"):
        content.write_text(f"{content.read_text()}\nHELLO_WORLD = {said!r}\n")
        wait_until(lambda said=said: served(said), f"no {said}")
    sheet = "static/slipway.css"
    (copy / "app" / sheet).write_text("b { color: red }\n")
    wait_until(lambda: ask(found, f"/{sheet}").body == b"b { color: red }\n", "no b")
