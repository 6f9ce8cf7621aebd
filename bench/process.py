"""Processes as /proc shows them: session, CPU time, memory. Knows nothing of servers."""

import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_PER_SECOND: int = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Stat:
    """What is read of /proc/PID/stat: ticks are its own and its reaped children's."""

    pid: int
    session: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes: pss splits shared pages among those who map them, rss counts them whole."""

    pss: int
    rss: int

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.pss + other.pss, self.rss + other.rss)

    def __sub__(self, other: "Memory") -> "Memory":
        return Memory(self.pss - other.pss, self.rss - other.rss)


def parse_stat(line: str) -> Stat:
    """Read one /proc/PID/stat line, proc(5). Raises ValueError for anything else."""
    # The second field is the program's name, which may hold spaces and parentheses of its own.
    opening, closing = line.index("("), line.rindex(")")
    fields = line[closing + 1 :].split()
    if len(fields) < 15:
        raise ValueError(f"a stat line of {len(fields) + 2} fields: {line!r}")
    user, system, children_user, children_system = map(int, fields[11:15])
    return Stat(
        pid=int(line[:opening]),
        session=int(fields[3]),
        ticks=user + system + children_user + children_system,
    )


def parse_memory(text: str) -> Memory:
    """Read /proc/PID/smaps_rollup, proc(5). Raises KeyError when a figure is missing."""
    kilobytes = {
        name: int(rest.split()[0])
        for name, colon, rest in (line.partition(":") for line in text.splitlines()[1:])
        if colon and name in ("Pss", "Rss")
    }
    return Memory(pss=kilobytes["Pss"] * 1024, rss=kilobytes["Rss"] * 1024)


def session_stats(session: int) -> list[Stat]:
    """Every living process of a session."""
    found = []
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            try:
                stat = parse_stat((folder / "stat").read_text(errors="replace"))
            except (FileNotFoundError, ProcessLookupError):
                continue  # It ended between the listing and the reading.
            if stat.session == session:
                found.append(stat)
    return found


def cpu_seconds(session: int) -> float:
    """User and system time that a session's processes and their reaped children have used."""
    return sum(stat.ticks for stat in session_stats(session)) / TICKS_PER_SECOND


def worker_memory(session: int) -> Memory:
    """Memory of a session's workers: all but its leader, or the leader when it is alone."""
    pids = [stat.pid for stat in session_stats(session)]
    workers = [pid for pid in pids if pid != session] or pids
    total = Memory(0, 0)
    for pid in workers:
        total += parse_memory((PROC / str(pid) / "smaps_rollup").read_text())
    return total
