"""The application's routes as a user of snow writes them, and the three uses snow is known for.

The idea: a handler is a function, or a generator where it waits, and yields what it waits for; the
framework and all that makes it work are in `app.gallery.snow`. Good for: seeing how little a
handler needs of async and await. Where it stops: see there; and parked requests are this
process's own.
"""

import hashlib
import os
import socket
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from time import time as now
from typing import TypeVar

from app import content, landing
from app.gallery.snow import (
    Future,
    Handler,
    HttpNotFound,
    HttpRequest,
    HttpResponse,
    Snow,
    TimeoutFuture,
    accepts,
    decode,
)
from app.httpd import Refusal
from app.httpd.conditional import Validators, format_date, not_modified
from app.httpd.representation import cache_control, content_type
from app.httpd.response import encode_json
from app.httpd.runner import hear_no_more
from app.settings import Settings

STATIC = Path(__file__).parents[1] / "static"
HTML = "text/html; charset=utf-8"
NO_STORE = {"Cache-Control": "no-store"}

T = TypeVar("T")
Waits = Generator[Future, object, HttpResponse]


def index(request: HttpRequest) -> HttpResponse:
    """What this is, and who answered."""
    headers = {"Content-Type": HTML, **landing.FIELDS}
    return HttpResponse(landing.page("snow"), headers=headers)


def plaintext(request: HttpRequest) -> HttpResponse:
    """The shortest answer there is."""
    return HttpResponse(content.HELLO_WORLD)


def json(request: HttpRequest) -> HttpResponse:
    """The same as JSON."""
    body = encode_json(content.message())
    return HttpResponse(body, headers={"Content-Type": "application/json"})


def hello(request: HttpRequest) -> HttpResponse:
    """Greet the name in the path, or nobody in particular."""
    return HttpResponse(content.hello(*map(decode, request.match.groups())))


def time(request: HttpRequest) -> HttpResponse:
    """The current time."""
    return HttpResponse(content.now(), headers=NO_STORE)


def sleep(request: HttpRequest) -> Waits:
    """Answer after ?seconds=S, and hold up nobody else."""
    seconds = _asked(content.seconds_to_sleep, request)
    yield TimeoutFuture(seconds)
    return HttpResponse(content.slept(seconds))


@accepts("POST")
def echo(request: HttpRequest) -> HttpResponse:
    """The body as it came, with its type."""
    kind = request.headers.get("content-type") or "application/octet-stream"
    # Somebody else's bytes under our name: a browser shall not guess that they are a page.
    headers = {"Content-Type": kind, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(request.body, headers=headers)


def headers(request: HttpRequest) -> HttpResponse:
    """The request's header fields, in their order."""
    return HttpResponse("".join(f"{name}: {value}\n" for name, value in request.headers.pairs))


def stream(request: HttpRequest) -> HttpResponse:
    """?chunks=N lines, each sent when it is made."""
    count = _asked(content.lines_wanted, request)
    lines = (content.line(number).encode() for number in range(1, count + 1))
    return HttpResponse(lines, headers={"Content-Type": "text/plain; charset=utf-8"})


def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("alive\n", headers=NO_STORE)


def readyz(request: HttpRequest) -> HttpResponse:
    """This process wants traffic; 503 once it was told to stop."""
    if request.draining:
        return HttpResponse("draining\n", 503, NO_STORE)
    return HttpResponse("ready\n", headers=NO_STORE)


class Parking:
    """Requests that wait for another one, of this process."""

    def __init__(self) -> None:
        self._parked: set[Future] = set()

    def park(self, request: HttpRequest) -> Waits:
        """Wait for a /release, or give up with 504."""
        released = Future(timeout=content.LONGEST_PARK)
        self._parked.add(released)
        try:
            yield released
        except TimeoutError:
            raise Refusal(504, content.NOBODY) from None
        finally:  # also when the client leaves
            self._parked.discard(released)
        return HttpResponse(content.DONE)

    @accepts("POST")
    def release(self, request: HttpRequest) -> HttpResponse:
        """Let every parked request go; say how many."""
        waiting = [each for each in self._parked if not each.ready]
        for each in waiting:
            each.set_result()
        return HttpResponse(str(len(waiting)))


class Static:
    """The files below a folder, as they are when the server starts. No path that a client sends
    is ever opened: it is looked up among theirs. max_age: seconds that caches keep them."""

    def __init__(self, folder: Path, max_age: int) -> None:
        self._files = {
            path.relative_to(folder).as_posix(): self._read(path, max_age)
            for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink() and not _hidden(path.relative_to(folder))
        }

    @staticmethod
    def _read(path: Path, max_age: int) -> tuple[bytes, Validators, dict[str, str]]:
        data = path.read_bytes()
        tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
        current = Validators(tag, int(path.stat().st_mtime))
        headers = {
            "ETag": tag,
            "Last-Modified": format_date(current.modified),
            "Cache-Control": cache_control(path.name, max_age),
            "X-Content-Type-Options": "nosniff",
        }
        return data, current, headers

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = decode(request.match["name"])
        if name not in self._files:
            raise HttpNotFound
        data, current, headers = self._files[name]
        if not_modified(request.headers, current, now()):
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(data, headers={"Content-Type": content_type(name), **headers})


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _asked(read: Callable[[content.Query], T], request: HttpRequest) -> T:
    """What the query may not say is a bad request."""
    try:
        return read(request.query)
    except ValueError as error:
        raise Refusal(400, str(error)) from None


# ---- the uses that snow is known for

ASYNC_SECONDS = 2.0


class Published:
    """A request that waits for the time, and requests that wait for each other."""

    def __init__(self) -> None:
        self._waiting: list[Future] = []

    def wait(self, request: HttpRequest) -> Waits:
        """/async/ answers after a while."""
        yield TimeoutFuture(ASYNC_SECONDS)
        return HttpResponse("async")

    def park(self, request: HttpRequest) -> Iterator[Future]:
        """/req/ is answered when /stop/ is: by the callback, which is told the result."""
        future = Future(self._answer)
        self._waiting.append(future)
        try:
            yield future
        finally:
            self._waiting.remove(future)

    def stop(self, request: HttpRequest) -> HttpResponse:
        """/stop/ lets them go."""
        for future in self._waiting:
            future.set_result(content.DONE)
        return HttpResponse("stop")

    def _answer(self, request: HttpRequest, future: Future) -> HttpResponse:
        return HttpResponse(str(future.result))


def create(settings: Settings) -> Snow:
    """The application."""
    parking, published = Parking(), Published()
    routes: list[tuple[str, Handler]] = [
        (r"/", index),
        (r"/plaintext", plaintext),
        (r"/json", json),
        (r"/hello", hello),
        (r"/hello/([^/]+)", hello),
        (r"/time", time),
        (r"/sleep", sleep),
        (r"/park", parking.park),
        (r"/release", parking.release),
        (r"/echo", echo),
        (r"/headers", headers),
        (r"/stream", stream),
        (r"/healthz", healthz),
        (r"/readyz", readyz),
        (r"/static/(?P<name>.+)", Static(STATIC, settings.static_max_age)),
        (r"/async/", published.wait),
        (r"/req/", published.park),
        (r"/stop/", published.stop),
    ]
    return Snow(routes, settings.limits, settings.deadlines)


def serve(sock: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, both of which drain."""
    create(Settings.from_environment(os.environ)).serve(sock)
    hear_no_more()
