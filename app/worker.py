"""The gunicorn worker: the Protocol server under gunicorn's arbiter.

Keeps gunicorn's contract: `booted` only once it listens, a heartbeat from the loop (so that a
blocked loop is noticed), an eye on the parent, signals as the platforms send them. Refuses to
import the application: gunicorn does that in each new worker, so that SIGHUP brings in new code.
"""

import asyncio
import faulthandler
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, cast

from gunicorn import sock
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from app import logs
from app.early import hear_early
from app.httpd import HTTPServer
from app.httpd.loops import new_event_loop
from app.httpd.runner import Runner, stop_at_once
from app.settings import Settings


class ProtocolWorker(Worker):
    """One worker process: one loop, one server. `wsgi_app` is a function of Settings that
    gives an HTTPServer."""

    loop: asyncio.AbstractEventLoop
    runner: Runner | None = None  # None until there is something to drain

    def init_process(self) -> None:
        """Load the application and serve it.

        An application that ends its own start (`sys.exit("no database")`) has failed to boot;
        the arbiter would take any other exit code for an accident and try again for ever.
        """
        try:
            super().init_process()
        except SystemExit as end:
            if self.booted or not end.code:
                raise
            self.log.error("the application ended its start: %s", end.code)
            sys.exit(Arbiter.WORKER_BOOT_ERROR)

    def init_signals(self) -> None:
        arbiter: Any = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        super().init_signals()
        # The arbiter's SIGABRT prints where the loop is blocked, even if that is inside C code
        # where no Python signal handler runs.
        faulthandler.enable()
        if isinstance(arbiter, Arbiter):
            hear_early(arbiter, self)

    def run(self) -> None:
        self.booted = False
        settings = Settings.from_environment(os.environ)
        logs.share(self.log.error_log)
        create_server = cast("Callable[[Settings], HTTPServer]", self.wsgi)
        server = create_server(settings)
        with asyncio.Runner(loop_factory=partial(new_event_loop, settings.loop)) as process:
            self.loop = process.get_loop()
            self.runner = Runner(
                server,
                access_log=logs.open_access_log(settings),
                on_sweep=self._beat,
                tls=sock.ssl_context(self.cfg) if self.cfg.is_ssl else None,
                backlog=self.cfg.backlog,
            )
            try:
                if self.alive:  # not told to go while it was loading
                    process.run(self.runner.serve(self._listeners(), self._ready))
            finally:
                self.runner = None  # a signal from here on finds no loop to wake

    def _listeners(self) -> list[socket.socket]:
        return [each.sock for each in cast("list[sock.BaseSocket]", self.sockets)]

    def _ready(self) -> None:
        self.booted = True

    def _beat(self) -> None:
        """Once a second, from the loop."""
        self.notify()
        service = self.runner.service if self.runner is not None else None
        if not self.alive and self.runner is not None:
            self.runner.leave()  # gunicorn's --reload says it in no other way
        elif self.ppid != os.getppid():
            self._leave("its parent is gone")
        elif service is not None and service.requests >= self.max_requests:
            self._leave(f"it has answered {service.requests} requests")

    def _leave(self, why: str) -> None:
        if self.alive and self.runner is not None:
            self.log.info("Worker %s drains: %s", self.pid, why)
            self.alive = False
            self.runner.leave()

    # ---- signals: gunicorn's base class calls these

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM: finish what is in flight, then end. A second one changes nothing."""
        self.alive = False
        if self.runner is not None:
            self.loop.call_soon_threadsafe(self.runner.leave)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """SIGQUIT, SIGINT: end at once."""
        if self.runner is None:
            super().handle_quit(sig, frame)
            return
        self.alive = False
        self.cfg.worker_int(self)
        stop_at_once(self.loop, self.runner)

    def handle_usr1(self, sig: int, frame: FrameType | None) -> None:
        """SIGUSR1: go on in new log files."""
        super().handle_usr1(sig, frame)
        if self.runner is not None:
            self.loop.call_soon_threadsafe(self.runner.reopen_log)

    def handle_abort(self, sig: int, frame: FrameType | None) -> None:
        """SIGABRT: the arbiter has waited for a heartbeat in vain."""
        self.log.error("the event loop hung for %s s; the stack is above", self.cfg.timeout)
        self.cfg.worker_abort(self)
        # Not sys.exit(): uvloop takes a SystemExit inside a callback for that callback's failure.
        os._exit(1)
