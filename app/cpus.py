"""How many processor cores this process may use, and how we know.

Knows the kernel's files and nothing of workers. Refuses to count the host's cores: in a
container they are somebody else's, and one worker for each of them only makes workers wait.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath


@dataclass(frozen=True, slots=True)
class Cpus:
    """A number of cores (1.5 is a core and a half) and the words for where it comes from."""

    count: float
    why: str


def usable(root: Path = Path("/")) -> Cpus:
    """The cgroup's limit if it is the tighter one, else the cores the scheduler may give us."""
    schedulable = _schedulable()
    quotas = [*_quotas_v2(root), *_quotas_v1(root)]
    if quotas and min(quotas) < schedulable:
        count = min(quotas)
        return Cpus(count, f"cgroup allows {_plural(count)}")
    return Cpus(schedulable, f"{_plural(schedulable)} to run on")


def _schedulable() -> int:
    # Not os.cpu_count(): it ignores taskset, cpuset and `docker run --cpuset-cpus`. Where the
    # system has no affinity (macOS) it is all there is.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas_v2(root: Path) -> Iterator[float]:
    """`cpu.max` is "QUOTA PERIOD" in microseconds; "max" is no limit."""
    for folder in _folders(root, controller="", mount="sys/fs/cgroup"):
        match _words(folder / "cpu.max"):
            case [quota, period] if quota.isdecimal() and period.isdecimal():
                yield int(quota) / int(period)


def _quotas_v1(root: Path) -> Iterator[float]:
    """`cpu.cfs_quota_us` is microseconds in each `cpu.cfs_period_us`; -1 is no limit."""
    for folder in _folders(root, controller="cpu", mount="sys/fs/cgroup/cpu"):
        match _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us"):
            case [quota, period] if quota.isdecimal() and period.isdecimal():
                yield int(quota) / int(period)


def _folders(root: Path, controller: str, mount: str) -> Iterator[Path]:
    """Our group and every group around it: a limit on any of them binds us.

    A container usually sees its own group as "/". Where it sees the host's path instead, that
    path is not mounted inside, and the top of the mount is its own group: so the top always counts.
    """
    yield root / mount
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(",") and ".." not in path:
            for group in (PurePosixPath(path), *PurePosixPath(path).parents):
                if group != PurePosixPath("/"):
                    yield root / mount / group.relative_to("/")


def _words(file: Path) -> list[str]:
    return " ".join(_lines(file)).split()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:  # no such cgroup version, no such controller, not Linux
        return []


def _plural(count: float) -> str:
    return f"{count:g} core" if count == 1 else f"{count:g} cores"
