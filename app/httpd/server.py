"""`HTTPServer`: what an application is written on. Collects routes, pages, files and hooks.

Knows nothing of connections; `run` and the gunicorn worker hand it to a `Runner`.
"""

import asyncio
import inspect
import logging
import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .accesslog import AccessLog
from .answer import ErrorHandler
from .errors import UsageError
from .files import StaticFiles
from .forwarded import CLIENT_FIELD, TrustedProxies
from .limits import Deadlines, Limits
from .loops import new_event_loop
from .response import Response
from .router import Endpoint, Handler, Router
from .runner import Runner, serve_until_signal
from .service import Config

AnyHandler = TypeVar("AnyHandler", bound=Handler)
Hook = Callable[[], Any]


class HTTPServer:
    """Routes and hooks of one application.

    limits, deadlines: see `limits`. trusted_proxies: addresses and networks whose
    forwarding fields are believed, "*" for everyone. forwarded_field: the one in which they
    name the client. Raises ValueError for a proxy or a field that is none.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        deadlines: Deadlines | None = None,
        trusted_proxies: Iterable[str] = ("127.0.0.1", "::1"),
        forwarded_field: str = CLIENT_FIELD,
    ) -> None:
        self.limits = limits or Limits()
        self.deadlines = deadlines or Deadlines()
        self.startup_hooks: list[Hook] = []
        self.shutdown_hooks: list[Hook] = []
        self._router = Router()
        self._proxies = TrustedProxies(trusted_proxies, forwarded_field)
        self._error_handler: ErrorHandler | None = None
        self._started = False

    def route(
        self,
        path: str,
        methods: Iterable[str] = ("GET",),
        *,
        deadline: float | None = None,
        body: int | None = None,
    ) -> Callable[[AnyHandler], AnyHandler]:
        """Decorate a handler for a path: `/hello/{name}`, `{id:int}`, `{rest:path}`.

        GET answers HEAD too; OPTIONS is answered for every path. deadline: seconds the
        handler may take, body: bytes it may be sent, where the server's own do not fit.
        Raises UsageError for a path or method that is none, for a bound that lets nothing
        through, for a route that is taken, and once the server has started: what a path
        leads to is remembered.
        """
        chosen = [methods] if isinstance(methods, str) else list(methods)
        if not chosen:
            raise UsageError(f"route {path!r} has no method")
        if deadline is not None and not deadline > 0:
            raise UsageError(f"route {path!r}: a deadline is in seconds above 0, not {deadline}")
        if body is not None and body < 0:
            raise UsageError(f"route {path!r}: body is bytes from 0 on, not {body}")

        def decorate(handler: AnyHandler) -> AnyHandler:
            self._add(path, chosen, Endpoint(handler, path, deadline, body))
            return handler

        return decorate

    def get(self, path: str, **options: Any) -> Callable[[AnyHandler], AnyHandler]:
        """`route` for GET, and HEAD with it."""
        return self.route(path, ("GET",), **options)

    def post(self, path: str, **options: Any) -> Callable[[AnyHandler], AnyHandler]:
        """`route` for POST."""
        return self.route(path, ("POST",), **options)

    def put(self, path: str, **options: Any) -> Callable[[AnyHandler], AnyHandler]:
        """`route` for PUT."""
        return self.route(path, ("PUT",), **options)

    def patch(self, path: str, **options: Any) -> Callable[[AnyHandler], AnyHandler]:
        """`route` for PATCH."""
        return self.route(path, ("PATCH",), **options)

    def delete(self, path: str, **options: Any) -> Callable[[AnyHandler], AnyHandler]:
        """`route` for DELETE."""
        return self.route(path, ("DELETE",), **options)

    def page(self, path: str, html: str) -> None:
        """Serve one HTML text at a path, without a handler."""
        response = Response.html(html)
        self._add(path, ("GET",), Endpoint(lambda _: response, path))

    def static(
        self, prefix: str, directory: str | os.PathLike[str], *, max_age: int = 3600
    ) -> None:
        """Serve the files below a directory. max_age: seconds that browsers keep them.

        Raises UsageError when there is no such directory.
        """
        path = prefix.rstrip("/") + "/{path:path}"
        files = StaticFiles(directory, max_age=max_age)
        self._add(path, ("GET",), Endpoint(files, path))

    def _add(self, path: str, methods: Iterable[str], endpoint: Endpoint) -> None:
        self._only_before_start("a route")
        self._router.add(path, methods, endpoint)

    def _only_before_start(self, what: str) -> None:
        if self._started:
            raise UsageError(f"{what} is given before the server starts")

    def on_startup(self, hook: Hook) -> Hook:
        """Decorate a function or coroutine function that runs before the first request. What
        it raises stops the start."""
        self.startup_hooks.append(hook)
        return hook

    def on_shutdown(self, hook: Hook) -> Hook:
        """Decorate a function or coroutine function that runs after the last answer."""
        self.shutdown_hooks.append(hook)
        return hook

    def on_error(self, handler: ErrorHandler) -> ErrorHandler:
        """Decorate the function that answers errors: `(request, error)` to what a handler
        may return, or None for the server's own page. It is a plain function. Raises
        UsageError for a coroutine function and for a second one."""
        self._only_before_start("the error handler")
        if inspect.iscoroutinefunction(handler):
            raise UsageError("the error handler is a plain function, not a coroutine function")
        if self._error_handler is not None:
            raise UsageError("there is an error handler already")
        self._error_handler = handler
        return handler

    def config(self, scheme: str = "http") -> Config:
        """What a running server is made from: the server has started, and takes no more
        routes. scheme: "https" where TLS ends here."""
        self._started = True
        return Config(
            self._router, self.limits, self.deadlines, self._proxies, self._error_handler, scheme
        )

    def run(
        self,
        host: str = "127.0.0.1",
        port: int = 8000,
        *,
        access_log: AccessLog | None = None,
        loop: str = "auto",
    ) -> None:
        """Serve in this process until SIGTERM (drains) or SIGINT, SIGQUIT (stop at once).

        port: 0 for any free one. loop: "auto", "uvloop" or "asyncio". Raises OSError when
        the address cannot be listened on. Where nobody has configured logging, it goes to
        standard error.
        """
        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
        runner = Runner(self, access_log=access_log)
        with asyncio.Runner(loop_factory=lambda: new_event_loop(loop)) as process:
            process.run(serve_until_signal(runner, host, port))
