"""snow's loop: who waits for what, how long, and what becomes of them when one side leaves."""

import socket
import struct
import threading
from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.gallery.snow import Future, HttpRequest, HttpResponse, TimeoutFuture
from app.gallery.snow_loop import Loop
from app.httpd import Limits
from tests.gallery.snowing import (
    PATIENCE,
    TIMES,
    Room,
    Routes,
    ask,
    connect,
    head,
    rest,
    serving,
    told,
)


def test_result_resumes_the_generator() -> None:
    """All who wait are told, the first result counts, and nobody waits afterwards."""
    room = Room()
    with serving(room.routes) as (address, _):
        socks = [connect(address) for _ in range(5)]
        for each in socks:
            each.sendall(head("/wait", "Connection: close"))
            assert room.arrived.acquire(timeout=PATIENCE)
        assert told(ask(address, "/call")) == (200, b"5")
        assert [told(rest(each)) for each in socks] == [(200, b"told something")] * 5
        assert told(ask(address, "/call")) == (200, b"0")
        for each in socks:
            each.close()


def test_one_future_for_many() -> None:
    """A future may be waited for by several requests."""
    future = Future()
    arrived = threading.Semaphore(0)

    def wait(_: HttpRequest) -> Generator[Future, Any, HttpResponse]:
        arrived.release()
        result = yield future
        return HttpResponse(result)

    def call(_: HttpRequest) -> HttpResponse:
        future.set_result("x")
        return HttpResponse(str(len(future.waiting)))

    with serving([(r"/wait", wait), (r"/call", call)]) as (address, _):
        with connect(address) as one, connect(address) as other:
            for each in (one, other):
                each.sendall(head("/wait", "Connection: close"))
                assert arrived.acquire(timeout=PATIENCE)
            assert told(ask(address, "/call")) == (200, b"2")
            assert [told(rest(each)) for each in (one, other)] == [(200, b"x")] * 2
        assert future.waiting == set()


def test_client_that_leaves_ends_its_handler() -> None:
    """The generator is closed where it waits, so that nobody counts it; others go on waiting."""
    room = Room()
    with serving(room.routes) as (address, _), connect(address) as stays:
        with connect(address) as leaves:
            leaves.sendall(head("/wait"))
            assert room.arrived.acquire(timeout=PATIENCE)
            stays.sendall(head("/wait", "Connection: close"))
            assert room.arrived.acquire(timeout=PATIENCE)
            leaves.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert room.left.acquire(timeout=PATIENCE)
        assert told(ask(address, "/call")) == (200, b"1")
        assert told(rest(stays)) == (200, b"told something")


def test_client_that_has_said_all_is_answered() -> None:
    """The end of what it sends is not the end of its interest."""
    room = Room()
    with serving(room.routes) as (address, _), connect(address) as sock:
        sock.sendall(head("/wait"))
        sock.shutdown(socket.SHUT_WR)
        assert room.arrived.acquire(timeout=PATIENCE)
        assert told(ask(address, "/call")) == (200, b"1")
        assert told(rest(sock)) == (200, b"told something")


def test_waiting_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """While requests wait the loop sleeps: it does not look again and again."""
    turns: list[Loop] = []
    turn = Loop.turn

    def counted(loop: Loop) -> None:
        turns.append(loop)
        turn(loop)

    monkeypatch.setattr(Loop, "turn", counted)
    room = Room()

    def sleep(_: HttpRequest) -> Generator[Future, Any, HttpResponse]:
        yield TimeoutFuture(0.3)
        return HttpResponse("slept")

    with (
        serving([*room.routes, (r"/sleep", sleep)]) as (address, _),
        connect(address) as parked,
        connect(address) as ended,
    ):
        parked.sendall(head("/wait"))
        assert room.arrived.acquire(timeout=PATIENCE)
        ended.sendall(head("/wait"))
        ended.shutdown(socket.SHUT_WR)
        assert room.arrived.acquire(timeout=PATIENCE)
        before = len(turns)
        assert told(ask(address, "/sleep")) == (200, b"slept")
        assert len(turns) - before < 20


def test_stream_leaves_others_their_turn() -> None:
    """Also one that has nothing to send yet."""
    stopped: list[bool] = []

    def pieces() -> Iterator[bytes]:
        while not stopped:
            yield b""
        yield b"the end"

    def stop(_: HttpRequest) -> HttpResponse:
        stopped.append(True)
        return HttpResponse("stop")

    routes: Routes = [(r"/it", lambda _: HttpResponse(pieces())), (r"/stop", stop)]
    with serving(routes) as (address, _), connect(address) as sock:
        sock.sendall(head("/it", "Connection: close"))
        assert told(ask(address, "/stop")) == (200, b"stop")
        assert told(rest(sock)) == (200, b"7\r\nthe end\r\n0\r\n\r\n")


# ---- time, and the end


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /up HT", 408),
        (head("/up", "Content-Length: 5", method="POST") + b"1234", 408),
    ],
)
def test_slow_requests(sent: bytes, status: int) -> None:
    """What does not come in time is refused, and the connection closed."""
    with serving([]) as (address, _), connect(address) as sock:
        sock.sendall(sent)
        assert told(rest(sock))[0] == status


def test_idle_connection_is_closed() -> None:
    """Without a word, when its time is up, which is not the one for its first byte."""
    with serving([], replace(TIMES, idle=2)) as (address, _), connect(address) as sock:
        sock.sendall(head("/up"))
        assert told(rest(sock)) == (200, b"up")


def test_refused_body_is_swallowed() -> None:
    """A client that is still sending hears why nobody wants it, and then the end."""
    with serving([], limits=Limits(body=1000)) as (address, _), connect(address) as sock:
        sock.sendall(head("/up", "Content-Length: 900000", method="POST"))
        sock.sendall(bytes(900_000))
        assert told(rest(sock))[0] == 413


def test_client_that_does_not_read() -> None:
    """Is cut off, and no more is made for it than it takes: the source is asked piece by piece."""
    made: list[int] = []
    closed = threading.Semaphore(0)

    def pieces() -> Iterator[bytes]:
        try:
            for number in range(10_000):
                made.append(number)
                yield bytes(1 << 16)
        finally:
            closed.release()

    routes: Routes = [(r"/it", lambda _: HttpResponse(pieces()))]
    with serving(routes) as (address, _), connect(address) as sock:
        sock.sendall(head("/it"))
        assert closed.acquire(timeout=PATIENCE)
        assert len(made) < 1000
        with pytest.raises(ConnectionResetError):
            rest(sock)


def test_source_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """The client is told by a cut: there is no last chunk."""

    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise OSError("the disk is gone")

    routes: Routes = [(r"/it", lambda _: HttpResponse(pieces()))]
    with serving(routes) as (address, _), connect(address) as sock:
        sock.sendall(head("/it"))
        with pytest.raises(ConnectionResetError):
            rest(sock)
    assert [each.exc_info and each.exc_info[0] for each in caplog.records] == [OSError]


def test_stop_answers_who_can_be_answered() -> None:
    """Who sleeps is answered; who is parked and not released in time gets a 504; who is idle an
    end; who comes is refused by the kernel."""
    room, arrived = Room(), threading.Semaphore(0)

    def sleep(_: HttpRequest) -> Generator[Future, Any, HttpResponse]:
        arrived.release()
        yield TimeoutFuture(0.3)
        return HttpResponse("slept")

    with (
        serving([*room.routes, (r"/sleep", sleep)]) as (address, snow),
        connect(address) as sleeper,
        connect(address) as parked,
        connect(address) as idle,
    ):
        idle.sendall(head("/up"))
        assert idle.recv(1 << 16).endswith(b"up")
        sleeper.sendall(head("/sleep"))
        parked.sendall(head("/wait"))
        assert arrived.acquire(timeout=PATIENCE)
        assert room.arrived.acquire(timeout=PATIENCE)
        snow.stop()
        snow.stop()
        assert rest(idle) == b""
        with pytest.raises(ConnectionRefusedError):
            connect(address)
        answer = rest(sleeper)
        assert told(answer) == (200, b"slept")
        assert b"\r\nConnection: close\r\n" in answer
        assert told(rest(parked))[0] == 504


def test_stop_takes_those_who_have_connected() -> None:
    """Closing a listener resets the connections that wait in its backlog: they are taken before,
    also when they are more than one turn takes."""
    socks: list[socket.socket] = []

    def rush(_: HttpRequest) -> HttpResponse:
        for _number in range(300):
            socks.append(connect(address))
            socks[-1].sendall(head("/up"))
        snow.stop()
        return HttpResponse("rush")

    times = replace(TIMES, drain_idle=1, drain=10)
    with serving([(r"/rush", rush)], times) as (address, snow):
        assert told(ask(address, "/rush")) == (200, b"rush")
        for each in socks:
            assert told(rest(each)) == (200, b"up")
            each.close()
    assert len(socks) == 300


def test_more_connections_than_allowed() -> None:
    """They wait until one of the others is gone."""
    with serving([], limits=Limits(connections=2)) as (address, _):
        socks = [connect(address) for _ in range(8)]
        for each in socks:
            each.sendall(head("/up", "Connection: close"))
        for each in socks:
            assert told(rest(each)) == (200, b"up")
            each.close()
