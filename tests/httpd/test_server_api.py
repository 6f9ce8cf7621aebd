"""The public face: what an application's author may say, and hears for what is wrong."""

from pathlib import Path
from typing import Any

import pytest

from app.httpd import Deadlines, HTTPServer, Limits, Request, UsageError
from tests.httpd.fakes import parse_answers, running


def ask(server: HTTPServer, line: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and fields of one request's answer."""
    with running(server) as stage:
        client = stage.connect().send(f"{line} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        [answer] = parse_answers(client.bytes, to_head=line.startswith("HEAD"))
        return answer.status, answer.body, answer.fields


def test_routes_by_decorator() -> None:
    """Decorators give the handler back; each method has its own; HEAD and OPTIONS are there."""
    server = HTTPServer()

    @server.route("/hello/{name}")
    async def hello(request: Request) -> str:
        return "hello " + request.params["name"]

    for method in ("post", "put", "patch", "delete"):
        getattr(server, method)("/thing")(lambda request: request.method)
    server.route("/both", methods=["GET", "POST"])(lambda request: request.method)
    assert hello.__name__ == "hello"
    for line, status, body in [
        ("GET /hello/you", 200, b"hello you"), ("HEAD /hello/you", 200, b""),
        ("POST /hello/you", 405, None), ("POST /thing", 200, b"POST"), ("PUT /thing", 200, b"PUT"),
        ("PATCH /thing", 200, b"PATCH"),
        ("DELETE /thing", 200, b"DELETE"), ("GET /thing", 405, None),
        ("POST /both", 200, b"POST"), ("GET /both", 200, b"GET"), ("OPTIONS /both", 204, b""),
        ("GET /none", 404, None),
    ]:  # fmt: skip
        got = ask(server, line)
        assert (got[0], got[1] if body is not None else None) == (status, body), line
        assert ("allow" in got[2]) == (status in (204, 405)), line


def test_page_and_static(tmp_path: Path) -> None:
    """A page needs no handler, a folder neither."""
    (tmp_path / "a.txt").write_text("file")
    server = HTTPServer()
    server.page("/about", "<h1>About</h1>")
    server.static("/static/", tmp_path)
    assert ask(server, "GET /about")[:2] == (200, b"<h1>About</h1>")
    assert ask(server, "GET /static/a.txt")[:2] == (200, b"file")
    assert ask(server, "GET /static/b.txt")[0] == 404


def handler(request: Request) -> str:
    """Right."""
    return ""


async def coroutine(request: Request, error: Exception) -> str:
    """Wrong, as an error handler."""
    return ""


@pytest.mark.parametrize(
    "wrong",
    [
        lambda server: server.get("no-slash")(handler),
        lambda server: server.route("/", methods=[])(handler),
        lambda server: server.route("/", methods="get")(handler),
        lambda server: server.get("/", deadline=0)(handler),
        lambda server: server.get("/", deadline=float("nan"))(handler),
        lambda server: server.post("/", body=-1)(handler),
        lambda server: (server.get("/")(handler), server.get("/")(lambda request: "")),
        lambda server: server.get("/")(lambda: ""),
        lambda server: server.page("about", ""),
        lambda server: server.static("/static", "/nowhere/at/all"),
        lambda server: server.on_error(coroutine),
        lambda server: (server.on_error(lambda r, e: ""), server.on_error(lambda r, e: "")),
        lambda server: (server.config(), server.get("/")(handler)),
        lambda server: (server.config(), server.page("/", "")),
        lambda server: (server.config(), server.on_error(lambda r, e: "")),
    ],
)
def test_wrong_use(wrong: Any) -> None:
    """A mistake is told when it is made, and not to a client."""
    with pytest.raises(UsageError):
        wrong(HTTPServer())


def test_least_bounds() -> None:
    """The smallest bounds a route may have are taken."""
    server = HTTPServer()
    server.post("/", body=0, deadline=0.1)(handler)
    assert ask(server, "POST /")[0] == 200


@pytest.mark.parametrize("wrong", [lambda: Limits(connections=0), lambda: Deadlines(idle=0)])
def test_wrong_bounds(wrong: Any) -> None:
    """A limit out of its range stops the start, and says the range."""
    with pytest.raises(ValueError, match="allowed is"):
        wrong()


def test_hooks_are_given_back() -> None:
    """Hook decorators leave the name what it was, and keep the order."""
    server = HTTPServer()
    first = server.on_startup(lambda: 1)
    second = server.on_startup(lambda: 2)
    last = server.on_shutdown(lambda: 3)
    assert server.startup_hooks == [first, second]
    assert server.shutdown_hooks == [last]
