"""A push that is not right is refused with its reason, and the old release serves everyone on."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tests.platforms.buildpack import Refused
from tests.platforms.conftest import Start
from tests.platforms.developer import Developer
from tests.platforms.platform import Platform
from tests.platforms.profile import DOKKU, HEROKU, PIKU
from tests.platforms.release import Release
from tests.traffic import Traffic

Change = Callable[[Developer], None]
IMPATIENT = replace(DOKKU, boot=8.0)


def import_error(developer: Developer) -> None:
    """A module that is not there."""
    text = (developer.folder / "app" / "content.py").read_text()
    developer.write("app/content.py", text + "\nimport nowhere_to_be_found\n")


def bad_setting(developer: Developer) -> None:
    """A setting in the start itself."""
    text = (developer.folder / "Procfile").read_text()
    wrong = text.replace("release: python", "release: LIMIT_BODY=plenty TIMEOUT_HAED=3 python")
    developer.write("Procfile", wrong)


def route_twice(developer: Developer) -> None:
    """Routes that cannot be, which no import notices."""
    developer.replace(
        "app/handlers.py", '    server.get("/time")(time)\n', '    server.get("/hello")(time)\n'
    )


def never_ready(developer: Developer) -> None:
    """It starts, and says for ever that it is not ready."""
    developer.replace("app/handlers.py", "    if request.draining:\n", "    if True:\n")


def fails_at_the_start(developer: Developer) -> None:
    """What only shows once it runs."""
    developer.replace(
        "app/handlers.py",
        "    server.on_startup(parking.open)\n",
        "    server.on_startup(lambda: open('/nowhere/at/all'))\n",
    )


def wrong_hash(developer: Developer) -> None:
    """A requirement that is not what was locked."""
    text = (developer.folder / "requirements.txt").read_text()
    developer.write("requirements.txt", re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", text))


def two_managers(developer: Developer) -> None:
    """Two files that say what is required."""
    developer.write("uv.lock", "version = 1\n")


def unknown_python(developer: Developer) -> None:
    """A Python that nobody has."""
    developer.write(".python-version", "3.99\n")


REFUSED: list[tuple[Change, str]] = [
    (import_error, "No module named 'nowhere_to_be_found'"),
    (bad_setting, "TIMEOUT_HAED='3': no such setting, did you mean TIMEOUT_HEAD?"),
    (route_twice, "not released: route GET '/hello' of app.handlers.time is"),
    (never_ready, "/readyz was not 200 within 8 s"),
    (fails_at_the_start, "No such file or directory: '/nowhere/at/all'"),
    (wrong_hash, "DO NOT MATCH THE HASHES"),
    (two_managers, "exactly one package manager's file is allowed"),
    (unknown_python, "Python 3.99 is not available"),
]


@contextmanager
def untouched(platform: Platform) -> Iterator[Release]:
    """Requests go on through the block, and the release that serves is the same at its end."""
    release = platform.current
    assert release is not None
    before = release.processes()
    with Traffic(platform.router.port, clients=4, sleepers=2) as traffic:
        traffic.go_on(20)
        yield release
        traffic.go_on(20)
    assert (traffic.failures, platform.router.lost) == ([], [])
    assert platform.current is release
    assert set(before) <= set(release.processes())
    assert [each for each in platform.releases if each is not release and each.processes()] == []


@pytest.mark.parametrize(("change", "why"), REFUSED, ids=[change.__name__ for change, _ in REFUSED])
def test_refused(change: Change, why: str, start: Start, developer: Developer) -> None:
    """The push fails, says why, and changes nothing."""
    platform = start(IMPATIENT)
    assert developer.push(platform).returncode == 0
    with untouched(platform):
        change(developer)
        done = developer.push(platform)
        assert done.returncode != 0
        assert why in done.stdout
        assert "pre-receive hook declined" in done.stdout


def test_a_bad_variable(start: Start, developer: Developer) -> None:
    """A variable that is not allowed is refused as a push is, and the next push is not for it (what
    real platforms keep of it is theirs)."""
    platform = start(HEROKU)
    assert developer.push(platform).returncode == 0
    with untouched(platform), pytest.raises(Refused, match="GRACEFUL_TIMEOUT='3': allowed is more"):
        platform.configure(GRACEFUL_TIMEOUT="3")
    assert "GRACEFUL_TIMEOUT" not in platform.settings
    developer.replace("app/content.py", '"Anonymous"', '"Somebody"')
    assert developer.push(platform).returncode == 0


def test_nobody_looks(start: Start, developer: Developer) -> None:
    """piku does not: a release that is not right takes the place of the old one, as
    docs/deploy-git-push.md warns."""
    platform = start(PIKU)
    assert developer.push(platform).returncode == 0
    first = platform.current
    assert first is not None
    first.wait_ready("/readyz", 60)
    import_error(developer)
    assert developer.push(platform).returncode == 0
    assert platform.current is not first
    with pytest.raises(Refused, match="No module named 'nowhere_to_be_found'"):
        platform.current.wait_ready("/readyz", 60)
