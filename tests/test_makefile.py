"""The Makefile: what it lists, which Python it takes, what it builds and when it builds again.

Its Python is a shell script here that writes down how it was called: nothing is installed.
"""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TARGETS = {
    *("help", "serve", "run", "test", "test-stack", "doctor", "up", "deploy", "check", "locust"),
    *("lock", "clean"),
    "gallery",  # with gallery
    *("bench", "loadtest", "loadtest-all", "loadtest-smoke"),  # with bench
    *("new", "update"),  # with template
}

PYTHON = """\
#!/bin/sh
echo "${0##*/} $*" >> calls
case "$*" in
*version_info*) exit ${TOO_OLD:-0} ;;
*ensurepip*) exit ${NO_ENSUREPIP:-0} ;;
"-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
"-m pip "*) exit ${PIP_FAILS:-0} ;;
gunicorn.conf.py*)
    trap 'echo stopped >> calls; exit 0' TERM
    echo "serving $PPID" >> calls
    for tenth in $(seq 90); do sleep 0.1; done ;;
esac
"""

LOCKS = (
    "requirements.txt",
    "requirements-dev.txt",
    "requirements-gallery.txt",  # with gallery
    "requirements-loadtest.txt",
)
BUILD = "fake -m venv .venv"
INSTALL = "python -m pip install --quiet --disable-pip-version-check --require-hashes -r "


class Project:
    """A folder with the Makefile, locks of no content and a Python called `fake`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copy(ROOT / "Makefile", folder)
        for lock in LOCKS:
            (folder / lock).touch()
        self.interpreter("fake")

    def interpreter(self, name: str) -> None:
        (self.folder / name).write_text(PYTHON)
        (self.folder / name).chmod(0o755)

    def environ(self, **more: str) -> dict[str, str]:
        return {"PATH": f"{self.folder}:{os.environ['PATH']}", **more}

    def make(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=self.environ(**environ),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def calls(self) -> list[str]:
        """How Python was called since the last time, but for questions about itself."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return [line for line in lines if " -c " not in line and "--version" not in line]

    def wait_for(self, text: str) -> None:
        """Return when a call was written down that has this text; AssertionError if none comes."""
        deadline = time.monotonic() + 10
        file = self.folder / "calls"
        while not file.exists() or text not in file.read_text():
            assert time.monotonic() < deadline, f"{text!r} did not come"
            time.sleep(0.02)

    def build(self, target: str = ".venv/.runtime", **environ: str) -> list[str]:
        """The calls that building this target took."""
        self.make(target, "PYTHON=fake", **environ)
        return self.calls()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of its own for each test."""
    return Project(tmp_path)


def test_help_lists_every_target(project: Project) -> None:
    """Every target that is not a file is listed, with what it does, and it is the default."""
    done = project.make("help")
    listed = dict(re.findall(r"^make (\S+) +(\S.*)$", done.stdout, re.MULTILINE))
    assert set(listed) == TARGETS
    assert project.make().stdout == done.stdout


def test_every_target_is_phony() -> None:
    """A file that happens to be called `test` must not make `make test` do nothing."""
    phony = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(" ".join(phony).split()) >= TARGETS


@pytest.mark.parametrize(
    ("target", "locks"),
    [
        (".venv/.runtime", ["requirements.txt"]),
        (".venv/.dev", ["requirements.txt", "requirements-dev.txt"]),
        (".venv/.gallery", ["requirements.txt", "requirements-gallery.txt"]),  # with gallery
        (
            ".venv/.loadtest",
            [
                "requirements.txt",
                "requirements-gallery.txt",  # with bench
                "requirements-loadtest.txt",
            ],
        ),
    ],
)
def test_first_build(project: Project, target: str, locks: list[str]) -> None:
    """A fresh checkout gets its environment, and what is locked for the purpose, by hash."""
    assert project.build(target) == [BUILD, *(INSTALL + lock for lock in locks)]


def test_second_build_does_nothing(project: Project) -> None:
    """Where nothing changed neither venv nor pip is run."""
    project.build()
    assert project.build() == []


def test_changed_lock(project: Project) -> None:
    """A newer lock is installed into the environment that is there."""
    project.build()
    now = time.time()
    for name, age in {".venv/.python": 30, ".venv/.runtime": 20, "requirements.txt": 10}.items():
        os.utime(project.folder / name, (now - age, now - age))
    assert project.build() == [f"{INSTALL}requirements.txt"]
    assert project.build() == []


def test_interrupted_build(project: Project) -> None:
    """What failed half-way does not count as done."""
    project.build(PIP_FAILS="1")
    assert project.build() == [f"{INSTALL}requirements.txt"]
    assert project.build() == []


def test_lost_interpreter(project: Project) -> None:
    """An environment whose Python has gone with a system upgrade is built anew."""
    project.build()
    (project.folder / ".venv/bin/python").unlink()
    assert project.build() == [BUILD, f"{INSTALL}requirements.txt"]


def test_another_interpreter(project: Project) -> None:
    """PYTHON naming another one builds anew; naming none keeps what is there."""
    project.build()
    project.interpreter("other")
    project.make(".venv/.runtime", "PYTHON=other")
    assert project.calls() == ["other -m venv .venv", f"{INSTALL}requirements.txt"]
    project.make(".venv/.runtime")
    assert project.calls() == []


def test_first_that_will_do(project: Project) -> None:
    """A python3 that is too old is passed over for a newer one further on."""
    old = project.folder / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    project.interpreter("python3.14")
    project.interpreter("python3.13")
    project.make(".venv/.runtime")
    assert project.calls()[0] == "python3.14 -m venv .venv"


def test_too_old(project: Project) -> None:
    """Without a Python that will do, the message says what was tried and what would help."""
    done = project.make("serve", "PYTHON=fake", TOO_OLD="1")
    assert done.returncode != 0
    assert "Python 3.11 or later is needed; looked for fake." in done.stderr
    assert "make serve PYTHON=/path/to/python3" in done.stderr
    assert project.calls() == []
    assert not (project.folder / ".venv").exists()


def test_without_ensurepip(project: Project) -> None:
    """Debian's Python without python3-venv is told apart, with the cure."""
    done = project.make("serve", "PYTHON=fake", NO_ENSUREPIP="1")
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert project.calls() == []
    assert not (project.folder / ".venv").exists()


@pytest.mark.parametrize(
    ("target", "call"),
    [
        ("run", "python -m app --x"),
        ("gallery", "python -m app.gallery --x"),  # with gallery
        ("test", "python -m pytest --x"),
        ("locust", "python -m locust -f loadtest/locustfile.py --x"),
        # with bench:
        ("bench", "python -m bench --x"),
        ("loadtest", "python -m loadtest.comparison --x"),
        ("loadtest-all", "python -m loadtest.comparison --all --x"),
        ("loadtest-smoke", "python -m loadtest.comparison --smoke --x"),
        # end bench
    ],
)
def test_arguments(project: Project, target: str, call: str) -> None:
    """ARGS is handed on."""
    project.make(target, "ARGS=--x", "PYTHON=fake")
    assert project.calls()[-1] == call


# with bench:
@pytest.mark.parametrize(
    ("given", "options"),
    [
        ([], ""),
        (["ROUNDS=2"], " --rounds 2"),
        (["REQUESTS=10"], " --requests 10"),
        (["TARGET=http://h:1"], " --target http://h:1"),
        (
            ["REQUESTS=10", "ROUNDS=2", "TARGET=http://h:1", "ARGS=--path /x"],
            " --target http://h:1 --rounds 2 --requests 10 --path /x",
        ),
    ],
)
def test_of_a_load_test(project: Project, given: list[str], options: str) -> None:
    """What is set is handed on, and nothing else: the defaults are the program's."""
    project.make("loadtest", *given, "PYTHON=fake")
    assert project.calls()[-1] == f"python -m loadtest.comparison{options}"


def test_a_running_server_is_for_one_target(project: Project) -> None:
    """The others start their own, whatever the environment says."""
    project.make("loadtest-smoke", "PYTHON=fake", TARGET="http://h:1")
    assert project.calls()[-1] == "python -m loadtest.comparison --smoke"


# end bench
# with template:
@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (["new"], "ops.new --name= --dir="),
        (["new", "NAME=a", "DIR=../b c"], "ops.new --name=a --dir=../b c"),
        (
            ["new", "NAME=a", "DIR=b", "WITHOUT=gallery bench", "HTTP_PORT=2"],
            "ops.new --name=a --dir=b --without gallery --without bench --port HTTP_PORT=2",
        ),
        (["update", "DIR=../b"], "ops.new.update ../b"),
    ],
)
def test_of_a_new_service(project: Project, arguments: list[str], call: str) -> None:
    """What the command line says is handed on, and nothing that the environment says."""
    project.make(*arguments, "PYTHON=fake", NAME="x", PORT="8001", DIR="/", WITHOUT="bench")
    assert [each.strip() for each in project.calls()] == [f"fake -m {call}"]


# end template
def test_sigterm_reaches_the_server(project: Project) -> None:
    """The server stands directly under make, is told of make's SIGTERM, and may finish."""
    project.build()
    make = subprocess.Popen(["make", "serve"], cwd=project.folder, env=project.environ())
    try:
        project.wait_for("serving ")
        make.terminate()
    finally:
        make.wait(timeout=20)
    assert project.calls() == ["python gunicorn.conf.py", f"serving {make.pid}", "stopped"]


def test_clean(project: Project) -> None:
    """Nothing that was built or cached is left."""
    project.build()
    for folder in (".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", "a/__pycache__"):
        (project.folder / folder).mkdir(parents=True)
    project.make("clean")
    found = {path.name for path in project.folder.rglob("*")}
    assert found == {"Makefile", "fake", "a", *LOCKS}
