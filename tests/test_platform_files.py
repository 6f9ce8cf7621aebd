"""What the files for platforms say: they parse, and fit the settings, the image and one another."""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.httpd import UsageError
from app.knobs import KNOBS
from app.main import create_server
from app.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
KNOB = {each.name: each for each in KNOBS}
READY = "/readyz"
RELEASE = "python -m app.release"
# By one of these a buildpack knows a package manager. Exactly one may be there.
MANAGERS = {
    *("requirements.txt", "Pipfile", "Pipfile.lock", "poetry.lock", "uv.lock", "pdm.lock"),
    *("setup.py", "setup.cfg", "environment.yml", "conda-lock.yml", "pylock.toml"),
}
# What makes a platform build in another way than the one that is described.
ASTRAY = {
    "runtime.txt": "Heroku's Cloud Native Buildpack refuses it",
    "project.toml": "Dokku builds with pack where it is",
    "vendor": "Paketo then installs from it, and from nowhere else",
    "heroku.yml": "Heroku then builds the image",
    "nixpacks.toml": "Railway and Dokku build with nixpacks where it is",
    "railpack.json": "Dokku builds with railpack where it is",
    ".buildpacks": "Dokku then takes the buildpacks named there, not the Dockerfile",
    ".profile": "Heroku and Cloud Foundry source it before each process",
}


def toml(name: str) -> dict[str, Any]:
    """A file of deploy/, read."""
    return tomllib.loads((DEPLOY / name).read_text())


FLY, RAILWAY, PROJECT = toml("fly.toml"), toml("railway.toml"), toml("project.toml")
[RENDER] = yaml.safe_load((DEPLOY / "render.yaml").read_text())["services"]
[CLOUD_FOUNDRY] = yaml.safe_load((DEPLOY / "manifest.yml").read_text())["applications"]
APP = json.loads((ROOT / "app.json").read_text())
[DOKKU] = APP["healthchecks"]["web"]
[FLY_CHECK] = FLY["http_service"]["checks"]

ENVIRON: dict[str, dict[str, str]] = {
    "fly": FLY["env"],
    "render": {each["key"]: each["value"] for each in RENDER["envVars"]},
    "cloud foundry": CLOUD_FOUNDRY["env"],
}
# From SIGTERM to SIGKILL, in seconds. Cloud Foundry's cannot be set.
KILL: dict[str, float] = {
    "fly": FLY["kill_timeout"],
    "render": RENDER["maxShutdownDelaySeconds"],
    "railway": RAILWAY["deploy"]["drainingSeconds"],
    "cloud foundry": 10,
}
HEALTH = {
    "fly": FLY_CHECK["path"],
    "render": RENDER["healthCheckPath"],
    "railway": RAILWAY["deploy"]["healthcheckPath"],
    "cloud foundry": CLOUD_FOUNDRY["health-check-http-endpoint"],
    "cloud foundry, later": CLOUD_FOUNDRY["readiness-health-check-http-endpoint"],
    "dokku": DOKKU["path"],
}
BEFORE = {
    "fly": FLY["deploy"]["release_command"],
    "render": RENDER["preDeployCommand"],
    "railway": " ".join(RAILWAY["deploy"]["preDeployCommand"]),
}


def tracked() -> list[str]:
    """The files that a push would send; where there is no git, what in the root is not ignored."""
    if not (ROOT / ".git").exists():
        lines = (ROOT / ".gitignore").read_text().splitlines()
        ignored = [each.strip("/") for each in lines]
        names = [each.name for each in ROOT.iterdir()]
        return [each for each in names if not any(fnmatch(each, glob) for glob in ignored)]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [each for each in listed.split("\0") if each and (ROOT / each).exists()]


def in_root() -> set[str]:
    """The names of what a push would put into the root."""
    return {each.partition("/")[0] for each in tracked()}


def pythons() -> Iterator[tuple[str, str]]:
    """Who asks for a version of Python, and for which."""
    lines = (ROOT / ".python-version").read_text().splitlines()
    yield ".python-version", " ".join(each for each in lines if not each.startswith("#"))
    for image in re.findall(r"^ARG PYTHON_IMAGE=python:([0-9.]+)-slim$", DOCKERFILE, re.MULTILINE):
        yield "Dockerfile", image
    for each in PROJECT["io"]["buildpacks"]["build"]["env"]:
        if each["name"] == "BP_CPYTHON_VERSION":
            yield "project.toml", each["value"].removesuffix(".*")


def numbers(platform: str) -> list[float | None]:
    """The row of a platform in the document's table of timers: the first number of each cell."""
    text = (ROOT / "docs" / "deploy-git-push.md").read_text()
    table = [line.strip("|").split("|") for line in text.splitlines() if line.count("|") == 9]
    [row] = [cells for cells in table if cells[0].strip().lower() == platform]
    found = [re.match(r" \**([0-9]+)", cell) for cell in row]
    return [float(each[1]) if each else None for each in found]


@pytest.mark.parametrize("platform", ENVIRON)
def test_variables_are_settings(platform: str) -> None:
    """Every variable that is set is a setting of ours, and has a value that it allows."""
    for name, value in ENVIRON[platform].items():
        assert isinstance(value, str), f"{name}: a platform may take {value!r} for a number"
        KNOB[name].parse(value)


@pytest.mark.parametrize("platform", ENVIRON)
def test_variables_go_together(platform: str) -> None:
    """The service would start with them."""
    Settings.from_environment({"PORT": "8000", **ENVIRON[platform]})


@pytest.mark.parametrize("platform", HEALTH)
def test_health_is_readiness(platform: str) -> None:
    """What decides on the traffic is /readyz, which is 503 for a service that was told to stop."""
    assert HEALTH[platform] == READY


def test_health_is_a_route() -> None:
    """The path is one that the service has: a second one of that name cannot be added."""
    server = create_server(Settings.from_environment({}))
    with pytest.raises(UsageError, match=READY):
        server.get(READY)(print)


@pytest.mark.parametrize("platform", KILL)
def test_killed_after_the_drain(platform: str) -> None:
    """The workers end by themselves before the platform ends them."""
    environ = ENVIRON.get(platform, {})
    settings = Settings.from_environment({"PORT": "8000", **environ})
    assert settings.arbiter.graceful_timeout < KILL[platform]


@pytest.mark.parametrize("platform", KILL)
def test_document_says_when_it_is_killed(platform: str) -> None:
    """The table of timers has what the files say."""
    assert numbers(platform)[5] == KILL[platform]


def test_document_has_our_timers() -> None:
    """Its last row has the defaults of the settings that it names."""
    defaults = [KNOB[name] for name in ("GRACEFUL_TIMEOUT", "TIMEOUT_IDLE", "TIMEOUT_HANDLER")]
    assert numbers("ours")[5:] == [float(each.default) for each in defaults]


def test_told_to_stop_by_sigterm() -> None:
    """SIGINT, which is Fly's own, and SIGQUIT make gunicorn cut requests off."""
    assert FLY["kill_signal"] == "SIGTERM"
    assert re.findall(r"^STOPSIGNAL (.*)$", DOCKERFILE, re.MULTILINE)[-1] == "SIGTERM"


def test_fly_asks_where_the_service_listens() -> None:
    """The port is written down twice."""
    assert FLY["env"]["PORT"] == str(FLY["http_service"]["internal_port"])


def test_fly_overlaps_only_with_checks() -> None:
    """A bluegreen deployment is refused without a check."""
    assert FLY["deploy"]["strategy"] == "bluegreen"
    assert FLY_CHECK["method"] == "GET"


@pytest.mark.parametrize("platform", BEFORE)
def test_judged_before_the_switch(platform: str) -> None:
    """A release is judged by the same command as the Procfile's."""
    procfile = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line
    )
    assert BEFORE[platform] == procfile["release"] == RELEASE


def test_dokku_asks_the_port_it_knows() -> None:
    """A port in app.json would stand above the one that Dokku has given the container. And a
    formation there ends `ps:scale`."""
    assert DOKKU["type"] == "startup"
    assert "port" not in DOKKU
    assert "formation" not in APP


def test_railway_takes_numbers() -> None:
    """Its own examples have them as words, which it refuses."""
    for name in ("healthcheckTimeout", "overlapSeconds", "drainingSeconds"):
        assert type(RAILWAY["deploy"][name]) is int


def test_no_cache_mounts() -> None:
    """Railway takes only a cache mount that names its own service, and ends the build at others."""
    assert "type=cache" not in DOCKERFILE
    assert RAILWAY["build"] == {"builder": "DOCKERFILE", "dockerfilePath": "Dockerfile"}


def test_one_python() -> None:
    """Everybody who asks for a version of Python asks for the same."""
    asked = dict(pythons())
    assert set(asked) == {".python-version", "Dockerfile", "project.toml"}
    assert len(set(asked.values())) == 1, asked
    assert re.fullmatch(r"3\.[0-9]+", asked[".python-version"])


def test_one_package_manager() -> None:
    """A buildpack finds requirements.txt, and no second package manager."""
    assert in_root() & MANAGERS == {"requirements.txt"}


def test_nothing_leads_astray() -> None:
    """Nothing in the root makes a platform build in another way."""
    assert {name: ASTRAY[name] for name in in_root() & set(ASTRAY)} == {}


def test_no_virtual_environment() -> None:
    """What is pushed has no interpreter and no packages of this machine."""
    parts = {part for each in tracked() for part in Path(each).parts}
    assert parts & {".venv", "venv", "env", "site-packages", "pyvenv.cfg", "__pycache__"} == set()


def test_cloud_foundry_has_an_image() -> None:
    """With buildpacks or a path, the image named at the push would be refused."""
    assert not {"buildpack", "buildpacks", "path", "command"} & set(CLOUD_FOUNDRY)
