"""The image: small, without tools, ready to run, and quick to build again."""

import re
import shutil
import subprocess
from pathlib import Path

from ops.compose import ROOT
from tests.stack.stack import Stack

MOST = 60 * 1000 * 1000  # bytes on top of the base image
# What builds, fetches or escalates; none of it has a place in what serves.
TOOLS = ("cc", "gcc", "g++", "make", "ld", "as")


def inside(stack: Stack, *command: str) -> str:
    """What a command prints in a container of the service."""
    done = stack.one("protocol").exec_run(list(command))
    assert done.exit_code == 0, done.output
    text: str = done.output.decode()
    return text


def test_size(stack: Stack) -> None:
    """What we add to the base image."""
    image, base = stack.one("protocol").image, stack.engine.images.get("python:3.14-slim")
    assert (
        image.attrs["RootFS"]["Layers"][: len(base.attrs["RootFS"]["Layers"])]
        == (base.attrs["RootFS"]["Layers"])
    )
    assert 0 < image.attrs["Size"] - base.attrs["Size"] < MOST


def test_how_it_starts(stack: Stack) -> None:
    """A numeric user, the exec form, its own health check."""
    config = stack.one("protocol").image.attrs["Config"]
    assert config["User"] == "10001:10001"
    assert config["Cmd"] == ["python", "gunicorn.conf.py"]
    assert not config.get("Entrypoint")
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "-m", "app.healthcheck"]
    assert config["StopSignal"] == "SIGTERM"


def test_labels(stack: Stack) -> None:
    """Who it is, by the names of the OCI."""
    kinds = ("title", "description", "version", "revision")
    labels = stack.one("protocol").image.labels
    assert [kind for kind in kinds if not labels[f"org.opencontainers.image.{kind}"]] == []
    title = stack.one("nginx").image.labels["org.opencontainers.image.title"]
    assert title == "slipway-nginx"


def test_no_tools(stack: Stack) -> None:
    """No compiler, no pip in the virtual environment."""
    found = inside(stack, "sh", "-c", f"command -v {' '.join(TOOLS)} || true")
    assert found == ""
    assert "pip" not in inside(stack, "sh", "-c", "ls /opt/venv/bin /opt/venv/lib/*/site-packages")


def test_bytecode(stack: Stack) -> None:
    """Each module is compiled, ours and those of others: nothing can be written later."""
    program = (
        "import importlib.util, pathlib\n"
        "files = [f for d in ('/srv', '/opt/venv/lib') for f in pathlib.Path(d).rglob('*.py')]\n"
        "print(len(files), [str(f) for f in files\n"
        "    if not pathlib.Path(importlib.util.cache_from_source(str(f))).exists()])"
    )
    count, _, missing = inside(stack, "python", "-c", program).strip().partition(" ")
    assert int(count) > 100
    assert missing == "[]"


def test_what_is_in_it(stack: Stack) -> None:
    """The code and its configuration; no tests, no secrets, no history, and not ours to change."""
    assert inside(stack, "ls", "-A", "/srv").split() == ["__pycache__", "app", "gunicorn.conf.py"]
    assert inside(stack, "find", "/srv", "/opt/venv", "-writable", "-not", "-type", "l") == ""


def test_code_is_built_apart(stack: Stack, tmp_path: Path) -> None:
    """After a change of the code nothing is installed again: that layer comes before it."""
    for name in (".dockerignore", "Dockerfile", "gunicorn.conf.py", "requirements.txt"):
        shutil.copy2(ROOT / name, tmp_path)
    for name in ("app", "nginx"):
        shutil.copytree(ROOT / name, tmp_path / name)
    content = tmp_path / "app" / "content.py"
    content.write_text(f"{content.read_text()}\n# {tmp_path}\n")
    said = subprocess.check_output(
        ["docker", "build", "--progress=plain", str(tmp_path)],
        stderr=subprocess.STDOUT,
        text=True,
    )
    cached = set(re.findall(r"^#(\d+) CACHED", said, re.MULTILINE))
    steps = re.findall(r"^#(\d+) \[.*?\] (.*)", said, re.MULTILINE)
    kept = {what: number in cached for number, what in steps}
    assert [is_kept for what, is_kept in kept.items() if "pip --python" in what] == [True], said
    assert [is_kept for what, is_kept in kept.items() if "compileall" in what] == [False], said
