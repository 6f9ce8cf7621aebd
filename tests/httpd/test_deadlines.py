"""Time: both sides of every deadline, by a clock that moves only when told.

The sweep looks once a second: what is due is seen at the latest a second after it."""

import pytest

from app.httpd.errors import ClientGone
from tests.httpd.application import Application, application
from tests.httpd.fakes import PLAIN, Client, LogLines, Stage, post, post_chunked, running

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


def ends_between(stage: Stage, client: Client, before: float, after: float) -> str:
    """Let time pass; the connection must be untouched before, and not after. Its end."""
    stage.advance(before)
    assert client.ending == "open"
    written = client.bytes
    stage.advance(after - before)
    assert client.ending != "open" or client.bytes != written
    return client.ending


def test_first_byte() -> None:
    """A connection that says nothing is closed without a word."""
    with running(application({}, {"first_byte": 5}).server) as stage:
        client = stage.connect()
        assert ends_between(stage, client, 4.5, 6) == "closed"
        assert client.bytes == b""


@pytest.mark.parametrize("before", [b"", PLAIN])
def test_head(before: bytes) -> None:
    """A head that does not end is 408, and bytes that keep coming do not help it."""
    with running(application({}, {"head": 5}).server) as stage:
        client = stage.connect().send(before + b"GET / HT")
        stage.advance(3)
        client.send(b"TP/1.1\r\n")
        stage.advance(1.5)
        client.send(b"X: y\r\n")
        assert client.ending == "open"
        stage.advance(1.5)
        assert client.statuses == [200] * bool(before) + [408]
        assert client.ending == "half-closed"


def test_each_head_has_its_time() -> None:
    """A client that always sends an end and the next beginning together is not too slow."""
    with running(application({}, {"head": 5}).server) as stage:
        client = stage.connect().send(PLAIN[:10])
        for _ in range(6):
            stage.advance(3)
            client.send(PLAIN[10:] + PLAIN[:10])
        assert client.statuses == [200] * 6
        assert client.ending == "open"


def test_blank_lines_are_no_head() -> None:
    """An empty line behind a request leaves the connection idle, as some old clients do."""
    with running(application({}, {"head": 2, "first_byte": 2, "idle": 10}).server) as stage:
        client = stage.connect().send(PLAIN + b"\r\n")
        assert ends_between(stage, client, 9.5, 12) == "closed"
        other = stage.connect().send(b"\r\n")
        assert ends_between(stage, other, 1.5, 3) == "closed"
        assert other.bytes == b""


@pytest.mark.parametrize("data", [PLAIN, GET % b"/soon", GET % b"/lines", post("/echo", b"hello")])
def test_idle(data: bytes) -> None:
    """An idle connection is closed in silence, after every kind of answer, never too early."""
    with running(application({}, {"idle": 20}).server) as stage:
        client = stage.connect()
        stage.advance(0.5)
        client.send(data)
        assert ends_between(stage, client, 20, 22) == "closed"
        assert client.statuses == [200]


def test_body() -> None:
    """A body that stops is 408."""
    with running(application({}, {"body": 5}).server) as stage:
        client = stage.connect().send(post("/echo", b"hello")[:-1])
        assert ends_between(stage, client, 4.5, 6) == "half-closed"
        assert client.statuses == [408]


@pytest.mark.parametrize(("size", "kept"), [(499, False), (500, True)])
@pytest.mark.parametrize("chunked", [False, True])
def test_body_rate(size: int, kept: bool, chunked: bool) -> None:
    """Every window of time must bring its bytes, in chunks or not; then it may go on for ever."""
    app = application({"body_rate": 100}, {"body": 5, "handler": 3})
    sized, _, _ = post("/pieces", b"x" * 100_000).partition(b"x" * 100_000)
    with running(app.server) as stage:
        client = stage.connect().send(post_chunked("/pieces", b"F000\r\n") if chunked else sized)
        for _ in range(4):
            client.send(b"x" * size)
            stage.advance(5)
        stage.advance(0.5)
        assert (client.ending == "open", client.statuses) == (kept, [] if kept else [408])


def test_handler() -> None:
    """A handler that takes too long is cancelled once, and its client hears 503."""
    app = application({}, {"handler": 5})
    with running(app.server) as stage:
        client = stage.connect().send(GET % b"/wait" + PLAIN)
        stage.advance(4.5)
        assert app.heard == []
        stage.advance(1.5)
        assert (client.statuses, app.heard) == ([503], ["cancelled"])
        assert client.answers[0].fields["connection"] == "close"
        assert client.ending == "half-closed"


@pytest.mark.parametrize(("own", "before", "after"), [(2, 1.5, 3), (30, 29, 31)])
def test_own_deadline(own: float, before: float, after: float) -> None:
    """A route may have a deadline of its own, shorter or longer."""
    app = application({}, {"handler": 5})
    app.server.get("/own", deadline=own)(app.wait)
    with running(app.server) as stage:
        client = stage.connect().send(GET % b"/own")
        ends_between(stage, client, before, after)
        assert client.statuses == [503]


def test_a_handler_that_will_not_end(caplog: pytest.LogCaptureFixture) -> None:
    """What a handler gives after its 503 is dropped, and the files of its answer are closed."""
    import asyncio

    from app.httpd import Request, Response

    app = application({}, {"handler": 2})
    closed = []

    class Source:
        def __aiter__(self) -> "Source":
            return self

        async def __anext__(self) -> bytes:
            raise AssertionError

        async def aclose(self) -> None:
            closed.append(True)

    async def stubborn(request: Request) -> Response:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            await asyncio.sleep(1)
        return Response.stream(Source())

    app.server.get("/stubborn")(stubborn)
    with running(app.server) as stage:
        client = stage.connect().send(GET % b"/stubborn")
        stage.advance(6)
        assert (client.statuses, closed) == ([503], [True])
    assert caplog.records == []


def test_a_source_has_its_time_for_each_piece() -> None:
    """Between two pieces a source may take as long as a handler; then it is cut."""
    import asyncio

    from app.httpd import Response

    app = application({}, {"handler": 5})

    async def source(rests: list[float]):  # type: ignore[no-untyped-def]
        try:
            for rest in rests:
                yield b"x"
                await asyncio.sleep(rest)
        finally:
            app.heard.append("source closed")

    app.server.get("/slow")(lambda _: Response.stream(source([4, 4, 4])))
    app.server.get("/stuck")(lambda _: Response.stream(source([4, 9, 4])))
    with running(app.server) as stage:
        slow, stuck = stage.connect().send(GET % b"/slow"), stage.connect().send(GET % b"/stuck")
        stage.advance(20)
        assert (slow.ending, slow.answers[0].body) == ("open", b"xxx")
        assert (stuck.ending, stuck.answers[0].body) == ("cut", b"cut")
        assert app.heard == ["source closed"] * 2


def test_a_source_that_never_begins() -> None:
    """Nothing was sent: it is a 503, and not a cut."""
    import asyncio

    from app.httpd import Response

    app = application({}, {"handler": 5})

    async def source():  # type: ignore[no-untyped-def]
        await asyncio.sleep(100)
        yield b"x"

    app.server.get("/never")(lambda _: Response.stream(source()))
    with running(app.server) as stage:
        client = stage.connect().send(GET % b"/never")
        stage.advance(6)
        assert (client.statuses, client.ending) == ([503], "closed")


def test_a_client_that_waits_for_100_is_not_slow() -> None:
    """As long as nobody has asked for the body, the time is the application's."""
    app = application({}, {"body": 2, "handler": 6})
    head = post("/hold", b"hello", "Expect: 100-continue")[:-5]
    with running(app.server) as stage:
        client = stage.connect().send(head)
        stage.advance(5)
        assert client.bytes == b""
        app.let_go()
        stage.loop.settle()
        stage.advance(1.5)
        assert client.statuses == [100]
        stage.advance(2)
        assert client.statuses == [100, 408]


def test_a_client_that_does_not_read_is_bounded_while_it_sends() -> None:
    """That its body goes on coming gives a client that does not read no more time."""
    with running(application({}, {"write": 3, "handler": 60, "body": 60}).server) as stage:
        client = stage.connect()
        client.wire.stalled = True
        data = post("/mirror", b"x" * 200_000)
        client.send(data[:-100_000], data[-100_000:-50_000])
        stage.advance(2)
        client.send(data[-50_000:])
        stage.advance(2)
        assert client.ending == "cut"


def test_a_trickle_cannot_hide_behind_an_answer() -> None:
    """A client whose body comes too slowly is cut though the handler answers meanwhile."""
    with running(application({}, {"body": 5}).server) as stage:
        client = stage.connect().send(post("/mirror", b"x" * 50_000)[:-49_999])
        for _ in range(6):
            stage.advance(1)
            client.send(b"y")
        assert client.ending == "cut"


@pytest.mark.parametrize(("read", "ending"), [(499, "cut"), (500, "closed")])
def test_write_rate_of_the_last_answer(read: int, ending: str) -> None:
    """While a last answer leaves, each window of time must take its bytes."""
    with running(application({"body_rate": 100}, {"write": 5}).server) as stage:
        client = stage.connect()
        client.wire.stalled = True
        client.send(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        for _ in range(3):
            client.read(read)
            stage.advance(5)
        assert client.ending == ending


@pytest.mark.parametrize("taken", [0, 30_000])
def test_write_of_a_last_answer_that_stalls(taken: int) -> None:
    """Also where the client read most of it, and then no more."""
    with running(application({}, {"write": 5}).server) as stage:
        client = stage.connect()
        client.wire.stalled = True
        client.send((GET % b"/big") * 2 + b"GET /big HTTP/1.0\r\n\r\n").read(80_000 + taken)
        stage.advance(12)
        assert client.ending == "cut"


def test_write_after_the_client_has_ended() -> None:
    """A client that sends FIN and reads no more has no more time than any other."""
    with running(application({}, {"write": 5}).server) as stage:
        client = stage.connect()
        client.wire.stalled = True
        client.send((GET % b"/big") * 2).end().read(70_000)
        assert client.ending == "closed"
        stage.advance(7)
        assert client.ending == "cut"


def test_write() -> None:
    """A client that reads nothing is cut, its source closed, and its line in the log."""
    log = LogLines()
    app = application({}, {"write": 5})
    with running(app.server, log=log.as_log) as stage:
        client = stage.connect()
        client.wire.stalled = True
        client.send(GET % b"/lines?count=100000")
        assert len(client.wire.unsent) < 70_000
        assert ends_between(stage, client, 4.5, 6.5) == "cut"
        assert app.heard == ["source closed"]
        assert [line[:3] for line in log.lines] == [("GET", "/lines?count=100000", 200)]


@pytest.mark.parametrize("count", [1, 3])
def test_linger(count: int) -> None:
    """After a refusal the client has a moment to read it and close; then it is cut."""
    with running(application({"linger": 1024}, {"linger": 2}).server) as stage:
        client = stage.connect().send(b"GARBAGE\r\n\r\n")
        client.send(*[b"x" * 100] * count)
        assert client.ending == "half-closed"
        stage.advance(1.5)
        assert client.ending == "half-closed"
        stage.advance(1.5)
        assert client.ending == "cut"
        other = stage.connect().send(b"GARBAGE\r\n\r\n").end()
        assert other.ending == "closed"


@pytest.mark.parametrize(("size", "ending"), [(1024, "half-closed"), (1025, "cut")])
def test_linger_limit(size: int, ending: str) -> None:
    """Only so many bytes are swallowed while closing."""
    with running(application({"linger": 1024}).server) as stage:
        client = stage.connect().send(b"GARBAGE\r\n\r\n", b"x" * size)
        assert client.ending == ending


def test_linger_waits_for_readers() -> None:
    """A client that still reads the answer before its refusal is not cut by the moment it has
    to close."""
    with running(application({"body_rate": 100}, {"linger": 2, "write": 5}).server) as stage:
        client = stage.connect()
        client.wire.stalled = True
        client.send(GET % b"/big" + b"GARBAGE\r\n\r\n")
        for _ in range(8):
            client.read(2000)
            stage.advance(1)
        assert client.ending == "half-closed"
        client.read().end()
        assert client.statuses == [200, 400]
        assert client.ending == "closed"


def test_client_gone_is_raised_in_reads() -> None:
    """A handler that waits for a body hears of it there."""
    app: Application = application()
    heard = []

    async def handler(request):  # type: ignore[no-untyped-def]
        try:
            await request.body()
        except ClientGone:
            heard.append("gone")
            raise

    app.server.post("/it")(handler)
    with running(app.server) as stage:
        stage.connect().send(post("/it", b"hello")[:-1]).vanish()
    assert heard == ["gone"]
