"""The routes of the application, written once: Request to Response.

Knows nothing of the server that carries them.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from app import content, landing
from app.httpd import HTTPServer, Refusal, Request, Response
from app.httpd.files import StaticFiles
from app.parking import Parking
from app.security import secure

STATIC = Path(__file__).parent / "static"
# /sleep and /park may be asked to wait this long, and need a moment to answer.
PATIENCE = max(content.LONGEST_SLEEP, content.LONGEST_PARK) + 5.0


def install(
    server: HTTPServer,
    static_max_age: int = 3600,
    service: str = "",
    name: str = "the Protocol server",
) -> None:
    """Put the routes on a server. static_max_age: seconds. service: what the workers that
    /release reaches have in common. name: the server's, for the page."""
    parking = Parking(service)
    server.on_startup(parking.open)
    server.on_shutdown(parking.close)
    server.get("/")(partial(index, name))
    server.get("/plaintext")(plaintext)
    server.get("/json")(json)
    server.get("/hello")(hello)
    server.get("/hello/{name}")(hello)
    server.get("/time")(time)
    server.get("/sleep", deadline=PATIENCE)(sleep)
    server.get("/park", deadline=PATIENCE)(parking.park)
    server.post("/release")(parking.release)
    server.post("/echo")(echo)
    server.get("/headers")(headers)
    server.get("/stream")(stream)
    server.get("/healthz")(healthz)
    server.get("/readyz")(readyz)
    server.get("/static/{path:path}")(partial(static, StaticFiles(STATIC, max_age=static_max_age)))


def index(name: str, request: Request) -> Response:
    """What this is, and who answered."""
    return Response.html(landing.page(name, request.id), headers=landing.FIELDS)


def plaintext(request: Request) -> Response:
    """The shortest answer there is; what benchmarks ask for."""
    return Response.text(content.HELLO_WORLD)


def json(request: Request) -> dict[str, str]:
    """The same as JSON."""
    return content.message()


def hello(request: Request) -> Response:
    """Greet the name in the path, or nobody in particular."""
    return Response.text(content.hello(**request.params))


def time(request: Request) -> Response:
    """The current time."""
    return Response.text(content.now(), headers=[("Cache-Control", "no-store")])


async def sleep(request: Request) -> Response:
    """Answer after ?seconds=S, and hold up nobody else."""
    with _as_asked():
        seconds = content.seconds_to_sleep(request.query.pairs)
    await asyncio.sleep(seconds)
    return Response.text(content.slept(seconds))


async def echo(request: Request) -> Response:
    """The body as it came, with its type."""
    kind = request.headers.get("content-type", "application/octet-stream")
    # Somebody else's bytes under our name: a browser shall not guess that they are a page.
    nosniff = [("X-Content-Type-Options", "nosniff")]
    return Response(await request.body(), content_type=kind, headers=nosniff)


def headers(request: Request) -> Response:
    """The request's header fields, in their order."""
    lines = (f"{name}: {value}\n" for name, value in request.headers.pairs)
    return Response.text("".join(lines))


def stream(request: Request) -> Response:
    """?chunks=N lines, each sent when it is made."""
    with _as_asked():
        count = content.lines_wanted(request.query.pairs)

    async def lines() -> AsyncIterator[bytes]:
        for number in range(1, count + 1):
            yield content.line(number).encode()
            await asyncio.sleep(0)

    # nginx would compress and collect the lines until there are enough of them to send.
    at_once = [("X-Accel-Buffering", "no")]
    return Response.stream(lines(), content_type="text/plain; charset=utf-8", headers=at_once)


def healthz(request: Request) -> Response:
    """This process answers."""
    return Response.text("alive\n", headers=[("Cache-Control", "no-store")])


def readyz(request: Request) -> Response:
    """This process wants traffic; 503 once it was told to stop."""
    if request.draining:
        return Response.text("draining\n", 503, [("Cache-Control", "no-store")])
    return Response.text("ready\n", headers=[("Cache-Control", "no-store")])


def static(files: StaticFiles, request: Request) -> Response:
    """A file, with the fields that nginx would give it."""
    return secure(files(request))


@contextmanager
def _as_asked() -> Iterator[None]:
    """What the query may not say is a bad request."""
    try:
        yield
    except ValueError as error:
        raise Refusal(400, str(error)) from None
