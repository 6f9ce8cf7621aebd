"""WSGI without a framework (PEP 3333): a callable, given an environ and what starts the answer.

The idea: a server and an application meet in one call. The request is a dictionary as CGI had it,
and a stream; the answer is a status, a list of fields, and an iterable of bytes. Whatever can be
called so can be mounted beside, or wrapped around, whatever else can: `Mounted` is all it takes.

Good for: what every WSGI framework stands on, and a service with no dependency but its server.
Where it stops: one call, one answer: who waits for something holds a thread. Fields of one name
are joined and their order is lost, the path has been decoded (gunicorn gives the raw target as
well), and there is no way to say that the connection shall end.

Here the callable carries `app.handlers`; their coroutines wait in a loop beside the threads.
Beside it are the two programs that WSGI is taught with: `clock`, and `show_environ`.
"""

import socket
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from app import content
from app.gallery import under_gunicorn
from app.gallery.portal import Portal
from app.gallery.refusals import explained, status_line
from app.gallery.under_gunicorn import Told
from app.httpd import Refusal, Response
from app.httpd.carrier import Call, Carrier
from app.httpd.head import Head
from app.httpd.request import WholeBody
from app.main import create_server
from app.settings import Settings

TEXT = "text/plain; charset=utf-8"
PIECE = 64 * 1024  # bytes of a body that are read at once

# What would wait, for the clock or for another request.
WAITING = {"/sleep", "/park", "/release"}
ONE_AT_A_TIME = "this server has one request at a time: nothing here may wait"

# Of an environ, what the request said. The rest is the server's, or even the machine's.
ASKED = {
    *("REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "RAW_URI", "REQUEST_URI"),
    *("SERVER_PROTOCOL", "CONTENT_TYPE", "CONTENT_LENGTH", "REMOTE_ADDR", "REMOTE_PORT"),
}


class Application:
    """The application's handlers as a WSGI callable. told: whether the server is to stop."""

    def __init__(self, portal: Portal, told: Told) -> None:
        self._portal = portal
        self._carrier = portal.carrier
        self._told = told

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._carrier.draining = self._told()
        try:
            with self._portal.lock:
                head = compose(self._carrier, environ)
        except Refusal as refusal:
            return self._refuse(refusal, environ, start_response)
        call, response = self._answer(head, environ)
        start_response(status_line(response.status), call.fields(response))
        if isinstance(response.body, bytes):
            call.request.close()
            return [response.body] if call.has_body(response) else []
        if call.has_body(response):
            return self._portal.pieces(call, response)
        self._portal.close(call, response)
        return []

    def _answer(self, head: Head, environ: WSGIEnvironment) -> tuple[Call, Response]:
        problem, body = None, b""
        try:
            body = read_body(self._carrier, head, environ)
        except Refusal as refusal:
            problem = refusal
        with self._portal.lock:
            peer = self._carrier.peer(environ.get("REMOTE_ADDR", ""))
            call = self._carrier.call(head, peer, WholeBody(body))
        if problem is None and would_wait(call, environ):
            problem = Refusal(501, ONE_AT_A_TIME)
        if problem is not None:
            return call, call.failed(problem)
        try:
            return call, self._portal.answer(call)
        except CancelledError:
            return call, call.failed(Refusal(503, "the server was told to stop"))

    def _refuse(
        self, refusal: Refusal, environ: WSGIEnvironment, start_response: StartResponse
    ) -> list[bytes]:
        """The answer to what the server took for a request, and the library does not."""
        with self._portal.lock:
            request_id = self._carrier.new_id()
        status, fields, body = explained(refusal, environ.get("HTTP_ACCEPT", ""))
        start_response(status, [*fields, ("X-Request-Id", request_id)])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


# ---- from an environ to a request


def compose(carrier: Carrier, environ: WSGIEnvironment) -> Head:
    """The head of an environ's request, held to the library's rules. Raises Refusal."""
    minor = environ["SERVER_PROTOCOL"].rpartition(".")[2]
    method = environ["REQUEST_METHOD"]
    return carrier.compose(method, target(environ), int(minor), _fields(environ))


def target(environ: WSGIEnvironment) -> str:
    """The target as it was sent, if the server says, gunicorn or mod_wsgi in its own word; else
    what becomes of the decoded one, where %2F has become a slash."""
    for name in ("RAW_URI", "REQUEST_URI"):
        if name in environ:
            sent: str = environ[name]
            return sent
    path = quote(environ["SCRIPT_NAME"] + environ["PATH_INFO"], "/:@!$&'()*+,;=~", "latin-1")
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def _fields(environ: WSGIEnvironment) -> Iterator[tuple[bytes, bytes]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield _wire_name(name[5:]), value.encode("latin-1")
        elif name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield _wire_name(name), value.encode("latin-1")


def _wire_name(name: str) -> bytes:
    return name.replace("_", "-").title().encode("latin-1")


def read_body(carrier: Carrier, head: Head, environ: WSGIEnvironment) -> bytes:
    """The whole body, before its handler is called: the loop that calls it must not wait for a
    stream. Raises Refusal, and what the stream raises, which is the server's to answer."""
    if not head.length or carrier.refuses(head):
        return b""  # nobody reads what is refused; it may be endless
    most = carrier.most_body(head)
    if head.length > most:
        raise Refusal(413)
    if head.chunked and not environ.get("wsgi.input_terminated"):
        raise Refusal(411, "a body without a length has no end on this server")
    body = bytearray()
    left = most + 1 if head.chunked else head.length
    while left and (piece := environ["wsgi.input"].read(min(left, PIECE))):
        body += piece
        left -= len(piece)
    if head.chunked and not left:
        raise Refusal(413)
    if left and not head.chunked:
        raise Refusal(400, "the body ended before its length was reached")
    return bytes(body)


def would_wait(call: Call, environ: WSGIEnvironment) -> bool:
    """Whether this is a request that waits, on a server where nobody else would be answered
    meanwhile, and nobody could come to release it."""
    if environ["wsgi.multithread"] or environ["wsgi.multiprocess"]:
        return False
    return call.request.route in WAITING and call.request.method != "OPTIONS"


# ---- what WSGI is taught with


def clock(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """The current time; 501 for a method that is not GET, 404 for another host or path."""
    if environ["REQUEST_METHOD"] != "GET":
        return _say(start_response, 501, "only GET is implemented")
    if environ["PATH_INFO"] not in ("", "/") or not is_served(environ):
        return _say(start_response, 404, "not here")
    return _say(start_response, 200, content.now())


def is_served(environ: WSGIEnvironment) -> bool:
    """Whether the Host that was asked for is the one that this server listens as."""
    name, port = environ["SERVER_NAME"], environ["SERVER_PORT"]
    hosts = {f"[{name}]" if ":" in name else name, "localhost"}
    asked = environ.get("HTTP_HOST", "").lower()
    return asked in {f"{each}:{port}" for each in hosts} or (port == "80" and asked in hosts)


def show_environ(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """The environ, as far as it came from the request."""
    if environ["REQUEST_METHOD"] != "GET":
        return _say(start_response, 501, "only GET is implemented")
    asked = (name for name in environ if name in ASKED or name.startswith("HTTP_"))
    lines = (f"{name}: {_text(environ[name])}\n" for name in sorted(asked))
    return _say(start_response, 200, "".join(lines))


def _text(value: str) -> str:
    """A value as its sender meant it: PEP 3333 wants bytes spelt as characters."""
    return value.encode("latin-1", "replace").decode("utf-8", "replace")


def _say(start_response: StartResponse, status: int, text: str) -> list[bytes]:
    body = text.encode()
    fields = [
        ("Content-Type", TEXT),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(status_line(status), fields)
    return [body]


class Mounted:
    """Callables below the first segment of a path, and one for all the rest. What is mounted
    sees its own place in SCRIPT_NAME and the path below it in PATH_INFO (PEP 3333)."""

    def __init__(self, rest: WSGIApplication, **below: WSGIApplication) -> None:
        self._rest = rest
        self._below = below

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        segment = environ["PATH_INFO"][1:].partition("/")[0]
        mounted = self._below.get(segment)
        if mounted is None:
            return self._rest(environ, start_response)
        inside = dict(environ)
        inside["SCRIPT_NAME"] = f"{environ['SCRIPT_NAME']}/{segment}"
        inside["PATH_INFO"] = environ["PATH_INFO"][1 + len(segment) :]
        return mounted(inside, start_response)


# ---- served


@contextmanager
def application(settings: Settings, told: Told) -> Iterator[WSGIApplication]:
    """The callable with what is mounted beside it, while the loop of its coroutines runs."""
    carrier = Carrier(create_server(settings, "WSGI under gunicorn"))
    with Portal(carrier) as portal:
        yield Mounted(Application(portal, told), clock=clock, environ=show_environ)


def serve(sock: socket.socket) -> None:
    """Serve with a thread for each request in hand, until SIGTERM or SIGINT."""
    under_gunicorn.serve(sock, application)


def serve_sync(sock: socket.socket) -> None:
    """Serve one request at a time, until SIGTERM or SIGINT."""
    under_gunicorn.serve_sync(sock, application)
