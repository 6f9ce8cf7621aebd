"""Somebody who works on the service and pushes it: a checkout of their own.

Its first commit is what lies here now, committed or not.
"""

import subprocess
from pathlib import Path

from tests.platforms.platform import ENVIRON, ROOT, Platform


class Developer:
    """A checkout in folder. python: what its .python-version says."""

    def __init__(self, folder: Path, python: str) -> None:
        self.folder = folder
        self._git("init", "--quiet", "--initial-branch=main", str(folder), at=ROOT)
        self._git(f"--git-dir={folder / '.git'}", "--work-tree=.", "add", "--all", at=ROOT)
        self._git("checkout-index", "--all")
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
            env=ENVIRON,
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
            env=ENVIRON,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
