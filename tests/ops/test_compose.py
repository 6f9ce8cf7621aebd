"""ops.compose and make up, as far as they need no engine: what Docker is asked, what is said."""

import errno
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import deploy, up
from ops.compose import Compose, ComposeError, Container
from tests.ops.fake_docker import CONFIG, PLAN, PS, Docker, row

Main = Callable[[list[str]], int]
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """A `docker` that is found first."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.chdir(tmp_path)
    return Docker(tmp_path)


# ---- whether there is a Docker

NO_PLUGIN = "docker: 'compose' is not a docker command.\n"


@pytest.mark.parametrize(
    ("version", "status", "said"),
    [
        ("", 1, "docker has no `compose`: https://docs.docker.com/compose/install/"),
        ("2.23.3", 0, "docker compose is 2.23.3, 2.24 or later is needed"),
        ("1.29.2", 0, "docker compose is 1.29.2, 2.24 or later is needed"),
        ("v2.9.0", 0, "docker compose is v2.9.0, 2.24 or later is needed"),
        ("dev", 0, "docker compose is dev, 2.24 or later is needed"),
        *[(each, 0, "") for each in ("2.24.0", "v2.24.6-desktop.1", "2.40.3-3", "5.0.0+ds1")],
    ],
)
def test_compose_that_will_not_do(docker: Docker, version: str, status: int, said: str) -> None:
    """None, and one that is too old, are told apart; each comes with its cure."""
    docker.says("compose version --short", version, err=NO_PLUGIN, status=status)
    assert trouble() == said
    assert ("version --format {{.Server.Version}}" in docker.calls()) == (said == "")


def trouble(compose: Compose | None = None) -> str:
    """What stands in the way of this project."""
    try:
        (compose or Compose()).must_be_there()
    except ComposeError as error:
        return str(error)
    return ""


def test_not_installed(docker: Docker, tmp_path: Path) -> None:
    """There is no `docker` on the PATH of this project."""
    without = Compose({"PATH": str(tmp_path / "nothing")})
    cure = "https://docs.docker.com/engine/install/"
    assert trouble(without) == f"docker is not installed: {cure}"
    assert docker.calls() == []


def test_engine_is_silent(docker: Docker) -> None:
    """What Docker says of it is shown below what we know."""
    docker.says("version", err="permission denied: /var/run/docker.sock\n", status=1)
    said = "no Docker engine answers: start it, or let your user use it.\n"
    assert trouble() == said + "permission denied: /var/run/docker.sock"


# ---- what it is asked


def test_failures(docker: Docker, capfd: Capture) -> None:
    """What Docker says of a failure is the message; where it says nothing, what failed."""
    docker.says("compose one", err=" why \n", status=1)
    docker.says("compose --profile tls two", status=1)
    docker.says("three", " out\n", err="only a warning")
    with pytest.raises(ComposeError, match=r"^why$"):
        Compose().ask("one")
    with pytest.raises(ComposeError, match=r"^failed: docker compose --profile tls two a$"):
        Compose(profile="tls").ask("two", "a")
    assert Compose().engine("three") == "out"
    assert capfd.readouterr() == ("", "")
    with pytest.raises(ComposeError, match=r"^failed: docker compose one$"):
        Compose().run("one")
    assert capfd.readouterr() == ("", " why \n")  # in front of whoever looks on
    assert docker.calls() == ["compose one", "compose --profile tls two a", "three", "compose one"]


def test_environment(docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Docker is told what is set for this project, and nothing else."""
    (tmp_path / "docker").write_text('#!/bin/sh\necho "$1:$TAG:$REVISION"\n')
    monkeypatch.setenv("REVISION", "ours")
    project = Compose({"PATH": str(tmp_path), "TAG": "theirs"})
    assert (project.ask(), project.engine("info")) == ("compose:theirs:", "info:theirs:")
    assert Compose().engine("info") == "info::ours"
    assert docker.calls() == []


@pytest.mark.parametrize(
    ("state", "health", "code", "serves", "well"),
    [
        *[("running", each, 0, True, True) for each in ("", "healthy")],
        *[("running", each, 0, False, False) for each in ("starting", "unhealthy")],
        *[("exited", each, 0, False, True) for each in ("", "healthy", "unhealthy")],
        *[(each, "", 0, False, False) for each in ("restarting", "paused", "created", "dead")],
        ("exited", "", 1, False, False),
    ],
)
def test_well(state: str, health: str, code: int, serves: bool, well: bool) -> None:
    """Who has ended well is well, and yet serves nobody."""
    container = Container("id", "app", state, health, code)
    assert (container.serves, container.well) == (serves, well)


def test_containers(docker: Docker) -> None:
    """One a line, of all services or of some; what else Compose says of them is left out."""
    docker.says(PS, row("app1") + row("static", "exited", "", 3))
    docker.says(f"{PS} nginx", "")
    assert Compose().containers() == [
        Container("app1", "app", "running", "healthy", 0),
        Container("static", "static", "exited", "", 3),
    ]
    assert Compose().containers("nginx", "app") == []
    assert docker.calls() == [PS, f"{PS} nginx app"]


def test_is_current(docker: Docker) -> None:
    """Compose is asked for its plan, and says it on standard error."""
    line = " DRY-RUN MODE -  Container slipway-app-1  {}\n"
    docker.says(f"{PLAN} app=2 app", err=line.format("Running"))
    docker.says(f"{PLAN} nginx=1 nginx", err=line.format("Recreate") + line.format("Recreated"))
    docker.says(f"{PLAN} static=1 static", err="no such service\n", status=1)
    assert Compose().is_current("app", 2)
    assert not Compose().is_current("nginx")
    with pytest.raises(ComposeError, match=r"^no such service$"):
        Compose().is_current("static")


def test_explain(docker: Docker, capfd: Capture) -> None:
    """The state and the last words of each, whichever stream they went to and whatever they are."""
    docker.says("logs --tail 50 a", "one\n", err="two\n\n")
    docker.says("logs --tail 50 b", "\\0377")
    Compose().explain(
        [Container("a", "app", "running", "unhealthy", 0), Container("b", "nginx", "dead", "", 0)]
    )
    said = "\napp is running, unhealthy. Its last words:\none\ntwo\n"
    said += "\nnginx is dead. Its last words:\n\ufffd\n"
    assert capfd.readouterr() == ("", said)


JUDGE = "run --rm --no-deps"
CHECK = "python gunicorn.conf.py --check-config"


def test_judge(docker: Docker, capfd: Capture) -> None:
    """nginx is judged by its entry point, the service by itself. The first that is wrong is the
    last that is asked."""
    docker.says(f"compose {JUDGE}", "fine\n", err="only a warning")
    Compose().judge("app", "nginx", "nginx-tls")
    asked = [
        f"compose {JUDGE} app {CHECK}",
        f"compose {JUDGE} nginx true",
        f"compose {JUDGE} nginx-tls true",
    ]
    assert docker.calls() == asked
    Compose().judge()
    assert docker.calls() == []
    docker.says(f"compose {JUDGE} nginx true", err="bad\n", status=1)
    with pytest.raises(ComposeError, match=r"^bad$"):
        Compose().judge("app", "nginx", "nginx-tls")
    assert docker.calls() == asked[:2]
    assert capfd.readouterr() == ("", "")


# ---- make up

WHOLE_UP = "up --detach --wait --remove-orphans"
QUESTIONS = ("version", "compose version", "compose config", PS)


@pytest.fixture
def ready(docker: Docker) -> Docker:
    """Nothing runs, and nothing stands in the way of it."""
    docker.says(PS)
    docker.says("compose build", "building\n")
    docker.says(f"compose {JUDGE}", "fine\n")
    docker.says(f"compose {WHOLE_UP}", "starting\n")
    docker.says("compose port nginx", "0.0.0.0:32768")
    return docker


def orders(docker: Docker) -> list[str]:
    """What it was told to do, without what it was only asked."""
    return [each for each in docker.calls() if not each.startswith(QUESTIONS)]


def test_up(ready: Docker, capfd: Capture) -> None:
    """Built, judged, and only then started; the static files have no settings to judge."""
    assert up.main([]) == 0
    assert orders(ready) == [
        "compose build",
        f"compose {JUDGE} app {CHECK}",
        f"compose {JUDGE} nginx true",
        f"compose {WHOLE_UP}",
        "compose port nginx 8080",
        "compose port nginx 8443",
    ]
    where = "http://localhost:32768\nhttps://localhost:32768\n"
    assert capfd.readouterr() == (f"building\nstarting\n{where}", "")


def test_up_with_tls(docker: Docker, capfd: Capture) -> None:
    """All of it is of the profile, its nginx is judged as well. It ends with where both are found,
    also where Docker has chosen the ports."""
    tls = "compose --profile tls"
    secure = {"image": "test-nginx:latest", "ports": [{"target": 8443, "published": "0"}]}
    plain = {**CONFIG["services"]["nginx"], "ports": [{"target": 8080, "published": "0"}]}
    config = {"services": {**CONFIG["services"], "nginx": plain, "nginx-tls": secure}}
    docker.says(f"{tls} config", json.dumps(config))
    for command in (PS.removeprefix("compose "), "build", JUDGE, WHOLE_UP):
        docker.says(f"{tls} {command}")
    docker.says(f"{tls} port nginx 8080", "0.0.0.0:32768")
    docker.says(f"{tls} port nginx-tls 8443", "[::]:32769")
    assert up.main(["--tls"]) == 0
    assert capfd.readouterr() == ("http://localhost:32768\nhttps://localhost:32769\n", "")
    calls = docker.calls()
    judged, started = (
        calls.index(each) for each in (f"{tls} {JUDGE} nginx-tls true", f"{tls} {WHOLE_UP}")
    )
    assert calls.index(f"{tls} build") < judged < started


def test_up_fails(ready: Docker, capfd: Capture) -> None:
    """The last words of what is not well, and of nothing else; then what failed."""
    rows = row("app1", "exited", "", 1) + row("static", "exited", "") + row("nginx")
    ready.says(PS, "", "", rows)
    ready.says(f"compose {WHOLE_UP}", status=17)
    ready.says("logs --tail 50 app1", "bad setting\n")
    assert up.main([]) == 1
    said = "\napp is exited. Its last words:\nbad setting\n"
    assert capfd.readouterr() == ("building\n", f"{said}failed: docker compose {WHOLE_UP}\n")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("build", "bad\nfailed: docker compose build\n"),
        (f"{JUDGE} app {CHECK}", "bad\n"),
        (f"{JUDGE} nginx true", "bad\n"),
    ],
)
def test_up_touches_nothing(ready: Docker, capfd: Capture, command: str, said: str) -> None:
    """What runs is not replaced by what cannot be built, or by settings that are not allowed."""
    ready.says(f"compose {command}", err="bad\n", status=1)
    assert up.main([]) == 1
    assert capfd.readouterr().err == said
    assert orders(ready)[-1] == f"compose {command}"
    # Where something runs, its image has its name again.
    ready.says(PS, row("app1"))
    ready.says("inspect --format {{.Image}} app1", "sha256:app")
    ready.says("tag sha256:app test:latest")
    assert up.main([]) == 1
    assert orders(ready)[-2:] == [f"compose {command}", "tag sha256:app test:latest"]


def test_ports_that_are_taken(docker: Docker, capfd: Capture) -> None:
    """By whom, and what to say to take another; all of them, before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        wanted = (("0", 9), ("1-9", 8080), ("1001", 8080), ("1002", 8081), (port, 8443), (port, 9))
        ports = [{"published": each, "target": target} for each, target in wanted]
        config = {"services": {"nginx": {"ports": [*ports, {"target": 8081}]}}}
        docker.says("compose config", json.dumps(config))
        docker.says(PS, row("nginx"))
        docker.says("ps --no-trunc --filter publish=", "")
        docker.says("ps --no-trunc --filter publish=1001 ", "nginx ours\n")
        docker.says("ps --no-trunc --filter publish=1002 ", "other theirs\n")
        assert up.main([]) == 1
    said = "port {0} for nginx is taken by {1}: stop it, or choose another in .env, as in {2}={3}"
    program, more = "another program", int(port) + 1000
    assert capfd.readouterr().err.splitlines() == [
        said.format(1002, "the container theirs", "ALT_HTTP_PORT", 2002),
        said.format(port, program, "HTTPS_PORT", more),
        said.format(port, program, "another port", more),
    ]
    asked = (*QUESTIONS, "ps --no-trunc --filter publish=")
    assert [each for each in docker.calls() if not each.startswith(asked)] == []


def test_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """By whoever listens there, on one interface or on all, but not by who has just left; a port
    that is not ours to take is not taken."""
    for host in ("127.0.0.1", "0.0.0.0"):
        with socket.create_server((host, 0)) as sock:
            port = sock.getsockname()[1]
            assert up.is_taken("0.0.0.0", port)
            assert up.is_taken("127.0.0.1", port)
            with socket.create_connection(("127.0.0.1", port)):
                sock.accept()[0].close()
        assert not up.is_taken("0.0.0.0", port)

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr("ops.up.socket.socket.bind", refuse)
    assert not up.is_taken("0.0.0.0", 80)


@pytest.mark.parametrize("main", [up.main, deploy.main], ids=["up", "deploy"])
@pytest.mark.parametrize(("option", "status"), [("--help", 0), ("--wrong", 2)])
def test_usage(main: Main, option: str, status: int, docker: Docker, capfd: Capture) -> None:
    """Both say how they are called as make calls them, and start nothing."""
    with pytest.raises(SystemExit) as caught:
        main([option])
    assert caught.value.code == status
    name = "make up" if main is up.main else "make deploy"
    assert f"usage: {name} [-h]" in "".join(capfd.readouterr())
    assert docker.calls() == []


@pytest.mark.parametrize("main", [up.main, deploy.main], ids=["up", "deploy"])
def test_without_docker(main: Main, docker: Docker, capfd: Capture) -> None:
    """Both end with 1 and the cause."""
    docker.says("compose version", status=1)
    assert main([]) == 1
    assert capfd.readouterr().err.startswith("docker has no `compose`")
