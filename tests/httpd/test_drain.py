"""The end of a server: what is in flight is answered, what is idle closes, nobody is cut early."""

import asyncio
from typing import Any

import pytest

from app.httpd import Request
from tests.httpd.application import application
from tests.httpd.fakes import PLAIN, Stage, post, running

GET = b"GET %b HTTP/1.1\r\nHost: a\r\n\r\n"


def drain(stage: Stage) -> "asyncio.Task[Any]":
    """Begin to end."""
    return stage.run(stage.service.drain())


def test_idle_connections_have_a_moment() -> None:
    """An idle client may still send one request, is told to close, and the server ends."""
    with running(application({}, {"drain_idle": 2}).server) as stage:
        quiet, late, never = (
            stage.connect().send(PLAIN),
            stage.connect().send(PLAIN),
            stage.connect(),
        )
        ending = drain(stage)
        stage.advance(1)
        assert [each.ending for each in (quiet, late, never)] == ["open"] * 3
        late.send(PLAIN)
        assert late.answers[1].fields["connection"] == "close"
        assert late.ending == "closed"
        stage.advance(2)
        assert [each.ending for each in (quiet, never)] == ["closed"] * 2
        assert ending.done()


def test_no_moment() -> None:
    """With drain_idle=0 idle connections close at once."""
    with running(application({}, {"drain_idle": 0}).server) as stage:
        clients = stage.connect().send(PLAIN), stage.connect()
        ending = drain(stage)
        assert [each.ending for each in clients] == ["closed"] * 2
        assert ending.done()


@pytest.mark.parametrize("path", [b"/wait", b"/hold"])
def test_what_is_in_flight_is_answered(path: bytes) -> None:
    """With Connection: close, and what was pipelined behind it is not begun."""
    app = application()
    with running(app.server) as stage:
        data = GET % path if path == b"/wait" else post("/hold", b"hello")
        client = stage.connect().send(data + PLAIN)
        ending = drain(stage)
        stage.advance(5)
        assert not ending.done()
        app.let_go()
        stage.loop.settle()
        assert client.statuses == [200]
        assert client.answers[0].fields["connection"] == "close"
        client.end()
        assert ending.done()


def test_a_head_that_comes_while_draining() -> None:
    """A request whose head was half here is served."""
    with running(application().server) as stage:
        client = stage.connect().send(PLAIN[:10])
        ending = drain(stage)
        stage.advance(3)
        client.send(PLAIN[10:])
        assert client.statuses == [200]
        assert (client.ending, ending.done()) == ("closed", True)


def test_the_drain_deadline() -> None:
    """Who is not done in time hears 503; a stream is cut; then the server ends."""
    app = application({}, {"drain": 5, "handler": 60})

    async def source():  # type: ignore[no-untyped-def]
        while True:
            yield b"x"
            await asyncio.sleep(1)

    from app.httpd import Response

    app.server.get("/ever")(lambda _: Response.stream(source()))
    with running(app.server) as stage:
        waits, streams = stage.connect().send(GET % b"/wait"), stage.connect().send(GET % b"/ever")
        discards = stage.connect().send(post("/deaf", b"hello")[:-1])
        ending = drain(stage)
        stage.advance(4.5)
        assert (waits.ending, streams.ending) == ("open", "open")
        assert not ending.done()
        stage.advance(1)
        assert (waits.statuses, app.heard) == ([503], ["cancelled"])
        assert streams.ending == "cut"
        assert discards.statuses == [200]  # an answered client gets no second answer
        assert ending.done()


def test_a_handler_may_put_things_back() -> None:
    """Draining waits a moment for handlers whose clients are gone."""
    app = application()
    done = []

    async def careful(request: Request) -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(0.5)
            done.append(True)

    app.server.get("/careful")(careful)
    with running(app.server) as stage:
        client = stage.connect().send(GET % b"/careful")
        ending = drain(stage)
        client.vanish()
        assert not ending.done()
        stage.advance(0.5)
        assert (done, ending.done()) == ([True], True)


def test_request_draining() -> None:
    """A readiness route sees that the server is about to end."""
    app = application()
    app.server.get("/ready")(lambda request: str(request.draining))
    with running(app.server) as stage:
        client = stage.connect().send(GET % b"/ready")
        stage.service.draining = True
        client.send(GET % b"/ready")
        assert [each.body for each in client.answers] == [b"False", b"True"]
        assert client.ending == "closed"


def test_stop() -> None:
    """Stopping cuts every connection, and cancels what was in hand."""
    app = application()
    with running(app.server) as stage:
        clients = stage.connect(), stage.connect().send(GET % b"/wait")
        stage.service.stop()
        stage.loop.settle()
        assert [each.ending for each in clients] == ["cut"] * 2
        assert (app.heard, stage.service.connections) == (["cancelled"], set())


def test_a_sweep_that_fails_is_not_the_last() -> None:
    """Whatever goes wrong in a sweep, deadlines are kept by the next one."""
    app = application({}, {"first_byte": 3})
    with running(app.server) as stage:
        client = stage.connect()
        stage.service.on_sweep = lambda: 1 / 0
        stage.advance(2)
        stage.service.on_sweep = None
        stage.advance(2)
        assert client.ending == "closed"
        assert len(stage.loop.problems) == 2
        stage.loop.problems.clear()
