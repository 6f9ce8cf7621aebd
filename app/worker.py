"""The gunicorn worker: the Protocol server under gunicorn's arbiter.

Keeps gunicorn's contract: `booted` only once it listens, a heartbeat from the loop (so that
a blocked loop is noticed), an eye on the parent, signals as the platforms send them.
"""

import asyncio
import logging
import os
import signal
import ssl
import traceback
from types import FrameType

from gunicorn import sock
from gunicorn.workers.base import Worker

from app.httpd.loops import new_event_loop
from app.httpd.runner import Runner
from app.main import create_access_log, create_server
from app.settings import Settings


class ProtocolWorker(Worker):
    """One worker process: one loop, one server."""

    loop: asyncio.AbstractEventLoop
    runner: Runner
    settings: Settings

    def init_process(self) -> None:
        self.settings = Settings.from_environment(os.environ)
        self.loop = new_event_loop(self.settings.loop)
        asyncio.set_event_loop(self.loop)
        self._ending: asyncio.Task[None] | None = None
        self._over = self.loop.create_future()
        super().init_process()

    def init_signals(self) -> None:
        """SIGTERM drains; SIGQUIT and SIGINT stop at once; SIGUSR1 reopens the logs."""
        super().init_signals()
        self.loop.add_signal_handler(signal.SIGTERM, self._drain)
        self.loop.add_signal_handler(signal.SIGQUIT, self._stop)
        self.loop.add_signal_handler(signal.SIGINT, self._stop)
        self.loop.add_signal_handler(signal.SIGUSR1, self._reopen)

    def handle_abort(self, sig: int, frame: FrameType | None) -> None:
        """The arbiter's timeout: say where the loop is blocked before it is too late."""
        stack = "".join(traceback.format_stack(frame))
        self.log.error("the event loop is blocked for %s s:\n%s", self.cfg.timeout, stack)
        super().handle_abort(sig, frame)

    def run(self) -> None:
        self.booted = False
        self._share_log()
        access_log = create_access_log(self.settings)
        server = create_server(self.settings)
        tls: ssl.SSLContext | None = sock.ssl_context(self.cfg) if self.cfg.is_ssl else None
        self.runner = Runner(server, access_log=access_log, on_sweep=self._beat, tls=tls)
        try:
            self.loop.run_until_complete(self._serve())
        finally:
            self.runner.stop()
            self.loop.close()

    async def _serve(self) -> None:
        await self.runner.start([each.sock for each in self.sockets])
        self.booted = True
        await self._over
        if self._ending is not None:
            await self._ending  # for what it raised

    def _beat(self) -> None:
        """Once a second, from the loop."""
        self.notify()
        service = self.runner.service
        if self.ppid != os.getppid():
            self.log.info("the parent is gone, worker %s drains", self.pid)
            self._drain()
        elif service is not None and service.requests >= self.max_requests and self.alive:
            self.log.info("worker %s has answered %s requests", self.pid, service.requests)
            self._drain()

    def _drain(self) -> None:
        """Finish what is in flight, then end. A second call changes nothing."""
        self.alive = False
        if self._ending is None and not self._over.done():
            self._ending = self.loop.create_task(self.runner.drain())
            self._ending.add_done_callback(lambda _: self._end())

    def _stop(self) -> None:
        """End at once."""
        self.alive = False
        self.cfg.worker_int(self)
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None
        self.runner.stop()
        self._end()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _reopen(self) -> None:
        self.log.reopen_files()
        service = self.runner.service
        if service is not None and service.access_log is not None:
            service.access_log.reopen()

    def _share_log(self) -> None:
        """What the library and asyncio have to say goes where gunicorn's errors go."""
        for name in ("slipway", "asyncio"):
            logger = logging.getLogger(name)
            logger.handlers = self.log.error_log.handlers
            logger.setLevel(self.log.error_log.level)
            logger.propagate = False
