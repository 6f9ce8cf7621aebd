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
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from typing import Any
from wsgiref.types import WSGIApplication

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.http.errors import InvalidHeader
from gunicorn.http.message import Request
from gunicorn.workers.base import Worker
from gunicorn.workers.gthread import TConn, ThreadWorker
from gunicorn.workers.sync import SyncWorker

from app.early import hear_early
from app.httpd.runner import most_connections
from app.settings import Settings

# As many requests as may wait in one worker: /park and /sleep hold a thread each, and a /release
# that found none free would come too late. A thread that sleeps costs some 50 KiB and no CPU; those
# that compute share one core, however many they are.
THREADS = 64
# gunicorn takes a longer one for this one.
LONGEST_LINE = 8190
LINGER = 0.02  # seconds that the sync worker gives a client to close, or to say more

Told = Callable[[], bool]  # whether this worker has been told to stop
# Makes the callable, in the worker, and takes it down again when the worker ends.
Factory = Callable[[Settings, Told], AbstractContextManager[WSGIApplication]]


class Threads(ThreadWorker):
    """gthread, mended in one place: its loop would wait for each client that is slow to close,
    up to 2 s, and accept nobody meanwhile. Here a thread of the pool waits."""

    def finish_request(self, conn: TConn, fs: "Future[bool]") -> None:
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
            return
        closing = self.tpool.submit(conn.close, True)
        closing.add_done_callback(lambda _: self.method_queue.defer(self._forget))

    def _forget(self) -> None:
        self.nr_conns -= 1


class OneAtATime(SyncWorker):
    """sync, mended in the same place: it would wait as long for each client, with all the others
    behind it. It stands behind a proxy, which is near, and has closed when it sees our end."""

    def accept(self, listener: socket.socket) -> None:
        accepted, address = listener.accept()
        client = _Hasty(fileno=accepted.detach())
        client.setblocking(True)
        self.handle(listener, client, address)


class _Hasty(socket.socket):
    """A connection that is not waited for long. gunicorn gives it a time-out at its end only."""

    def settimeout(self, value: float | None) -> None:
        super().settimeout(value if value is None else min(value, LINGER))


def serve(sock: socket.socket, factory: Factory, worker: type[Worker] = Threads) -> None:
    """Serve until SIGTERM, which drains, or SIGINT, which does not. Both end the process, with
    exit code 0: an arbiter does not return."""
    settings = Settings.from_environment(os.environ)
    # gunicorn makes a socket of its own from the descriptor, and closes the one it was given.
    words = _words(settings) | {"bind": f"fd://{sock.detach()}", "worker_class": worker}
    _Service(settings, factory, words).run()


def serve_sync(sock: socket.socket, factory: Factory) -> None:
    """The same, one request at a time."""
    serve(sock, factory, OneAtATime)


class _Service(BaseApplication):
    """What gunicorn calls an application: the words of its configuration, and the callable."""

    def __init__(self, settings: Settings, factory: Factory, words: dict[str, object]) -> None:
        # given
        self._settings = settings
        self._factory = factory
        self._words = words
        # of the worker
        self._arbiter: Arbiter | None = None  # our copy of it
        self._worker: Worker | None = None
        self._open = ExitStack()
        super().__init__()

    def load_config(self) -> None:
        hooks = {
            "post_fork": self._begin,
            "post_worker_init": self._hear_early,
            "pre_request": look_again,
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

    def _begin(self, arbiter: Arbiter, worker: Worker) -> None:
        self._arbiter, self._worker = arbiter, worker

    def _hear_early(self, worker: Worker) -> None:
        if self._arbiter is not None:
            hear_early(self._arbiter, worker)

    def _end(self, arbiter: Arbiter, worker: Worker) -> None:
        self._open.close()
        if not worker.alive:
            # Python would wait for the threads of the pool: one that sleeps on would hold up a
            # worker that was told to stop at once, until the arbiter kills it.
            os._exit(0)


def look_again(worker: Worker, request: Request) -> None:
    """What gunicorn lets pass, and HTTP/1.1 does not. Raises what gunicorn answers with 400.

    HTTP/1.1 asks for a Host (RFC 9112 3.2). Connection is a list of options (RFC 9110 7.6.1),
    which gunicorn takes for one word: a client that said "close" beside others would wait for
    the end.
    """
    fields = [value.lower() for name, value in request.headers if name == "CONNECTION"]
    if "close" in map(str.strip, ",".join(fields).split(",")):
        request.force_close()
    if request.version == (1, 1) and all(name != "HOST" for name, _ in request.headers):
        raise InvalidHeader("HOST", req=request)


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
