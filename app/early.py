"""Signals that come between a worker's birth and the moment it can hear them.

A forked worker has its arbiter's signal handlers until it sets up its own: what comes meanwhile
goes into its copy of the arbiter's queue, and would be lost. gunicorn's arbiter tells a worker
once, and kills it when GRACEFUL_TIMEOUT is over.
"""

import signal

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def hear_early(arbiter: Arbiter, worker: Worker) -> None:
    """Look into the queue. To be called when the worker's own handlers are set.

    arbiter: the worker's copy of it.
    """
    while not arbiter.SIG_QUEUE.empty():
        if arbiter.SIG_QUEUE.get_nowait() in STOPPING:
            worker.alive = False


def hold() -> None:
    """Let such signals wait. For a worker whose loop loses what comes before it runs: uvloop's
    handlers are set then, but nothing is told of what they hear."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)


def let_go() -> None:
    """The loop runs: those that waited are delivered now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
