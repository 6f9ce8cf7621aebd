"""A service that has kept one of the two servers, as docs/deploy-compose.md says: nothing stands in
for it, and a deploy loses nothing all the same."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack.conftest import copy_project, environment, removed
from tests.traffic import Traffic

# What goes out, of which file.
SERVICE = """\
  aiohttp:
    <<: *service
    environment: {<<: *environment, SERVER: aiohttp}

"""
UPSTREAM = """\
upstream aiohttp {
    zone aiohttp 128k;
    server aiohttp:8000 resolve max_fails=0;
    server protocol:8000 resolve max_fails=0 backup;
    include keepalive.conf;
}
"""
SERVER = """\
    server {
        listen 8081 default_server backlog=2048;
        set $app aiohttp;
        include site.conf;
    }
"""
OUT = {
    "docker-compose.yml": (
        SERVICE,
        "    aiohttp: {condition: service_healthy}\n",
        '      - "${ALT_HTTP_PORT:-8081}:8081"\n',
    ),
    "nginx/upstreams.conf": (UPSTREAM, "    server aiohttp:8000 resolve max_fails=0 backup;\n"),
    "nginx/nginx.conf": (SERVER,),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project without the twin."""
    copy_project(tmp_path)
    for name, parts in OUT.items():
        text = (tmp_path / name).read_text()
        for part in parts:
            assert text.count(part) == 1, (name, part)
            text = text.replace(part, "")
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def port(copy: Path) -> Iterator[int]:
    """It runs there."""
    environ = environment("one")
    with removed(environ, copy):
        up = ["docker", "compose", "up", "--build", "--detach", "--wait"]
        subprocess.run(up, cwd=copy, env=environ, check=True, capture_output=True)
        yield int(environ["HTTP_PORT"])


def run(copy: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """One of the tools of the copy."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=copy,
        env={**os.environ, **environment("one"), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_doctor(copy: Path) -> None:
    """Nothing was forgotten."""
    done = run(copy, "ops.doctor")
    assert (done.returncode, done.stdout) == (0, "30 rules hold\n"), done.stdout


def test_deploy(copy: Path, port: int) -> None:
    """Twice, for the first may have been lucky."""
    with Traffic(port) as traffic:
        traffic.go_on()
        for revision in ("one", "two"):
            done = run(copy, "ops.deploy", REVISION=revision)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "protocol: replaced\n" in done.stdout
            traffic.go_on(1500)  # until nginx has heard that the old one is gone
    assert traffic.failures == []
