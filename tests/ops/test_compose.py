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
    """A `docker` that is found first, of a project whose revision is known."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("REVISION", "test")
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
    without = Compose({"PATH": str(tmp_path / "nothing"), "REVISION": "test"})
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


def test_revision(docker: Docker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The images are labelled with what git says, unless somebody has said it."""
    (tmp_path / "git").write_text('#!/bin/sh\necho "$1-dirty"\n')
    (tmp_path / "git").chmod(0o755)
    docker.says("info")
    Compose().engine("info")
    monkeypatch.delenv("REVISION")
    Compose().engine("info")
    lines = (tmp_path / "calls").read_text().splitlines()
    assert [each.split()[0] for each in lines] == ["test", "describe-dirty"]


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


# ---- make up

WHOLE_UP = "up --build --detach --wait --remove-orphans"


def test_up(docker: Docker, capfd: Capture) -> None:
    """It ends with where nginx is found, also where Docker has chosen the ports."""
    docker.says("compose --profile tls config", json.dumps(CONFIG))
    docker.says(f"compose --profile tls {PS[8:]}")
    docker.says(f"compose --profile tls {WHOLE_UP}", "building\n")
    docker.says("compose --profile tls port nginx 8080", "0.0.0.0:32768")
    docker.says("compose --profile tls port nginx 8443", "[::]:32769")
    assert up.main(["--tls"]) == 0
    where = "http://localhost:32768\nhttps://localhost:32769\n"
    assert capfd.readouterr() == (f"building\n{where}", "")


def test_up_fails(docker: Docker, capfd: Capture) -> None:
    """The last words of what is not well, and of nothing else; then what failed."""
    rows = row("app1", "exited", "", 1) + row("static", "exited", "") + row("nginx")
    docker.says(PS, "", rows)
    docker.says(f"compose {WHOLE_UP}", status=17)
    docker.says("logs --tail 50 app1", "bad setting\n")
    assert up.main([]) == 1
    said = "\napp is exited. Its last words:\nbad setting\n"
    assert capfd.readouterr() == ("", f"{said}failed: docker compose {WHOLE_UP}\n")


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
    said = "port {0} for nginx is taken by {1}: stop it, or choose another, as in {2}={3} make up"
    program, more = "another program", int(port) + 1000
    assert capfd.readouterr().err.splitlines() == [
        said.format(1002, "the container theirs", "ALT_HTTP_PORT", 2002),
        said.format(port, program, "HTTPS_PORT", more),
        said.format(port, program, "another port", more),
    ]
    assert not any("compose up" in each for each in docker.calls())


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
