"""make new: make a service from what is committed here.

It is made beside its place and put there when it is whole: what fails leaves nothing behind.
"""

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.new.answers import FILE, PORTS, Answers, judge
from ops.new.git import File, Git, NewError, write
from ops.new.parts import OPTIONAL
from ops.new.render import render, version_of

ROOT = Path(__file__).resolve().parents[2]
BRANCH = "template"


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it. Gives the exit status."""
    given = _parser().parse_args(arguments)
    try:
        ports = {name: text for name, _, text in (each.partition("=") for each in given.port)}
        answers = judge(given.name, given.without, ports)
        folder = place(given.dir)
        make(*rendered(answers), folder)
    except NewError as error:
        print(error, file=sys.stderr)
        return 1
    left_out = "".join(f"\n  without {each}: {OPTIONAL[each].what}" for each in given.without)
    print(f"{answers.name} is in {folder}{left_out}\nNow: cd {folder} && make test && make serve")
    return 0


def place(name: str) -> Path:
    """Where a service can be put. Raises NewError."""
    if not name:
        raise NewError("DIR is missing: make new NAME=my-service DIR=../my-service")
    folder = Path(name).expanduser().resolve()
    if folder.is_relative_to(ROOT):
        raise NewError(f"DIR={name} is inside the template: put it beside, as in ../my-service")
    if folder.is_dir() and any(folder.iterdir()):
        raise NewError(f"DIR={name} is not empty: name a folder that is, or is not there yet")
    if folder.exists() and not folder.is_dir():
        raise NewError(f"DIR={name} is a file: name a folder that is not there yet")
    if not folder.parent.is_dir():
        raise NewError(f"DIR={name}: there is no folder {folder.parent}")
    return folder


def rendered(answers: Answers) -> tuple[dict[str, File], str]:
    """The files of the service, and what their commit says. Raises NewError."""
    git = Git(ROOT)
    if not git.is_root():
        raise NewError(f"{ROOT} is no git checkout: git clone the template, and start from there")
    if changed := git.ask("status", "--porcelain"):
        raise NewError(
            f"what is not committed would not be in it: commit it, or git stash -u\n{changed}"
        )
    files, commit = git.files(), git.ask("rev-parse", "HEAD")
    version = version_of(files)
    found = render(files, answers)
    found[FILE] = File(answers.record(version, commit))
    return found, f"Template {version}, {commit[:12]}\n\nTemplate-Commit: {commit}"


def make(files: Mapping[str, File], message: str, folder: Path) -> None:
    """Put them into a folder that is not there yet, or empty, as the first commit of a repository
    of its own. Raises NewError."""
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-") as scratch:
            fresh = Path(scratch, folder.name)
            write(files, fresh)
            git = Git(fresh)
            git.ask("init", "--quiet")
            git.check_identity()
            commit = git.commit(git.tree(files), message)
            git.ask("update-ref", f"refs/heads/{BRANCH}", commit)
            git.ask("update-ref", "refs/heads/main", commit)
            git.ask("symbolic-ref", "HEAD", "refs/heads/main")
            git.ask("read-tree", "HEAD")
            git.ask("update-index", "--refresh", "-q")
            fresh.rename(folder)
    except OSError as error:
        raise NewError(f"{error.filename or folder}: {error.strerror or error}") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops.new",
        description="Make a service from what is committed here: docs/template.md.",
        epilog="\n".join(
            f"--without {name}: {each.what}" + "".join(f"; and {it}" for it in each.takes)
            for name, each in OPTIONAL.items()
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--name", default="", metavar="NAME", help="of the service, as in my-service")
    add("--dir", default="", metavar="DIR", help="where it is put: not there yet, or empty")
    add("--without", action="append", default=[], metavar="PART", help=" or ".join(OPTIONAL))
    add(
        "--port",
        action="append",
        default=[],
        metavar="VARIABLE=NUMBER",
        help=", ".join(f"{name} ({port})" for name, port in PORTS.items()),
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
