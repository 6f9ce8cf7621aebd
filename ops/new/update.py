"""make update: what is committed here as the next commit on a service's branch `template`.

Touches nothing else of the service: no file, no index, no other branch. Merging is git's.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ops.new.__main__ import BRANCH, rendered
from ops.new.answers import FILE, parse
from ops.new.git import Git, NewError

MERGE = "git merge template"


def main(arguments: Sequence[str] | None = None) -> int:
    """Update it. Gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ops.new.update",
        description="Commit what is committed here to a service's branch `template`.",
    )
    parser.add_argument("dir", metavar="DIR", help="where the service is")
    given = parser.parse_args(arguments)
    try:
        print(update(given.dir))
    except NewError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def update(name: str) -> str:
    """Commit it, and say what to do now. Raises NewError."""
    if not name:
        raise NewError("DIR is missing: make update DIR=../my-service")
    folder = Path(name).expanduser().resolve()
    if not folder.is_dir():
        raise NewError(f"DIR={name} is not there")
    service = Git(folder)
    if not service.is_root():
        raise NewError(f"DIR={name} is no git checkout of a service")
    before = must_have_branch(service)
    answers = parse(service.ask("show", f"{before}:{FILE}"))
    files, message = rendered(answers)
    service.check_identity()
    tree = service.tree(files)
    # The record names the commit it was made from, which changes when nothing else does.
    if not service.ask("diff", "--name-only", before, tree, "--", ".", f":!{FILE}"):
        return f"{answers.name} has all of it: its branch {BRANCH} stays as it is"
    after = service.commit(tree, message, before)
    service.ask("update-ref", f"refs/heads/{BRANCH}", after, before)
    changed = service.ask("diff", "--shortstat", before, after)
    return f"{answers.name}: {changed} on its branch {BRANCH}\nNow: cd {folder} && {MERGE}"


def must_have_branch(service: Git) -> str:
    """The commit at which the service's branch is. Raises NewError."""
    found = service.commit_of(f"heads/{BRANCH}")
    if not found:
        cure = "docs/updates.md there says how to find it again"
        if service.commit_of(f"remotes/origin/{BRANCH}"):
            cure = f"git branch {BRANCH} origin/{BRANCH}"
        raise NewError(f"{service.folder} has no branch {BRANCH}: {cure}")
    if service.ask("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{BRANCH}"):
        raise NewError(f"the branch {BRANCH} is checked out in {service.folder}: git switch main")
    if not service.ask("ls-tree", "--name-only", found, FILE):
        raise NewError(f"{service.folder} was not made by make new: no {FILE} on {BRANCH}")
    return found


if __name__ == "__main__":
    sys.exit(main())
