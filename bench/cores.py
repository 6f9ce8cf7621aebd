"""Which core serves and which one generates load: apart, so that neither waits for the other."""

import os
import shutil
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """The two cores; None leaves a process where the kernel puts it."""

    server: int | None
    load: int | None
    note: str


def choose_cores(allowed: set[int], taskset: str | None) -> Cores:
    """Take the first two of the allowed cores, or none of them when that cannot be done."""
    if taskset is None:
        return Cores(None, None, "not pinned: taskset is missing (apt-get install util-linux)")
    if len(allowed) < 2:
        return Cores(None, None, "not pinned: there is one core, shared by server and generator")
    server, load = sorted(allowed)[:2]
    return Cores(server, load, f"server on core {server}, load generator on core {load}")


def find_cores() -> Cores:
    """Choose among the cores this process may use."""
    return choose_cores(os.sched_getaffinity(0), shutil.which("taskset"))


def pinned(core: int | None, command: list[str]) -> list[str]:
    """Give the command line that runs command on that core."""
    return command if core is None else ["taskset", "-c", str(core), *command]
