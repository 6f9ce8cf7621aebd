"""A developer with a checkout, and platforms to push it to."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.platforms.buildpack import Refused, find_python
from tests.platforms.developer import Developer
from tests.platforms.platform import ROOT, Platform
from tests.platforms.profile import Profile

Start = Callable[..., Platform]


@pytest.fixture(scope="session", autouse=True)
def told_to_stop() -> Iterator[None]:
    """SIGTERM ends pytest without a word; here with what fixtures have to do, or releases, which
    have sessions of their own, would stay."""
    before = signal.signal(signal.SIGTERM, lambda *_: pytest.exit("SIGTERM", 143))
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What platforms keep between two builds."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def python() -> str:
    """The declared Python; where this machine has none, the one that runs the tests."""
    declared = (ROOT / ".python-version").read_text().strip()
    try:
        find_python(declared)
    except Refused:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    return declared


@pytest.fixture
def developer(tmp_path: Path, python: str) -> Developer:
    """Somebody with a checkout."""
    return Developer(tmp_path / "checkout", python)


@pytest.fixture
def start(tmp_path: Path, cache: Path) -> Iterator[Start]:
    """Starts a platform of a profile, with the settings of its owner."""
    with contextlib.ExitStack() as platforms:

        def begin(profile: Profile, **settings: str) -> Platform:
            folder = tmp_path / profile.name
            folder.mkdir()
            return platforms.enter_context(Platform(profile, folder, cache, **settings))

        yield begin
