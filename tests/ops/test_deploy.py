"""make deploy, as far as it needs no engine: in which order, and what becomes of a bad release."""

import json
from pathlib import Path

import pytest

from ops import deploy
from tests.ops.fake_docker import CONFIG, PLAN, PS, Docker, row

Capture = pytest.CaptureFixture[str]
UP = "compose up --detach --wait --no-build --no-deps --no-recreate --scale"
TRY = "compose run --detach --no-deps app"
LOOK = "inspect --format {{.State.Status}}"
CURL = "compose exec --no-TTY nginx curl --silent --head http://127.0.0.1:8090/upstream/app"
CURL_TLS = CURL.replace("nginx", "nginx-tls")
FRONTS = f"{PS} nginx nginx-tls"
JUDGE = "compose run --rm --no-deps nginx true"
COLLECT = "compose run --rm --no-deps static"
REPLACE = "compose up --detach --wait --no-build --no-deps"
IMAGE = "inspect --format {{.Image}}"
ADDRESS = "inspect --format {{(index"
BACK = ["tag sha256:app test:latest", "tag sha256:nginx test-nginx:latest"]
QUESTIONS = (
    *("version", "compose version", "compose config", "compose ps", "compose --dry-run"),
    *("inspect", "compose exec"),
)


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """Everything runs and has not changed."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.chdir(tmp_path)
    docker = Docker(tmp_path)
    docker.says(PS, row("app1") + row("nginx1"))
    docker.says(f"{PS} app", row("app1"))
    docker.says(FRONTS, row("nginx1"))
    for service in ("app", "nginx"):
        docker.says(f"{PLAN} {service}=1 {service}")
    docker.says(f"{IMAGE} app1", "sha256:app\n")
    docker.says(f"{IMAGE} nginx1", "sha256:nginx\n")
    for command in ("compose build", JUDGE, COLLECT, "tag"):
        docker.says(command)
    return docker


@pytest.fixture
def changed(running: Docker) -> Docker:
    """There is another image of the application: a second container comes up beside the first."""
    running.says(f"{PLAN} app=1 app", err=" Container app1  Recreate\n")
    running.says(f"{PS} app", row("app1"), row("app1") + row("app2"))
    running.says(f"{UP} app=2 app")
    running.says(ADDRESS, "10.0.0.2")
    running.says(LOOK, "running 0 starting", "running 0 healthy")
    running.says(TRY, "noise\\ntrial\\n")
    head = "HTTP/1.1 200 OK\nX-Upstream: 10.0.0.1:80"
    running.says(CURL, "", f"{head}\n", f"{head}, 10.0.0.2:80\n")
    for command in ("stop app1", "rm app1", "rm --force app2", "rm --force trial"):
        running.says(command)
    return running


def orders(docker: Docker) -> list[str]:
    """What it was told to do, without what it was only asked."""
    return [each for each in docker.calls() if not each.startswith(QUESTIONS)]


@pytest.mark.parametrize(
    "rows",
    [
        "",
        row("nginx1", "exited", ""),
        row("nginx1", health="starting"),
        row("nginx1", "exited", "") + row("nginx-tls1"),
    ],
)
def test_nothing_to_replace(running: Docker, capfd: Capture, rows: str) -> None:
    """Where nginx is not there, or has been stopped, there is nothing to do this for."""
    running.says(FRONTS, rows)
    assert deploy.main([]) == 1
    said = "nothing runs here that could be replaced: start it with `make up`\n"
    assert capfd.readouterr() == ("", said)
    assert running.calls()[-1] == FRONTS


def test_nothing_has_changed(running: Docker, capfd: Capture) -> None:
    """nginx's configuration is tried and the static files are put in place, no more."""
    assert deploy.main([]) == 0
    assert capfd.readouterr().out == "app: nothing has changed\nnginx: nothing has changed\n"
    assert orders(running) == ["compose build", JUDGE, COLLECT]


def test_stopped_service(running: Docker, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that has been stopped ended well, and yet has to start. nginx's word counts also
    where it comes at the last moment."""
    monkeypatch.setattr(deploy, "PATIENCE", 0)
    running.says(f"{PS} app", row("app1", "exited", ""), row("app1") + row("app2"))
    running.says(f"{UP} app=2 app")
    running.says(ADDRESS, "10.0.0.2")
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
    assert orders(running) == ["compose build", JUDGE, COLLECT]


def test_replaced(changed: Docker, capfd: Capture) -> None:
    """The old one goes when nginx has asked the new one; nginx itself goes if that is said."""
    changed.says(f"{PLAN} nginx=1 nginx", err=" Container nginx1  Recreate\n")
    changed.says(f"{REPLACE} nginx")
    assert deploy.main(["--no-build", "--nginx"]) == 0
    assert capfd.readouterr().out.splitlines()[2:] == [
        "app: the new ones serve, the old ones finish what they have",
        "app: replaced",
        "nginx: replaced",
    ]
    calls = changed.calls()
    assert calls[calls.index(CURL) :][:5] == [CURL, CURL, CURL, "stop app1", "rm app1"]
    assert [each for each in calls if not each.startswith(QUESTIONS)] == [
        *(JUDGE, TRY, "rm --force trial", COLLECT, f"{UP} app=2 app", "stop app1", "rm app1"),
        f"{REPLACE} nginx",
    ]


@pytest.mark.parametrize("wanted", [True, False])
def test_nginx_with_tls(changed: Docker, capfd: Capture, wanted: bool) -> None:
    """Where it runs it is asked as well, and replaced as well; each for itself."""
    changed.says(FRONTS, row("nginx-tls1") + row("nginx1"))
    changed.says("compose run --rm --no-deps nginx-tls true")
    changed.says(f"{PLAN} nginx-tls=1 nginx-tls", err=" Container nginx-tls1  Recreate\n")
    changed.says(CURL_TLS, "X-Upstream: 10.0.0.1:80\n", "X-Upstream: 10.0.0.2:80\n")
    changed.says(f"{REPLACE} nginx-tls")
    assert deploy.main(["--nginx"] if wanted else []) == 0
    said = capfd.readouterr().out.splitlines()[-2:]
    assert said[0] == "nginx: nothing has changed"
    assert said[1].startswith("nginx-tls: replaced" if wanted else "nginx-tls: has changed, but")
    calls = changed.calls()
    asked = [each for each in calls if each.startswith("compose exec")]
    assert asked == [CURL, CURL, CURL, CURL_TLS, CURL_TLS]
    assert "compose run --rm --no-deps nginx-tls true" in calls
    assert calls.index(CURL_TLS) < calls.index("stop app1")
    assert (calls[-1] == f"{REPLACE} nginx-tls") == wanted


def test_nginx_with_tls_finds_nothing(
    changed: Docker, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has a resolver of its own: that the other has found the new ones is not enough."""
    monkeypatch.setattr(deploy, "PATIENCE", 0)
    changed.says(FRONTS, row("nginx1") + row("nginx-tls1"))
    changed.says("compose run --rm --no-deps nginx-tls true")
    changed.says(LOOK, "running 0 healthy")
    changed.says(CURL, "X-Upstream: 10.0.0.2:80\n")
    changed.says(CURL_TLS, "X-Upstream: 10.0.0.1:80\n")
    assert deploy.main([]) == 1
    assert capfd.readouterr().err == "nginx-tls has not asked 10.0.0.2 within 0 s\n"
    assert orders(changed)[-3:] == ["rm --force app2", *BACK]


@pytest.fixture
def both(changed: Docker) -> Docker:
    """There is another service behind nginx, of the same image."""
    nginx = {
        **CONFIG["services"]["nginx"],
        "depends_on": {each: {"condition": "service_healthy"} for each in ("app", "next")},
    }
    services = {**CONFIG["services"], "next": {"image": "test:latest"}, "nginx": nginx}
    changed.says("compose config", json.dumps({**CONFIG, "services": services}))
    changed.says(f"{PS} next", row("next1"), row("next1") + row("next2"))
    changed.says(f"{PLAN} next=1 next", err=" Container next1  Recreate\n")
    changed.says(TRY.replace("app", "next"), "trial of next")
    changed.says(f"{UP} next=2 next")
    changed.says(CURL.replace("app", "next"), "X-Upstream: 10.0.0.2:80\n")
    for command in ("stop next1", "rm next1", "rm --force trial of next"):
        changed.says(command)
    return changed


TRIALS = [
    *(JUDGE, TRY, "rm --force trial"),
    *(TRY.replace("app", "next"), "rm --force trial of next"),
]


def test_order(both: Docker) -> None:
    """All are tried out before the static files are put in place and any is replaced; they are
    replaced one after the other."""
    assert deploy.main([]) == 0
    assert orders(both) == [
        *("compose build", *TRIALS, COLLECT),
        *(f"{UP} app=2 app", "stop app1", "rm app1"),
        *(f"{UP} next=2 next", "stop next1", "rm next1"),
    ]


def test_second_is_bad(both: Docker) -> None:
    """Then the first is not replaced either, and the static files stay what they are."""
    both.says(LOOK, "running 0 healthy", "exited 1")
    both.says("logs --tail 50 trial of next", "bye")
    assert deploy.main([]) == 1
    logs = "logs --tail 50 trial of next"
    assert orders(both) == ["compose build", *TRIALS[:-1], logs, TRIALS[-1], *BACK]


# ---- what goes wrong


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
    calls = orders(changed)
    assert [each for each in calls if "app1" in each or "rm" in each.split()] == [
        "rm --force trial",
        "rm --force app2",
    ]
    assert calls[-2:] == BACK


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
    assert COLLECT not in calls
    assert calls[-3:] == ["rm --force trial", *BACK]


def test_release_that_never_gets_ready(
    changed: Docker, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for it for ever."""
    monkeypatch.setattr(deploy, "PATIENCE", 0)
    changed.says(LOOK, "running 0 starting")
    changed.says("logs --tail 50 trial", "still here")
    assert deploy.main([]) == 1
    assert "app is running, starting. Its last words:\nstill here\n" in capfd.readouterr().err


def test_bad_nginx(changed: Docker, capfd: Capture) -> None:
    """A configuration that nginx refuses is found before anything is touched."""
    changed.says(JUDGE, err="bad", status=1)
    assert (deploy.main([]), capfd.readouterr()) == (1, ("", "bad\n"))
    assert orders(changed) == ["compose build", JUDGE, *BACK]


# ---- images


@pytest.mark.parametrize(
    ("command", "before"),
    [
        ("compose build", []),
        (TRY, []),
        (COLLECT, []),
        (f"{UP} app=2 app", ["rm --force app2"]),
        (CURL, ["rm --force app2"]),
        ("stop app1", []),
    ],
)
def test_images_go_back(changed: Docker, capfd: Capture, command: str, before: list[str]) -> None:
    """Whatever has failed: the names mean again what they meant before the build."""
    changed.says(command, err="bad\n", status=1)
    assert deploy.main([]) == 1
    assert capfd.readouterr().err.startswith("bad\n")
    calls = changed.calls()
    looks = [calls.index(f"{IMAGE} {each}") for each in ("app1", "nginx1")]
    assert max(looks) < calls.index("compose build")
    told = [each for each in calls if not each.startswith(QUESTIONS)]
    assert told[len(told) - len(before) - 2 :] == [*before, *BACK]
    assert sum(each.startswith("tag ") for each in told) == len(BACK)


@pytest.mark.parametrize(
    ("where", "container"), [("time.sleep", "trial"), ("asked_by_nginx", "app2")]
)
def test_interrupted(
    changed: Docker, monkeypatch: pytest.MonkeyPatch, where: str, container: str
) -> None:
    """Whoever stops it leaves nothing behind, of containers and of images."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"ops.deploy.{where}", interrupt)
    with pytest.raises(KeyboardInterrupt):
        deploy.main([])
    assert orders(changed)[-3:] == [f"rm --force {container}", *BACK]


def test_image_of_what_does_not_run(changed: Docker, capfd: Capture) -> None:
    """It has nothing to go back to. Nor does an image that is gone keep the others from it."""
    changed.says(PS, row("app1", "exited", "") + row("nginx1"))
    changed.says("compose build", err="bad\n", status=1)
    assert deploy.main([]) == 1
    assert orders(changed) == ["compose build", BACK[1]]
    changed.says(PS, row("app1") + row("nginx1"))
    changed.says(BACK[0], err="No such image\n", status=1)
    assert deploy.main([]) == 1
    assert orders(changed) == ["compose build", *BACK]
    assert capfd.readouterr().err == "bad\nfailed: docker compose build\n" * 2
