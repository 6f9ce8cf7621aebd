"""Which handler a method and a path belong to."""

# ruff: noqa: E501 (a case a line reads best)

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.httpd.errors import Refusal, UsageError
from app.httpd.head import RequestLine
from app.httpd.router import LONGEST_INT, Endpoint, Router

ROUTES = [
    "GET /", "GET /users", "POST /users", "GET /users/me", "GET /users/{name}", "PUT /users/{name}",
    "GET /users/{id:int}", "DELETE /users/{id:int}/posts/{post}", "GET /files/{rest:path}",
    "GET /files/readme", "HEAD /own", "GET /own", "OPTIONS /own", "POST /a b/\u00e9", "GET /slash/",
    "PURGE /cache",
]  # fmt: skip


def router(*routes: str) -> Router:
    """One with these routes, each "METHOD path"."""
    made = Router()
    for each in routes or ROUTES:
        method, _, path = each.partition(" ")
        made.add(path, [method], Endpoint(lambda request: None, each))
    return made


def resolve(asked: str, *routes: str) -> tuple[Any, dict[str, Any]]:
    """The route and parameters of "METHOD path"; the status and fields of a refusal."""
    method, _, path = asked.partition(" ")
    try:
        match = router(*routes).resolve(RequestLine(method, path, 1))
    except Refusal as refusal:
        return refusal.status, dict(refusal.headers)
    return match.route, dict(match.params)


FOUND: list[tuple[str, Any, dict[str, Any]]] = [
    ("GET /", "GET /", {}),
    ("HEAD /", "GET /", {}),
    ("GET /?a/b", "GET /", {}),
    ("GET /users", "GET /users", {}),
    ("POST /users", "POST /users", {}),
    ("GET /users/me", "GET /users/me", {}),
    ("GET /users/%6de", "GET /users/me", {}),
    ("GET /users/you", "GET /users/{name}", {"name": "you"}),
    ("GET /users/a%2Fb", "GET /users/{name}", {"name": "a/b"}),
    ("GET /users/%25", "GET /users/{name}", {"name": "%"}),
    ("GET /users/%C3%A9+", "GET /users/{name}", {"name": "\u00e9+"}),
    ("GET /users/7", "GET /users/{id:int}", {"id": 7}),
    ("GET /users/007", "GET /users/{id:int}", {"id": 7}),
    ("GET /users/" + "9" * LONGEST_INT, "GET /users/{id:int}", {"id": int("9" * LONGEST_INT)}),
    ("GET /users/" + "9" * (LONGEST_INT + 1), "GET /users/{name}", {"name": "9" * (LONGEST_INT + 1)}),
    ("GET /users/%D9%A5", "GET /users/{name}", {"name": "\u0665"}),
    ("GET /users/-7", "GET /users/{name}", {"name": "-7"}),
    ("DELETE /users/7/posts/x", "DELETE /users/{id:int}/posts/{post}", {"id": 7, "post": "x"}),
    ("GET /files/a/b.c", "GET /files/{rest:path}", {"rest": "a/b.c"}),
    ("GET /files/", "GET /files/{rest:path}", {"rest": ""}),
    ("GET /files//a//", "GET /files/{rest:path}", {"rest": "/a//"}),
    ("GET /files/readme", "GET /files/readme", {}),
    ("GET /files/readme/x", "GET /files/{rest:path}", {"rest": "readme/x"}),
    ("HEAD /own", "HEAD /own", {}),
    ("OPTIONS /own", "OPTIONS /own", {}),
    ("POST /a%20b/%c3%a9", "POST /a b/\u00e9", {}),
    ("PURGE /cache", "PURGE /cache", {}),
    # The best path lacks the method: another one has it
    ("PUT /users/me", "PUT /users/{name}", {"name": "me"}),
    ("PUT /users/7", "PUT /users/{name}", {"name": "7"}),
    # Nothing
    ("GET /user", 404, {}),
    ("GET /users/", 404, {}),
    ("GET /users//posts/x", 404, {}),
    ("GET /slash", 404, {}),
    ("GET //", 404, {}),
    ("GET //users", 404, {}),
    ("GET /Users", 404, {}),
    ("GET /files", 404, {}),
    ("GET /files/a%2fb", 404, {}),
    ("GET /files/..%2f..%2fetc/passwd", 404, {}),
    ("TRACE /nowhere", 404, {}),
    ("OPTIONS /nowhere", 404, {}),
    # RFC 3986 2.5: not UTF-8, overlong, half a pair
    ("GET /users/%ff", 400, {}),
    ("GET /users/%c0%af", 400, {}),
    ("GET /users/%ed%a0%80", 400, {}),
    # RFC 9110 15.5.6: Allow names all that would be taken
    ("POST /", 405, {"Allow": "GET, HEAD, OPTIONS"}),
    ("TRACE /", 405, {"Allow": "GET, HEAD, OPTIONS"}),
    ("DELETE /users", 405, {"Allow": "GET, HEAD, OPTIONS, POST"}),
    ("POST /users/me", 405, {"Allow": "GET, HEAD, OPTIONS, PUT"}),
    ("GET /cache", 405, {"Allow": "OPTIONS, PURGE"}),
    ("HEAD /cache", 405, {"Allow": "OPTIONS, PURGE"}),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "route", "rest"), FOUND)
def test_resolve(asked: str, route: Any, rest: dict[str, Any]) -> None:
    """A path leads to one route with its parameters, or to a refusal that says why."""
    assert resolve(asked) == (route, rest)


@pytest.mark.parametrize("asked", [row[0] for row in FOUND])
def test_order_does_not_matter(asked: str) -> None:
    """Routes that were added in another order answer the same."""
    assert resolve(asked, *reversed(ROUTES)) == resolve(asked)


@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("/", "GET, HEAD, OPTIONS"),
        ("/users", "GET, HEAD, OPTIONS, POST"),
        ("/users/me", "GET, HEAD, OPTIONS, PUT"),
        ("/cache", "OPTIONS, PURGE"),
        ("*", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PURGE, PUT"),
    ],
)
def test_options(target: str, allow: str) -> None:
    """OPTIONS is answered for every route and for the server, with Allow."""
    match = router().resolve(RequestLine("OPTIONS", target, 1))
    response = match.handler(None)
    assert (response.status, response.body) == (204, b"")
    assert response.fields == [f"Allow: {allow}\r\n".encode()]


def test_methods_it_knows() -> None:
    """HTTP's own methods are known, and those of routes; any other is 501 to the parser."""
    methods = ["GET", "HEAD", "TRACE", "PURGE", "get", "BREW", "CONNECT", "*", ""]
    assert [each for each in methods if router().knows(each)] == ["GET", "HEAD", "TRACE", "PURGE"]


def test_params_cannot_be_changed() -> None:
    """A match is shared by all requests alike, so nobody changes it."""
    match = router().resolve(RequestLine("GET", "/users/you", 1))
    with pytest.raises(TypeError):
        match.params["name"] = "me"  # type: ignore[index]


@pytest.mark.parametrize(
    ("cause", "route"),
    [
        ("begin with /", "GET users"), ("begin with /", "GET "), ("not a method", "get /"),
        ("not a method", "G:T /"), ("not a method", " /"), ("not served", "TRACE /"),
        ("not served", "CONNECT /"), ("a whole segment", "GET /a{b}"), ("a whole segment", "GET /{b}c"),
        ("a whole segment", "GET /{b"), ("a whole segment", "GET /b}"), ("a whole segment", "GET /{}"),
        ("a whole segment", "GET /{1a}"), ("a whole segment", "GET /{a}{b}"),
        ("not a converter", "GET /{a:float}"), ("not a converter", "GET /{a:}x{:}"),
        ("two parameters", "GET /{a}/{a:int}"), ("comes last", "GET /{a:path}/b"),
        ("'\\?'", "GET /a?b"), ("'\\?'", "GET /a#b"), ("'\\?'", "GET /a/../b"), ("'\\?'", "GET /a\nb"),
        ("is .*'s already", "GET /"), ("called 'rest' already", "GET /files/{other:path}"),
    ],
)  # fmt: skip
def test_wrong_routes(cause: str, route: str) -> None:
    """A route that could never be reached, or is taken, is a UsageError."""
    made = router()
    method, _, path = route.partition(" ")
    with pytest.raises(UsageError, match=cause):
        made.add(path, [method], Endpoint(lambda request: None, route))


@pytest.mark.parametrize("handler", [5, None, "handler", lambda: None, lambda a, b: None])
def test_wrong_handlers(handler: Any) -> None:
    """What cannot be called with one request is a UsageError when the route is added."""
    with pytest.raises(UsageError, match="handler"):
        Router().add("/", ["GET"], Endpoint(handler, "/"))


def test_one_handler_for_many() -> None:
    """A route may have several methods, and be added again by the same endpoint."""
    made, endpoint = Router(), Endpoint(lambda request: None, "/")
    made.add("/", ["GET", "POST"], endpoint)
    made.add("/", ["GET"], endpoint)
    assert made.resolve(RequestLine("POST", "/", 1)).endpoint is endpoint


@given(st.lists(st.sampled_from(["", "a", "b", "7", "%2f", "%2e", "x%20y"]), max_size=6))
def test_rest_takes_what_is_left(segments: list[str]) -> None:
    """A rest is the path as it was, decoded; a path with an encoded slash is none."""
    path = "/" + "/".join(segments)
    route, rest = resolve("GET " + path, "GET /{rest:path}")
    if "%2f" in segments:
        assert route == 404
    else:
        assert rest == {"rest": path[1:].replace("%2e", ".").replace("%20", " ")}


def test_many_slashes_are_cheap() -> None:
    """A path of nothing but slashes costs no more than its bytes."""
    assert resolve("GET /files/" + "/" * 8000)[1] == {"rest": "/" * 8000}
    assert resolve("GET " + "/" * 8000)[0] == 404
