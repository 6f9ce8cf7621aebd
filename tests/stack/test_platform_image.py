"""The image as platforms run it that take the Dockerfile: by the Procfile's lines, no nginx."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from docker.errors import ContainerError
from docker.models.containers import Container

from app.handlers import STATIC
from ops.compose import ROOT
from tests.stack.stack import Answer, Stack, ask, port_of, wait_until

FILES = sorted(f"/static/{each.name}" for each in STATIC.iterdir() if each.suffix != ".gz")
# Of each answer, or of each server: what says nothing of the file.
OWN = {"connection", "date", "server", "x-request-id"}
PORT = 5000
LINES = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


@contextmanager
def running(stack: Stack, command: list[str] | None = None, **environ: str) -> Iterator[Container]:
    """A container of the image that answers on PORT, as a platform starts one."""
    container: Container = stack.engine.containers.run(
        stack.one("protocol").image.id,
        command,
        environment={"PORT": str(PORT), "WEB_CONCURRENCY": "1", **environ},
        ports={f"{PORT}/tcp": ("127.0.0.1", None)},
        detach=True,
    )
    try:
        port = port_of(container, PORT)
        wait_until(lambda: answers(port), "/readyz is not 200")
        yield container
    finally:
        container.remove(force=True)


def answers(port: int) -> bool:
    """Whether it is ready. Docker takes the connection before anybody listens."""
    try:
        return ask(port, "/readyz").status == 200
    except ConnectionError:
        return False


@pytest.mark.parametrize(
    "command",
    [None, shlex.split(LINES["web"]), ["bash", "-c", LINES["web"]]],
    ids=["its own", "words", "bash"],
)
def test_web(stack: Stack, command: list[str] | None) -> None:
    """Its own command, the Procfile's web line in words (Dokku), and by bash (Heroku, Cloud Native
    Buildpacks, Cloud Foundry): it serves, the server is the first process and hears SIGTERM."""
    with running(stack, command) as container:
        first = container.exec_run(["cat", "/proc/1/cmdline"]).output.decode()
        assert first.split("\0")[1:3] == ["-m", "gunicorn"]
        container.stop(timeout=30)
        assert container.wait()["StatusCode"] == 0
        assert "Shutting down: Master" in container.logs().decode()


def test_release(stack: Stack) -> None:
    """The release line, by bash, judges the settings: the exit code is the platform's answer."""
    command, image = ["bash", "-c", LINES["release"]], stack.one("protocol").image.id
    run: Any = stack.engine.containers.run
    said = run(image, command, environment={"FORWARDED_ALLOW_IPS": "*"}, remove=True)
    assert b"listens on [::]:8000" in said or b"listens on 0.0.0.0:8000" in said
    with pytest.raises(ContainerError, match="LIMIT_BODY='plenty': allowed is") as refused:
        run(image, command, environment={"LIMIT_BODY": "plenty"}, remove=True)
    assert refused.value.exit_status == 1


def test_static_files_are_as_behind_nginx(stack: Stack) -> None:
    """The service gives a static file the fields that nginx gives it, and the same bytes: whole,
    compressed, a range of it, and where the client has it already."""
    with running(stack) as container:
        ports = (port_of(container, PORT), stack.http_port)
        for file in FILES:
            for fields in ({}, {"Accept_Encoding": "gzip"}, {"Range": "bytes=0-9"}):
                ours, theirs = (ask(port, file, **fields) for port in ports)
                assert (ours.status, ours.body) == (theirs.status, theirs.body)
                assert told(ours) == told(theirs), (file, fields)
            kept = [ask(port, file).headers["ETag"] for port in ports]
            again = zip(ports, kept, strict=True)
            ours, theirs = (ask(port, file, If_None_Match=tag) for port, tag in again)
            assert (ours.status, theirs.status) == (304, 304)
            assert told(ours) == told(theirs), file


def told(answer: Answer) -> dict[str, str]:
    """What an answer says of the file. Whoever makes an ETag has a form of its own. That there are
    ranges need not be said in one, nor a date beside the ETag in a 304 (RFC 9110 15.4.5)."""
    named = {name.lower(): value for name, value in answer.headers.items()}
    named["etag"] = "" if "etag" in named else "none"
    named.pop({206: "accept-ranges", 304: "last-modified"}.get(answer.status, ""), None)
    return {name: value for name, value in named.items() if name not in OWN}
