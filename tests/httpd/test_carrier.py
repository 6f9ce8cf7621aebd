"""The carrier: from a head to an answer on a server that is not ours."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.httpd import Deadlines, HTTPServer, Limits, Refusal, Request, Response
from app.httpd.body import ChunkedBody, SizedBody
from app.httpd.carrier import MOST_PEERS, BrokenOff, Call, Carrier
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

    @server.get("/empty")
    def empty(request: Request) -> Response:
        return Response(b"", 204)

    @server.get("/file")
    def file(request: Request) -> Response:
        return Response.file(Path(__file__), content_type="text/x-python")

    @server.get("/draining")
    def draining(request: Request) -> str:
        return str(request.draining)

    @server.get("/stream/{kind}", deadline=0.1)
    def stream(request: Request) -> Response:
        response: Response = STREAMS[request.params["kind"]]()
        return response

    return server


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


# ---- heads


@pytest.mark.parametrize(
    ("method", "target", "fields", "status"),
    [
        ("GET", "/a b", [(b"Host", b"a")], 400),
        ("GET", "/", [], 400),
        ("GET", "/", [(b"Host", b"a"), (b"Host", b"b")], 400),
        ("GET", "/", [(b"Host", b"a"), (b"X", b"1\r\nY: 2")], 400),
        ("GET", "/\r\nX: 1", [(b"Host", b"a")], 400),
        ("GET", "/é", [(b"Host", b"a")], 400),
        ("GET", "/\u20ac", [(b"Host", b"a")], 400),
        ("BREW", "/", [(b"Host", b"a")], 501),
        ("GET", "/", [(b"Host", b"a"), (b"X", b"y" * 40_000)], 431),
        ("GET", "/" + "a" * 9000, [(b"Host", b"a")], 414),
    ],
)
def test_compose_refuses(
    method: str, target: str, fields: list[tuple[bytes, bytes]], status: int
) -> None:
    """What another parser let through is held to our rules, also what would end a line."""
    with pytest.raises(Refusal) as caught:
        carrier_of().compose(method, target, 1, fields)
    assert caught.value.status == status


def test_compose_is_parse() -> None:
    """A head that was taken apart is the one that was sent."""
    carrier = carrier_of()
    fields = [(b"Host", b"a"), (b"x-b", b"1"), (b"X-B", b"2")]
    head = carrier.compose("GET", "/plain?x=1", 0, fields)
    assert head is carrier.parse(b"GET /plain?x=1 HTTP/1.0\r\nHost: a\r\nx-b: 1\r\nX-B: 2\r\n\r\n")
    assert (head.line.target, head.line.minor) == ("/plain?x=1", 0)
    assert head.fields == [b"Host: a", b"x-b: 1", b"X-B: 2"]


@pytest.mark.parametrize(
    ("fields", "most", "kind"),
    [
        ([(b"Content-Length", b"5")], 5, SizedBody),
        ([(b"Content-Length", b"6")], 5, None),
        ([(b"Transfer-Encoding", b"chunked")], 5, ChunkedBody),
        ([], 5, SizedBody),
    ],
)
def test_decoder(fields: list[tuple[bytes, bytes]], most: int, kind: type | None) -> None:
    """A body is taken apart by its framing, up to what the route allows; 413 above."""
    carrier = carrier_of()
    head = carrier.compose("POST", "/echo", 1, [(b"Host", b"a"), *fields])
    assert carrier.most_body(head) == most
    if kind is None:
        with pytest.raises(Refusal) as caught:
            carrier.decoder(head)
        assert caught.value.status == 413
    else:
        assert isinstance(carrier.decoder(head), kind)


def test_decoder_of_a_route_that_is_none() -> None:
    """404 is a better answer than 413; the server's own limit is for routes without one."""
    carrier = carrier_of(limits=Limits(body=7))
    for target, most in (("/nowhere", 1 << 40), ("/plain", 1 << 40)):
        head = carrier.compose(
            "POST", target, 1, [(b"Host", b"a"), (b"Content-Length", str(most).encode())]
        )
        carrier.decoder(head)
    assert carrier.most_body(carrier.compose("GET", "/plain", 1, [(b"Host", b"a")])) == 7


def test_peers_are_remembered() -> None:
    """Each once, and a bounded number of them."""
    carrier = carrier_of()
    assert carrier.peer("192.0.2.1") is carrier.peer("192.0.2.1")
    for number in range(MOST_PEERS + 5):
        carrier.peer(f"10.0.{number // 256}.{number % 256}")
    assert len(carrier._peers) <= MOST_PEERS


# ---- answers


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/plain", 200, b"plain"),
        ("/waits", 200, b"waited"),
        ("/late", 503, b"did not answer in time"),
        ("/times-out", 500, b"500 Internal Server Error"),
        ("/fails", 500, b"500 Internal Server Error"),
        ("/wrong", 500, b"500 Internal Server Error"),
        ("/refuses", 409, b"no"),
        ("/nowhere", 404, b"404 Not Found"),
        ("/hello/%ff", 400, b"not UTF-8"),
    ],
)
def test_answer(target: str, status: int, body: bytes) -> None:
    """Whatever a handler does is an answer, and none of it tells what went wrong inside."""
    response = run(call(target).answer())
    assert response.status == status
    assert isinstance(response.body, bytes)
    assert body in response.body
    assert b"swordfish" not in response.body


def test_plain_handler_needs_no_loop() -> None:
    """It has answered when `start` returns; a coroutine is there to be awaited."""
    assert isinstance(call("/plain").start(), Response)
    waiting = call("/waits").start()
    assert not isinstance(waiting, Response)
    assert run(_await(waiting)).body == b"waited"


async def _await(given: Any) -> Any:
    return await given


def test_body() -> None:
    """What was read before is what the handler reads."""
    assert run(call("/echo", "POST", body=b"abc").answer()).body == b"abc"


def test_draining() -> None:
    """The handler knows when the server is about to end."""
    carrier = carrier_of()
    head = carrier.compose("GET", "/draining", 1, [(b"Host", b"a")])
    for draining in (False, True):
        carrier.draining = draining
        response = run(carrier.call(head, carrier.peer("")).answer())
        assert response.body == str(draining).encode()


def test_error_handler() -> None:
    """The application's own answers errors here too; one that fails is logged."""
    server = application()
    server.on_error(lambda request, error: Response.file("/nowhere"))
    carrier = Carrier(server)
    head = carrier.compose("GET", "/fails", 1, [(b"Host", b"a")])
    assert run(carrier.call(head, carrier.peer("")).answer()).status == 404


@pytest.mark.parametrize(
    ("kind", "expected"), [("good", [b"ab", b"c"]), ("promised", [b"ab", b"c"])]
)
def test_pieces(kind: str, expected: list[bytes]) -> None:
    """As they are made, without the empty ones; the source is closed."""
    closed.clear()
    one = call(f"/stream/{kind}")
    assert run(read(one, run(one.answer()))) == expected
    assert closed == ["closed"]


@pytest.mark.parametrize("kind", ["fails", "text", "short", "long", "slow"])
def test_pieces_that_break_off(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be whole ends in a cut; why is logged, and never a byte more than promised."""
    closed.clear()
    one = call(f"/stream/{kind}")
    got: list[bytes] = []

    async def main() -> None:
        pieces = one.pieces(await one.answer())
        async for piece in pieces:
            got.append(piece)  # noqa: PERF401  what came before the end is wanted

    with caplog.at_level(logging.ERROR), pytest.raises(BrokenOff):
        run(main())
    assert got == ([] if kind == "text" else [b"ab"])
    assert one.request.id in caplog.text
    assert closed == ["closed"]


def test_file_is_pieces_or_bytes() -> None:
    """A file is opened with the answer, and given back where nobody reads it."""
    one = call("/file", "HEAD")
    response = run(one.answer())
    assert ("Content-Type", "text/x-python") in one.fields(response)
    run(one.close(response))


# ---- for servers that frame by themselves


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/plain", {"Content-Type": "text/html; charset=utf-8", "Content-Length": "5"}),
        ("/empty", {}),
        ("/stream/good", {"Content-Type": "application/octet-stream"}),
        (
            "/stream/promised",
            {"Content-Type": "application/octet-stream", "Content-Length": "3"},
        ),
        ("/echo", {"Content-Type": "text/html; charset=utf-8", "Allow": "OPTIONS, POST"}),
    ],
)
def test_fields(target: str, expected: dict[str, str]) -> None:
    """All but those that belong to the connection."""
    one = call(target)
    response = run(one.answer())
    fields = dict(one.fields(response))
    assert fields.pop("X-Request-Id") == one.request.id
    if target == "/echo":
        del fields["Content-Length"]
    assert fields == expected
    run(one.close(response))


# ---- for servers that write bytes


@pytest.mark.parametrize(
    ("target", "method", "minor", "keep", "kept", "words", "body"),
    [
        ("/plain", "GET", 1, True, True, b"Content-Length: 5", b"plain"),
        ("/plain", "GET", 1, False, False, b"Connection: close", b"plain"),
        ("/plain", "GET", 0, True, True, b"Connection: keep-alive", b"plain"),
        ("/plain", "HEAD", 1, True, True, b"Content-Length: 5", b""),
        ("/empty", "GET", 1, True, True, b"204 No Content", b""),
        ("/stream/good", "GET", 1, True, True, b"Transfer-Encoding: chunked", CHUNKS := (
            b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        )),
        ("/stream/good", "HEAD", 1, True, True, b"Transfer-Encoding: chunked", b""),
        ("/stream/good", "GET", 0, True, False, b"Connection: close", b"abc"),
        ("/stream/promised", "GET", 0, True, True, b"Content-Length: 3", b"abc"),
    ],
)  # fmt: skip
def test_encode(
    target: str, method: str, minor: int, keep: bool, kept: bool, words: bytes, body: bytes
) -> None:
    """Head and body as they go on the wire, and whether the connection goes on."""
    one = call(target, method, minor)

    async def main() -> tuple[bytes, bool]:
        response = await one.answer()
        start, goes_on = one.encode(response, keep)
        return start + b"".join([each async for each in one.encode_pieces(response)]), goes_on

    sent, goes_on = run(main())
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert goes_on == kept
    assert words in head
    assert rest == body


def test_refuse() -> None:
    """What was not a request gets an answer that closes."""
    answer = carrier_of().refuse(Refusal(400, "no head"))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert b"X-Request-Id: " in answer


def test_hooks() -> None:
    """They run in their order, plain ones and coroutines."""
    server, seen = application(deadlines=Deadlines()), []
    server.on_startup(lambda: seen.append("first"))

    @server.on_startup
    async def second() -> None:
        seen.append("second")

    server.on_shutdown(lambda: seen.append("end"))
    carrier = Carrier(server)

    async def main() -> None:
        await carrier.startup()
        assert seen == ["first", "second"]
        await carrier.shutdown()

    run(main())
    assert seen == ["first", "second", "end"]
