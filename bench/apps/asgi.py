"""A raw ASGI application: what uvicorn costs with nothing on top of it."""

from collections.abc import Awaitable, Callable
from typing import Any

Event = dict[str, Any]

HEAD: Event = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"13")],
}
BODY: Event = {"type": "http.response.body", "body": b"Hello, World!"}


async def application(
    scope: Event, receive: Callable[[], Awaitable[Event]], send: Callable[[Event], Awaitable[None]]
) -> None:
    """Answer every path alike: not even a route is looked up."""
    await send(HEAD)
    await send(BODY)
