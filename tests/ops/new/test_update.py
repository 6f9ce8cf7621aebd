"""A newer template comes into a service by a merge: what each side changed is there afterwards."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.ops.new.making import NOBODY, Repository, Template

ANSWERS = ("--without", "bench", "--port", "PORT=8100")
ADDED = "ops/added.py"
REMOVED = "nginx/unavailable.html"


@pytest.fixture(scope="session")
def first(small: Template) -> Repository:
    """What every service is made from here."""
    return small.service("first", *ANSWERS)


@pytest.fixture
def newer(small: Template, tmp_path: Path) -> Template:
    """The template, to be changed."""
    shutil.copytree(small.folder, tmp_path / "template")
    return Template(tmp_path / "template")


@pytest.fixture
def service(first: Repository, tmp_path: Path) -> Repository:
    """Made from it, and changed: a line of a file that the template changes as well, and more."""
    shutil.copytree(first.folder, tmp_path / "first")
    made = Repository(tmp_path / "first")
    edit(made, "app/content.py", 'HELLO_WORLD = "Hello, World!"', 'HELLO_WORLD = "Hello!"')
    (made.folder / "ours").write_text("ours\n")
    made.commit()
    return made


def edit(where: Repository, name: str, old: str, new: str) -> None:
    """Change a file."""
    path = where.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def change(newer: Template) -> None:
    """Another line of a file, one more file, one less, and one of a part that was left out."""
    edit(newer, "Makefile", "## List the targets", "## List all targets")
    (newer.folder / ADDED).write_text('"""Slipway on port 8000."""\n')
    (newer.folder / REMOVED).unlink()
    (newer.folder / "bench" / "added.py").touch()
    newer.commit()


def test_merge(newer: Template, service: Repository) -> None:
    """What the template changed comes, what the service changed stays."""
    change(newer)
    done = newer.update(service)
    assert done.returncode == 0, done.stderr
    assert "first: 4 files changed" in done.stdout
    assert service.git("status", "--porcelain") == ""
    assert (service.folder / REMOVED).exists()  # nothing has happened to `main` yet
    service.git("merge", "--quiet", "--no-edit", "template")
    assert "## List all targets" in (service.folder / "Makefile").read_text()
    assert (service.folder / ADDED).read_text() == '"""First on port 8100."""\n'
    assert not (service.folder / REMOVED).exists()
    assert not (service.folder / "bench").exists()
    assert 'HELLO_WORLD = "Hello!"' in (service.folder / "app" / "content.py").read_text()
    assert (service.folder / "ours").exists()
    head = newer.git("rev-parse", "HEAD")
    assert f'commit = "{head}"' in (service.folder / ".template.toml").read_text()
    assert f"Template-Commit: {head}" in service.git("log", "-1", "--format=%B", "template")


def test_conflict(newer: Template, service: Repository) -> None:
    """Both changed one line: git says so, as always."""
    edit(newer, "app/content.py", 'HELLO_WORLD = "Hello, World!"', 'HELLO_WORLD = "Hi!"')
    newer.commit()
    assert newer.update(service).returncode == 0
    merged = service.run("git", "merge", "template")
    assert merged.returncode == 1
    assert "CONFLICT (content): Merge conflict in app/content.py" in merged.stdout
    service.git("merge", "--abort")
    assert service.git("status", "--porcelain") == ""


def test_nothing_new(newer: Template, service: Repository) -> None:
    """No commit where a service would be the same: not at once, not after a change of what it is
    without, not twice."""
    before = service.git("rev-parse", "template")
    assert "has all of it" in newer.update(service).stdout
    (newer.folder / "bench" / "added.py").touch()
    newer.commit()
    assert "has all of it" in newer.update(service).stdout
    assert service.git("rev-parse", "template") == before
    change(newer)
    assert "4 files changed" in newer.update(service).stdout
    after = service.git("rev-parse", "template")
    assert "has all of it" in newer.update(service).stdout
    assert service.git("rev-parse", "template") == after
    assert service.git("rev-parse", "template~1") == before


def test_not_committed(newer: Template, service: Repository) -> None:
    """What somebody is in the middle of stays as it is, staged or not."""
    (service.folder / "ours").write_text("more\n")
    (service.folder / "staged").touch()
    service.git("add", "staged")
    before = service.git("status", "--porcelain")
    change(newer)
    assert newer.update(service).returncode == 0
    assert service.git("status", "--porcelain") == before
    assert (service.folder / "ours").read_text() == "more\n"


def test_twice(newer: Template, service: Repository) -> None:
    """The second merge brings what is new since the first."""
    change(newer)
    newer.update(service)
    service.git("merge", "--quiet", "--no-edit", "template")
    edit(newer, ADDED, "port 8000", "a port")
    newer.commit()
    assert "2 files changed" in newer.update(service).stdout  # that, and the record
    service.git("merge", "--quiet", "--no-edit", "template")
    assert (service.folder / ADDED).read_text() == '"""First on a port."""\n'


def refused(newer: Template, service: Repository) -> str:
    """What is said; AssertionError where something was done."""
    change(newer)
    before = service.git("for-each-ref")
    done = newer.update(service)
    assert (done.returncode, done.stdout) == (1, "")
    assert service.git("for-each-ref") == before
    return done.stderr


def test_clone(newer: Template, service: Repository) -> None:
    """One that has no branch of that name says where it is, and then it goes."""
    Repository(service.folder.parent).git("clone", "--quiet", "first", "clone")
    clone = Repository(service.folder.parent / "clone")
    assert "no branch template: git branch template origin/template" in refused(newer, clone)
    clone.git("branch", "template", "origin/template")
    assert newer.update(clone).returncode == 0


def test_found_again(newer: Template, service: Repository) -> None:
    """Where the branch is gone, the history of `main` knows it."""
    change(newer)
    newer.update(service)
    service.git("merge", "--quiet", "--no-edit", "template")
    last = service.git("rev-parse", "template")
    service.git("branch", "-D", "template")
    assert "docs/updates.md there says how to find it again" in refused_as_it_is(newer, service)
    command = "git log -1 --format=%H --grep='^Template-Commit: ' main"
    assert command in (service.folder / "docs" / "updates.md").read_text()
    assert service.run("sh", "-c", command).stdout.strip() == last


def test_made_once_more(newer: Template, service: Repository) -> None:
    """Where the history is lost as well, a service that is made again brings the branch."""
    service.git("branch", "-D", "template")
    service.git("checkout", "--quiet", "--orphan", "squashed")
    service.git("commit", "--quiet", "--message", "all in one")
    service.git("branch", "-M", "squashed", "main")
    done = newer.new("first", *ANSWERS, to=str(service.folder.parent / "once-more"))
    assert done.returncode == 0, done.stderr
    service.git("fetch", "--quiet", "../once-more", "template:template")
    service.git(
        *("merge", "--quiet", "--no-edit", "--strategy=ours", "--allow-unrelated-histories"),
        "template",
    )
    change(newer)
    assert newer.update(service).returncode == 0
    service.git("merge", "--quiet", "--no-edit", "template")
    assert (service.folder / ADDED).exists()
    assert 'HELLO_WORLD = "Hello!"' in (service.folder / "app" / "content.py").read_text()


def refused_as_it_is(newer: Template, service: Repository) -> str:
    """What is said of a template that has not changed."""
    done = newer.update(service)
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


def test_checked_out(newer: Template, service: Repository) -> None:
    """A branch that somebody stands on does not move under them."""
    service.git("switch", "--quiet", "template")
    said = refused(newer, service)
    assert "the branch template is checked out" in said
    assert "git switch main" in said


def test_no_service(newer: Template, service: Repository) -> None:
    """A repository that was not made by make new; no repository; a record that cannot be read."""
    other = Repository(service.folder.parent / "other")
    other.folder.mkdir()
    assert "is no git checkout of a service" in refused_as_it_is(newer, other)
    other.git("init", "--quiet")
    (other.folder / "file").touch()
    other.commit()
    other.git("branch", "template")
    other.git("switch", "--quiet", "--create", "ours")
    assert "was not made by make new: no .template.toml" in refused_as_it_is(newer, other)
    (other.folder / ".template.toml").write_text("name = [")
    other.commit()
    other.git("branch", "--force", "template")
    assert ".template.toml on the branch template cannot be read" in refused_as_it_is(newer, other)
    (other.folder.parent / "none").mkdir()
    gone = newer.run(sys.executable, "-m", "ops.new.update", str(other.folder.parent / "nowhere"))
    assert (gone.returncode, "is not there" in gone.stderr) == (1, True)


def test_nobody(newer: Template, service: Repository) -> None:
    """The same person as in make new is asked for."""
    newer.environ.update(NOBODY)
    newer.environ["GIT_CONFIG_GLOBAL"] = "/dev/null"
    done = newer.run(sys.executable, "-m", "ops.new.update", str(service.folder))
    assert (done.returncode, "git does not know who commits" in done.stderr) == (1, True)
