"""What the event loop has to complain of."""

import asyncio
import logging
from typing import Any

import pytest

from app.httpd.runner import _Complaints


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
