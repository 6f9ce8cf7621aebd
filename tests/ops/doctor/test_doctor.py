"""`python -m ops.doctor` as its user has it: on copies of the files, with Docker's own Compose."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.doctor import __main__ as doctor
from ops.doctor.evidence import Evidence
from tests.ops.doctor.conftest import ROOT

Ran = "subprocess.CompletedProcess[str]"
EXAMINED = ("docker-compose.yml", "Procfile", "gunicorn.conf.py", "nginx", "app", "ops")
COUNT = len(doctor.RULES)


def _missing() -> str:
    """Why Compose cannot be asked; "" if it can."""
    if shutil.which("docker") is None:
        return "docker is not on PATH: what docker-compose.yml comes to cannot be asked"
    asked = subprocess.run(
        ["docker", "compose", "version"], capture_output=True, text=True, check=False
    )
    return f"docker has no compose: {asked.stderr.strip()}" if asked.returncode else ""


MISSING = _missing()
needs_compose = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what is examined, and of who examines it."""
    for name in EXAMINED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def run(project: Path, *arguments: str, **environ: str) -> Ran:
    """The command in this folder, with this environment and what docker needs."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME") or "DOCKER" in k}
    return subprocess.run(
        [sys.executable, "-m", "ops.doctor", *arguments],
        cwd=project,
        env={**kept, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def change(file: Path, old: str, new: str) -> None:
    """Other words in a file that has these once."""
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@needs_compose
def test_sound(project: Path) -> None:
    """The files of this repository fit one another."""
    ran = run(project)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{COUNT} rules hold\n", "")


@needs_compose
def test_verbose(project: Path) -> None:
    """--verbose: a line for each rule."""
    lines = run(project, "--verbose").stdout.splitlines()
    assert len(lines) == COUNT + 1
    assert lines[0].startswith("holds idle: keepalive_timeout: 60s (nginx/keepalive.conf:")


@needs_compose
def test_nginx_changed(project: Path) -> None:
    """One value that no longer fits: it is named with the other one, and the cure."""
    change(project / "nginx/keepalive.conf", "keepalive_timeout 60s;", "keepalive_timeout 120s;")
    ran = run(project)
    lines = ran.stdout.splitlines()
    assert ran.returncode == 1
    assert lines[0] == "BROKEN idle"
    assert "keepalive_timeout: 120s (nginx/keepalive.conf:" in lines[1]
    assert lines[1].endswith("TIMEOUT_IDLE: 95 (service aiohttp: default)")
    assert lines[-1] == f"{COUNT - 1} rules hold, 1 is broken"


@needs_compose
def test_env_changed(project: Path) -> None:
    """.env is read as Compose reads it, and is said to be where the value is from."""
    (project / ".env").write_text("LIMIT_HEAD=16k\nHTTP_PORT=8443\n")
    ran = run(project)
    assert ran.returncode == 1
    assert (
        "LIMIT_HEAD: 16k (service protocol: docker-compose.yml, .env or this shell)" in ran.stdout
    )
    assert "port: 8443:8080 (docker-compose.yml: nginx), port: 8443:8443" in ran.stdout
    assert ran.stdout.endswith(f"{COUNT - 2} rules hold, 2 are broken\n")


@needs_compose
def test_shell_changed(project: Path) -> None:
    """The shell's variables are what the Procfile's process would have."""
    ran = run(project, GRACEFUL_TIMEOUT="40")
    assert ran.returncode == 1
    assert "graceful_timeout: 40 (GRACEFUL_TIMEOUT, Procfile: this shell)" in ran.stdout


@needs_compose
def test_refused(project: Path) -> None:
    """What nobody would start with is no rule: it is said by whoever refuses it."""
    (project / ".env").write_text("RATE_LIMIT=fast\n")
    ran = run(project)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("cannot examine the configuration: docker-compose.yml: nginx: ")
    assert "RATE_LIMIT='fast': allowed is 1 to 1000000" in ran.stderr


@needs_compose
def test_no_compose_file(project: Path) -> None:
    """A docker-compose.yml that is none: Compose says why."""
    (project / "docker-compose.yml").write_text("services: [")
    ran = run(project)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "docker compose said: " in ran.stderr


def test_no_docker(project: Path, tmp_path: Path) -> None:
    """Without docker: the cause and the cure, no traceback."""
    empty = tmp_path / "empty"
    empty.mkdir()
    ran = run(project, PATH=str(empty))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("cannot examine the configuration: docker is not on PATH")
    assert len(ran.stderr.splitlines()) == 1


def test_help() -> None:
    """--help says what is examined and what the exit status means."""
    ran = run(ROOT, "--help")
    assert ran.returncode == 0
    assert "Exits with 0; with 1 when a rule is broken" in ran.stdout


def test_main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], evidence: Evidence
) -> None:
    """The same without Compose: the report, and the exit status."""
    monkeypatch.setattr(doctor, "read_evidence", lambda root, environ: evidence)
    assert doctor.main([]) == 0
    assert capsys.readouterr().out == f"{COUNT} rules hold\n"
