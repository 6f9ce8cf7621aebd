"""The one line at the start: what runs, on which loop, where, by how many and why, how bounded.

Knows nothing of who prints it.
"""

import platform
from importlib import metadata

from app import __version__
from app.httpd import loops
from app.httpd.runner import most_connections
from app.settings import Settings


def greeting(settings: Settings, where: str, workers: str) -> str:
    """The line. where: addresses; workers: how many and why, or what
    serves instead."""
    limits, times = settings.limits, settings.deadlines
    return (
        f"slipway {__version__} by {_server(settings)} "
        f"on Python {platform.python_version()} "
        f"with {loops.describe(settings.loop)} listens on {where} with {workers}; "
        f"at most {most_connections(limits.connections)} connections a worker, "
        f"head {limits.head}, body {limits.body} bytes; "
        f"head {times.head:g}, handler {times.handler:g}, idle {times.idle:g}, "
        f"drain {times.drain:g} s"
    )


def _server(settings: Settings) -> str:
    if settings.server == "aiohttp":
        return f"aiohttp {metadata.version('aiohttp')}"
    return "the Protocol server"
