"""What idle connections cost a worker in memory. The connections are another process's."""

import resource
import subprocess
import sys

from bench.cores import pinned
from bench.interrupt import uninterrupted
from bench.results import IdleMemory
from bench.server import Server
from bench.targets import ROOT

CONNECTIONS = 10_000
# Listeners, logs, libraries: what a process opens beside its connections.
OTHER_FILES = 256


class IdleError(Exception):
    """The connections could not be held; the text says why."""


def allow_files(needed: int) -> None:
    """Raise the limit on open files, which children inherit. Raises IdleError when not allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    enough = hard == resource.RLIM_INFINITY or hard >= needed
    try:
        # Above the hard limit only root may go.
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard if enough else needed))
    except (ValueError, OSError) as error:
        raise IdleError(
            f"{CONNECTIONS:,} idle connections need {needed:,} open files per process and the"
            f" limit is {hard:,}: raise it (`ulimit -Hn`) or leave them out with --skip-memory"
        ) from error


def hold_idle(server: Server, core: int | None) -> IdleMemory:
    """Measure a server's worker, fresh and then holding idle connections. Raises IdleError."""
    before = server.worker_memory()
    with uninterrupted():
        client = subprocess.Popen(
            pinned(core, [sys.executable, "-m", "bench.idle", str(server.port), str(CONNECTIONS)]),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    try:
        opened = client.stdout.readline().strip() if client.stdout else ""
        if not opened.isdecimal():
            raise IdleError(f"{server.name}: {opened or 'the client of idle connections ended'}")
        after = server.worker_memory()
        kept, _ = client.communicate("\n")
    finally:
        client.kill()
        client.communicate()
    if kept.strip() != opened:
        raise IdleError(f"{server.name} kept {kept.strip() or 'none'} of {opened} connections")
    return IdleMemory(int(opened), before, after)
