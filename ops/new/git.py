"""git, as far as templates and services need it: what is committed, and a folder as a commit.

Runs no hooks and touches no working tree. Knows nothing of what is in the files.
"""

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


class NewError(Exception):
    """What cannot be done: the cause, and the cure where we know one."""


@dataclass(frozen=True, slots=True)
class File:
    """What is in a file, and whether it may be run."""

    data: bytes
    executable: bool = False


class Git:
    """The repository in a folder. Every question raises NewError where git gives no answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        if shutil.which("git") is None:
            raise NewError("git is not installed: apt-get install git, or https://git-scm.com")

    def ask(self, *arguments: str, **environ: str) -> str:
        """`git ARGUMENTS`, and what it prints."""
        return self._run(arguments, environ).decode(errors="replace").strip()

    def is_root(self) -> bool:
        """Whether a repository has its root in this folder, and not above it or nowhere."""
        try:
            return Path(self.ask("rev-parse", "--show-toplevel")).samefile(self.folder)
        except NewError as error:
            if "not a git repository" in str(error):
                return False
            raise

    def files(self) -> dict[str, File]:
        """What is committed at HEAD."""
        archive = io.BytesIO(self._run(("archive", "--format=tar", "HEAD"), {}))
        with tarfile.open(fileobj=archive) as tar:
            return {
                each.name: File(opened.read(), bool(each.mode & 0o100))
                for each in tar
                if (opened := tar.extractfile(each))
            }

    def commit_of(self, branch: str) -> str:
        """The commit that `heads/BRANCH` or `remotes/REMOTE/BRANCH` is at; "" if there is none."""
        return self.ask("for-each-ref", "--format=%(objectname)", f"refs/{branch}")

    def check_identity(self) -> None:
        """Raise NewError where commits would be by nobody: git itself would make somebody up."""
        try:
            for each in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
                self.ask("-c", "user.useConfigOnly=true", "var", each)
        except NewError:
            raise NewError(
                "git does not know who commits: git config --global user.name 'Your Name' "
                "&& git config --global user.email you@example.com"
            ) from None

    def tree(self, files: Mapping[str, File]) -> str:
        """Files as a tree of this repository, whatever lies in its folder and in its index."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch, "files")
            write(files, folder)
            apart = {"GIT_INDEX_FILE": str(Path(scratch, "index"))}
            self.ask(
                *("-C", str(folder), "--work-tree", str(folder)),
                *("--git-dir", self.ask("rev-parse", "--absolute-git-dir")),
                # As the files are, whatever is usual here: names that are ignored as well.
                *("-c", "core.autocrlf=false", "-c", "core.fileMode=true"),
                *("add", "--all", "--force", "."),
                **apart,
            )
            return self.ask("write-tree", **apart)

    def commit(self, tree: str, message: str, parent: str = "") -> str:
        """A tree as a commit, on no branch yet."""
        return self.ask("commit-tree", tree, "-m", message, *(("-p", parent) if parent else ()))

    def _run(self, arguments: tuple[str, ...], environ: Mapping[str, str]) -> bytes:
        # Where we are started by a hook, git says which repository that is of.
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
        }
        done = subprocess.run(
            ("git", *arguments),
            cwd=self.folder,
            env={**inherited, "LC_ALL": "C", **environ},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise NewError(f"git {arguments[0]} in {self.folder}: {said}")
        return done.stdout


def write(files: Mapping[str, File], folder: Path) -> None:
    """Write files into a folder that may not be there yet."""
    for name, file in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
        if file.executable:
            path.chmod(path.stat().st_mode | 0o111)
