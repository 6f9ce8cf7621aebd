"""`docker compose watch`: what is saved is served, without anybody starting anything."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.compose import ROOT
from tests.stack.conftest import environment, removed
from tests.stack.stack import ask, wait_until

PARTS = (".dockerignore", "Dockerfile", "docker-compose.yml", "gunicorn.conf.py")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project that may be edited."""
    for name in (*PARTS, "requirements.txt"):
        shutil.copy2(ROOT / name, tmp_path)
    for name in ("app", "nginx"):
        ignored = shutil.ignore_patterns("__pycache__", "gallery")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


@pytest.fixture
def watched(copy: Path) -> Iterator[int]:
    """Its port, while Compose watches over it."""
    environ = environment("watch")
    with removed(environ):
        up = ["docker", "compose", "up", "--build", "--detach", "--wait"]
        subprocess.run(up, cwd=copy, env=environ, check=True, capture_output=True)
        with (copy / "log").open("wb") as log:
            watch = subprocess.Popen(
                ["docker", "compose", "watch", "--no-up"],
                cwd=copy,
                env=environ,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            wait_until(lambda: b"Watch enabled" in (copy / "log").read_bytes(), "it does not watch")
            yield int(environ["HTTP_PORT"])
        finally:
            os.killpg(watch.pid, signal.SIGINT)
            watch.wait()


def test_watch(copy: Path, watched: int) -> None:
    """A change of the code, and another one."""
    content = copy / "app" / "content.py"
    for said in (b"Hello, once!", b"Hello, again!"):
        lines = content.read_text().splitlines()
        changed = [f"HELLO_WORLD = {said.decode()!r}" if "HELLO_WORLD =" in x else x for x in lines]
        content.write_text("\n".join(changed) + "\n")
        wait_until(lambda said=said: ask(watched, "/plaintext").body == said, f"no {said!r}")
