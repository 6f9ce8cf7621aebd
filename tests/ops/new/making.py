"""A template of its own for a test: this project as it lies here, committed, in a repository that
may be changed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULE = (sys.executable, "-m", "ops.new")
SOMEBODY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}
# An address, and nothing that says whose: git would take a name from the machine's list of users.
NOBODY = {**dict.fromkeys(SOMEBODY, ""), "EMAIL": "ada@example.org"}


class Repository:
    """A folder with a git repository. Nothing that is set for whoever runs the tests counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "HOME": str(folder.parent),
            "GIT_CONFIG_NOSYSTEM": "1",
            **SOMEBODY,
        }

    def git(self, *arguments: str) -> str:
        """`git ARGUMENTS`, and what it prints."""
        return self.run("git", *arguments, check=True).stdout.strip()

    def run(
        self, *command: str, check: bool = False, **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """A command in this folder."""
        environ = {name: value for name, value in {**self.environ, **environ}.items() if value}
        done = subprocess.run(
            command, cwd=self.folder, env=environ, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done

    def commit(self, message: str = "something") -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)


class Template(Repository):
    """One from which services are made."""

    @classmethod
    def of_this_project(cls, folder: Path, wanted: str = "") -> "Template":
        """What lies here and has a name that fits this pattern, whether it is committed or not."""
        for name in filter(re.compile(wanted).match, tracked()):
            to = folder / name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to)
        made = cls(folder)
        made.git("init", "--quiet")
        made.commit()
        return made

    def new(
        self, name: str, *options: str, to: str = "", **environ: str
    ) -> "subprocess.CompletedProcess[str]":
        """`make new` without make. to: where, if not beside it under its name."""
        place = to or str(self.folder.parent / name)
        return self.run(*MODULE, f"--name={name}", f"--dir={place}", *options, **environ)

    def service(self, name: str, *options: str) -> Repository:
        """A service that was made."""
        done = self.new(name, *options)
        assert done.returncode == 0, done.stderr
        return Repository(self.folder.parent / name)

    def update(self, service: Repository) -> "subprocess.CompletedProcess[str]":
        """`make update` without make."""
        return self.run(sys.executable, "-m", "ops.new.update", str(service.folder))


def tracked() -> list[str]:
    """What belongs to this project, committed or not yet. git alone knows it."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing can be made from it")
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [each for each in dict.fromkeys(found.split("\0")) if each and (ROOT / each).is_file()]
