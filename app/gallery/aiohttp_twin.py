"""aiohttp as one of the ways: in this process, without gunicorn.

The idea: a complete HTTP server and framework on asyncio, its parser in C (llhttp), each
connection a task that takes one request after another. All of the adapter is in `app.aiohttp_app`.
Good for: deploying, where WebSockets, middleware, sessions or an HTTP client are wanted from one
well-kept library. Where it stops: a multiple of the Protocol server's CPU, no bound on connections
and none on a slow head but the idle time, no word for a method that its parser does not know.
"""

import asyncio
import os
import socket
from functools import partial

from app.aiohttp_app import TwinRunner
from app.httpd.loops import new_event_loop
from app.httpd.runner import hear_no_more, serve_until_told
from app.settings import Settings


def serve(sock: socket.socket) -> None:
    """Serve until SIGTERM, which drains, or SIGINT, which does not."""
    settings = Settings.from_environment(os.environ)
    with asyncio.Runner(loop_factory=partial(new_event_loop, settings.loop)) as process:
        process.run(serve_until_told(TwinRunner(settings, None), sock))
        hear_no_more()
