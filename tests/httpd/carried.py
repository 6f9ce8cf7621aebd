"""Routes of every kind on a carrier, and how the tests of the carrier ask them."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from app.httpd import HTTPServer, Refusal, Request, Response
from app.httpd.carrier import Call, Carrier
from app.httpd.request import WholeBody

T = TypeVar("T")
closed: list[str] = []


async def pieces(*given: object) -> AsyncIterator[Any]:
    """An answer's body; the name of what ended it is written down."""
    try:
        for each in given:
            if isinstance(each, Exception):
                raise each
            if each is None:
                await asyncio.sleep(60)
            yield each
    finally:
        closed.append("closed")


STREAMS: dict[str, Any] = {
    "good": lambda: Response.stream(pieces(b"ab", b"", bytearray(b"c"))),
    "promised": lambda: Response.stream(pieces(b"ab", b"c"), length=3),
    "fails": lambda: Response.stream(pieces(b"ab", RuntimeError("half-way"))),
    "text": lambda: Response.stream(pieces("ab")),
    "short": lambda: Response.stream(pieces(b"ab"), length=3),
    "long": lambda: Response.stream(pieces(b"ab", b"cd"), length=3),
    "slow": lambda: Response.stream(pieces(b"ab", None)),
}


def application(**options: Any) -> HTTPServer:
    """Routes of every kind."""
    server = HTTPServer(**options)
    add_answers(server)

    @server.get("/plain")
    def plain(request: Request) -> str:
        return "plain"

    @server.get("/waits")
    async def waits(request: Request) -> str:
        await asyncio.sleep(0)
        return "waited"

    @server.get("/late", deadline=0.01)
    async def late(request: Request) -> None:
        await asyncio.sleep(60)

    @server.get("/times-out")
    async def times_out(request: Request) -> None:
        raise TimeoutError("of its own")

    @server.get("/fails")
    def fails(request: Request) -> None:
        raise RuntimeError("swordfish")

    @server.get("/wrong")
    async def wrong(request: Request) -> int:
        return 3

    @server.get("/refuses")
    async def refuses(request: Request) -> None:
        raise Refusal(409, "no")

    @server.post("/echo", body=5)
    async def echo(request: Request) -> bytes:
        return await request.body()

    @server.get("/draining")
    def draining(request: Request) -> str:
        return str(request.draining)

    return server


def add_answers(server: HTTPServer) -> None:
    """Routes that give a Response."""

    @server.get("/empty")
    def empty(request: Request) -> Response:
        return Response(b"", 204)

    @server.get("/file")
    def file(request: Request) -> Response:
        return Response.file(Path(__file__), content_type="text/x-python")

    @server.get("/stream/{kind}", deadline=0.1)
    def stream(request: Request) -> Response:
        response: Response = STREAMS[request.params["kind"]]()
        return response


def carrier_of(**options: Any) -> Carrier:
    """One for these routes."""
    return Carrier(application(**options))


def call(target: str, method: str = "GET", minor: int = 1, body: bytes = b"") -> Call:
    """A request from this machine."""
    carrier = carrier_of()
    fields = [(b"Host", b"a")]
    if body:
        fields.append((b"Content-Length", str(len(body)).encode()))
    head = carrier.compose(method, target, minor, fields)
    return carrier.call(head, carrier.peer("127.0.0.1"), WholeBody(body))


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """To its end."""
    return asyncio.run(coroutine)


async def read(call: Call, response: Response) -> list[bytes]:
    """All pieces of an answer."""
    return [each async for each in call.pieces(response)]


async def answer(call: Call) -> Response:
    """Its answer, waited for where that is needed."""
    outcome = call.start()
    return outcome if isinstance(outcome, Response) else await outcome
