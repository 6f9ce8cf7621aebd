"""Cpus: the kernel's files as they are in containers and outside, and what follows."""

import os
from pathlib import Path

import pytest

from app import cpus
from app.cpus import Cpus

V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/cpu"


@pytest.fixture(autouse=True)
def _four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)


def _kernel(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


ONE_AND_A_HALF = Cpus(1.5, "cgroup allows 1.5 cores")
FREE = Cpus(4, "4 cores to run on")


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, FREE, id="no cgroups at all"),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", f"{V2}/cpu.max": "150000 100000\n"},
            ONE_AND_A_HALF,
            id="v2, a container's own view",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", f"{V2}/cpu.max": "max 100000\n"}, FREE, id="v2, no limit"
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", f"{V2}/cpu.max": "800000 100000\n"},
            FREE,
            id="v2, a limit above what there is",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", f"{V2}/cpu.max": "100000 100000\n"},
            Cpus(1, "cgroup allows 1 core"),
            id="v2, one",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/system.slice/app.service\n",
                f"{V2}/system.slice/app.service/cpu.max": "max 100000\n",
                f"{V2}/system.slice/cpu.max": "75000 50000\n",
            },
            ONE_AND_A_HALF,
            id="v2, a limit on the group around ours",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/a/b\n",
                f"{V2}/a/cpu.max": "300000 100000\n",
                f"{V2}/a/b/cpu.max": "150000 100000\n",
            },
            ONE_AND_A_HALF,
            id="v2, the tightest of several",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/../../app\n",
                f"{V2}/cpu.max": "150000 100000\n",
                "sys/app/cpu.max": "50000 100000\n",
            },
            ONE_AND_A_HALF,
            id="v2, a path that leads out of the mount",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/docker/0a1b\n", f"{V2}/cpu.max": "150000 100000\n"},
            ONE_AND_A_HALF,
            id="v2, the host's path, not mounted inside",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "5:memory:/a\n4:cpu,cpuacct:/docker/0a1b\n0::/\n",
                f"{V1}/docker/0a1b/cpu.cfs_quota_us": "150000\n",
                f"{V1}/docker/0a1b/cpu.cfs_period_us": "100000\n",
            },
            ONE_AND_A_HALF,
            id="v1, our group",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/docker/0a1b\n",
                f"{V1}/cpu.cfs_quota_us": "150000\n",
                f"{V1}/cpu.cfs_period_us": "100000\n",
            },
            ONE_AND_A_HALF,
            id="v1, the container's mount",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/\n",
                f"{V1}/cpu.cfs_quota_us": "-1\n",
                f"{V1}/cpu.cfs_period_us": "100000\n",
            },
            FREE,
            id="v1, no limit",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "5:cpuset:/a\n",
                f"{V1}/a/cpu.cfs_quota_us": "150000\n",
                f"{V1}/a/cpu.cfs_period_us": "100000\n",
            },
            FREE,
            id="v1, another controller's path is not ours",
        ),
    ],
)
def test_usable(tmp_path: Path, files: dict[str, str], expected: Cpus) -> None:
    """The tightest cgroup limit counts where it is below the cores there are."""
    assert cpus.usable(_kernel(tmp_path, files)) == expected


def test_affinity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process tied to one core counts one, however many the machine has."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {7})
    assert cpus.usable(tmp_path) == Cpus(1, "1 core to run on")


def test_no_affinity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the system has no affinity the machine's cores count, at least one."""
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cpus.usable(tmp_path).count == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpus.usable(tmp_path).count == 1


def test_this_machine() -> None:
    """The real files of this machine can be read."""
    found = cpus.usable()
    assert 0 < found.count <= 4
    assert found.why
