"""Memory: what a client sends and does not read stays bounded, both ways."""

import pytest

from app.httpd import Request
from tests.httpd.application import application
from tests.httpd.fakes import PLAIN, post, running

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"
KIB = 1024


def test_a_client_that_only_sends() -> None:
    """A pipelining client that never reads is no longer read from, and nothing piles up."""
    app = application()
    with running(app.server) as stage:
        client = stage.connect()
        client.wire.stalled = True
        for _ in range(20):
            client.send(GET % b"/big" * 10)
        assert not client.wire.is_reading()
        assert len(client.wire.unsent) < 200 * KIB
        assert len(client.handler._buffer) < 200 * KIB
        client.wire.stalled = False
        client.read()
        assert client.statuses == [200] * 200


def test_waiting_requests_are_bounded() -> None:
    """While one request is in hand, those behind it are held up to the limit."""
    app = application({"buffer": 4 * KIB})
    with running(app.server) as stage:
        client = stage.connect().send(GET % b"/wait")
        count = 0
        while client.wire.is_reading():
            client.send(PLAIN)
            count += 1
        assert 4 * KIB < count * len(PLAIN) <= 4 * KIB + len(PLAIN)
        app.let_go()
        stage.loop.settle()
        assert client.statuses == [200] * (count + 1)
        assert client.wire.is_reading()


@pytest.mark.parametrize(("size", "reading"), [(4 * KIB, True), (4 * KIB + 1, False)])
def test_upload_pauses(size: int, reading: bool) -> None:
    """A body that nobody reads yet is read ahead up to the limit; then it goes on."""
    app = application({"buffer": 4 * KIB})
    data = post("/hold", b"x" * 100 * KIB)
    head = data[: -100 * KIB]
    with running(app.server) as stage:
        client = stage.connect().send(head, b"x" * size)
        assert client.wire.is_reading() is reading
        app.let_go()
        stage.loop.settle()
        assert client.wire.is_reading()
        client.send(b"x" * (100 * KIB - size))
        assert client.answers[0].body == b"x" * 100 * KIB


def test_upload_in_pieces_is_not_gathered() -> None:
    """A handler that reads in pieces never holds more than has just arrived."""
    app = application({"body": 10 << 20})
    largest = []

    async def handler(request: Request) -> str:
        largest.extend([len(piece) async for piece in request.chunks()])
        return str(sum(largest))

    app.server.post("/it")(handler)
    with running(app.server) as stage:
        client = stage.connect().send(post("/it", b"x" * (10 << 20))[: -(10 << 20)])
        client.send(*[b"x" * 16 * KIB] * 640)
        assert client.answers[0].body == b"%d" % (10 << 20)
        assert max(largest) == 16 * KIB


def test_a_paused_upload_is_the_applications_time() -> None:
    """While reading is paused it is not the client who is slow: the handler's deadline runs."""
    app = application({"buffer": KIB}, {"body": 2, "handler": 6})
    data = post("/hold", b"x" * 10 * KIB)
    with running(app.server) as stage:
        client = stage.connect().send(data[: -5 * KIB])
        stage.advance(5)
        assert client.bytes == b""
        stage.advance(2)
        assert client.statuses == [503]


def test_a_slow_reader_holds_up_its_source() -> None:
    """A source is asked for its next piece when the client has read the last ones."""
    app = application()
    with running(app.server) as stage:
        client = stage.connect()
        client.wire.stalled = True
        client.send(GET % b"/lines?count=12000")
        held = len(client.wire.unsent)
        assert 64 * KIB < held < 66 * KIB
        client.read(60 * KIB)
        assert 64 * KIB < len(client.wire.unsent) < 66 * KIB
        client.wire.stalled = False
        client.read()
        assert client.answers[0].body == b"".join(b"line %d\n" % n for n in range(12000))
        assert app.heard == ["sent", "source closed"]


def test_upload_and_download_at_once() -> None:
    """A client that does not read while it sends is not called slow in what it sends."""
    app = application({}, {"body": 2, "write": 10})
    with running(app.server) as stage:
        client = stage.connect()
        client.wire.stalled = True
        data = post("/mirror", b"x" * 100 * KIB)
        client.send(data[: -20 * KIB], data[-20 * KIB :])
        stage.advance(5)
        assert client.ending == "open"
        client.wire.stalled = False
        client.read()
        assert client.answers[0].body == b"x" * 100 * KIB
        assert client.ending == "open"
