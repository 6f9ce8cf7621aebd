"""FastAPI on uvicorn: what most teams would use.

The idea: the signature of a function says what a request must look like, and the framework reads,
checks and documents it (/docs, /openapi.json). Underneath are three layers, each exchangeable:
uvicorn turns bytes into ASGI's events, Starlette routes them, FastAPI calls the function.

Good for: APIs with many shapes of data; teams that know it; whatever its ecosystem has ready.
Where it stops: every request pays for all layers, several times the CPU of `protocol`, whether it
needs them or not. uvicorn reads with httptools, which forgives much, and bounds neither the size
of a head nor the time a request may take to come: have a proxy in front of it that does.
"""

import asyncio
import math
import os
import signal
import socket
from collections.abc import AsyncIterator
from urllib.parse import unquote_to_bytes

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, StreamingResponse
from fastapi.routing import APIRoute
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as RoutingError
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from app import __version__, content, landing
from app.handlers import STATIC
from app.httpd import Refusal
from app.httpd.answer import explain
from app.httpd.errors import PHRASES
from app.httpd.router import BASE_METHODS
from app.settings import Settings

NO_STORE = {"Cache-Control": "no-store"}

settings = Settings.from_environment(os.environ)
app = FastAPI(title="Slipway", version=__version__, redirect_slashes=False)
parked: set[asyncio.Future[None]] = set()


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext() -> PlainTextResponse:
    """The shortest answer there is."""
    return PlainTextResponse(content.HELLO_WORLD)


@app.get("/json")
async def json() -> dict[str, str]:
    """The same as JSON, checked against the type and serialised by FastAPI."""
    return content.message()


@app.get("/", response_class=HTMLResponse)
async def index() -> HTMLResponse:
    """What this is, and who answered."""
    return HTMLResponse(landing.page("FastAPI"), headers=landing.FIELDS)


@app.get("/hello", response_class=PlainTextResponse)
async def hello() -> PlainTextResponse:
    """Greet nobody in particular."""
    return PlainTextResponse(content.hello())


@app.get("/hello/{name}", response_class=PlainTextResponse)
async def hello_name(request: Request, name: str) -> PlainTextResponse:
    """Greet somebody."""
    if "\ufffd" in name:  # what uvicorn puts where there was no UTF-8
        _check_text(request)
    return PlainTextResponse(content.hello(name))


@app.get("/time", response_class=PlainTextResponse)
async def time() -> PlainTextResponse:
    """The current time."""
    return PlainTextResponse(content.now(), headers=NO_STORE)


@app.get("/sleep", response_class=PlainTextResponse)
async def sleep(request: Request) -> PlainTextResponse:
    """Answer after ?seconds=S."""
    try:
        seconds = content.seconds_to_sleep(request.query_params.multi_items())
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    await asyncio.sleep(seconds)
    return PlainTextResponse(content.slept(seconds))


@app.get("/park", response_class=PlainTextResponse)
async def park(request: Request) -> Response:
    """Wait for a /release, for the client's leaving, or give up."""
    released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left = asyncio.ensure_future(_disconnected(request))
    parked.add(released)
    try:
        await asyncio.wait(
            (released, left),
            timeout=content.LONGEST_PARK,
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        parked.discard(released)
        left.cancel()
    if released.done():
        return PlainTextResponse(content.DONE)
    if left.done():
        raise ClientDisconnect
    raise HTTPException(504, content.NOBODY)


@app.post("/release", response_class=PlainTextResponse)
async def release() -> PlainTextResponse:
    """Let every parked request of this process go; say how many."""
    waiting = [each for each in parked if not each.done()]
    for each in waiting:
        each.set_result(None)
    return PlainTextResponse(str(len(waiting)))


@app.post("/echo", max_body_size=settings.limits.body)
async def echo(request: Request) -> Response:
    """The body as it came, with its type."""
    kind = request.headers.get("content-type", "application/octet-stream")
    fields = {"Content-Type": kind, "X-Content-Type-Options": "nosniff"}
    return Response(await request.body(), headers=fields)


@app.get("/headers", response_class=PlainTextResponse)
async def headers(request: Request) -> PlainTextResponse:
    """The request's header fields, in their order, in uvicorn's lower case."""
    lines = (b"%b: %b\n" % each for each in request.headers.raw)
    return PlainTextResponse(b"".join(lines).decode("latin-1"))


@app.get("/stream", response_class=StreamingResponse)
async def stream(request: Request) -> Response:
    """?chunks=N lines, each sent when it is made."""
    try:
        count = content.lines_wanted(request.query_params.multi_items())
    except ValueError as error:
        raise HTTPException(400, str(error)) from None
    if request.scope["http_version"] == "1.0":  # uvicorn would send it chunks, which it knows not
        return PlainTextResponse("".join(map(content.line, range(1, count + 1))))
    return StreamingResponse(_lines(count), media_type="text/plain")


@app.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> PlainTextResponse:
    """This process answers."""
    return PlainTextResponse("alive\n", headers=NO_STORE)


@app.get("/readyz", response_class=PlainTextResponse)
async def readyz(request: Request) -> PlainTextResponse:
    """This process wants traffic. From the signal to its last accept uvicorn lets a tenth of a
    second pass: whoever comes then is told."""
    server: uvicorn.Server | None = getattr(request.app.state, "server", None)
    if server is not None and server.should_exit:
        return PlainTextResponse("draining\n", 503, headers=NO_STORE)
    return PlainTextResponse("ready\n", headers=NO_STORE)


class Files(StaticFiles):
    """Starlette's, which take `file/` for `file`: here that is another name, of nothing."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer. Raises HTTPException."""
        if scope["path"].endswith("/"):
            raise HTTPException(404)
        return await super().get_response(path, scope)


# HEAD, which FastAPI does not add to GET. Last, so that GET need not look past it, and unlisted,
# since OpenAPI wants a name of its own for each.
for route in list(app.routes):
    if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
        app.head(route.path, include_in_schema=False)(route.endpoint)

app.mount("/static", Files(directory=STATIC))


@app.exception_handler(RoutingError)
async def refuse(request: Request, error: RoutingError) -> Response:
    """What a route or the router refused, as HTML or JSON."""
    status, reason, fields = error.status_code, error.detail, dict(error.headers or {})
    if request.method not in BASE_METHODS:
        status, reason, fields = 501, "", {}
    elif status == 404 and not _is_text(request):
        status, reason = 400, "the path is not percent-encoded UTF-8"
    elif status == 405:
        allowed = {"OPTIONS", *fields.pop("Allow").split(", ")}
        fields["Allow"] = ", ".join(sorted(allowed | ({"HEAD"} if "GET" in allowed else set())))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=fields)
    return _explained(request, status, "" if reason == PHRASES[status] else reason, fields)


@app.exception_handler(ClientDisconnect)
async def gone(request: Request, error: ClientDisconnect) -> Response:
    """Nobody is there to read it."""
    return Response(status_code=400)


@app.exception_handler(Exception)
async def failed(request: Request, error: Exception) -> Response:
    """A fault of ours; uvicorn logs it."""
    return _explained(request, 500, "", {})


def _explained(request: Request, status: int, reason: str, fields: dict[str, str]) -> Response:
    answer = explain(Refusal(status, reason), ", ".join(request.headers.getlist("accept")))
    kind = (answer.content_type or b"").decode()
    return Response(answer.body, status, {**fields, "Content-Type": kind})


def _is_text(request: Request) -> bool:
    try:
        unquote_to_bytes(request.scope["raw_path"]).decode()
    except UnicodeDecodeError:
        return False
    return True


def _check_text(request: Request) -> None:
    if not _is_text(request):
        raise HTTPException(400, "the path is not percent-encoded UTF-8")


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _lines(count: int) -> AsyncIterator[str]:
    for number in range(1, count + 1):
        yield content.line(number)
        await asyncio.sleep(0)  # others may want something


def serve(sock: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, both of which drain."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            loop=settings.loop,
            http="auto",  # httptools where it is installed
            log_config=None,
            log_level=settings.log_level,
            access_log=False,
            backlog=settings.backlog,
            forwarded_allow_ips=list(settings.forwarded_allow_ips),
            limit_concurrency=settings.limits.connections,
            timeout_keep_alive=math.ceil(settings.deadlines.idle),
            timeout_graceful_shutdown=math.ceil(settings.deadlines.drain),
        )
    )
    app.state.server = server
    # At its end uvicorn gives the signal to whoever had it before: without these that is the
    # kernel, which ends the process as if it had failed.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, server.handle_exit)
    server.run(sockets=[sock])
