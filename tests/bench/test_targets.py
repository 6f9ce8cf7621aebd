"""bench.targets: how servers are started."""

import sys
from pathlib import Path

import pytest

from app.gallery.ways import WAYS, Ability, Way
from bench.targets import GALLERY, TARGETS, YARDSTICKS, Target, target_of

SCRATCH = Path("/scratch")


@pytest.mark.parametrize("name", list(TARGETS))
def test_every_server_is_told_its_port(name: str, tmp_path: Path) -> None:
    """On its command line, in its environment or in a file of its own."""
    target = TARGETS[name]
    target.write_files(61234, tmp_path)
    told = [*target.argv(61234, tmp_path), *target.variables(61234, tmp_path).values()]
    told += [path.read_text() for path in tmp_path.iterdir()]
    assert any("61234" in text for text in told)


def test_ours_is_started_as_its_users_start_it() -> None:
    """gunicorn at the root, which reads its own configuration; three variables and no more."""
    ours = TARGETS["protocol"]
    variables = ours.variables(8000, SCRATCH)
    assert ours.argv(8000, SCRATCH) == [sys.executable, "-m", "gunicorn"]
    assert ours.at_root
    assert variables["WEB_CONCURRENCY"] == "1"
    assert variables["ACCESS_LOG"] == "off"
    assert variables["BIND"] == "127.0.0.1:8000"


def test_nothing_of_the_callers_environment_changes_a_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """WEB_CONCURRENCY would give uvicorn more workers, GUNICORN_CMD_ARGS anything at all."""
    monkeypatch.setenv("WEB_CONCURRENCY", "8")
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--threads 4")
    variables = TARGETS["uvicorn"].variables(8000, SCRATCH)
    assert {"WEB_CONCURRENCY", "GUNICORN_CMD_ARGS"} & variables.keys() == set()


def test_a_program_that_is_missing_is_noticed() -> None:
    """Before anything is started."""
    assert Target("none", "no-such-program", "").program() is None
    assert Target("python", "$python", "").program() == sys.executable


@pytest.mark.parametrize("name", list(WAYS))
def test_a_way_is_started_as_its_users_start_it(name: str) -> None:
    """By the gallery, at the root, one worker, logs off; nothing else is set."""
    target = TARGETS[f"way:{name}"]
    told = [*target.argv(8000, SCRATCH)]
    assert told == [sys.executable, "-m", "app.gallery", name, "--port", "8000"]
    assert target.at_root
    assert target.environment == {"ACCESS_LOG": "off", "LOG_LEVEL": "warning"}


def test_no_way_stands_in_for_a_yardstick() -> None:
    """There is an aiohttp among both: each keeps its name."""
    assert YARDSTICKS.keys() & GALLERY.keys() == set()
    assert len(TARGETS) == len(YARDSTICKS) + len(WAYS)


@pytest.mark.parametrize(
    ("lacks", "keeps", "pipelines"),
    [
        ((), True, True),
        ((Ability.FIELDS,), True, True),
        ((Ability.PIPELINING,), True, False),
        ((Ability.KEEP_ALIVE,), False, False),
    ],
)
def test_what_a_way_lacks_is_known(
    lacks: tuple[Ability, ...], keeps: bool, pipelines: bool
) -> None:
    """Without connections that are kept there is nothing to send ahead on."""
    target = target_of(Way("some", "", "", "", dict.fromkeys(lacks, "for a reason")))
    assert (target.keeps, target.pipelines) == (keeps, pipelines)
