"""WebOb: WSGI's environ and answer as objects, and the routing one's own.

The idea: a Request is a view of an environ, with every field of HTTP as an attribute; a Response
is a WSGI callable; `wsgify` makes one of a function from the one to the other. So everything stays
WSGI: a function that returns another application is answered by that one, and a folder of files
is an application to be mounted. How a path finds its function is nobody's business but ours: a
table of patterns does.

Good for: small services, and middleware that must understand requests. Where it stops: no routing,
no sessions, no forms; a parked request is a thread that waits; no types for a checker.
"""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from webob import Request, Response, exc
from webob.dec import wsgify
from webob.static import DirectoryApp, FileApp

from app import content, landing
from app.gallery import under_gunicorn
from app.gallery.lot import Lot
from app.gallery.refusals import explained
from app.gallery.under_gunicorn import Told
from app.httpd import Refusal
from app.settings import Settings

STATIC = Path(__file__).parent.parent / "static"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}

View = Callable[..., Any]  # of a Request and the groups of its pattern


class Files(DirectoryApp):  # type: ignore[misc]  # of no type
    """WebOb's own application for a folder, with the ETag that it leaves to others."""

    def make_fileapp(self, path: str) -> Any:
        """What answers with this file."""
        status = Path(path).stat()
        etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        return FileApp(path, etag=etag, **self.fileapp_kw)


class Site:
    """The routes, and what they share."""

    def __init__(self, settings: Settings, told: Told) -> None:
        self._told = told
        self._most = settings.limits.body
        self._lot = Lot()
        kept = {"max_age": settings.static_max_age, "public": True}
        self._files = Files(STATIC, index_page=None, cache_control=kept)
        self._clock = wsgify(clock)
        self._routes = [(re.compile(each), views) for each, views in self._table().items()]

    def _table(self) -> dict[str, dict[str, View]]:
        return {
            r"/": {"GET": index},
            r"/plaintext": {"GET": plaintext},
            r"/json": {"GET": json},
            r"/hello(?:/(?P<name>[^/]+))?": {"GET": hello},
            r"/time": {"GET": now},
            r"/sleep": {"GET": sleep},
            r"/park": {"GET": self.park},
            r"/release": {"POST": self.release},
            r"/echo": {"POST": self.echo},
            r"/headers": {"GET": headers},
            r"/stream": {"GET": stream},
            r"/static/(?P<path>(?s:.+)(?<!/))": {"GET": self.static},
            r"/healthz": {"GET": healthz},
            r"/readyz": {"GET": self.readyz},
        }

    def answer(self, request: Request) -> Any:
        """The answer to any request, a refusal included."""
        try:
            if request.path_info_peek() == "clock":
                request.path_info_pop()
                return self._clock
            return self._route(request)
        except UnicodeDecodeError:
            error = exc.HTTPBadRequest("the path or the query is not UTF-8")
        except exc.HTTPError as raised:
            error = raised
        allow = tuple(each for each in error.headerlist if each[0] == "Allow")
        refusal = Refusal(error.code, error.detail or "", allow)
        status, fields, body = explained(refusal, request.headers.get("Accept", ""))
        return Response(status=status, headerlist=fields, app_iter=[body])

    def _route(self, request: Request) -> Any:
        if request.method not in METHODS:
            raise exc.HTTPNotImplemented("the method is not one this server knows")
        for pattern, views in self._routes:
            match = pattern.fullmatch(request.path_info)
            if match is None:
                continue
            view = views.get("GET" if request.method == "HEAD" else request.method)
            if view is not None:
                return view(request, **match.groupdict())
            methods = {*views, "OPTIONS", *(["HEAD"] if "GET" in views else [])}
            allow = [("Allow", ", ".join(sorted(methods)))]
            if request.method == "OPTIONS":
                return Response(status=204, headerlist=allow)
            raise exc.HTTPMethodNotAllowed(headers=allow)
        raise exc.HTTPNotFound

    def park(self, request: Request) -> Response:
        """Wait for a /release, or give up with 504."""
        if not self._lot.park(content.LONGEST_PARK):
            raise exc.HTTPGatewayTimeout(content.NOBODY)
        return text(content.DONE)

    def release(self, request: Request) -> Response:
        """Let every parked request of this process go; say how many."""
        return text(str(self._lot.release()))

    def echo(self, request: Request) -> Response:
        """The body as it came, with its type."""
        if (request.content_length or 0) > self._most:
            raise exc.HTTPRequestEntityTooLarge
        try:
            body = request.body_file.read(self._most + 1)
        except OSError:
            raise exc.HTTPBadRequest("the body ended before its length was reached") from None
        if len(body) > self._most:
            raise exc.HTTPRequestEntityTooLarge
        answer = Response(body=body)
        # Not request.content_type, which leaves the parameters out.
        kind = request.headers.get("Content-Type") or "application/octet-stream"
        answer.headers["Content-Type"] = kind
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    def static(self, request: Request, path: str) -> Response:
        """A file, by the application that WebOb has for folders."""
        request.path_info_pop()
        answer = request.get_response(self._files)
        if answer.status_code in (403, 404):
            raise exc.HTTPNotFound  # nor is it said why
        return answer

    def readyz(self, request: Request) -> Response:
        """This process wants traffic; 503 once it was told to stop."""
        return fresh("draining\n", 503) if self._told() else fresh("ready\n")


def text(words: str, status: int = 200) -> Response:
    """Plain text."""
    return Response(text=words, status=status, content_type="text/plain", charset="utf-8")


def fresh(words: str, status: int = 200) -> Response:
    """Plain text that no cache keeps."""
    answer = text(words, status)
    answer.cache_control.no_store = True
    return answer


def index(request: Request) -> Response:
    """What this is, and who answered."""
    page = landing.page("WebOb under gunicorn")
    answer = Response(text=page, content_type="text/html", charset="utf-8")
    answer.headers.update(landing.FIELDS)
    return answer


def plaintext(request: Request) -> Response:
    """The shortest answer there is."""
    return text(content.HELLO_WORLD)


def json(request: Request) -> Response:
    """The same as JSON."""
    return Response(json_body=content.message(), content_type="application/json")


def hello(request: Request, name: str | None) -> Response:
    """Greet the name in the path, or nobody in particular."""
    return text(content.hello() if name is None else content.hello(name))


def now(request: Request) -> Response:
    """The current time."""
    return fresh(content.now())


def sleep(request: Request) -> Response:
    """Answer after ?seconds=S; the thread sleeps, and the others do not."""
    with _as_asked():
        seconds = content.seconds_to_sleep(list(request.GET.items()))
    time.sleep(seconds)
    return text(content.slept(seconds))


def headers(request: Request) -> Response:
    """The request's header fields, as the environ has them."""
    return text("".join(f"{name}: {value}\n" for name, value in request.headers.items()))


def stream(request: Request) -> Response:
    """?chunks=N lines, each sent when it is made."""
    with _as_asked():
        count = content.lines_wanted(list(request.GET.items()))
    lines = (content.line(number).encode() for number in range(1, count + 1))
    return Response(app_iter=lines, content_type="text/plain", charset="utf-8")


def healthz(request: Request) -> Response:
    """This process answers."""
    return fresh("alive\n")


def clock(request: Request) -> Response:
    """The program that WSGI is taught with, in WebOb's words."""
    if request.method != "GET":
        raise exc.HTTPNotImplemented
    hosts = (request.environ["SERVER_NAME"], "localhost")
    served = request.host in {f"{each}:{request.environ['SERVER_PORT']}" for each in hosts}
    if request.path_info not in ("", "/") or not served:
        raise exc.HTTPNotFound
    return fresh(content.now())


@contextmanager
def _as_asked() -> Iterator[None]:
    """What the query may not say is a bad request."""
    try:
        yield
    except UnicodeDecodeError:
        raise
    except ValueError as error:
        raise exc.HTTPBadRequest(str(error)) from None


@contextmanager
def application(settings: Settings, told: Told) -> Iterator[WSGIApplication]:
    """The site as a WSGI callable."""
    yield wsgify(Site(settings, told).answer)


def serve(sock: socket.socket) -> None:
    """Serve with a thread for each request in hand, until SIGTERM or SIGINT."""
    under_gunicorn.serve(sock, application)
