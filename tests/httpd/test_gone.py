"""Clients that leave: the handler is told once, all is closed, nothing stays behind."""

import asyncio
import gc
import logging
import weakref

import pytest

from app.httpd import Request, Response
from tests.httpd.application import application
from tests.httpd.fakes import PLAIN, LogLines, post, post_chunked, running

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_waiting_handler_is_cancelled_once(caplog: pytest.LogCaptureFixture) -> None:
    """Cancelled, counted, logged as 499, and no error."""
    log = LogLines()
    app = application()
    with running(app.server, log=log.as_log) as stage:
        stage.connect().send(GET % b"/wait").vanish()
        assert app.heard == ["cancelled"]
        assert log.lines == [("GET", "/wait", 499, 0)]
        assert (stage.service.requests, len(stage.service.connections)) == (1, 0)
    assert caplog.records == []


def test_a_reader_hears_of_it_in_its_read(caplog: pytest.LogCaptureFixture) -> None:
    """Once: by ClientGone, and by no cancellation on top of it."""
    app = application()

    async def handler(request: Request) -> None:
        try:
            async for _ in request.chunks():
                pass
        except BaseException as error:
            app.heard.append(type(error).__name__)
            await asyncio.sleep(1)
            app.heard.append("put back")
            raise

    app.server.post("/it")(handler)
    with running(app.server) as stage:
        stage.connect().send(post("/it", b"hello")[:-1]).vanish()
        gc.collect()
        stage.advance(2)
    assert app.heard == ["ClientGone", "put back"]
    assert caplog.records == []


def test_groups_of_nothing_new(caplog: pytest.LogCaptureFixture) -> None:
    """A task group that failed for nothing but the client is no error; for more, it is."""
    app = application()

    async def handler(request: Request) -> None:
        async def read() -> None:
            await request.body()

        async def other() -> None:
            try:
                await asyncio.sleep(100)
            finally:
                if "bad" in request.query:
                    raise ValueError("bad")

        async with asyncio.TaskGroup() as group:
            group.create_task(read())
            group.create_task(other())

    app.server.post("/it")(handler)
    with running(app.server) as stage:
        stage.connect().send(post("/it", b"hello")[:-1]).vanish()
        assert caplog.records == []
        stage.connect().send(post("/it?bad=1", b"hello")[:-1]).vanish()
        assert len(caplog.records) == 1


@pytest.mark.parametrize("stalled", [False, True])
def test_a_stream_is_closed(stalled: bool, caplog: pytest.LogCaptureFixture) -> None:
    """The source of an answer is closed whether it waits for the client or for its data."""
    log = LogLines()
    app = application()

    async def source():  # type: ignore[no-untyped-def]
        try:
            while True:
                yield b"x" * 50_000
                await asyncio.sleep(0 if stalled else 100)
        finally:
            app.heard.append("source closed")

    app.server.get("/source")(lambda _: Response.stream(source()))
    with running(app.server, log=log.as_log) as stage:
        client = stage.connect()
        client.wire.stalled = stalled
        client.send(GET % b"/source").vanish()
        assert app.heard == ["source closed"]
        assert [line[2] for line in log.lines] == [200]
        assert log.lines[0][3] > 0
    assert caplog.records == []


def test_form_files_are_closed() -> None:
    """The files of a form are closed when the answer is sent, and when the client leaves."""
    app = application()
    files = []
    body = (
        b'--b\r\nContent-Disposition: form-data; name="f"; filename="n"\r\n\r\nhello\r\n--b--\r\n'
    )

    async def handler(request: Request) -> str:
        form = await request.form()
        files.append(form["f"].file)  # type: ignore[union-attr]
        await asyncio.sleep(1)
        return "ok"

    app.server.post("/form")(handler)
    data = post("/form", body, "Content-Type: multipart/form-data; boundary=b")
    with running(app.server) as stage:
        client = stage.connect().send(data)
        assert not files[0].closed
        stage.advance(1)
        assert (client.statuses, files[0].closed) == ([200], True)
        stage.connect().send(data).vanish()
        assert files[1].closed


def test_half_closed_clients_are_answered() -> None:
    """FIN says that no more is sent, not that nobody reads (9112 9.6): all is answered."""
    app = application({"pipeline": 2})
    for data, statuses in [
        (PLAIN * 5, [200] * 5),
        (GET % b"/soon" + PLAIN, [200] * 2),
        (GET % b"/lines", [200]),
        (post("/echo", b"hello") + GET % b"/soon", [200] * 2),
        (post_chunked("/echo", b"0\r\n\r\n"), [200]),
        (b"", []),
        (b"GET / HT", []),
        (PLAIN + b"GET / HT", [200]),
    ]:
        with running(app.server) as stage:
            client = stage.connect()
            client.wire.pending += data
            client.end()
            assert (client.statuses, client.ending) == (statuses, "closed")
            assert stage.service.connections == set()


def test_half_closed_while_it_waits() -> None:
    """FIN may come while the handler works, or while earlier answers wait to be read."""
    app = application()
    with running(app.server) as stage:
        client = stage.connect().send(GET % b"/wait" + PLAIN).end()
        assert client.ending == "open"
        app.let_go()
        stage.loop.settle()
        assert (client.statuses, client.ending) == ([200, 200], "closed")
        slow = stage.connect()
        slow.wire.stalled = True
        slow.send(GET % b"/big" * 3).end()
        slow.wire.stalled = False
        slow.read()
        assert (slow.statuses, slow.ending) == ([200] * 3, "closed")


def test_tls_has_no_half_close() -> None:
    """Over TLS an end is the end of both directions: the handler is cancelled."""
    app = application()
    with running(app.server, scheme="https") as stage:
        client = stage.connect().send(GET % b"/wait").end()
        assert (client.ending, app.heard) == ("closed", ["cancelled"])


def test_half_closed_while_discarding() -> None:
    """A client that ends inside a body nobody wants is let go."""
    with running(application().server) as stage:
        client = stage.connect().send(post("/deaf", b"hello")[:-1]).end()
        assert (client.statuses, client.ending) == ([200], "closed")


ENDS = {
    "idle": PLAIN,
    "slow": GET % b"/soon",
    "in hand": GET % b"/wait",
    "a body": post("/echo", b"hello"),
    "half a body": post("/echo", b"hello")[:-1],
    "unread": post("/deaf", b"hello")[:-1],
    "stream": GET % b"/lines",
    "stream that fails": GET % b"/broken",
    "stream that breaks": GET % b"/broken?after=1",
    "error": GET % b"/boom",
    "garbage": b"GARBAGE\r\n\r\n",
    "half a head": b"GET / HT",
    "too long": post("/small", b"12345678901"),
}


@pytest.mark.parametrize("name", ENDS)
def test_nothing_is_left(name: str) -> None:
    """A connection that is lost is freed at once, without the collector's help."""
    with running(application().server) as stage:
        gc.collect()
        gc.disable()
        logging.disable()  # what a test gathers of the log holds the frames of each error
        try:
            client = stage.connect().send(ENDS[name])
            handler = weakref.ref(client.handler)
            client.vanish()
            stage.loop.settle()
            del client
            assert handler() is None
        finally:
            gc.enable()
            logging.disable(logging.NOTSET)
