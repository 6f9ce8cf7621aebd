"""What a server on this machine uses: CPU time and memory of a process and its descendants."""

import re
from pathlib import Path

import psutil

PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


class NoServiceError(Exception):
    """There is no such process."""


def cpu_seconds(pid: int) -> float:
    """User and system time so far of a process, its descendants, and those of them that ended.
    Raises NoServiceError."""
    total = 0.0
    for process in _tree(pid):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # its parent counts it from now on
        total += times.user + times.system + times.children_user + times.children_system
    return total


def peak_bytes(pid: int) -> int:
    """The most that each of them was resident with, added up; pages they share count for each.
    From /proc/PID/status, proc(5). Raises NoServiceError."""
    total = 0
    for process in _tree(pid):
        try:
            found = PEAK.search(Path(f"/proc/{process.pid}/status").read_text())
        except OSError:
            continue
        total += int(found[1]) * 1024 if found else 0
    return total


def _tree(pid: int) -> list[psutil.Process]:
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess as error:
        raise NoServiceError(f"process {pid} does not run (any more)") from error
