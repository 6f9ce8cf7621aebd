"""What gunicorn is told. All of it comes from app.settings: this file only spells it its way.

gunicorn reads this file by itself; its command line and GUNICORN_CMD_ARGS stand above it. Run as
a program (`python gunicorn.conf.py`) it judges the settings first and then becomes gunicorn.

Not here, because neither worker uses them: gunicorn's own limits (limit_request_line and the like;
ours are LIMIT_*), its access log (ACCESS_LOG) and threads. access_log_format keeps its default on
purpose: aiohttp's worker refuses any other that is written gunicorn's way.
"""

import math
import os
import secrets
import sys
from typing import Any

from gunicorn import sock

from app.early import hear_early, hold, let_go
from app.greeting import greeting
from app.httpd import loops
from app.settings import Settings, SettingsError

try:
    _settings = Settings.from_environment(os.environ)
except SettingsError as error:
    # gunicorn answers an Exception from this file with a traceback; SystemExit passes through it.
    sys.exit(str(error))

proc_name = "slipway"
if _settings.server == "aiohttp":
    wsgi_app = "app.aiohttp_app:create_runner"
    worker_class = (
        f"aiohttp.Gunicorn{'UVLoop' if loops.has_uvloop(_settings.loop) else ''}WebWorker"
    )
else:
    wsgi_app = "app.main:create_server"
    worker_class = "app.worker.ProtocolWorker"

bind = list(_settings.bind)
backlog = _settings.backlog
reuse_port = _settings.reuse_port
certfile = _settings.tls and _settings.tls.certfile
keyfile = _settings.tls and _settings.tls.keyfile
forwarded_allow_ips = ",".join(_settings.forwarded_allow_ips)

workers = _settings.workers
max_requests = _settings.arbiter.max_requests
max_requests_jitter = _settings.arbiter.max_requests_jitter
timeout = _settings.arbiter.heartbeat
graceful_timeout = _settings.arbiter.graceful_timeout
# Both workers are told in their own words. An aiohttp application that somebody puts in the place
# of ours would be given this, and gunicorn's default of 2 s, below every proxy's, makes them answer
# 502. gunicorn takes whole seconds only.
keepalive = math.ceil(_settings.deadlines.idle)

# The heartbeat is a file's timestamp: on a disk that stalls, healthy workers would be killed.
if os.access("/dev/shm", os.W_OK):
    worker_tmp_dir = "/dev/shm"
# It would write to the home folder, and complain at every start where that is read-only.
control_socket_disable = True

loglevel = _settings.log_level
accesslog = None


def on_starting(arbiter: Any) -> None:
    """What has to be so before there are workers."""
    # They inherit it, those of a later SIGHUP or USR2 as well: by it they know each other.
    os.environ["SERVICE_ID"] = _settings.service_id or secrets.token_hex(8)
    # With reuse_port every worker listens for itself, and would fail for itself, again and again,
    # where the port is taken. So it is tried once.
    if arbiter.cfg.reuse_port:
        for each in sock.create_sockets(arbiter.cfg, arbiter.log):
            each.close()


def post_fork(arbiter: Any, worker: Any) -> None:
    """In each new worker, before it has signal handlers of its own."""
    worker.arbiter = arbiter
    if _settings.server == "aiohttp":
        hold()


def post_worker_init(worker: Any) -> None:
    """In each new worker, when it has them. ProtocolWorker has done this already."""
    hear_early(worker.arbiter, worker)
    if _settings.server == "aiohttp":
        worker.loop.call_soon(let_go)


def when_ready(arbiter: Any) -> None:
    """One line that says what runs, where it listens, with how many workers and why."""
    # From gunicorn's configuration, not from ours: the command line may have had another word.
    # No listeners yet with reuse_port: each worker opens its own.
    where = ", ".join(str(each) for each in arbiter.LISTENERS or arbiter.cfg.bind)
    count = arbiter.cfg.workers
    why = _settings.workers_reason if count == workers else "by gunicorn's command line"
    number = f"{count} worker{'' if count == 1 else 's'} ({why})"
    arbiter.log.info("%s", greeting(_settings, where, number))


if __name__ == "__main__":
    # gunicorn reads WEB_CONCURRENCY and FORWARDED_ALLOW_IPS before it reads this file: a bad one
    # would end it with a traceback, and so would an empty WEB_CONCURRENCY, which Compose is fond
    # of passing on. Here the first two are known to be good, and the third can be taken away.
    if not os.environ.get("WEB_CONCURRENCY", "").strip():
        os.environ.pop("WEB_CONCURRENCY", None)
    command = [sys.executable, "-m", "gunicorn", *sys.argv[1:]]
    os.execv(sys.executable, command)  # noqa: S606 - a shell would only stand between
