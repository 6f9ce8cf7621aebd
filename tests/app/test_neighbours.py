"""Neighbours: workers of one service find each other, and nobody waits for one that is gone."""

import asyncio
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from app import neighbours
from app.httpd.loops import new_event_loop
from app.neighbours import Neighbours


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[None]], None]:
    """Run a coroutine on one of the two loops."""

    def run_on(given: Awaitable[None]) -> None:
        async def whole() -> None:
            async with asyncio.timeout(20):
                await given

        with asyncio.Runner(loop_factory=lambda: new_event_loop(request.param)) as process:
            process.run(whole())

    return run_on


@pytest.fixture
def service() -> str:
    """A name that nobody else has."""
    return secrets.token_hex(8)


@contextmanager
def silent(service: str, *, accepts: bool = True) -> Iterator[socket.socket]:
    """A worker that listens and whose loop hangs."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"\0slipway-{service}-{secrets.token_hex(8)}")
        listener.listen(8 if accepts else 0)
        yield listener


@contextmanager
def opened(*all_of_them: Neighbours) -> Iterator[None]:
    """They are closed at the end."""
    try:
        yield
    finally:
        for each in all_of_them:
            each.close()


def test_all_others_answer(run: Callable[[Awaitable[None]], None], service: str) -> None:
    """Everybody with the name is asked, but neither oneself nor another service."""
    asked = []

    def named(name: str) -> Callable[[bytes], bytes]:
        def answer(question: bytes) -> bytes:
            asked.append((name, question))
            return name.encode()

        return answer

    async def main() -> None:
        mine, one, other = (Neighbours(service, named(each)) for each in ("me", "one", "other"))
        stranger = Neighbours(service + "x", named("stranger"))
        loner = Neighbours("", named("loner"))
        with opened(mine, one, other, stranger, loner):
            for each in (mine, one, other, stranger, loner):
                await each.open()
            assert sorted(await mine.ask(b"who")) == [b"one", b"other"]
            assert sorted(asked) == [("one", b"who"), ("other", b"who")]
            assert await stranger.ask(b"who") == []
            assert await loner.ask(b"who") == []
            one.close()
            assert await mine.ask(b"who") == [b"other"]

    run(main())


def test_worker_that_died(run: Callable[[Awaitable[None]], None], service: str) -> None:
    """A process that ends is not found any more, with nobody to clean up after it."""
    program = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1].replace('@', "
        "chr(0))); s.listen(); print(flush=True); sys.stdin.read()"
    )
    prefix = f"slipway-{service}-"
    child = subprocess.Popen(
        [sys.executable, "-c", program, f"@{prefix}1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        child.stdout.readline()  # type: ignore[union-attr]
        assert neighbours._listening(prefix) == {f"{prefix}1"}
        child.kill()
        child.wait()

    async def main() -> None:
        mine = Neighbours(service, lambda _: b"")
        with opened(mine):
            await mine.open()
            assert await mine.ask(b"who") == []

    run(main())


def test_worker_that_dies_while_asked(run: Callable[[Awaitable[None]], None], service: str) -> None:
    """It closes its connections and has said nothing: that is no answer, and no wait."""

    async def main() -> None:
        mine = Neighbours(service, lambda _: b"")
        with opened(mine), silent(service) as listener:
            await mine.open()
            listener.setblocking(False)
            asking = asyncio.create_task(mine.ask(b"who"))
            end, _ = await asyncio.get_running_loop().sock_accept(listener)
            end.close()
            assert await asking == []

    run(main())


def test_worker_that_hangs(
    run: Callable[[Awaitable[None]], None], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is waited for so long and no longer, and the others' answers count."""
    monkeypatch.setattr(neighbours, "PATIENCE_SECONDS", 0.05)

    async def main() -> None:
        mine, other = (Neighbours(service, lambda _: b"3") for _ in range(2))
        with opened(mine, other), silent(service):
            await mine.open()
            await other.open()
            assert await mine.ask(b"who") == [b"3"]

    run(main())


def test_worker_without_room(run: Callable[[Awaitable[None]], None], service: str) -> None:
    """One whose backlog is full is not waited for at all."""

    async def main() -> None:
        mine = Neighbours(service, lambda _: b"")
        full = silent(service, accepts=False)
        with opened(mine), full as listener, closing(socket.socket(socket.AF_UNIX)) as first:
            first.connect(listener.getsockname())
            await mine.open()
            assert await mine.ask(b"who") == []

    run(main())


def test_other_users_are_neither_asked_nor_heard(
    run: Callable[[Awaitable[None]], None], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are free for all on a machine: what counts is whose process it is."""
    heard = []

    async def main() -> None:
        mine, other = (Neighbours(service, lambda each: heard.append(each) or b"3") for _ in "12")
        with opened(mine, other):
            await mine.open()
            await other.open()
            assert await mine.ask(b"who") == [b"3"]
            monkeypatch.setattr(os, "geteuid", lambda: 54321)
            assert await mine.ask(b"who") == []
            for name in neighbours._listening(f"slipway-{service}-"):
                reader, writer = await asyncio.open_unix_connection(sock=neighbours._connect(name))
                writer.write(b"who\n")
                with suppress(ConnectionResetError):  # it has closed before it has read that
                    assert await reader.read() == b""
                writer.close()

    run(main())
    assert heard == [b"who"]


def test_question_without_end(
    run: Callable[[Awaitable[None]], None], service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who connects and sends no line, or one without end, gets nothing and holds up nobody."""
    monkeypatch.setattr(neighbours, "PATIENCE_SECONDS", 0.05)

    async def main() -> None:
        mine = Neighbours(service, lambda _: b"3")
        with opened(mine):
            await mine.open()
            [name] = neighbours._listening(f"slipway-{service}-")
            for said in (b"", b"x" * 100_000):
                with closing(socket.socket(socket.AF_UNIX)) as end:
                    end.connect("\0" + name)
                    end.setblocking(False)
                    loop = asyncio.get_running_loop()
                    with suppress(ConnectionError):  # it has closed before it had all of it
                        await loop.sock_sendall(end, said)
                        assert await loop.sock_recv(end, 1) == b""

    run(main())
