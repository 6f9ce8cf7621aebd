"""The application for the tests of processes: the real one, and routes that misbehave.

`python -m tests.process.misbehaving` serves it by `HTTPServer.run`.
"""

import asyncio
import logging
import os
import sys
import time

from app.httpd import HTTPServer, Request, Response
from app.main import create_server as create
from app.settings import Settings


def create_server(settings: Settings) -> HTTPServer:
    """The application, with routes that block, hang and fail."""
    server = create(settings)
    server.get("/pid")(lambda _: Response.text(str(os.getpid())))
    server.get("/block")(block)
    server.get("/thread", deadline=60)(thread)
    server.get("/fail")(fail)
    server.on_startup(lambda: print("a start-up hook", file=sys.stderr, flush=True))
    server.on_shutdown(lambda: print("a shutdown hook", file=sys.stderr, flush=True))
    return server


def block(request: Request) -> str:
    """Hold up the whole loop."""
    time.sleep(60)
    return "too late"


async def thread(request: Request) -> str:
    """Leave a thread behind that does not end."""
    await asyncio.to_thread(time.sleep, 60)
    return "too late"


def fail(request: Request) -> str:
    """Raise what is nobody's business."""
    raise RuntimeError("the password is swordfish")


def with_broken_hook(settings: Settings) -> HTTPServer:
    """A start-up hook that raises."""
    server = create(settings)

    @server.on_startup
    async def hook() -> None:
        raise ConnectionRefusedError("no database")

    return server


def with_exiting_hook(settings: Settings) -> HTTPServer:
    """A start-up hook that ends the process."""
    server = create(settings)
    server.on_startup(lambda: sys.exit("no database"))
    return server


def with_endless_hook(settings: Settings) -> HTTPServer:
    """A start-up hook that waits for what never comes."""
    server = create(settings)

    @server.on_startup
    async def hook() -> None:
        print("waiting for a database", file=sys.stderr, flush=True)
        await asyncio.sleep(60)

    return server


def exiting(settings: Settings) -> HTTPServer:
    """No server at all."""
    sys.exit("no secret key")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    create_server(Settings.from_environment(os.environ)).run(port=int(os.environ["PORT"]))
