"""bench.memory: the limit on open files, which decides whether connections can be held."""

import resource
from dataclasses import dataclass

import pytest

from bench.memory import IdleError, allow_files

INFINITY = resource.RLIM_INFINITY


@dataclass
class FileLimit:
    """A kernel with one limit; only root may raise the hard one."""

    soft: int
    hard: int
    root: bool = False

    def read(self, which: int) -> tuple[int, int]:
        """Stand in for resource.getrlimit."""
        assert which == resource.RLIMIT_NOFILE
        return self.soft, self.hard

    def write(self, which: int, limits: tuple[int, int]) -> None:
        """Stand in for resource.setrlimit."""
        assert which == resource.RLIMIT_NOFILE
        if limits[1] != self.hard and not self.root:
            raise ValueError("not allowed to raise maximum limit")
        self.soft, self.hard = limits


def install(monkeypatch: pytest.MonkeyPatch, limit: FileLimit) -> None:
    """Put the limit in the place of the kernel's."""
    monkeypatch.setattr(resource, "getrlimit", limit.read)
    monkeypatch.setattr(resource, "setrlimit", limit.write)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (FileLimit(1024, 20_000), (10_256, 20_000)),
        (FileLimit(1024, 10_256), (10_256, 10_256)),
        (FileLimit(10_256, 20_000), (10_256, 20_000)),
        (FileLimit(1024, INFINITY), (10_256, INFINITY)),
        (FileLimit(INFINITY, INFINITY), (INFINITY, INFINITY)),
        (FileLimit(1024, 4096, root=True), (10_256, 10_256)),
    ],
)
def test_the_limit_is_raised_as_far_as_needed(
    before: FileLimit, after: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No further, never down, and above the hard limit only for root."""
    install(monkeypatch, before)
    allow_files(10_256)
    assert (before.soft, before.hard) == after


def test_a_limit_that_is_too_low_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how many are needed, how many there are, and two ways out."""
    install(monkeypatch, FileLimit(1024, 10_255))
    with pytest.raises(IdleError, match=r"need 10,256 .* limit is 10,255: .*ulimit.*--skip-mem"):
        allow_files(10_256)
