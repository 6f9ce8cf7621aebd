"""One route on aiohttp, for its own gunicorn worker."""

from aiohttp import web


async def plaintext(request: web.Request) -> web.Response:
    """The 13 bytes."""
    return web.Response(text="Hello, World!")


application = web.Application()
application.router.add_get("/plaintext", plaintext)
