"""What cannot be made: each cause is named, with its cure, and nothing is left behind."""

import shutil
from pathlib import Path

import pytest

from ops.new.answers import LONGEST, judge
from ops.new.git import NewError
from tests.ops.new.making import MODULE, NOBODY, Repository, Template


def refused(small: Template, tmp_path: Path, name: str, *options: str, **environ: str) -> str:
    """What is said; AssertionError where something was made."""
    done = small.new(name, *options, to=str(tmp_path / "made"), **environ)
    assert (done.returncode, done.stdout) == (1, "")
    assert list(tmp_path.iterdir()) == []
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "name",
    [
        *("My-service", "my service", "my_service", "my.service", "1st", "-a", "a-", "a--b", "a"),
        *("é" * 3, "a/b", "../a", "a" * (LONGEST + 1), "ab\n", "certificates"),
    ],
)
def test_name(name: str) -> None:
    """What cannot stand everywhere where a name stands is refused, and it is said what can."""
    with pytest.raises(NewError) as refusal:
        judge(name, (), {})
    assert str(refusal.value).startswith(f"NAME={name} cannot be used: 2 to {LONGEST} of a-z, 0-9")


def test_name_of_a_requirement(small: Template, tmp_path: Path) -> None:
    """No distribution can require one of its own name."""
    assert refused(small, tmp_path, "aiohttp").startswith("NAME=aiohttp is what something")


def test_missing(small: Template, tmp_path: Path) -> None:
    """Without a name, or without a place, it says how it is asked for."""
    wanted = "is missing: make new NAME=my-service DIR=../my-service\n"
    assert refused(small, tmp_path, "") == f"NAME {wanted}"
    done = small.run(*MODULE, "--name=my-service")
    assert (done.returncode, done.stderr) == (1, f"DIR {wanted}")


@pytest.mark.parametrize(
    ("without", "ports", "said"),
    [
        (["nginx"], {}, "WITHOUT=nginx: it can be without gallery and bench"),
        (["gallery"], {}, 'takes bench with it: WITHOUT="gallery bench"'),
        ([], {"PORT": "80"}, "PORT=80 is no port from 1024 to 65535"),
        ([], {"PORT": "65536"}, "PORT=65536 is no port from 1024 to 65535"),
        ([], {"PORT": "x"}, "PORT=x is no port"),
        ([], {"PORT": ""}, "PORT= is no port"),
        ([], {"HTTPS_PORT": "9000"}, "HTTPS_PORT is no port of the template"),
        ([], {"PORT": "8080"}, "PORT=8080 is also another of the ports\nHTTP_PORT=8080 is"),
        ([], {"PORT": "8090"}, "PORT=8090 is also nginx's probes"),
    ],
)
def test_answers(without: list[str], ports: dict[str, str], said: str) -> None:
    """So is what the template has not, and cannot do."""
    with pytest.raises(NewError) as refusal:
        judge("my-service", without, ports)
    assert said in str(refusal.value)


def test_all_at_once(small: Template, tmp_path: Path) -> None:
    """Nobody has to ask four times to learn of four mistakes."""
    said = refused(small, tmp_path, "A", "--port", "PORT=1", "--port", "X=1", "--without", "x")
    assert [line.split("=")[0].split()[0] for line in said.splitlines()] == [
        *("NAME", "WITHOUT", "PORT", "X")
    ]


def test_place(small: Template, tmp_path: Path) -> None:
    """What is there stays as it is, and nothing is put into the template."""
    (tmp_path / "full" / "x").mkdir(parents=True)
    (tmp_path / "file").touch()
    for place, said in {
        str(tmp_path / "full"): "is not empty: name a folder that is, or is not there yet",
        str(tmp_path / "file"): "is a file: name a folder that is not there yet",
        str(tmp_path / "a" / "b"): f"there is no folder {tmp_path / 'a'}",
        "new": "is inside the template: put it beside, as in ../my-service",
        ".": "is inside the template",
        "..": "is not empty",
    }.items():
        done = small.new("my-service", to=place)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert {each.name for each in tmp_path.iterdir()} == {"full", "file"}
    assert small.git("status", "--porcelain", "--ignored", "--", ":!*/__pycache__/") == ""


def test_empty_place(small: Template, tmp_path: Path) -> None:
    """A folder that is there and empty will do."""
    assert small.new("my-service", to=str(tmp_path)).returncode == 0
    assert (tmp_path / "Makefile").is_file()


def test_nobody(small: Template, tmp_path: Path) -> None:
    """git would make up who commits. We do not."""
    assert refused(small, tmp_path, "my-service", **NOBODY) == (
        "git does not know who commits: git config --global user.name 'Your Name' && git config "
        "--global user.email you@example.com\n"
    )


def test_not_committed(small: Template, tmp_path: Path) -> None:
    """What is not committed would not be in it, so that is said first."""
    shutil.copytree(small.folder, tmp_path / "template")
    changed = Template(tmp_path / "template")
    (changed.folder / "more").touch()
    (changed.folder / "Makefile").write_text("")
    done = changed.new("my-service")
    assert done.returncode == 1
    assert done.stderr == (
        "what is not committed would not be in it: commit it, or git stash -u\n"
        "M Makefile\n?? more\n"
    )
    assert [each.name for each in tmp_path.iterdir()] == ["template"]


@pytest.mark.parametrize("above", [False, True])
def test_no_checkout(small: Template, tmp_path: Path, above: bool) -> None:
    """Files alone, as from an archive, have no commit that could be named; nor have files that lie
    in a repository of something else."""
    alone = tmp_path / "alone"
    shutil.copytree(small.folder, alone, ignore=shutil.ignore_patterns(".git"))
    if above:
        Repository(tmp_path).git("init", "--quiet")
    done = Repository(alone).run(*MODULE, "--name=ab", "--dir=../ab")
    assert done.returncode == 1
    assert "is no git checkout: git clone the template" in done.stderr
    assert not (tmp_path / "ab").exists()


def test_no_git(small: Template, tmp_path: Path) -> None:
    """Without git it says where there is one."""
    said = refused(small, tmp_path, "ab", PATH=str(tmp_path))
    assert said.startswith("git is not installed: apt-get install git")
