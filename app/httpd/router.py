"""Which handler a method and a path belong to. Knows nothing of how handlers are called.

Routes are a tree of path segments. A literal segment wins over a parameter, a parameter
over a rest, unless only the latter has the method; a look-up costs by the length of the
path, not by the number of routes.
"""

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from . import grammar
from .errors import Refusal, UsageError
from .head import RequestLine

Handler = Callable[..., Any]

BASE_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"))
NO_ROUTE = "-"  # what the route of a refusal is called; it has no handler that would read a body
LONGEST_INT = 18  # digits: fits 64 bits, and int() of more is slow


class Endpoint:
    """A handler and what its route says of it.

    deadline: seconds, body: bytes; None for the server's own.
    """

    __slots__ = ("body", "deadline", "handler", "name", "route")

    def __init__(
        self, handler: Handler, route: str, deadline: float | None = None, body: int | None = None
    ) -> None:
        self.handler = handler
        self.route = route
        self.deadline = deadline
        self.body = body
        named = handler.func if isinstance(handler, partial) else handler
        module = getattr(named, "__module__", "")
        self.name = f"{module}.{getattr(named, '__qualname__', repr(named))}"


class Match:
    """What the router found for one request line. Shared by requests alike: never changed."""

    __slots__ = ("endpoint", "handler", "params", "path", "route")

    def __init__(self, endpoint: Endpoint, path: str, params: Mapping[str, Any]) -> None:
        self.endpoint = endpoint
        self.handler = endpoint.handler
        self.route = endpoint.route
        self.path = path
        self.params = MappingProxyType(params)


class _Node:
    """One segment of the tree."""

    __slots__ = ("endpoints", "literals", "params", "rest")

    def __init__(self) -> None:
        self.literals: dict[str, _Node] = {}
        self.params: dict[tuple[str, str], _Node] = {}  # (converter, name)
        self.rest: tuple[str, _Node] | None = None
        self.endpoints: dict[str, Endpoint] = {}  # by method


class Router:
    """Routes by path and method."""

    __slots__ = ("_methods", "_root")

    def __init__(self) -> None:
        self._root = _Node()
        self._methods = set(BASE_METHODS)

    def knows(self, method: str) -> bool:
        """Whether any route, or HTTP's own semantics, gives this method a meaning here."""
        return method in self._methods

    def add(self, path: str, methods: Iterable[str], endpoint: Endpoint) -> None:
        """Add a route. `{name}` is one segment, `{name:int}` one of digits, `{name:path}`
        the rest of the path. Raises UsageError for a path or method that is none, for a
        route that is taken, and for a handler that cannot be called with one request."""
        _check_handler(endpoint)
        node = self._node(path)
        for method in methods:
            if not grammar.RESPONSE_NAME.fullmatch(method) or method != method.upper():
                raise UsageError(f"route {path!r}: {method!r} is not a method in capitals")
            if method in ("CONNECT", "TRACE"):
                raise UsageError(f"route {path!r}: {method} is not served here")
            taken = node.endpoints.setdefault(method, endpoint)
            if taken is not endpoint:
                raise UsageError(
                    f"route {method} {path!r} of {endpoint.name} is {taken.name}'s already"
                )
            self._methods.add(method)

    def _node(self, path: str) -> _Node:
        if not path.startswith("/"):
            raise UsageError(f"route {path!r} does not begin with /")
        node, names = self._root, set[str]()
        if grammar.NEVER_IN_ROUTE.search(path):
            raise UsageError(f"route {path!r} has a '?', a '#', a control or a dot segment")
        segments = path[1:].split("/")
        for position, segment in enumerate(segments):
            if "{" not in segment and "}" not in segment:
                node = node.literals.setdefault(segment, _Node())
                continue
            name, converter = _parameter(path, segment)
            if name in names:
                raise UsageError(f"route {path!r} has two parameters {name!r}")
            names.add(name)
            if converter != "path":
                node = node.params.setdefault((converter, name), _Node())
            elif position < len(segments) - 1:
                raise UsageError(
                    f"route {path!r}: a path parameter takes all the rest, it comes last"
                )
            else:
                node.rest = node.rest or (name, _Node())
                if node.rest[0] != name:
                    raise UsageError(f"route {path!r}: the rest is called {node.rest[0]!r} already")
                node = node.rest[1]
        return node

    def resolve(self, line: RequestLine) -> Match:
        """Find the endpoint for a request line. Raises Refusal: 400 for a path that is not
        UTF-8, 404, 405 with Allow. OPTIONS and HEAD are answered for every route."""
        if line.target == "*":
            return Match(_options(self._methods - {"TRACE"}, "*"), "*", {})
        segments = _decode(line.path)
        path = "/" + "/".join(segments)
        allowed: dict[str, Endpoint] = {}
        for node, params in _walk(self._root, segments, 0):
            endpoint = node.endpoints.get(line.method)
            if endpoint is None and line.is_head:
                endpoint = node.endpoints.get("GET")
            if endpoint is not None:
                return Match(endpoint, path, params)
            allowed = node.endpoints | allowed
        if not allowed:
            raise Refusal(404)
        methods = {*allowed, "OPTIONS", *(["HEAD"] if "GET" in allowed else [])}
        if line.method != "OPTIONS":
            raise Refusal(405, headers=(("Allow", ", ".join(sorted(methods))),))
        return Match(_options(methods, next(iter(allowed.values())).route), path, {})

    def match(self, line: RequestLine) -> Match:
        """`resolve`, remembered on the line. A refusal is a route as well, and the size of a
        body that it does not read is no reason to refuse it for another."""
        try:
            match = self.resolve(line)
        except Refusal as refusal:
            match = Match(Endpoint(_refuse(refusal), NO_ROUTE, body=sys.maxsize), line.path, {})
        line.match = match
        return match


def _parameter(path: str, segment: str) -> tuple[str, str]:
    inside = segment[1:-1]
    name, _, converter = inside.partition(":")
    if segment[0] != "{" or segment[-1] != "}" or not name.isidentifier():
        raise UsageError(
            f"route {path!r}: a parameter is a whole segment, {{name}} or {{name:int}}"
        )
    if converter not in ("", "str", "int", "path"):
        raise UsageError(f"route {path!r}: {converter!r} is not a converter; str, int and path are")
    return name, converter or "str"


def _check_handler(endpoint: Endpoint) -> None:
    if not callable(endpoint.handler):
        raise UsageError(f"route {endpoint.route!r}: {endpoint.handler!r} is not a handler")
    try:
        inspect.signature(endpoint.handler).bind(None)
    except TypeError:
        raise UsageError(
            f"handler {endpoint.name} of route {endpoint.route!r} does not take one argument, "
            "the request"
        ) from None
    except ValueError:
        return  # a builtin that does not tell its signature


def _options(allowed: Iterable[str], route: str) -> Endpoint:
    from .response import Response

    allow = ", ".join(sorted(allowed))
    return Endpoint(lambda _: Response(b"", 204, None, [("Allow", allow)]), route)


def _refuse(refusal: Refusal) -> Callable[[object], NoReturn]:
    # Not the refusal itself: its traceback would keep the frames it was raised in.
    status, reason, headers = refusal.status, refusal.reason, refusal.headers

    def handler(_: object) -> NoReturn:
        raise Refusal(status, reason, headers)

    return handler


def _decode(path: str) -> list[str]:
    """Split, then decode: a %2F stays inside its segment."""
    segments = path[1:].split("/")
    if "%" not in path:
        return segments
    try:
        return [unquote_to_bytes(segment).decode("utf-8") for segment in segments]
    except UnicodeDecodeError:
        raise Refusal(400, "the path is not UTF-8") from None


def _walk(node: _Node, segments: list[str], at: int) -> Iterator[tuple[_Node, dict[str, Any]]]:
    """Every node that this path leads to, with its parameters: literals before numbers, those
    before any text, the rest last."""
    if at == len(segments):
        if node.endpoints:
            yield node, {}
        return
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _walk(literal, segments, at + 1)
    for (converter, name), child in sorted(node.params.items()) if segment else ():
        if converter == "int" and not _is_int(segment):
            continue
        value = int(segment) if converter == "int" else segment
        for found, params in _walk(child, segments, at + 1):
            yield found, {name: value} | params
    if node.rest is not None and not any("/" in each for each in segments[at:]):
        name, child = node.rest  # an encoded "/" cannot be told from a real one once joined
        yield child, {name: "/".join(segments[at:])}


def _is_int(segment: str) -> bool:
    return segment.isascii() and segment.isdigit() and len(segment) <= LONGEST_INT
