"""A service that was made: it passes its own tests, serves, and has nothing of the template in it.

All of its tests take minutes. What is run here is what a mistake in making it would break: the
checks, the tests of documents, layout, locks and settings, and the collection of the rest.
"""

import re
import subprocess
import sys
import tomllib
import urllib.request

import pytest

from app.gallery import ways
from ops.new import abilities
from ops.new.answers import LONGEST
from tests.ops.new.making import Repository, Template

TELLING = (
    *("tests/test_docs.py", "tests/test_layout.py", "tests/test_project.py"),
    *("tests/test_makefile.py", "tests/test_workflow.py", "tests/test_settings.py"),
)
LEAN = ("--without", "gallery", "--without", "bench")
PORTS = ("--port", "PORT=8100", "--port", "HTTP_PORT=8180", "--port", "ALT_HTTP_PORT=8181")


@pytest.fixture(scope="session")
def full(template: Template) -> Repository:
    """Everything, under a name that stands in the place of the template's easily."""
    return template.service("my-service")


@pytest.fixture(scope="session")
def lean(template: Template) -> Repository:
    """Without what it can be without, on other ports."""
    return template.service("b4", *LEAN, *PORTS)


@pytest.fixture(params=["full", "lean"])
def service(request: pytest.FixtureRequest) -> Repository:
    """Each of them."""
    found: Repository = request.getfixturevalue(request.param)
    return found


def python(service: Repository, *arguments: str) -> str:
    """What a module prints there; AssertionError where it fails."""
    return service.run(sys.executable, "-m", *arguments, check=True).stdout


def test_first_commit(service: Repository) -> None:
    """One commit, on both branches, of everything that is there; by whoever made it."""
    assert service.git("status", "--porcelain", "--ignored") == ""
    assert service.git("branch", "--show-current") == "main"
    assert service.git("rev-list", "--count", "--all") == "1"
    assert service.git("rev-parse", "main") == service.git("rev-parse", "template")
    assert service.git("log", "--format=%an <%ae>") == "Ada <ada@example.org>"


def test_nothing_of_the_template(service: Repository, template: Template) -> None:
    """Not its name, not what makes services, not its changes; and programs are programs."""
    names = service.git("ls-files").splitlines()
    assert not [each for each in names if "slipway" in each or "ops/new" in each]
    assert service.run("git", "grep", "-i", "slipway").stdout == ""
    assert service.run("git", "grep", "-nE", "# (with|end) (gallery|bench|template)").stdout == ""
    assert service.run("git", "grep", "-n", "make new", "--", "*.md", "Makefile").stdout == ""
    assert "docs/template.md" not in names
    assert "docs/updates.md" in names
    modes = {each.split()[3]: each.split()[0] for each in service.git("ls-files", "-s").split("\n")}
    there = {
        each.split()[3]: each.split()[0] for each in template.git("ls-files", "-s").split("\n")
    }
    assert {each for each in modes.keys() & there.keys() if modes[each] != there[each]} == set()


def test_says_what_it_is(full: Repository, lean: Repository) -> None:
    """In the README, in pyproject.toml, in a list of changes of its own."""
    for service, name, title in ((full, "my-service", "My service"), (lean, "b4", "B4")):
        readme = (service.folder / "README.md").read_text()
        assert readme.startswith(f"# {title}\n\n{title}: say here what it does, and for whom.")
        project = tomllib.loads((service.folder / "pyproject.toml").read_text())["project"]
        assert project["name"] == name
        assert project["version"] == "0.1.0"
        assert project["description"] == f"{title}, an HTTP service"
        changes = (service.folder / "CHANGELOG.md").read_text()
        assert changes.endswith("\n## [Unreleased]\n\nThis will be 0.1.0.\n")


def test_lean_is_without(lean: Repository) -> None:
    """No file, target, requirement or figure of what was left out."""
    names = lean.git("ls-files").splitlines()
    wrong = re.compile(r"(^|/)(gallery|bench|comparison)(/|$)|requirements-gallery|performance")
    assert [each for each in names if wrong.search(each)] == []
    listed = lean.run("make", "help", check=True).stdout
    assert re.findall(r"make (gallery|bench|loadtest\S*)", listed) == []
    for lock in lean.folder.glob("requirements*.txt"):
        assert re.findall(r"(?m)^(?:fastapi|uvicorn|webob|pydantic)\b", lock.read_text()) == []
    readme = (lean.folder / "README.md").read_text()
    assert "CPU microseconds" not in readme
    assert "gallery" not in readme.partition("## What is here")[0]
    assert lean.run("git", "grep", "app.gallery", "--", "tests/contract").stdout == ""


def test_ports(lean: Repository) -> None:
    """Those that were asked for, and the others within nginx's container."""
    compose = (lean.folder / "docker-compose.yml").read_text()
    assert '"${HTTP_PORT:-8180}:8080"' in compose
    assert '"${ALT_HTTP_PORT:-8181}:8081"' in compose
    assert "http://127.0.0.1:8100" in lean.run("make", "help", check=True).stdout
    assert "#HTTP_PORT=8180\n" in (lean.folder / ".env.example").read_text()


def test_checks(service: Repository) -> None:
    """What `make check` looks at, but for types."""
    python(service, "ruff", "check", "--no-cache", ".")
    python(service, "ruff", "format", "--check", "--no-cache", ".")


@pytest.mark.parametrize("name", ["ab", "a" * LONGEST])
def test_any_length(template: Template, name: str) -> None:
    """The shortest name and the longest leave every line as it has to be."""
    service = template.service(name)
    python(service, "ruff", "check", "--no-cache", ".")
    python(service, "ruff", "format", "--check", "--no-cache", ".")


def test_tests(service: Repository) -> None:
    """Those that are telling pass, and all can be collected."""
    quiet = ("-q", "-p", "no:cacheprovider")
    python(service, "pytest", *quiet, *TELLING)
    python(service, "pytest", *quiet, "--collect-only")


def test_serves(lean: Repository) -> None:
    """It starts, and says in a field and on its page who it is."""
    command = [sys.executable, "-m", "app", "--port", "0"]
    with subprocess.Popen(
        command, cwd=lean.folder, env=lean.environ, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            address = re.search(r"http://127\.0\.0\.1:[0-9]+", line)
            assert address, line
            with urllib.request.urlopen(address[0], timeout=10) as answer:
                assert answer.headers["Server"] == "b4"
                assert "<title>B4" in answer.read().decode()
        finally:
            process.terminate()


def test_abilities_are_the_gallerys() -> None:
    """What is said of the two servers where there is no gallery is what the gallery says."""
    ours, theirs = abilities.Ability, ways.Ability
    assert [(each.name, each.value) for each in ours] == [
        (each.name, each.value) for each in theirs
    ]
    for name, way in abilities.WAYS.items():
        lacks = {theirs[each.name]: why for each, why in way.cannot.items()}
        assert (way.name, lacks) == (name, ways.WAYS[name].cannot)
