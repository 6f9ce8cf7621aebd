"""The Protocol server as one of the ways: in this process, without gunicorn.

The idea: the event loop hands over bytes as they arrive, and an object that lives as long as its
connection is a state machine over them; no task, no stream, no wait between a request that can be
answered at once and its answer. All of it is in `app.httpd`. Good for: deploying. Where it stops:
HTTP/2, WebSocket, TLS without gunicorn.
"""

import asyncio
import os
import socket
from functools import partial

from app.httpd.loops import new_event_loop
from app.httpd.runner import Runner, hear_no_more, serve_until_told
from app.main import create_server
from app.settings import Settings


def serve(sock: socket.socket) -> None:
    """Serve until SIGTERM, which drains, or SIGINT, which does not."""
    settings = Settings.from_environment(os.environ)
    runner = Runner(create_server(settings))
    with asyncio.Runner(loop_factory=partial(new_event_loop, settings.loop)) as process:
        process.run(serve_until_told(runner, sock))
        hear_no_more()
