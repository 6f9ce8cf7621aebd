"""python -m app.release: what it lets through, and what it refuses, each with its reason."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.httpd import HTTPServer
from app.release import build, main
from app.settings import Settings

ROOT = Path(__file__).parent.parent


def released(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """The release line with these settings, as a platform runs it."""
    return subprocess.run(
        [sys.executable, "-m", "app.release", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, "by the Protocol server"),
        ({"SERVER": "aiohttp"}, "by aiohttp"),
        ({"WEB_CONCURRENCY": ""}, "by the Protocol server"),
        # What Heroku's buildpack exports.
        (
            {"FORWARDED_ALLOW_IPS": "*", "GUNICORN_CMD_ARGS": "--access-logfile -", "PORT": "5000"},
            ":5000 unless told otherwise",
        ),
    ],
)
def test_right(environ: dict[str, str], said: str) -> None:
    """What would start is let through, and said."""
    done = released(**environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert said in done.stdout


def test_settings() -> None:
    """Every setting that is not allowed is named, before anything else is looked at."""
    done = released(LIMIT_BODY="plenty", TIMEOUT_HAED="3", GRACEFUL_TIMEOUT="5")
    assert (done.returncode, done.stdout) == (1, "")
    for each in ("LIMIT_BODY='plenty'", "did you mean TIMEOUT_HEAD?", "GRACEFUL_TIMEOUT='5'"):
        assert each in done.stderr


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("--wrokers 3", "--wrokers"), ("--config nowhere.py", "'nowhere.py' doesn't exist")],
)
def test_gunicorn(wrong: str, said: str) -> None:
    """What gunicorn is told beside the settings has to be right as well."""
    done = released(GUNICORN_CMD_ARGS=wrong)
    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize("server", ["protocol", "aiohttp"])
def test_application(
    server: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The routes are put on a server: those that cannot be are found."""

    def twice(server: HTTPServer, *_: object) -> None:
        server.page("/", "one")
        server.page("/", "two")

    build(Settings.from_environment({"SERVER": server}))
    monkeypatch.setattr("app.handlers.install", twice)
    monkeypatch.setenv("SERVER", server)
    monkeypatch.setattr("sys.argv", ["release"])
    assert main() == 1
    assert "not released: route GET '/' of" in capsys.readouterr().err


@pytest.mark.parametrize(("argument", "status"), [("--help", 0), ("-h", 0), ("now", 2)])
def test_help(argument: str, status: int) -> None:
    """It takes no arguments, and says what it does."""
    done = released(argument)
    assert done.returncode == status
    assert "what a platform runs before it lets a new release have the traffic" in done.stderr
