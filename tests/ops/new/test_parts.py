"""Marks in files, requirements in locks, names and numbers in texts: what makes a service."""

import re
from pathlib import Path

import pytest

from ops.new import lock
from ops.new.answers import PORTS, Answers, judge, parse
from ops.new.git import NewError
from ops.new.parts import PARTS, cut
from ops.new.render import number, spell
from tests.ops.new.making import tracked

ROOT = Path(__file__).parents[3]

MARKED = """\
a
b  # with gallery
c # with bench
    # with gallery:
    d  # with bench
    # end gallery
e
"""


@pytest.mark.parametrize(
    ("without", "left"),
    [
        ((), "a\nb\nc\n    d\ne\n"),
        (("gallery",), "a\nc\ne\n"),
        (("bench",), "a\nb\ne\n"),
        (("gallery", "bench"), "a\ne\n"),
    ],
)
def test_cut(without: tuple[str, ...], left: str) -> None:
    """What is of a part goes with it, and every mark goes."""
    assert cut(MARKED, without) == left


@pytest.mark.parametrize(
    "text",
    [
        "a # with galery\n",
        "# with galery:\na\n# end galery\n",
        "# with gallery:\na\n",
        "a\n# end gallery\n",
        "# with gallery:\na\n# end bench\n",
    ],
)
def test_wrong_marks(text: str) -> None:
    """A mark of nothing, or without its other half, would take out too much or too little."""
    with pytest.raises(NewError):
        cut(text, ())


def test_parts_are_there() -> None:
    """Every file that is left out is there to be left out, and every section."""
    names = tracked()
    headings = {
        heading
        for name in names
        if name.endswith(".md")
        for heading in re.findall(r"(?m)^#+ (.*)$", (ROOT / name).read_text())
    }
    for part in PARTS.values():
        assert [each for each in part.paths if not (ROOT / each).exists()] == []
        assert set(part.sections) - headings == set()
        assert set(part.moved) - set(names) == set()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("slipway", "my-own-service"),
        ("Slipway", "My own service"),
        ("SLIPWAY", "MY_OWN_SERVICE"),
        ("slipway_x", "my_own_service_x"),
        ("x_slipway", "x_my_own_service"),
        ("SLIPWAY_X", "MY_OWN_SERVICE_X"),
        ("SlipwayError", "MyOwnServiceError"),
        ("slipway-slipway_x.Slipway", "my-own-service-my_own_service_x.My own service"),
    ],
)
def test_spell(ours: str, theirs: str) -> None:
    """A name is written as it was: small, as a title, in capitals, as a part of an identifier."""
    assert spell(f"a {ours} b", "my-own-service") == f"a {theirs} b"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8100/"),
        ("protocol:8000", "protocol:8100"),
        ('"x" * 8000', '"x" * 8000'),
        ("at least 8000 bytes", "at least 8000 bytes"),
        ("18000 80001 8000000", "18000 80001 8000000"),
        ("${HTTP_PORT:-8080}:8080", "${HTTP_PORT:-8180}:8080"),
        ("${ALT_HTTP_PORT:-8081}:8081", "${ALT_HTTP_PORT:-8181}:8081"),
        ("#HTTP_PORT=8080", "#HTTP_PORT=8180"),
        ("HTTP_PORT=127.0.0.1:8080", "HTTP_PORT=127.0.0.1:8180"),
        ("http://localhost:8080", "http://localhost:8180"),
        (
            "8080 (`HTTP_PORT`) or 8081 (`ALT_HTTP_PORT`)",
            "8180 (`HTTP_PORT`) or 8181 (`ALT_HTTP_PORT`)",
        ),
        ("listen 8080;", "listen 8080;"),
    ],
)
def test_number(ours: str, theirs: str) -> None:
    """A port is changed where it is one that is changed."""
    ports = {"PORT": 8100, "HTTP_PORT": 8180, "ALT_HTTP_PORT": 8181}
    assert number(ours, ports) == theirs
    assert number(ours, PORTS) == ours


def test_numbers_change_places() -> None:
    """One may become what another was."""
    ports = {"PORT": 8081, "HTTP_PORT": 8000, "ALT_HTTP_PORT": 8080}
    text = "127.0.0.1:8000 localhost:8080 localhost:8081 localhost:8000"
    changed = "127.0.0.1:8081 localhost:8000 localhost:8080 localhost:8081"
    assert number(text, ports) == changed


def test_makefile_knows_the_ports() -> None:
    """`make new` hands on all that can be chosen."""
    [names] = re.findall(r"(?m)^PORTS := (.*)$", (ROOT / "Makefile").read_text())
    assert names.split() == list(PORTS)


def test_record() -> None:
    """What is recorded is what was answered."""
    answers = judge("my-service", ["gallery", "bench"], {"PORT": "8100"})
    assert parse(answers.record("1.2.3", "abc").decode()) == answers
    assert parse(Answers("ab").record("1.2.3", "abc").decode()) == Answers("ab")


LOCK = """\
# made by hand
asked==1 \\
    --hash=sha256:0
    # via
    #   slipway (pyproject.toml:dev)
    #   left-out
both==1 \\
    --hash=sha256:0
    # via
    #   -c requirements.txt
    #   asked
    #   left-out
circle==1 \\
    --hash=sha256:0
    # via left-out
left-out==1 \\
    --hash=sha256:0
    # via slipway (pyproject.toml:dev)
pinned==1 \\
    --hash=sha256:0
    # via
    #   -c requirements.txt
    #   circle
"""
PROJECT = """\
project.name = "slipway"
[dependency-groups]
dev = ["Asked >=1", {include-group = "more"}]
more = ["something"]
"""


def test_lock() -> None:
    """What nobody asks for goes, with what only that needed; the rest is as it was."""
    assert lock.prune(LOCK, PROJECT) == (
        "# made by hand\n"
        "asked==1 \\\n    --hash=sha256:0\n    # via slipway (pyproject.toml:dev)\n"
        "both==1 \\\n    --hash=sha256:0\n    # via\n    #   -c requirements.txt\n    #   asked\n"
    )


def test_locks_stay() -> None:
    """Where nothing is left out, each lock stays as it is, byte for byte."""
    project = (ROOT / "pyproject.toml").read_text()
    for path in ROOT.glob("requirements*.txt"):
        text = path.read_text()
        assert lock.prune(text, project) == text
