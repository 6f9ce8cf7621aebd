"""Over real sockets, on every loop there is: what fakes cannot show."""

import asyncio
import gc
import socket
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from app.httpd import Response
from app.httpd.loops import new_event_loop
from app.httpd.runner import Runner
from tests.httpd.application import Application, application
from tests.httpd.fakes import PLAIN, parse_answers, post

try:
    import uvloop
except ImportError:
    uvloop = None  # type: ignore[assignment]

MIB = 1 << 20
LOOPS = [
    "asyncio",
    pytest.param("uvloop", marks=pytest.mark.skipif(not uvloop, reason="no uvloop")),
]
Scene = Callable[[Application, tuple[str, int]], Coroutine[Any, Any, None]]


def play(app: Application, scene: Scene, loop: str) -> None:
    """Serve the application, and let clients do what they do."""

    async def main() -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        address = listener.getsockname()
        runner = Runner(app.server)
        await runner.start([listener])
        try:
            async with asyncio.timeout(30):
                await scene(app, address)
        finally:
            runner.stop()
            listener.close()
            await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=lambda: new_event_loop(loop)) as process:
        process.run(main())
    gc.unfreeze()


async def exchange(address: tuple[str, int], data: bytes, *, fin: bool = False) -> bytes:
    """Send all, end if told to, and read to the end."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(data)
    if fin:
        writer.write_eof()
    received = await reader.read(-1)
    writer.close()
    await writer.wait_closed()
    return received


@pytest.mark.parametrize("loop", LOOPS)
def test_half_close(loop: str) -> None:
    """What was asked before FIN is answered, then the connection ends."""

    async def scene(app: Application, address: tuple[str, int]) -> None:
        slow = PLAIN.replace(b"plain", b"soon")
        for data in (PLAIN * 3, slow + PLAIN, post("/echo", b"x" * 200_000)):
            count = data.count(b"HTTP/1.1")
            answers = parse_answers(await exchange(address, data, fin=True))
            assert [each.status for each in answers] == [200] * count

    play(application(), scene, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_polite_close(loop: str) -> None:
    """A client in the midst of a large upload reads its 413, and is not reset."""

    async def scene(app: Application, address: tuple[str, int]) -> None:
        for _ in range(10):
            data = await exchange(address, post("/echo", b"x" * (MIB + MIB // 2)))
            assert [each.status for each in parse_answers(data)] == [413]
        data = await exchange(address, PLAIN + b"GARBAGE\r\n\r\n" + PLAIN * 1000)
        assert [each.status for each in parse_answers(data)] == [200, 400]

    play(application({"linger": 4 * MIB}), scene, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_slow_reader(loop: str) -> None:
    """A source is stopped by a client that does not read, and goes on when it does."""
    app = application()
    given = 0

    async def source() -> AsyncIterator[bytes]:
        nonlocal given
        for _ in range(64):
            given += 1
            yield b"x" * MIB

    app.server.get("/much")(lambda _: Response.stream(source(), length=64 * MIB))

    async def scene(app: Application, address: tuple[str, int]) -> None:
        reader, writer = await asyncio.open_connection(*address, limit=64 * 1024)
        writer.write(PLAIN.replace(b"plain", b"much"))
        before = -1
        while before != given:  # until nothing moves
            before = given
            await asyncio.sleep(0.1)
        assert 0 < given < 32
        await reader.readuntil(b"\r\n\r\n")
        assert len(await reader.readexactly(64 * MIB)) == 64 * MIB
        writer.close()

    play(app, scene, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_many_clients(loop: str) -> None:
    """Two hundred at once, each with a body, a stream and a plain request, in order."""

    async def scene(app: Application, address: tuple[str, int]) -> None:
        async def client(number: int) -> None:
            body = b"%d" % number * 1000
            data = post("/echo", body) + PLAIN.replace(b"plain", b"lines") + PLAIN
            answers = parse_answers(await exchange(address, data, fin=True))
            assert [each.body for each in answers] == [body, b"line 0\nline 1\n", b"plain"]

        await asyncio.gather(*(client(number) for number in range(200)))

    play(application(), scene, loop)


@pytest.mark.parametrize("loop", LOOPS)
def test_reset_in_a_stream(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    """A client that resets the connection ends its source, and nobody calls it an error."""
    app = application()

    async def scene(app: Application, address: tuple[str, int]) -> None:
        closed = asyncio.Event()

        async def source() -> AsyncIterator[bytes]:
            try:
                while True:
                    yield b"x" * 100_000
            finally:
                closed.set()

        streams.append(source)
        client = socket.create_connection(address)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, PLAIN.replace(b"plain", b"ever"))
        assert await loop.sock_recv(client, 1000)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        await closed.wait()

    streams: list[Callable[[], AsyncIterator[bytes]]] = []
    app.server.get("/ever")(lambda _: Response.stream(streams[0]()))
    play(app, scene, loop)
    assert caplog.records == []


@pytest.mark.parametrize("loop", LOOPS)
def test_drain(loop: str) -> None:
    """Draining waits for the last answer and closes idle connections."""

    async def scene(app: Application, address: tuple[str, int]) -> None:
        idle = await asyncio.open_connection(*address)
        busy = asyncio.create_task(exchange(address, PLAIN.replace(b"plain", b"wait")))
        while not app.release:  # noqa: ASYNC110  a turn of the loop, and not a wait
            await asyncio.sleep(0)
        runner = runners[0]
        ending = asyncio.create_task(runner.drain())
        assert await idle[0].read(-1) == b""
        assert not ending.done()
        app.let_go()
        [answer] = parse_answers(await busy)
        assert (answer.body, answer.fields["connection"]) == (b"waited", "close")
        await ending
        idle[1].close()

    runners: list[Runner] = []
    start = Runner.start

    async def noted(self: Runner, sockets: Any) -> Any:
        runners.append(self)
        return await start(self, sockets)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Runner, "start", noted)
        play(application({}, {"drain_idle": 0}), scene, loop)
