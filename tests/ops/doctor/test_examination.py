"""What cannot be read: the message names the cause and the cure."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.doctor import examination
from ops.doctor.examination import ask_compose, gather, read_services, read_web
from ops.doctor.rule import Unreadable
from tests.ops.doctor.configured import configured
from tests.ops.doctor.conftest import ROOT

Docker = Callable[[str], dict[str, str]]


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    """A docker that runs this script instead; gives the environment in which it is found."""

    def make(script: str) -> dict[str, str]:
        file = tmp_path / "docker"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        return {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    return make


# ---- Compose


def test_answer(docker: Docker) -> None:
    """Every profile is asked for, and all that Compose has filled in is taken."""
    environ = docker("""printf '{"arguments": "%s"}' "$*" """)
    expected = {"arguments": "compose --profile * config --format json"}
    assert ask_compose(ROOT, environ) == expected


def test_no_docker(tmp_path: Path) -> None:
    """Where there is no docker, the message says what needs it, and how to get it."""
    with pytest.raises(Unreadable, match=r"docker is not on PATH.* install Docker"):
        ask_compose(ROOT, {"PATH": str(tmp_path)})


def test_not_executable(tmp_path: Path) -> None:
    """Nor may it be something that cannot be run."""
    (tmp_path / "docker").write_text("")
    with pytest.raises(Unreadable, match=r"docker cannot be run: .*Permission denied"):
        ask_compose(ROOT, {"PATH": str(tmp_path)})


@pytest.mark.parametrize(
    "said", ["docker: 'compose' is not a docker command.", "unknown flag: --profile"]
)
def test_no_plugin(docker: Docker, said: str) -> None:
    """A docker without Compose is told from a file that is wrong."""
    with pytest.raises(Unreadable, match=r"docker has no `compose`: install its plugin") as raised:
        ask_compose(ROOT, docker(f'echo "{said}" >&2; exit 1'))
    assert said in str(raised.value)


def test_wrong_file(docker: Docker) -> None:
    """What Compose says of a file that it does not take is passed on."""
    with pytest.raises(Unreadable, match=r"docker-compose\.yml or \.env is not valid.*: line 3$"):
        ask_compose(ROOT, docker('echo "yaml: line 3" >&2; exit 15'))


def test_no_json(docker: Docker) -> None:
    """An old Compose answers in YAML."""
    with pytest.raises(Unreadable, match="docker compose did not answer in JSON: no: json"):
        ask_compose(ROOT, docker("echo no: json"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda services: services.clear(), "target 'nginx' as it is"),
        (lambda services: services["protocol"].pop("build"), "target 'app' as it is"),
        (
            lambda services: [
                services[each].update(command=["sleep", "1"]) for each in ("protocol", "aiohttp")
            ],
            "target 'app' as it is",
        ),
        (
            lambda services: services["nginx"].update(environment={"RATE_LIMIT": "fast"}),
            r"docker-compose.yml: nginx: nginx/start (.|\n)*RATE_LIMIT='fast': allowed is 1 to",
        ),
        (
            lambda services: services["nginx"].update(environment={"TIMEOUT_IDLE": "60"}),
            "TIMEOUT_IDLE='60': allowed is more than 60",
        ),
        (
            lambda services: services["protocol"].update(environment={"TIMEOUT_IDEL": "60"}),
            r"service protocol, docker-compose.yml, .env or (.|\n)* did you mean TIMEOUT_IDLE",
        ),
        (
            lambda services: services["protocol"].update(
                environment={"GUNICORN_CMD_ARGS": "--nonsense"}
            ),
            r"service protocol, .*gunicorn does not take its configuration(.|\n)*--nonsense",
        ),
        (
            lambda services: services["protocol"].update(stop_grace_period="soon"),
            "docker-compose.yml: protocol: stop_grace_period: 'soon' is no time",
        ),
    ],
)
def test_refused(change: Callable[[dict[str, Any]], object], said: str) -> None:
    """What nobody would start with is said in the words of whoever refuses it."""
    answer = configured()
    change(answer["services"])
    with pytest.raises(Unreadable, match=said):
        gather(ROOT, {}, answer)


def test_shell_refused() -> None:
    """The Procfile's process has the variables of this shell."""
    with pytest.raises(Unreadable, match=r"Procfile, this shell: (.|\n)*PORT='http'"):
        gather(ROOT, {"PORT": "http"}, configured())


def test_container_files() -> None:
    """A file of the container is not looked for here."""
    answer = configured()
    environ = {"ACCESS_LOG_FILE": "/of/the/container"}
    answer["services"]["protocol"]["environment"] = environ
    assert len(gather(ROOT, {}, answer).applications) == 2


def test_command_line() -> None:
    """What stands above gunicorn.conf.py is in what gunicorn says of itself."""
    answer = configured()
    environ = {"GUNICORN_CMD_ARGS": "--timeout 7 --bind :9000", "WEB_CONCURRENCY": "1"}
    answer["services"]["protocol"]["environment"] = environ
    [found] = [each for each in gather(ROOT, {}, answer).applications if each.environ == environ]
    assert (found.gunicorn["timeout"], found.gunicorn["bind"]) == ("7", "[':9000']")


def test_services() -> None:
    """What Compose leaves out is what Docker does then; a $ is doubled in Compose's answer."""
    answer: dict[str, Any] = {
        "services": {
            "one": {"environment": {"A": "$$5", "B": None}, "ports": [{"target": 80}]},
            "two": {"image": "x", "build": {"target": "app"}, "networks": {"n": None}},
            "three": {"image": "x"},
        },
        "networks": {"n": {"ipam": {"config": [{"subnet": "10.1.0.0/16"}, {"gateway": "x"}]}}},
    }
    one, three, two = read_services(json.loads(json.dumps(answer)))
    assert (one.environ, one.stop, one.pids, one.stage) == ({"A": "$5"}, "10s", 0, "")
    assert (one.ports[0].published, one.ports[0].protocol) == ("", "tcp")
    assert (two.stage, two.networks) == ("app", {"n": ("10.1.0.0/16",)})
    assert (three.stage, three.networks) == ("app", {})


# ---- the Procfile, the routes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web: exec python x.py\n", "exec python x.py"),
        ("release: a\nweb:exec b\nweb: c", "exec b"),
        ("worker: web: a\n", None),
        ("", None),
        (None, None),
    ],
)
def test_web(tmp_path: Path, text: str | None, expected: str | None) -> None:
    """The first web line, if there is a Procfile that has one."""
    if text is not None:
        (tmp_path / "Procfile").write_text(text)
    assert read_web(tmp_path / "Procfile") == expected


def test_no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Routes need not have a deadline of their own."""
    monkeypatch.setattr(examination.handlers, "install", lambda server: server.get("/")(str))
    assert examination.longest_patience() is None


def test_longest_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest of them, however it was given."""

    def install(server: examination.HTTPServer) -> None:
        server.get("/a", deadline=2)(str)
        server.route("/b", ("POST",), deadline=7.5)(str)
        server.put("/c")(str)

    monkeypatch.setattr(examination.handlers, "install", install)
    assert str(examination.longest_patience()) == "deadline of /b: 7.5 s (app/handlers.py)"
