"""How a WSGI callable is served: by gunicorn's own workers, on a listening socket that was given.

The idea: an arbiter forks a worker, watches its heartbeat and replaces it when it dies; the worker
accepts, reads a head, and gives the callable an environ and a stream to read the body from. With
"gthread" one thread watches the connections that say nothing, and lends each request a thread of
a pool from its first byte to the last of its answer; with "sync" there is neither pool nor watch,
and whoever is connected has the whole worker.

Good for: every WSGI application there is. Where it stops: a request that waits is a thread that
waits. gunicorn has no deadline for a head or a body that comes slowly, so either belongs behind a
proxy that reads requests whole before it passes them on, as nginx does.
"""

import math
import os
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication
from gunicorn.http.message import Request
from gunicorn.workers.base import Worker

from app.httpd.runner import most_connections
from app.settings import Settings

# As many requests as may wait in one worker: /park and /sleep hold a thread each, and a /release
# that found none free would come too late. A thread that sleeps costs some 50 KiB and no CPU; those
# that compute share one core, however many they are.
THREADS = 64
# gunicorn takes a longer one for this one.
LONGEST_LINE = 8190

Told = Callable[[], bool]  # whether this worker has been told to stop
# Makes the callable, in the worker, and takes it down again when the worker ends.
Factory = Callable[[Settings, Told], AbstractContextManager[WSGIApplication]]


def serve(sock: socket.socket, factory: Factory, worker_class: str = "gthread") -> None:
    """Serve until SIGTERM, which drains, or SIGINT, which does not. Both end the process, with
    exit code 0: an arbiter does not return. worker_class: gthread or sync."""
    settings = Settings.from_environment(os.environ)
    # gunicorn makes a socket of its own from the descriptor, and closes the one it was given.
    words = _words(settings) | {"bind": f"fd://{sock.detach()}", "worker_class": worker_class}
    if worker_class == "sync":
        words["threads"] = 1  # with more, gunicorn would make it gthread
    _Service(settings, factory, words).run()


class _Service(BaseApplication):
    """What gunicorn calls an application: the words of its configuration, and the callable."""

    def __init__(self, settings: Settings, factory: Factory, words: dict[str, object]) -> None:
        # given
        self._settings = settings
        self._factory = factory
        self._words = words
        # of the worker
        self._worker: Worker | None = None
        self._open = ExitStack()
        super().__init__()

    def load_config(self) -> None:
        hooks = {
            "post_fork": self._begin,
            "pre_request": close_if_asked,
            "worker_exit": self._end,
        }
        for name, value in (self._words | hooks).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Called in the worker, after the fork: threads that were started before it would be
        in the arbiter."""
        return self._open.enter_context(self._factory(self._settings, self._told))

    def _told(self) -> bool:
        return self._worker is not None and not self._worker.alive

    def _begin(self, arbiter: object, worker: Worker) -> None:
        self._worker = worker

    def _end(self, arbiter: object, worker: Worker) -> None:
        self._open.close()
        if not worker.alive:
            # Python would wait for the threads of the pool: one that sleeps on would hold up a
            # worker that was told to stop at once, until the arbiter kills it.
            os._exit(0)


def close_if_asked(worker: Worker, request: Request) -> None:
    """Connection is a list of options (RFC 9110 7.6.1), which gunicorn takes for one word: a
    "close" beside others would leave the client waiting for the end."""
    for name, value in request.headers:
        if name == "CONNECTION" and "close" in map(str.strip, value.lower().split(",")):
            request.force_close()


def _words(settings: Settings) -> dict[str, object]:
    """The settings in gunicorn's words, as far as it has any."""
    limits, arbiter = settings.limits, settings.arbiter
    words: dict[str, object] = {
        "proc_name": "slipway",
        "workers": 1,
        "threads": THREADS,
        "worker_connections": most_connections(limits.connections),
        "keepalive": math.ceil(settings.deadlines.idle),
        "timeout": arbiter.heartbeat,
        "graceful_timeout": arbiter.graceful_timeout,
        "limit_request_line": min(limits.request_line, LONGEST_LINE),
        "limit_request_fields": limits.fields,
        # It bounds each field, and no head as a whole: a head may be as large as so many of them.
        "limit_request_field_size": limits.head,
        "forwarded_allow_ips": ",".join(settings.forwarded_allow_ips),
        # X_Forwarded_For would become the same name as X-Forwarded-For.
        "header_map": "refuse",
        # Nobody's field becomes SCRIPT_NAME or PATH_INFO.
        "forwarder_headers": "",
        "secure_scheme_headers": {"X-FORWARDED-PROTO": "https"},
        # For the same reasons as in gunicorn.conf.py.
        "control_socket_disable": True,
        "accesslog": None,
        "loglevel": settings.log_level,
    }
    if os.access("/dev/shm", os.W_OK):
        words["worker_tmp_dir"] = "/dev/shm"
    return words
