"""Processes that a test must not leave behind."""

import os
import time
from contextlib import suppress

import psutil

PATIENCE_S = 20.0


def left_of(session: int) -> list[psutil.Process]:
    """Those of a session that still run, after some time for what is about to end."""
    return still_running([each for each in psutil.process_iter() if session_of(each) == session])


def session_of(process: psutil.Process) -> int:
    """The session it belongs to; 0 where it has gone."""
    with suppress(ProcessLookupError):
        return os.getsid(process.pid)
    return 0


def still_running(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those of them that do not end. One that only waits to be reaped has ended."""
    deadline = time.monotonic() + PATIENCE_S
    while (running := [each for each in processes if runs(each)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return running


def runs(process: psutil.Process) -> bool:
    """Whether it is there and no zombie."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
