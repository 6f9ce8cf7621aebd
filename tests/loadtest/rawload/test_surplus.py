"""A server that says more than it was asked would answer requests before they are sent."""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing

import pytest
from gevent.event import Event

from loadtest.rawload.connection import SURPLUS, Connection
from loadtest.rawload.exchange import Ask
from loadtest.rawload.ledger import SECOND_NS, Ledger
from loadtest.rawload.load import Load

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
ASK = Ask("/", answer=b"hi")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server that is played by the test, call by call."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def answered(listener: socket.socket) -> tuple[Connection, socket.socket]:
    """A connection that has asked once and was answered."""
    done = Event()
    connection = Connection(
        socket.AF_INET, listener.getsockname(), lambda *_: done.set(), keeps=True
    )
    connection.begin(ASK, ASK.encode("x", keeps=True), 0)
    end, _ = listener.accept()
    end.sendall(ANSWER)
    assert done.wait(20)
    return connection, end


def test_nothing_more(listener: socket.socket) -> None:
    """An idle connection has no surplus, nor has one that the server closed."""
    connection, end = answered(listener)
    with closing(connection):
        with end:
            assert not connection.surplus()
        assert not connection.surplus()


def test_answered_twice(listener: socket.socket) -> None:
    """It is noticed once nothing is on its way."""
    connection, end = answered(listener)
    with closing(connection), end:
        end.sendall(ANSWER)
        assert connection.surplus()
        assert not connection.surplus()


def test_counted_as_a_failure(listener: socket.socket) -> None:
    """At the end of a phase, on each connection."""

    def told(ask: Ask, counted: Counter[int], failures: Counter[str]) -> None:
        """Nobody listens."""

    load = Load(told, 20.0, keeps=True)
    seat = load.sit(socket.AF_INET, listener.getsockname(), [(ASK, ASK.encode("x", keeps=True))])
    load.begin(1, Ledger(SECOND_NS, exact=True))
    end, _ = listener.accept()
    with end:
        end.sendall(ANSWER)
        assert load.finished.wait(20)
        end.sendall(ANSWER)
        load.close()
    load.leave(seat)
    assert (load.done, dict(load.ledger.failures)) == (1, {SURPLUS: 1})
