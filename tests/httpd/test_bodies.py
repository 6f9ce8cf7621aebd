"""Request bodies: wanted, unwanted, broken, and what becomes of the connection."""

import pytest

from app.httpd import Request, Response
from tests.httpd.application import application
from tests.httpd.fakes import PLAIN, LogLines, post, post_chunked, running

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
EXPECT = "Expect: 100-continue"
KIB = 1024


def split(request: bytes) -> tuple[bytes, bytes]:
    """Head and body."""
    head, blank, body = request.partition(b"\r\n\r\n")
    return head + blank, body


def test_continue_when_wanted() -> None:
    """100 comes once, when the handler reads and nothing has arrived (RFC 9110 10.1.1)."""
    head, body = split(post("/echo", b"hello", EXPECT))
    with running(application().server) as stage:
        client = stage.connect().send(head)
        assert client.bytes == CONTINUE
        client.send(body[:2], body[2:])
        assert client.statuses == [100, 200]
        assert client.answers[1].body == b"hello"
        assert client.ending == "open"


@pytest.mark.parametrize("count", [1, 5])
def test_no_continue_when_it_comes(count: int) -> None:
    """A client that does not wait is not told to go on."""
    head, body = split(post("/echo", b"hello", EXPECT))
    with running(application().server) as stage:
        client = stage.connect().send(head + body[:count], body[count:])
        assert client.statuses == [200]


@pytest.mark.parametrize(("path", "status"), [("/deaf", 200), ("/nowhere", 404), ("/small", 413)])
def test_final_without_continue(path: str, status: int) -> None:
    """What is answered without its body says no 100, and closes: whether the body comes is
    unknown."""
    head, body = split(post(path, b"12345678901", EXPECT))
    with running(application().server) as stage:
        client = stage.connect().send(head)
        assert client.statuses == [status]
        assert client.answers[0].fields["connection"] == "close"
        assert client.ending == "half-closed"
        client.send(body + PLAIN)
        assert client.statuses == [status]


def test_no_continue_to_1_0() -> None:
    """HTTP/1.0 knows no 1xx (RFC 9110 15.2): its Expect is not looked at."""
    head, body = split(post("/echo", b"hello", EXPECT, version="1.0"))
    with running(application().server) as stage:
        client = stage.connect().send(head)
        assert client.bytes == b""
        client.send(body)
        assert client.statuses == [200]


def test_no_continue_after_the_final_head() -> None:
    """Once an answer has begun, a 100 would be inside of it."""
    app = application()

    async def source(request: Request):  # type: ignore[no-untyped-def]
        yield b"first"
        async for piece in request.chunks():
            yield piece

    app.server.post("/late")(lambda request: Response.stream(source(request)))
    head, body = split(post("/late", b"hello", EXPECT))
    with running(app.server) as stage:
        client = stage.connect().send(head)
        client.send(body)
        assert client.statuses == [200]
        assert client.answers[0].body == b"firsthello"
        assert client.answers[0].fields["connection"] == "close"


def test_continue_stays_in_order() -> None:
    """The answers before it come before 100."""
    head, body = split(post("/echo", b"hello", EXPECT))
    with running(application().server) as stage:
        client = stage.connect().send(PLAIN + PLAIN + head)
        assert client.statuses == [200, 200, 100]
        client.send(body + PLAIN)
        assert client.statuses == [200, 200, 100, 200, 200]


@pytest.mark.parametrize(("size", "kept"), [(KIB, True), (KIB + 1, False)])
def test_unread_is_discarded(size: int, kept: bool) -> None:
    """A short rest is read to its end and the connection lives; a long one costs it, and the
    client is told so before."""
    head, body = split(post("/deaf", b"x" * size))
    with running(application({"discard": KIB}).server) as stage:
        client = stage.connect().send(head)
        assert ("connection" in client.answers[0].fields) is not kept
        client.send(body[:-1], body[-1:] + PLAIN)
        assert client.statuses == ([200, 200] if kept else [200])
        assert client.ending == ("open" if kept else "half-closed")


def test_no_route_comes_before_too_long() -> None:
    """A large body for what is not there is 404, and not 413."""
    with running(application().server) as stage:
        client = stage.connect().send(post("/nowhere", b"x" * (1 << 21))[:1000])
        assert (client.statuses, client.ending) == ([404], "half-closed")


def test_unread_chunks_close() -> None:
    """Nobody knows how long chunks will be: the answer says that the connection closes."""
    with running(application().server) as stage:
        client = stage.connect().send(post_chunked("/deaf", b"5\r\nhe"))
        assert client.answers[0].fields["connection"] == "close"
        assert client.ending == "half-closed"


def test_discarding_gives_up() -> None:
    """The rest of a body that nobody wants has one window of time."""
    head, body = split(post("/deaf", b"hello"))
    with running(application().server) as stage:
        client = stage.connect().send(head + body[:1])
        stage.advance(14)
        assert client.ending == "open"
        stage.advance(2)
        assert client.ending == "half-closed"
        assert client.statuses == [200]


def test_half_a_body_is_no_request() -> None:
    """A client that ends inside its body gets 400, whatever the handler says (RFC 9112 8)."""
    for path in ("/echo", "/hold", "/pieces"):
        app = application()
        head, _ = split(post(path, b"hello"))
        with running(app.server) as stage:
            client = stage.connect().send(head + b"hell").end()
            app.let_go()
            stage.loop.settle()
            assert client.statuses == [400]
            assert client.ending == "closed"


def test_half_a_body_that_nobody_reads_is_no_request() -> None:
    """Also where the handler did not look at it; and where its answer has begun, nothing
    follows."""
    app = application()

    async def source():  # type: ignore[no-untyped-def]
        yield b"begun"
        await app.wait(None)  # type: ignore[arg-type]

    app.server.post("/ignore")(app.wait)
    app.server.post("/begun")(lambda _: Response.stream(source()))
    for path, status, ending in [("/ignore", 400, "closed"), ("/begun", 200, "closed")]:
        with running(app.server) as stage:
            client = stage.connect().send(post(path, b"hello")[:-1]).end()
            app.let_go()
            stage.loop.settle()
            assert (client.statuses, client.ending) == ([status], ending)


@pytest.mark.parametrize("coded", [b"5\r\nhello\r\n0\r\n", b"5\r\nhello\r\n", b"5\r\nhel", b""])
def test_half_of_chunks_is_no_request(coded: bytes) -> None:
    """Also where only the last line of a chunked body is missing."""
    with running(application().server) as stage:
        client = stage.connect().send(post_chunked("/echo", coded)).end()
        assert (client.statuses, client.ending) == ([400], "closed")


@pytest.mark.parametrize("path", ["/echo", "/hold", "/mirror"])
def test_chunk_error_after_the_handler_began(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """A handler that has begun never turns a broken body into a 2xx."""
    app = application()
    with running(app.server) as stage:
        client = stage.connect().send(post_chunked(path, b"5\r\nhello\r\n"), b"XYZ\r\n", PLAIN)
        app.let_go()
        stage.loop.settle()
        if path == "/mirror":  # its head is sent: only a cut is left
            assert client.ending == "cut"
            assert client.answers[0].body == b"cut"
        else:
            assert (client.statuses, client.ending) == ([400], "half-closed")
    assert caplog.records == []


def test_a_broken_body_calls_no_handler() -> None:
    """What is known to be wrong is not given to the application."""
    app = application()
    with running(app.server) as stage:
        stage.connect().send(post_chunked("/echo", b"X"))
        stage.connect().send(post("/small", b"12345678901"))
        assert app.heard == []


def test_trailers_arrive() -> None:
    """Trailers are there once the body is read."""
    app = application()

    async def handler(request: Request) -> str:
        await request.body()
        return request.trailers.get("x-sum", "none") or ""

    app.server.post("/sum")(handler)
    with running(app.server) as stage:
        client = stage.connect().send(post_chunked("/sum", b"0\r\nX-Sum: 7\r\n\r\n"))
        assert client.answers[0].body == b"7"


def test_the_error_hook_sees_faults() -> None:
    """The application's error pages are shown for broken bodies as well, and say no 2xx."""
    app = application()
    app.server.on_error(lambda request, error: f"{request.method} {error}")
    with running(app.server) as stage:
        client = stage.connect().send(post("/small", b"12345678901"))
        assert client.answers[0].body == b"POST 413 Content Too Large"


def test_a_million_small_chunks_cost_no_wakeups() -> None:
    """One byte a chunk: the reader wakes once for all that came together."""
    app = application({"body": 1 << 20})
    wakes = []

    async def handler(request: Request) -> str:
        wakes.extend([len(piece) async for piece in request.chunks()])
        return "ok"

    app.server.post("/count")(handler)
    with running(app.server) as stage:
        client = stage.connect().send(post_chunked("/count", b""))
        client.send(b"1\r\nx\r\n" * 10_000, b"1\r\nx\r\n" * 10_000 + b"0\r\n\r\n")
        assert client.statuses == [200]
        assert wakes == [10_000, 10_000]


def test_two_readers_are_a_mistake() -> None:
    """Two tasks that wait for one body are told so."""
    import asyncio

    app = application()

    async def handler(request: Request) -> str:
        results = await asyncio.gather(request.body(), request.body(), return_exceptions=True)
        return str([type(each).__name__ for each in results])

    app.server.post("/two")(handler)
    log = LogLines()
    with running(app.server, log=log.as_log) as stage:
        head, body = split(post("/two", b"hello"))
        client = stage.connect().send(head, body)
        assert client.statuses == [200]
        assert b"Error" in client.answers[0].body
