"""bench.cores: who is pinned where."""

import pytest

from bench.cores import choose_cores, pinned


@pytest.mark.parametrize(
    ("allowed", "taskset", "expected"),
    [
        ({0, 1}, "/usr/bin/taskset", (0, 1)),
        ({7, 3, 5}, "/usr/bin/taskset", (3, 5)),
        ({4}, "/usr/bin/taskset", (None, None)),
        ({0, 1}, None, (None, None)),
    ],
)
def test_the_first_two_allowed_cores_are_taken(
    allowed: set[int], taskset: str | None, expected: tuple[int | None, int | None]
) -> None:
    """Server and generator get a core each, or neither gets one."""
    cores = choose_cores(allowed, taskset)
    assert (cores.server, cores.load) == expected


@pytest.mark.parametrize(("allowed", "taskset"), [({4}, "/usr/bin/taskset"), ({0, 1}, None)])
def test_running_unpinned_is_said(allowed: set[int], taskset: str | None) -> None:
    """Whoever reads the figures must know."""
    assert choose_cores(allowed, taskset).note.startswith("not pinned: ")


def test_a_command_is_pinned_by_taskset() -> None:
    """Core 0 is a core like any other; None is none."""
    assert pinned(0, ["wrk"]) == ["taskset", "-c", "0", "wrk"]
    assert pinned(None, ["wrk"]) == ["wrk"]
