"""What handlers are, give and raise."""

import asyncio
import functools
import sys
from typing import Any

import pytest

from app.httpd import Refusal, Request, Response
from tests.httpd.application import application
from tests.httpd.fakes import PLAIN, LogLines, post, running

ASK = b"GET /it HTTP/1.1\r\nHost: a\r\n\r\n"


def ask(handler: Any, *, hook: Any = None, data: bytes = ASK + PLAIN) -> list[tuple[int, bytes]]:
    """What a handler's answer looks like; that the next request is served is part of it."""
    app = application()
    app.server.get("/it")(handler)
    if hook:
        app.server.on_error(hook)
    with running(app.server) as stage:
        first, *others = stage.connect().send(data).answers
        assert [each.body for each in others] == [b"plain"]
        return [(first.status, first.body)]


async def coroutine(request: Request) -> str:
    """Need not wait."""
    return "async"


@pytest.mark.parametrize(
    ("handler", "body"),
    [
        (lambda request: "html", b"html"),
        (lambda request: b"bytes", b"bytes"),
        (lambda request: {"a": 1}, b'{"a":1}'),
        (lambda request: [1], b"[1]"),
        (coroutine, b"async"),
        (functools.partial(coroutine), b"async"),
        (lambda request: asyncio.ensure_future(coroutine(request)), b"async"),
        (lambda request: asyncio.gather(coroutine(request)), b'["async"]'),
    ],
)
def test_what_a_handler_may_give(handler: Any, body: bytes) -> None:
    """Values, and whatever can be awaited for them."""
    assert ask(handler) == [(200, body)]


async def raises_later(request: Request) -> None:
    """Fail in the task."""
    await asyncio.sleep(0)
    raise ValueError("secret")


async def raises_now(request: Request) -> None:
    """Fail before the first wait."""
    raise ValueError("secret")


def raises(request: Request) -> None:
    """Fail in the call."""
    raise ValueError("secret")


async def cancels_itself(request: Request) -> None:
    """Fail as if cancelled."""
    raise asyncio.CancelledError


async def awaits_cancelled(request: Request) -> None:
    """Wait for what was cancelled."""
    future = asyncio.get_running_loop().create_future()
    future.cancel()
    await future


async def gives_a_number(request: Request) -> int:
    """Give what is no answer."""
    return 1


@pytest.mark.parametrize(
    "handler",
    [raises_later, raises_now, raises, cancels_itself, awaits_cancelled, gives_a_number,
     lambda request: 1, lambda request: Response("text"), lambda request: Response(b"", 99),
     lambda request: Response(b"", headers=[("X", "a\r\nb")])],
)  # fmt: skip
def test_errors_inside(handler: Any, caplog: pytest.LogCaptureFixture) -> None:
    """500, nothing of it to the client, one line with the handler's name to the log, and the
    connection goes on."""
    [(status, body)] = ask(handler)
    assert status == 500
    assert b"secret" not in body
    [record] = caplog.records
    assert f"in handler {handler.__module__}.{handler.__qualname__}" in record.getMessage()


@pytest.mark.parametrize("later", [False, True])
def test_refusals(later: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A handler may refuse, and that is no error."""

    async def handler(request: Request) -> None:
        if later:
            await asyncio.sleep(0)
        raise Refusal(404, "no such thing")

    [(status, body)] = ask(handler)
    assert status == 404
    assert b"no such thing" in body
    assert caplog.records == []


def hook_stream(request: Request, error: Exception) -> Response:
    """Answer errors in pieces."""

    async def pieces():  # type: ignore[no-untyped-def]
        yield b"sorry"

    return Response.stream(pieces())


def failing_hook(request: Request, error: Exception) -> None:
    """Fail again."""
    raise KeyError("hook")


@pytest.mark.parametrize(
    ("hook", "answer"),
    [
        (
            lambda request, error: Response.text(f"{type(error).__name__}", 500),
            (500, b"ValueError"),
        ),
        (hook_stream, (200, b"sorry")),
        (lambda request, error: None, None),
        (failing_hook, None),
        (lambda request, error: Response.file("/nowhere/500.html"), None),
    ],
)
@pytest.mark.parametrize("handler", [raises, raises_later])
def test_error_hook(handler: Any, hook: Any, answer: tuple[int, bytes] | None) -> None:
    """The hook's answer, of any kind; the server's own where the hook has none or fails."""
    [(status, body)] = ask(handler, hook=hook)
    if answer is None:
        assert status == 500
        assert body.startswith(b"<!doctype")
    else:
        assert (status, body) == answer


def test_hook_for_a_source() -> None:
    """The hook also answers for a source that fails before its head is sent."""
    for hook, expected in [(lambda r, e: "sorry", b"sorry"), (hook_stream, b"<!doctype")]:
        app = application()
        app.server.on_error(hook)
        with running(app.server) as stage:
            client = stage.connect().send(b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n")
            assert client.answers[0].body.startswith(expected)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with Python 3.12")
def test_eager() -> None:
    """An async handler that need not wait is answered at once, with the answers beside it, in
    one write; and is a task all the same."""

    async def handler(request: Request) -> str:
        async with asyncio.timeout(1):
            await request.body()
        assert asyncio.current_task() is not None
        return "ok"

    app = application()
    app.server.get("/it")(handler)
    with running(app.server) as stage:
        client = stage.connect().send(PLAIN + ASK + PLAIN)
        assert client.statuses == [200, 200, 200]
        assert client.wire.writes == 1


def test_timeouts_inside_handlers() -> None:
    """asyncio's own timeouts and task groups work inside handlers, with a body and without."""

    async def handler(request: Request) -> str:
        task = asyncio.current_task()
        assert task is not None
        try:
            async with asyncio.timeout(1):
                await asyncio.sleep(5)
        except TimeoutError:
            pass
        async with asyncio.TaskGroup() as group:
            part = group.create_task(request.body())
        return (await asyncio.wait_for(asyncio.sleep(0, part.result()), 1)).decode() or "none"

    app = application()
    app.server.route("/it", ("GET", "POST"))(handler)
    with running(app.server) as stage:
        client = stage.connect().send(post("/it", b"hello") + ASK)
        stage.advance(2)
        stage.advance(2)
        assert [(each.status, each.body) for each in client.answers] == [
            (200, b"hello"), (200, b"none"),
        ]  # fmt: skip


def test_pipelined_answers_are_one_write() -> None:
    """All that can be answered at once leaves at once."""
    with running(application().server) as stage:
        client = stage.connect().send(PLAIN * 64)
        assert client.statuses == [200] * 64
        assert client.wire.writes == 1


@pytest.mark.parametrize(("count", "writes"), [(4, 1), (5, 2), (9, 3)])
def test_pipeline_turns(count: int, writes: int) -> None:
    """A long pipeline is answered in turns, so that others have theirs, and wholly."""
    with running(application({"pipeline": 4}).server) as stage:
        client = stage.connect().send(PLAIN * count)
        assert client.statuses == [200] * count
        assert client.wire.writes == writes
        assert client.ending == "open"
        assert client.wire.is_reading()


def test_log_and_count() -> None:
    """A line and a count for every request, fast, slow, or in pieces."""
    log = LogLines()
    with running(application().server, log=log.as_log) as stage:
        paths = ["plain", "soon", "lines", "boom", "nowhere"]
        stage.connect().send(*(b"GET /%b HTTP/1.1\r\nHost: a\r\n\r\n" % p.encode() for p in paths))
        stage.connect().send(b"HEAD /plain HTTP/1.1\r\nHost: a\r\n\r\n")
        assert [line[:3] for line in log.lines] == [
            ("GET", "/plain", 200), ("GET", "/soon", 200), ("GET", "/lines", 200),
            ("GET", "/boom", 500), ("GET", "/nowhere", 404), ("HEAD", "/plain", 200),
        ]  # fmt: skip
        assert [line[3] for line in log.lines[:3]] == [5, 4, 14]
        assert log.lines[-1][3] == 0
        assert stage.service.requests == 6
