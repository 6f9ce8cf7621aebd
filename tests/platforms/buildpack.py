"""What a platform makes of a commit before it can run: a folder and its virtual environment.

Refuses what Heroku's Python buildpack refuses. Knows nothing of how the result is run.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

SECONDS = 300  # for pip, which may have to fetch everything
# Two of them, and nobody could say which one holds.
PACKAGE_MANAGERS = ("Pipfile.lock", "poetry.lock", "requirements.txt", "setup.py", "uv.lock")

Say = Callable[[str], None]


class Refused(Exception):
    """A deploy that does not happen; the message is for who has pushed."""


def build(source: Path, cache: Path, hooks: bool, say: Say) -> Path:
    """Build the commit that lies in source. Gives its virtual environment, which is made once for
    the same requirements and the same Python. hooks: run bin/post_compile. Raises Refused."""
    _judge(source)
    version = (source / ".python-version").read_text().strip()
    python = find_python(version)
    say(f"-----> Python {version}")
    requirements = source / "requirements.txt"
    key = hashlib.sha256(f"{python}\n".encode() + requirements.read_bytes()).hexdigest()[:16]
    environment = cache / key
    if not (environment / "complete").exists():
        say("-----> installing requirements.txt with pip")
        shutil.rmtree(environment, ignore_errors=True)
        _run([python, "-m", "venv", str(environment)], source, os.environ)
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        pip += ["--disable-pip-version-check", "-r", str(requirements)]
        _run(pip, source, os.environ)
        (environment / "complete").touch()
    hook = source / "bin" / "post_compile"
    if hooks and hook.exists():
        say("-----> running bin/post_compile")
        path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
        _run([str(hook)], source, {**os.environ, "PATH": path})
    return environment


def _judge(source: Path) -> None:
    found = [each for each in PACKAGE_MANAGERS if (source / each).exists()]
    if found != ["requirements.txt"]:
        raise Refused(f"exactly one package manager's file is allowed, here are {found}")
    if (source / ".venv").exists():
        raise Refused("a virtual environment, .venv, was committed")
    version = (source / ".python-version").read_text()
    if not re.fullmatch(r"3\.[0-9]+\n", version):
        raise Refused(f".python-version has to be major.minor, not {version!r}")


def find_python(version: str) -> str:
    """The program of a Python of this version. Raises Refused where there is none."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return str(getattr(sys, "_base_executable", sys.executable))
    for name in (f"python{version}", f"/usr/bin/python{version}"):
        program = shutil.which(name)
        # pyenv's shims are there for versions that it will not start; Debian has venv without pip.
        works = [program or "", "-c", "import ensurepip, venv"]
        if program and not subprocess.run(works, stderr=subprocess.DEVNULL, check=False).returncode:
            return program
    raise Refused(f"Python {version} is not available")


def _run(command: list[str], folder: Path, environ: Mapping[str, str]) -> None:
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise Refused(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
