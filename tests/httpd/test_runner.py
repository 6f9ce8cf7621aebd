"""The runner's parts that need no process of their own."""

import asyncio
import logging
import resource
from typing import Any

import pytest

from app.httpd import HTTPServer
from app.httpd.runner import RESERVED_FILES, Runner, _Complaints, listen, most_connections


class Loop:
    """A loop with a clock of its own, that counts what is handed back to it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.contexts: list[dict[str, Any]] = []

    def time(self) -> float:
        return self.now

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.contexts.append(context)


def test_failing_to_accept_is_said_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    """Out of descriptors, asyncio complains for every try; the log hears it once a second."""
    loop, complain = Loop(), _Complaints()
    context = {"message": "socket.accept() out of system resource", "exception": OSError("full")}
    with caplog.at_level(logging.ERROR, "slipway.error"):
        for _ in range(1000):
            complain(loop, context)  # type: ignore[arg-type]
        assert caplog.messages == ["cannot accept connections: full"]
        loop.now += 1.0
        complain(loop, context)  # type: ignore[arg-type]
        assert len(caplog.messages) == 2
    assert loop.contexts == []


def test_other_complaints_are_the_loops(caplog: pytest.LogCaptureFixture) -> None:
    """Everything else is said as the loop would say it."""
    loop = Loop()
    for context in ({"message": "Task was destroyed"}, {"exception": ValueError()}):
        _Complaints()(loop, context)  # type: ignore[arg-type]
    assert [sorted(each) for each in loop.contexts] == [["message"], ["exception"]]
    assert caplog.messages == []


def test_asyncio_says_so_in_these_words() -> None:
    """The words that are looked for are the ones asyncio uses."""
    names = asyncio.selector_events.BaseSelectorEventLoop._accept_connection.__code__.co_consts
    assert "socket.accept() out of system resource" in str(names)


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "expected"),
    [
        (1024, 4096, 100, 100),
        (1024, 4096, 16_384, 4096 - RESERVED_FILES),
        (4096, 4096, 16_384, 4096 - RESERVED_FILES),
        (100, 100, 16_384, 1),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, 16_384, 16_384),
    ],
)
def test_most_connections(
    soft: int, hard: int, wanted: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never more connections than descriptors, of which all that are allowed are taken."""
    taken: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: taken.append(limits))
    assert most_connections(wanted) == expected
    assert all(each == (hard, hard) for each in taken)


def test_told_to_leave_while_listeners_open() -> None:
    """Who was accepted before the start was over is answered: `create_server` accepts at once."""
    server = HTTPServer()
    server.get("/")(lambda _: "here")

    async def main() -> bytes:
        loop = asyncio.get_running_loop()
        listener = listen("127.0.0.1", 0)
        runner = Runner(server)
        open_acceptor = loop.create_server
        port = listener.getsockname()[1]
        clients: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

        async def create_server(*given: Any, **options: Any) -> asyncio.Server:
            acceptor = await open_acceptor(*given, **options)
            clients.append(await asyncio.open_connection("127.0.0.1", port))
            clients[0][1].write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            runner.leave()
            return acceptor

        loop.create_server = create_server  # type: ignore[method-assign]
        await runner.serve([listener])
        [(reader, writer)] = clients
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    answer = asyncio.run(asyncio.wait_for(main(), 10))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"here")
