"""`make deploy`: new containers for old ones, and nobody notices."""

import subprocess
import sys
from pathlib import Path

import pytest

from ops.compose import ROOT
from tests.stack.stack import Stack, ask
from tests.traffic import Traffic


def deploy(stack: Stack, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """`make deploy`, as make starts it."""
    return subprocess.run(
        [sys.executable, "-m", "ops.deploy", *arguments],
        cwd=ROOT,
        env={**stack.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def revisions(stack: Stack, service: str) -> set[str]:
    """What its containers were built of."""
    label = "org.opencontainers.image.revision"
    return {each.image.labels[label] for each in stack.containers(service)}


def test_deploy(stack: Stack) -> None:
    """Both servers are replaced under traffic to both, and no request fails."""
    before = {each.id for each in stack.containers("protocol", "aiohttp")}
    with Traffic(stack.http_port, 8) as traffic, Traffic(stack.alt_http_port, 8) as alt_traffic:
        for each in (traffic, alt_traffic):
            each.go_on()
        done = deploy(stack, REVISION="deployed")
        for each in (traffic, alt_traffic):
            each.go_on()
    assert done.returncode == 0, done.stdout + done.stderr
    assert traffic.failures + alt_traffic.failures == []
    assert not before & {each.id for each in stack.containers()}
    for service in ("protocol", "aiohttp"):
        assert len(stack.containers(service)) == 1
        assert revisions(stack, service) == {"deployed"}
        assert f"{service}: replaced\n" in done.stdout


def test_without_its_stand_in(stack: Stack) -> None:
    """Nor where there is but one server: it is the new containers that are asked, not the twin."""
    stack.compose.ask("stop", "aiohttp")
    try:
        with Traffic(stack.http_port) as traffic:
            traffic.go_on()
            done = deploy(stack, REVISION="alone")
            traffic.go_on()
    finally:
        stack.up()
    assert done.returncode == 0, done.stdout + done.stderr
    assert traffic.failures == []


def test_two_of_each(stack: Stack) -> None:
    """As many as there were."""
    stack.up("--no-deps", "--scale", "protocol=2", "protocol")
    try:
        with Traffic(stack.http_port) as traffic:
            traffic.go_on()
            done = deploy(stack, REVISION="two")
            traffic.go_on()
        assert done.returncode == 0, done.stdout + done.stderr
        assert traffic.failures == []
        assert len(stack.containers("protocol")) == 2
        assert revisions(stack, "protocol") == {"two"}
    finally:
        stack.up("--no-deps", "protocol")


def test_nothing_to_deploy(stack: Stack) -> None:
    """What has not changed stays."""
    assert deploy(stack, REVISION="same").returncode == 0
    before = {each.id for each in stack.containers()}
    done = deploy(stack, REVISION="same")
    assert done.returncode == 0
    assert set(done.stdout.splitlines()[-3:]) == {
        "protocol: nothing has changed",
        "aiohttp: nothing has changed",
        "nginx: nothing has changed",
    }
    assert {each.id for each in stack.containers()} == before


# How a new release can be bad, as Compose is told of it, and what then is said.
BAD = {
    "a bad setting": ("environment: {LIMIT_HEAD: '1'}", "LIMIT_HEAD='1': allowed is 128 to"),
    # gunicorn listens by then, and would take requests with it.
    "an import error": ("command: [gunicorn, 'nothing:application']", "module named 'nothing'"),
    "never ready": (
        "healthcheck: {test: [CMD, 'false'], interval: 1s, start_period: 1s, retries: 1}",
        ", unhealthy. Its",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_bad_deploy(stack: Stack, tmp_path: Path, fault: str) -> None:
    """What does not get well is never asked for anything, and the old ones serve on."""
    change, why = BAD[fault]
    override = tmp_path / "bad.yml"
    override.write_text(f"services:\n  protocol:\n    {change}\n  aiohttp:\n    {change}\n")
    stack.up("--build")
    before = {each.id for each in stack.containers()}
    with Traffic(stack.http_port) as traffic:
        traffic.go_on()
        files = f"{ROOT}/docker-compose.yml:{override}"
        done = deploy(stack, REVISION="bad", COMPOSE_FILE=files)
        traffic.go_on()
    assert done.returncode == 1
    assert why in done.stderr
    assert ": the new one does not get well, the old ones serve on\n" in done.stderr
    assert traffic.failures == []
    # Nor does the next one who starts something get the images of the bad release.
    stack.up()
    assert {each.id for each in stack.containers()} == before


def test_bad_nginx(stack: Stack) -> None:
    """A setting that nginx refuses is found before anything is touched."""
    before = {each.id for each in stack.containers()}
    done = deploy(stack, REVISION="bad", RATE_LIMIT="fast")
    assert done.returncode == 1
    assert "RATE_LIMIT='fast': allowed is" in done.stderr
    assert {each.id for each in stack.containers()} == before


def test_changed_nginx(stack: Stack) -> None:
    """It is replaced when that is asked for, and not without a word otherwise."""
    before = stack.one("nginx").id
    done = deploy(stack, REVISION="same", MICRO_CACHE="1")
    assert (done.returncode, stack.one("nginx").id) == (0, before)
    assert "make deploy ARGS=--nginx" in done.stdout
    try:
        done = deploy(stack, "--nginx", REVISION="same", MICRO_CACHE="1")
        assert done.returncode == 0, done.stdout + done.stderr
        assert "nginx: replaced\n" in done.stdout
        assert ask(stack.http_port, "/hello/again").headers["X-Cache"] == "MISS"
    finally:
        stack.up()


def test_nothing_runs(stack: Stack) -> None:
    """There is nothing to replace: it says what to do."""
    done = deploy(stack, COMPOSE_PROJECT_NAME=f"{stack.name}-none")
    assert (done.returncode, done.stderr) == (
        1,
        "nothing runs here that could be replaced: start it with `make up`\n",
    )
    assert ask(stack.http_port, "/plaintext").status == 200
