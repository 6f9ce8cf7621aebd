"""The workflow for GitHub: it runs what people run, trusts nobody it need not, its scripts work.

Read by lines and not as YAML, for which there is no parser here: each rule is tried on a bad text
first.
"""

import os
import re
import shutil
import stat
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
NEWEST = 14  # of Python 3, that we say we run on


def without_comments(text: str) -> str:
    """The same without what is said to people."""
    return re.sub(r"(^| )#.*$", "", text, flags=re.MULTILINE)


def jobs(text: str) -> dict[str, str]:
    """The lines of each job, by its name."""
    _, _, below = text.partition("\njobs:\n")
    parts = re.split(r"^  ([\w-]+):\n", below, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# A step's script: the rest of its line, or the lines below it that are further in.
RUN = re.compile(r"^( *)(?:- )?run: (?:\|\n((?:\1  .*\n|\n)+)|([^|\n].*)\n)", re.MULTILINE)


def scripts(text: str) -> list[str]:
    """What every `run:` runs."""
    return [dedent(match[2]) if match[2] else match[3] for match in RUN.finditer(text)]


def script(start: str) -> str:
    """The one that begins like this."""
    [found] = [each for each in scripts(TEXT) if each.startswith(start)]
    return found


# ---- the rules


def unpinned(text: str) -> Iterator[str]:
    """An action is named by its commit, an image by its digest: a tag can be moved."""
    for name in re.findall(r"^ *(?:- )?uses: *(\S+)", text, re.MULTILINE):
        if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name):
            yield name
    for name in re.findall(r"[\w./-]+/[\w-]+:v?[0-9][\w.-]*(?:@\S+)?", without_comments(text)):
        if not re.fullmatch(r"\S+@sha256:[0-9a-f]{64}", name):
            yield name


def no_such_target(text: str) -> Iterator[str]:
    """Every target of make is in the Makefile, with its place in `make help`."""
    targets = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))
    yield from (each for each in re.findall(r"\bmake ([a-z-]+)", text) if each not in targets)


def may_write(text: str) -> Iterator[str]:
    """The token may read the repository, in every job, and nothing else."""
    found = re.findall(r"^( *)permissions:(.*\n(?:\1 .*\n)*)", text, re.MULTILINE)
    given = [(depth, what.strip()) for depth, what in found]
    if given != [("", "contents: read")]:
        yield f"permissions: {given}"


def endless(text: str) -> Iterator[str]:
    """A job that hangs is ended within half an hour, not after GitHub's six hours."""
    for name, lines in jobs(text).items():
        minutes = re.findall(r"^    timeout-minutes: ([0-9]+)$", lines, re.MULTILINE)
        if len(minutes) != 1 or int(minutes[0]) > 30:
            yield name


def written_by_others(text: str) -> Iterator[str]:
    """What comes from outside reaches a script as a variable, never as a part of its text."""
    yield from (each for each in scripts(text) if "${{" in each)


Rule = Callable[[str], Iterator[str]]

DIGEST = "0123456789abcdef" * 4
BAD: list[tuple[Rule, str, str]] = [
    (unpinned, "    steps:\n      - uses: actions/checkout@v5\n", "actions/checkout@v5"),
    (unpinned, "        uses: a/b/c@main\n", "a/b/c@main"),
    (unpinned, f"  - uses: a/b@{DIGEST[:39]}\n", f"a/b@{DIGEST[:39]}"),
    (unpinned, "  GRYPE: anchore/grype:v0.1.2\n", "anchore/grype:v0.1.2"),
    (unpinned, "  GRYPE: a/b:1@sha256:12\n", "a/b:1@sha256:12"),
    (no_such_target, "      - run: make tests\n", "tests"),
    (may_write, "permissions:\n  contents: write\njobs:\n", "contents: write"),
    (may_write, "permissions: write-all\n", "write-all"),
    (may_write, "permissions:\n  contents: read\n  packages: write\n", "packages"),
    (may_write, "permissions:\n  contents: read\njobs:\n  a:\n    permissions: {}\n", "{}"),
    (may_write, "jobs:\n", "[]"),
    (endless, "\njobs:\n  a:\n    timeout-minutes: 5\n  b:\n    steps:\n", "b"),
    (endless, "\njobs:\n  a-b:\n    timeout-minutes: 360\n", "a-b"),
    (written_by_others, "      - run: echo ${{ github.head_ref }}\n", "github.head_ref"),
    (written_by_others, "        run: |\n          a\n\n          b ${{ c }}\n      - d\n", "c"),
]


@pytest.mark.parametrize(("rule", "text", "fault"), BAD)
def test_bad_text(rule: Rule, text: str, fault: str) -> None:
    """The rule finds the fault in this text."""
    assert any(fault in each for each in rule(text))


@pytest.mark.parametrize("rule", [unpinned, no_such_target, may_write, endless, written_by_others])
def test_workflow(rule: Rule) -> None:
    """And none in the workflow."""
    assert list(rule(TEXT)) == []


def test_pinned_text() -> None:
    """What is pinned is no fault, and what a comment says neither."""
    good = f"  - uses: a/b@{DIGEST[:40]} # v1\n  A: a/b:1@sha256:{DIGEST}\n# docker run a/b:1\n"
    assert list(unpinned(good)) == []


# ---- what it does


def test_jobs() -> None:
    """Each does what its name says."""
    found = jobs(TEXT)
    assert set(found) == {
        *("check", "test", "stack", "scan"),
        "loadtest",  # with bench
    }
    assert "make check\n" in found["check"]
    assert "make test PYTHON=" in found["test"]
    assert "make loadtest-smoke\n" in found["loadtest"]  # with bench
    assert "make test-stack\n" in found["stack"]
    assert 'PIP_AUDIT"' in found["scan"]
    assert '"$GRYPE"' in found["scan"]


def test_when() -> None:
    """With every push and every pull request, and the scan each week as well."""
    head, _, _ = TEXT.partition("\njobs:\n")
    assert re.search(r"\non:\n  push:\n  pull_request:\n  schedule:\n    - cron: ", head)
    assert re.search(r"^  cancel-in-progress: true$", head, re.MULTILINE)
    always = [
        name
        for name, each in jobs(TEXT).items()
        if "    if: github.event_name != 'schedule'\n" not in each
    ]
    assert always == ["scan"]


def test_pythons() -> None:
    """Every Python that the project says it runs on, and those that make looks for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    allowed = SpecifierSet(project["requires-python"])
    wanted = [f"3.{minor}" for minor in range(NEWEST + 1) if allowed.contains(f"3.{minor}")]
    [matrix] = re.findall(r"^ +python: \[(.+)\]$", TEXT, re.MULTILINE)
    assert re.findall(r'"([0-9.]+)"', matrix) == wanted
    assert sorted(set(re.findall(r"\bpython(3\.[0-9]+)\b", MAKEFILE))) == wanted


def test_every_step_is_found() -> None:
    """No script is overlooked by the rules above; the shell can read each of them."""
    assert len(scripts(TEXT)) == len(re.findall(r"\brun:(?!\n)", TEXT)) > 5
    for each in scripts(TEXT):
        subprocess.run(["bash", "-n"], input=each, text=True, check=True)


# ---- its scripts work

BASIC = "eC1hY2Nlc3MtdG9rZW46czNjcmV0"  # printf x-access-token:s3cret | base64


def run(text: str, folder: Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """As the runner starts them."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def program(path: Path, text: str) -> None:
    """A shell script that may be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_checkout(tmp_path: Path) -> None:
    """The very commit, without those before it, and without the token in what is left behind."""
    there, here = tmp_path / "owner" / "name", tmp_path / "here"
    there.mkdir(parents=True)
    here.mkdir()
    commit = "git -c user.name=a -c user.email=a@example.org commit --quiet --allow-empty -m"
    done = run(f"git init --quiet; {commit} 1; echo 2 > 2; git add 2; {commit} 2", there)
    assert done.returncode == 0, done.stderr
    sha = run("git rev-parse HEAD; " + f"{commit} 3", there).stdout.strip()
    given = {"GITHUB_SERVER_URL": f"file://{tmp_path}", "GITHUB_REPOSITORY": "owner/name"}
    done = run(script("git init"), here, TOKEN="s3cret", GITHUB_SHA=sha, **given)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert run("git log --format=%H", here).stdout == f"{sha}\n"
    assert (here / "2").read_text() == "2\n"
    left = b"".join(each.read_bytes() for each in here.rglob("*") if each.is_file())
    for secret in ("s3cret", "czNjcmV0", BASIC):
        assert secret not in done.stderr
        assert secret.encode() not in left


def test_token_is_sent(tmp_path: Path) -> None:
    """To the server that is asked, as GitHub wants it."""
    program(tmp_path / "bin" / "git", 'if [ "$1" = fetch ]; then env; fi')
    given = {"GITHUB_SERVER_URL": "https://git.example", "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    done = run(script("git init"), tmp_path, TOKEN="s3cret", GITHUB_SHA="1", **given)
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert said["GIT_CONFIG_COUNT"] == "1"
    assert said["GIT_CONFIG_KEY_0"] == "http.https://git.example/.extraHeader"
    assert said["GIT_CONFIG_VALUE_0"] == f"Authorization: Basic {BASIC}"


def test_which_python(tmp_path: Path) -> None:
    """The newest of those that the machine brings of a version; without one it does not go on."""
    for version in ("3.1.9", "3.12.1", "3.11.9", "3.11.15"):
        program(tmp_path / "Python" / version / "x64" / "bin" / "python", "")
    program(tmp_path / "bin" / "make", "printf '%s\\n' \"$@\"")
    given = {"RUNNER_TOOL_CACHE": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    done = run(script("python=$("), tmp_path, VERSION="3.11", **given)
    python = tmp_path / "Python" / "3.11.15" / "x64" / "bin" / "python"
    assert done.stdout.splitlines() == ["test", f"PYTHON={python}", 'ARGS=-m "not stack"']
    done = run(script("python=$("), tmp_path, VERSION="3.10", **given)
    assert (done.returncode != 0, done.stdout) == (True, "")
    assert "3.10" in done.stderr


@pytest.mark.parametrize("bad", ["one:latest", "other:latest", "none"])
def test_every_image_is_scanned(tmp_path: Path, bad: str) -> None:
    """One that has a fault does not keep the other from being scanned, and ends the job."""
    program(
        tmp_path / "bin" / "docker",
        'case "$*" in\n'
        "*--images) printf 'other:latest\\none:latest\\nother:latest\\n' ;;\n"
        'save*) printf %s "$4" > "$3" ;;\n'
        f'run*) echo "$*" >> calls; ! grep -q "{bad}" image.tar ;;\n'
        "esac",
    )
    given = {"RUNNER_TEMP": str(tmp_path), "PATH": f"{tmp_path}/bin:/usr/bin:/bin"}
    done = run(script("status=0"), tmp_path, GRYPE="a/grype", **given)
    assert (done.returncode == 0) == (bad == "none")
    assert done.stdout.split() == ["one:latest", "other:latest"]
    calls = (tmp_path / "calls").read_text().splitlines()
    assert len(calls) == 2
    assert all(f"{tmp_path}/image.tar:/image.tar:ro a/grype " in each for each in calls)
    assert not any("docker.sock" in each for each in calls)
