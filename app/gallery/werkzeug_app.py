"""Werkzeug: request and response as objects, and a map of routes; what Flask is made of.

The idea: WebOb's, and a step further. Rules with typed parameters are put into a Map, which finds
the one that a path and a method belong to, answers HEAD where there is a GET, knows which methods
are allowed where one is not, and builds the URLs back again. What went wrong is an exception that
is an answer as well. There is no application object: that is Flask's part.

Good for: WSGI services that want routing, and no more. Where it stops: its router is given the
path after it was decoded, where %2F is a slash and bad UTF-8 has been replaced; a parked request
is a thread that waits.
"""

import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.exceptions import (
    BadRequest,
    GatewayTimeout,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)
from werkzeug.exceptions import NotImplemented as NotServed
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.routing import Map, Rule
from werkzeug.utils import send_from_directory
from werkzeug.wrappers import Request, Response

from app import content, landing
from app.gallery import under_gunicorn
from app.gallery.lot import Lot
from app.gallery.refusals import explained
from app.gallery.under_gunicorn import Told
from app.httpd import Refusal
from app.settings import Settings

STATIC = Path(__file__).parent.parent / "static"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
FRESH = {"Cache-Control": "no-store"}

View = Callable[..., Response]  # of a Request and the parameters of its rule


class Site:
    """The map of routes, and what they share."""

    def __init__(self, settings: Settings, told: Told) -> None:
        self._told = told
        self._most = settings.limits.body
        self._max_age = settings.static_max_age
        self._lot = Lot()
        # A path with two slashes is another path, and nobody is sent elsewhere.
        self._map = Map(list(self._rules()), merge_slashes=False)

    def _rules(self) -> Iterator[Rule]:
        yield _get("/", index)
        yield _get("/plaintext", plaintext)
        yield _get("/json", message)
        yield _get("/hello", hello)
        yield _get("/hello/<name>", hello)
        yield _get("/time", now)
        yield _get("/sleep", sleep)
        yield _get("/park", self.park)
        yield Rule("/release", methods=["POST"], endpoint=self.release)
        yield Rule("/echo", methods=["POST"], endpoint=self.echo)
        yield _get("/headers", headers)
        yield _get("/stream", stream)
        yield _get("/static/<path:path>", self.static)
        yield _get("/healthz", healthz)
        yield _get("/readyz", self.readyz)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        # One more than may come: at its limit Werkzeug cuts a chunked body, and says nothing.
        request.max_content_length = self._most + 1
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        try:
            return self._route(request)
        except MethodNotAllowed as error:
            allow = ", ".join(sorted({*(error.valid_methods or ()), "OPTIONS"}))
            if request.method == "OPTIONS":
                answer = Response(status=204, headers={"Allow": allow})
                del answer.headers["Content-Type"]  # of nothing
                return answer
            return refused(error, request, ("Allow", allow))
        except HTTPException as error:
            return refused(error, request)

    def _route(self, request: Request) -> Response:
        if request.method not in METHODS:
            raise NotServed("the method is not one this server knows")
        try:
            request.environ["PATH_INFO"].encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:  # Werkzeug would put a U+FFFD in its place
            raise BadRequest("the path is not UTF-8") from None
        view, parameters = self._map.bind_to_environ(request.environ).match()
        answer: Response = view(request, **parameters)
        return answer

    def park(self, request: Request) -> Response:
        """Wait for a /release, or give up with 504."""
        if not self._lot.park(content.LONGEST_PARK):
            raise GatewayTimeout(content.NOBODY)
        return text(content.DONE)

    def release(self, request: Request) -> Response:
        """Let every parked request of this process go; say how many."""
        return text(str(self._lot.release()))

    def echo(self, request: Request) -> Response:
        """The body as it came, with its type."""
        if (request.content_length or 0) > self._most:
            raise RequestEntityTooLarge
        body = request.get_data(cache=False)
        if len(body) > self._most:
            raise RequestEntityTooLarge
        if len(body) < (request.content_length or 0):
            raise BadRequest("the body ended before its length was reached")
        kind = request.content_type or "application/octet-stream"
        return Response(body, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    def static(self, request: Request, path: str) -> Response:
        """A file, by the function that Werkzeug has for folders."""
        if path.endswith("/"):
            raise NotFound  # Werkzeug would leave it out
        return send_from_directory(STATIC, path, request.environ, max_age=self._max_age)

    def readyz(self, request: Request) -> Response:
        """This process wants traffic; 503 once it was told to stop."""
        return fresh("draining\n", 503) if self._told() else fresh("ready\n")


def _get(rule: str, view: View) -> Rule:
    return Rule(rule, methods=["GET"], endpoint=view)  # Werkzeug adds HEAD


def refused(error: HTTPException, request: Request, *fields: tuple[str, str]) -> Response:
    """The answer to what a view, or Werkzeug, raised: ours, for Werkzeug knows no JSON."""
    if not error.code or error.code < 400:
        raise TypeError(f"{error!r} is no refusal")
    # What was said here, not what Werkzeug says of every error of this kind.
    reason: str = vars(error).get("description", "")
    status, given, body = explained(
        Refusal(error.code, reason, fields), request.headers.get("Accept", "")
    )
    return Response(body, status, given)


def text(words: str) -> Response:
    """Plain text."""
    return Response(words, mimetype="text/plain")


def fresh(words: str, status: int = 200) -> Response:
    """Plain text that no cache keeps."""
    return Response(words, status, FRESH, mimetype="text/plain")


def index(request: Request) -> Response:
    """What this is, and who answered."""
    page = landing.page("Werkzeug under gunicorn")
    return Response(page, headers=landing.FIELDS, mimetype="text/html")


def plaintext(request: Request) -> Response:
    """The shortest answer there is."""
    return text(content.HELLO_WORLD)


def message(request: Request) -> Response:
    """The same as JSON."""
    return Response(
        json.dumps(content.message(), separators=(",", ":")), mimetype="application/json"
    )


def hello(request: Request, **names: str) -> Response:
    """Greet the name in the path, or nobody in particular."""
    return text(content.hello(**names))


def now(request: Request) -> Response:
    """The current time."""
    return fresh(content.now())


def sleep(request: Request) -> Response:
    """Answer after ?seconds=S; the thread sleeps, and the others do not."""
    with _as_asked():
        seconds = content.seconds_to_sleep(list(request.args.items(multi=True)))
    time.sleep(seconds)
    return text(content.slept(seconds))


def headers(request: Request) -> Response:
    """The request's header fields, as the environ has them."""
    return text("".join(f"{name}: {value}\n" for name, value in request.headers.items()))


def stream(request: Request) -> Response:
    """?chunks=N lines, each sent when it is made."""
    with _as_asked():
        count = content.lines_wanted(list(request.args.items(multi=True)))
    lines = (content.line(number) for number in range(1, count + 1))
    return Response(lines, mimetype="text/plain")


def healthz(request: Request) -> Response:
    """This process answers."""
    return fresh("alive\n")


@Request.application
def clock(request: Request) -> Response:
    """The program that WSGI is taught with, in Werkzeug's words."""
    if request.method != "GET":
        raise NotServed
    name, port = request.environ["SERVER_NAME"], request.environ["SERVER_PORT"]
    served = {f"{name}:{port}", f"localhost:{port}"}
    if request.path not in ("", "/") or request.host not in served:
        raise NotFound
    return fresh(content.now())


@contextmanager
def _as_asked() -> Iterator[None]:
    """What the query may not say is a bad request."""
    try:
        yield
    except ValueError as error:
        raise BadRequest(str(error)) from None


@contextmanager
def application(settings: Settings, told: Told) -> Iterator[WSGIApplication]:
    """The site as a WSGI callable, with the clock beside it."""
    yield DispatcherMiddleware(Site(settings, told), {"/clock": clock})


def serve(sock: socket.socket) -> None:
    """Serve with a thread for each request in hand, until SIGTERM or SIGINT."""
    under_gunicorn.serve(sock, application)
