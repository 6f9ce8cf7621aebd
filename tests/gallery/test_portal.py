"""The portal: coroutines of handlers, for servers that have no event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from app.gallery.portal import Portal
from app.httpd import HTTPServer, Request, Response
from app.httpd.carrier import BrokenOff, Call, Carrier

seen: list[str] = []


def application() -> HTTPServer:
    """Routes that wait, and one that does not."""
    server = HTTPServer()
    server.on_startup(lambda: seen.append("startup"))
    server.on_shutdown(lambda: seen.append("shutdown"))

    @server.get("/plain")
    def plain(request: Request) -> str:
        return threading.current_thread().name

    @server.get("/waits")
    async def waits(request: Request) -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    @server.get("/never")
    async def never(request: Request) -> None:
        seen.append("begun")
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("ended")

    @server.get("/stream/{kind}")
    def stream(request: Request) -> Response:
        async def lines() -> AsyncIterator[bytes]:
            try:
                yield b"one"
                await asyncio.sleep(0)
                if request.params["kind"] == "broken":
                    raise RuntimeError("half-way")
                yield b"two"
            finally:
                seen.append("closed")

        return Response.stream(lines())

    return server


@pytest.fixture
def portal() -> Iterator[Portal]:
    """One that is open."""
    seen.clear()
    with Portal(Carrier(application())) as portal:
        yield portal


def call(portal: Portal, target: str) -> Call:
    """A request."""
    head = portal.carrier.compose("GET", target, 1, [(b"Host", b"a")])
    return portal.carrier.call(head, portal.carrier.peer(""))


def test_answer(portal: Portal) -> None:
    """A plain handler runs where it is asked, a coroutine on the loop's thread."""
    here = threading.current_thread().name.encode()
    assert portal.answer(call(portal, "/plain")).body == here
    assert portal.answer(call(portal, "/waits")).body == b"portal"
    assert portal.answer(call(portal, "/nowhere")).status == 404


def test_many_threads(portal: Portal) -> None:
    """All of them may ask at once."""
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(portal.answer(call(portal, "/waits")).body))
        for _ in range(20)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)
    assert answers == [b"portal"] * 20


def test_pieces(portal: Portal) -> None:
    """One after another; the source is closed, read to its end or not."""
    for most, expected in ((9, [b"one", b"two"]), (1, [b"one"])):
        seen.clear()
        one = call(portal, "/stream/whole")
        pieces = portal.pieces(one, portal.answer(one))
        assert [piece for piece, _ in zip(pieces, range(most), strict=False)] == expected
        pieces.close()
        assert seen == ["closed"]


def test_pieces_that_break_off(portal: Portal) -> None:
    """Whoever sends them hears of it."""
    one = call(portal, "/stream/broken")
    pieces = portal.pieces(one, portal.answer(one))
    assert next(pieces) == b"one"
    with pytest.raises(BrokenOff):
        next(pieces)


def test_submit_and_cancel(portal: Portal) -> None:
    """Who does not want to wait is called back; what is cancelled ends."""
    begun: Future[None] = Future()
    done: Future[Any] = Future()
    outcome = call(portal, "/never").start()
    assert not isinstance(outcome, Response)
    cancel = portal.submit(outcome, done.set_result)
    portal.submit(asyncio.sleep(0), lambda _: begun.set_result(None))
    begun.result(20)  # what was submitted later has run: so has that
    cancel()
    assert done.result(20).cancelled()
    portal._wait(asyncio.sleep(0))
    assert seen == ["startup", "begun", "ended"]


def test_end() -> None:
    """What still waits is ended, and the hooks have run."""
    seen.clear()
    with Portal(Carrier(application())) as portal:
        outcome = call(portal, "/never").start()
        assert not isinstance(outcome, Response)
        portal.submit(outcome, lambda _: None)
        portal._wait(asyncio.sleep(0))
    assert seen == ["startup", "begun", "shutdown", "ended"]
    assert "portal" not in {each.name for each in threading.enumerate()}
