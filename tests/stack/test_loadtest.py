"""The profile `loadtest`: locust in containers, with its page or without it, before an nginx of its
own that refuses nobody."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.models.containers import Container

from ops.compose import ROOT
from tests.stack.hardening import check_configuration, check_root, check_user
from tests.stack.stack import Answer, Stack, ask, wait_until

SERVICES = ("loadtest", "loadtest-worker", "nginx-loadtest")
MOST = 80 * 1000 * 1000  # bytes on top of the base image
PATIENCE = 120  # seconds for one load test
# Not whether this machine had time to spare for it.
SHORT = {
    "LOADTEST_REQUESTS": "2000",
    "LOADTEST_WARMUP": "200",
    "LOADTEST_USERS": "20",
    "LOADTEST_ACCEPT_LIMITED": "on",
}

# What of nginx's settings would have it refuse a load from one address.
STRICT = {
    "ALLOWED_HOSTS": "example.com",
    "CONNECTION_LIMIT": "1",
    "HTTPS_REDIRECT": "on",
    "RATE_LIMIT": "1",
}


@pytest.fixture(scope="module")
def loaded(stack: Stack) -> Iterator[Stack]:
    """The image is built; the containers go at the end."""
    compose = stack.with_settings(COMPOSE_PROFILES="loadtest")
    compose.ask("build", "loadtest")
    yield stack
    compose.ask("rm", "--stop", "--force", *SERVICES)


def run(stack: Stack, **settings: str) -> "subprocess.CompletedProcess[str]":
    """A load test as the guide has it, without the page."""
    environ = {**stack.environ, **SHORT, "LOADTEST_HEADLESS": "on", **settings}
    return subprocess.run(
        ["docker", "compose", "up", "--exit-code-from", "loadtest", "loadtest"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def only_run(stack: Stack, folder: Path) -> dict[str, Any]:
    """What the report says, fetched as the guide has it from a container that has ended."""
    stack.compose.ask("cp", "loadtest:/var/report/.", str(folder))
    names = {each.name for each in folder.iterdir()}
    assert names == {"summary.json", "summary.md", "index.html"}
    (found,) = json.loads((folder / "summary.json").read_text())["runs"]
    assert isinstance(found, dict)
    return found


# ---- without the page


def test_exact(loaded: Stack, tmp_path: Path) -> None:
    """So many requests over two workers, every one of them answered by the service, and 0, however
    strict nginx is with others."""
    before = {each.id for each in loaded.containers("protocol", "aiohttp", "nginx")}
    done = run(loaded, **STRICT)
    assert done.returncode == 0, done.stdout
    found = only_run(loaded, tmp_path)
    assert (found["asked"], found["requests"], found["failures"]) == (2000, 2000, {})
    assert (found["connections"], found["mode"]) == (20, "keepalive")
    assert found["makers"][0]["processes"] == 2
    # Workers end too, and what served before serves on.
    assert loaded.containers("loadtest", "loadtest-worker") == []
    assert {each.id for each in loaded.containers("protocol", "aiohttp", "nginx")} == before


def test_missed(loaded: Stack) -> None:
    """A threshold that is missed is 3, though another is met."""
    done = run(loaded, LOADTEST_THRESHOLD="requests>=2000,rps>=100000000")
    assert done.returncode == 3, done.stdout
    assert re.search(r"\| requests>=2000 .*\| met ", done.stdout)
    assert re.search(r"\| rps>=100000000 .*\| MISSED ", done.stdout)


def test_nobody_there(loaded: Stack) -> None:
    """A target that is none is 2, with its name: the service's own network is not the users'."""
    done = run(loaded, LOADTEST_TARGET="http://protocol:8000")
    assert done.returncode == 2, done.stdout
    assert "protocol is not known here" in done.stdout


def test_other_settings(loaded: Stack, tmp_path: Path) -> None:
    """What .env.example names is heard, and does not suffer from the test before that was refused:
    its workers are not waited for."""
    target = "http://nginx-loadtest:8081"
    settings = {
        "LOADTEST_REQUESTS": "500",
        "LOADTEST_CONNECTIONS": "close",
        "LOADTEST_WORKERS": "1",
        "LOADTEST_USERS": "5",
        "LOADTEST_RATE": "250",
        "LOADTEST_PATH": "/hello",
    }
    done = run(loaded, LOADTEST_TARGET=target, **settings)
    assert done.returncode == 0, done.stdout
    found = only_run(loaded, tmp_path)
    assert (found["requests"], found["connections"], found["mode"]) == (500, 5, "close")
    assert (found["rate"], found["makers"][0]["processes"]) == (250, 1)
    assert (found["traffic"]["opened"], found["traffic"]["warm_up"]) == (500, 200)


# ---- with it


@pytest.fixture(scope="module")
def page(loaded: Stack) -> int:
    """All of it runs, and the page is there. Gives its port."""
    compose = loaded.with_settings(COMPOSE_PROFILES="loadtest", **SHORT)
    compose.ask("up", "--detach", "--wait")
    port = int(loaded.environ["LOADTEST_PORT"].rpartition(":")[2])
    answers: list[Answer] = []

    def answered() -> bool:
        try:
            answers.append(ask(port, "/"))
        except OSError:
            return False
        return b'"worker_count": 2' in answers[-1].body

    wait_until(answered, f"no page with two workers: {answers[-1:]}")
    return port


def test_page(page: int) -> None:
    """Who the users are, what the settings are, and where the load goes."""
    answer = ask(page, "/")
    assert answer.status == 200
    for each in (
        '"Published": {',
        '"host": "http://nginx-loadtest:8080"',
        '"num_users": 20',
        '"default_value": 2000',
    ):
        assert each.encode() in answer.body


def test_page_starts(loaded: Stack, page: int, tmp_path: Path) -> None:
    """A test that is started there has as many requests as are asked for there."""
    form = b"user_count=10&spawn_rate=100&requests=1234&warmup=100"
    kind = "application/x-www-form-urlencoded"
    answer = ask(page, "/swarm", "POST", form, Content_Type=kind)
    assert json.loads(answer.body)["success"] is True
    wait_until(
        lambda: json.loads(ask(page, "/stats/requests").body)["state"] == "stopped",
        "the test has not ended",
    )
    found = only_run(loaded, tmp_path)
    assert (found["requests"], found["connections"], found["failures"]) == (1234, 10, {})


@pytest.fixture(params=SERVICES)
def container(request: pytest.FixtureRequest, loaded: Stack, page: int) -> Container:
    """Each of those that run."""
    container: Container = loaded.containers(request.param)[0]
    return container


def test_hardened(container: Container) -> None:
    """Like the others; and what has ended stays so."""
    check_configuration(container)
    check_user(container)
    check_root(container)
    assert container.attrs["HostConfig"]["RestartPolicy"]["Name"] == "no"


def test_published(loaded: Stack, page: int) -> None:
    """The page on this machine, and nothing else."""
    found = {
        each.labels["com.docker.compose.service"]: each.attrs["HostConfig"]["PortBindings"]
        for each in loaded.containers(*SERVICES)
    }
    binding = {"HostIp": "127.0.0.1", "HostPort": str(page)}
    assert found.pop("loadtest") == {"8089/tcp": [binding]}
    assert set(found) == {"loadtest-worker", "nginx-loadtest"}
    assert [each for each in found.values() if each] == []


def test_apart(loaded: Stack, page: int) -> None:
    """Only the nginx between them is in the service's network, where it is believed."""
    networks = {
        each.labels["com.docker.compose.service"]: set(each.attrs["NetworkSettings"]["Networks"])
        for each in loaded.containers(*SERVICES)
    }
    own, backend = f"{loaded.name}_loadtest", f"{loaded.name}_backend"
    assert networks == {
        "loadtest": {own},
        "loadtest-worker": {own},
        "nginx-loadtest": {own, backend},
    }


# ---- the image


def test_image(loaded: Stack, page: int) -> None:
    """Small, a numeric user, the exec form, one for master and workers."""
    (image,) = {each.image.id: each.image for each in loaded.containers(*SERVICES[:2])}.values()
    base = loaded.engine.images.get("python:3.14-slim")
    assert 0 < image.attrs["Size"] - base.attrs["Size"] < MOST
    config = image.attrs["Config"]
    assert config["User"] == "10001:10001"
    assert config["Cmd"] == ["locust", "-f", "loadtest/locustfile.py"]
    assert not config.get("Entrypoint")


def test_what_is_in_it(loaded: Stack, page: int) -> None:
    """The load test, compiled, and nothing of the service; only the report can be written."""
    container = loaded.one("loadtest")
    program = (
        "import importlib.util, os, pathlib\n"
        "files = list(pathlib.Path('/srv').rglob('*.py'))\n"
        "print(os.listdir('/srv'), len(files) > 20, [str(f) for f in files\n"
        "    if not pathlib.Path(importlib.util.cache_from_source(str(f))).exists()])"
    )
    said = container.exec_run(["python", "-c", program]).output.decode()
    assert said == "['loadtest'] True []\n"
    find = "find /srv /opt/venv /var -xdev -writable -not -type l; ls -d /opt/venv/bin/pip*"
    said = container.exec_run(["sh", "-c", f"({find}) 2> /dev/null"]).output.decode()
    assert "/srv" not in said
    assert "/opt" not in said
    found = container.exec_run(["sh", "-c", "test -w /var/report && command -v gcc cc make ld"])
    assert (found.exit_code != 0, found.output) == (True, b"")


def test_app_has_none_of_it(stack: Stack) -> None:
    """The service's image knows nothing of locust."""
    done = stack.one("protocol").exec_run(["python", "-c", "import locust"])
    assert b"No module named" in done.output
    assert stack.one("protocol").exec_run(["ls", "/srv/loadtest"]).exit_code != 0
