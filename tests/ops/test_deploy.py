"""make deploy, as far as it needs no engine: in which order, and what becomes of a bad release."""

from pathlib import Path

import pytest

from ops import deploy
from tests.ops.fake_docker import PLAN, PS, Docker, row

Capture = pytest.CaptureFixture[str]
UP = "compose up --detach --wait --no-build --no-deps --no-recreate --scale"
TRY = "compose run --detach --no-deps app"
LOOK = "inspect --format {{.State.Status}}"
CURL = "compose exec --no-TTY nginx curl --silent --head http://127.0.0.1:8090/upstream/app"


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """Everything runs and has not changed."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("REVISION", "test")
    monkeypatch.chdir(tmp_path)
    docker = Docker(tmp_path)
    for service in ("app", "nginx"):
        docker.says(f"{PS} {service}", row(f"{service}1"))
        docker.says(f"{PLAN} {service}=1 {service}")
    docker.says("compose build")
    docker.says("compose run --rm --no-deps")
    return docker


@pytest.fixture
def changed(running: Docker) -> Docker:
    """There is another image of the application: a second container comes up beside the first."""
    running.says(f"{PLAN} app=1 app", err=" Container app1  Recreate\n")
    running.says(f"{PS} app", row("app1"), row("app1") + row("app2"))
    running.says(f"{UP} app=2 app")
    running.says("inspect", "10.0.0.2")
    running.says(LOOK, "running 0 starting", "running 0 healthy")
    running.says(TRY, "noise\\ntrial\\n")
    head = "HTTP/1.1 200 OK\nX-Upstream: 10.0.0.1:80"
    running.says(CURL, "", f"{head}\n", f"{head}, 10.0.0.2:80\n")
    for command in ("stop app1", "rm app1", "rm --force app2", "rm --force trial"):
        running.says(command)
    return running


@pytest.mark.parametrize(
    "rows", ["", row("nginx1", "exited", ""), row("nginx1", health="starting")]
)
def test_nothing_to_replace(running: Docker, capfd: Capture, rows: str) -> None:
    """Where nginx is not there, or has been stopped, there is nothing to do this for."""
    running.says(f"{PS} nginx", rows)
    assert deploy.main([]) == 1
    said = "nothing runs here that could be replaced: start it with `make up`\n"
    assert capfd.readouterr() == ("", said)
    assert running.calls()[-1] == f"{PS} nginx"


def test_nothing_has_changed(running: Docker, capfd: Capture) -> None:
    """nginx's configuration is tried and the static files are put in place, no more."""
    assert deploy.main([]) == 0
    assert capfd.readouterr().out == "app: nothing has changed\nnginx: nothing has changed\n"
    questions = ("version", "compose version", "compose config", "compose ps", "compose --dry-run")
    assert [each for each in running.calls() if not each.startswith(questions)] == [
        "compose build",
        "compose run --rm --no-deps nginx true",
        "compose run --rm --no-deps static",
    ]


def test_stopped_service(running: Docker, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that has been stopped ended well, and yet has to start. nginx's word counts also
    where it comes at the last moment."""
    monkeypatch.setattr(deploy, "PATIENCE", 0)
    running.says(f"{PS} app", row("app1", "exited", ""), row("app1") + row("app2"))
    running.says(f"{UP} app=2 app")
    running.says("inspect", "10.0.0.2")
    running.says(LOOK, "running 0 healthy")
    running.says(TRY, "trial")
    running.says("rm --force trial")
    running.says(CURL, "X-Upstream: 10.0.0.2:80\n")
    running.says("stop app1")
    running.says("rm app1")
    assert deploy.main([]) == 0
    assert capfd.readouterr().out.splitlines()[:2] == [
        "app: trying out a new one",
        "app: starting 1 new beside 1 old",
    ]


def test_changed_nginx(running: Docker, capfd: Capture) -> None:
    """It stays as it is, and that is said with what replaces it."""
    running.says(f"{PLAN} nginx=1 nginx", err=" Container nginx1  Recreate\n")
    assert deploy.main([]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == (
        "nginx: has changed, but was left as it is. `make deploy ARGS=--nginx` replaces it: "
        "for about a second nobody can connect"
    )
    assert not any(each.startswith("compose up") for each in running.calls())


def test_replaced(changed: Docker, capfd: Capture) -> None:
    """The old one goes when nginx has asked the new one; nginx itself goes if that is said."""
    changed.says(f"{PLAN} nginx=1 nginx", err=" Container nginx1  Recreate\n")
    changed.says("compose up --detach --wait --no-build --no-deps nginx")
    assert deploy.main(["--no-build", "--nginx"]) == 0
    assert capfd.readouterr().out.splitlines()[2:] == [
        "app: the new ones serve, the old ones finish what they have",
        "app: replaced",
        "nginx: replaced",
    ]
    calls = changed.calls()
    assert "compose build" not in calls
    assert calls[calls.index(CURL) :][:5] == [CURL, CURL, CURL, "stop app1", "rm app1"]


@pytest.mark.parametrize("fault", ["it ends", "nginx does not find it"])
def test_taken_back(
    changed: Docker, capfd: Capture, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """New ones that do not come to serve go again, with their last words; the old ones stay."""
    changed.says(LOOK, "running 0 healthy")
    said = "nginx has not asked 10.0.0.2 within 0 s\n"
    if fault == "it ends":
        changed.says(f"{PS} app", row("app1"), row("app1") + row("app2", "exited", ""))
        changed.says(f"{UP} app=2 app", err="app2 exited (0)", status=1)
        changed.says("logs --tail 50 app2", "bye")
        said = "\napp is exited. Its last words:\nbye\napp2 exited (0)\n"
    monkeypatch.setattr(deploy, "PATIENCE", 0)
    assert deploy.main([]) == 1
    out, err = capfd.readouterr()
    assert (out.splitlines()[-1], err) == (
        "app: the new ones go again, the old ones serve on",
        said,
    )
    assert [each for each in changed.calls() if "app1" in each or "rm" in each.split()] == [
        "rm --force trial",
        "rm --force app2",
    ]


@pytest.mark.parametrize("state", ["exited 1", "restarting 1 starting", "running 0 unhealthy"])
def test_bad_release(changed: Docker, capfd: Capture, state: str) -> None:
    """It is seen where nginx does not ask it: no other one is started, and it goes again."""
    changed.says(LOOK, "running 0 starting", state)
    changed.says("logs --tail 50 trial", "bye")
    assert deploy.main([]) == 1
    out, err = capfd.readouterr()
    assert out == "app: trying out a new one\n"
    assert err.splitlines()[2:] == [
        "bye",
        "app: the new one does not get well, the old ones serve on",
    ]
    calls = changed.calls()
    assert not any(each.startswith("compose up") for each in calls)
    assert calls[-1] == "rm --force trial"


def test_release_that_never_gets_ready(
    changed: Docker, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for it for ever."""
    monkeypatch.setattr(deploy, "PATIENCE", 0)
    changed.says(LOOK, "running 0 starting")
    changed.says("logs --tail 50 trial", "still here")
    assert deploy.main([]) == 1
    assert "app is running, starting. Its last words:\nstill here\n" in capfd.readouterr().err


def test_bad_nginx(running: Docker, capfd: Capture) -> None:
    """A configuration that nginx refuses is found before anything is touched."""
    running.says("compose run --rm --no-deps nginx true", err="bad", status=1)
    assert (deploy.main([]), capfd.readouterr()) == (1, ("", "bad\n"))
    assert "nginx true" in running.calls()[-1]
