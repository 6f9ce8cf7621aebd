"""Somebody who works on the service and pushes it: a checkout of their own.

Its first commit is what lies here now, committed or not.
"""

import os
import subprocess
from pathlib import Path

from tests.platforms.platform import ROOT, Platform

IDENTITY = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
IDENTITY |= {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org"}


class Developer:
    """A checkout in folder. python: what its .python-version says."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        folder.mkdir()
        listed = self._git("ls-files", "-coz", "--exclude-standard", at=ROOT)
        there = "\0".join(each for each in listed.split("\0") if (ROOT / each).is_file())
        archive = ["tar", "-c", "--null", "--files-from=-"]
        packed = subprocess.run(archive, cwd=ROOT, input=there.encode(), stdout=subprocess.PIPE,
                                check=True)  # fmt: skip
        subprocess.run(["tar", "-x"], cwd=folder, input=packed.stdout, check=True)
        self._git("init", "--quiet", "--initial-branch=main")
        self.write(".python-version", f"{python}\n")

    def write(self, name: str, text: str) -> None:
        """A file as it is to be."""
        (self.folder / name).write_text(text)

    def replace(self, name: str, old: str, new: str) -> None:
        """Change one place of a file."""
        text = (self.folder / name).read_text()
        assert text.count(old) == 1, (name, old)
        self.write(name, text.replace(old, new))

    def push(self, platform: Platform, branch: str = "main") -> "subprocess.CompletedProcess[str]":
        """Commit all there is, and push it. Gives what git has said, and its exit status."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "--message", "A change")
        return subprocess.run(
            ["git", "push", "--force", str(platform.repository), f"HEAD:refs/heads/{branch}"],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=400,
            check=False,
        )

    def _git(self, *arguments: str, at: Path | None = None) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=at or self.folder,
            env={**os.environ, **IDENTITY},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
