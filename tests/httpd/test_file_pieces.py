"""Large files: in pieces, off the loop, to the promised byte, and closed whatever happens."""

import asyncio
import os
import threading
from pathlib import Path

import pytest

from app.httpd.files import PIECE, SMALL, FilePieces
from tests.httpd.asking import (
    LARGE,
    Site,
    body,
    descriptors,
    field,
    gathered,
    sent,
    write,
)

pytestmark = pytest.mark.usefixtures("no_leak")


@pytest.mark.parametrize("size", [SMALL, SMALL + 1])
def test_small_and_large(tmp_path: Path, size: int) -> None:
    """Read at once up to the limit, in pieces above it; the same bytes."""
    data = (LARGE * 2)[:size]
    response = sent(write(tmp_path / "file", data))
    assert isinstance(response.body, bytes) == (size <= SMALL)
    assert (response.length, body(response)) == (size, data)


def test_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No piece is larger than PIECE, and none is read on the loop's thread."""
    readers = set()
    real = os.pread

    def pread(*args: int) -> bytes:
        readers.add(threading.get_ident())
        return real(*args)

    monkeypatch.setattr(os, "pread", pread)

    async def pieces() -> list[bytes]:
        body = sent(write(tmp_path / "file", LARGE)).body
        assert isinstance(body, FilePieces)
        return [piece async for piece in body]

    got = asyncio.run(pieces())
    assert b"".join(got) == LARGE
    assert [len(piece) for piece in got] == [PIECE] * 4 + [10]
    assert readers
    assert threading.get_ident() not in readers


def test_range_of_a_large_file(tmp_path: Path) -> None:
    """A small part of it is read at once, a large one in pieces."""
    path = write(tmp_path / "file", LARGE)
    small = sent(path, Range=f"bytes=1000-{1000 + SMALL - 1}")
    large = sent(path, Range="bytes=1000-900000")
    assert small.body == LARGE[1000 : 1000 + SMALL]
    assert field(large, "Content-Range") == f"bytes 1000-900000/{len(LARGE)}"
    assert (large.length, body(large)) == (899_001, LARGE[1000:900_001])


def test_short_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system may give fewer bytes than it was asked for; all of them come in the end."""
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: real(fd, min(size, 70_000), at))
    assert body(sent(write(tmp_path / "file", LARGE))) == LARGE


def test_cut_while_it_is_sent(tmp_path: Path) -> None:
    """The promised length cannot be kept: no end that looks like one, and the file is closed."""
    path = write(tmp_path / "file", LARGE)

    async def read() -> int:
        body = sent(path).body
        assert isinstance(body, FilePieces)
        got = len(await anext(body))
        os.truncate(path, PIECE + 1000)
        got += len(await anext(body))
        with pytest.raises(OSError, match="truncated"):
            await anext(body)
        with pytest.raises(StopAsyncIteration):
            await anext(body)
        return got

    assert asyncio.run(read()) == PIECE + 1000


def test_cut_before_it_is_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that shrinks between the look at its size and its bytes: ask again later."""
    monkeypatch.setattr(os, "pread", lambda fd, size, at: b"x" * (size - 1))
    assert site.refusal("a.txt").status == 503


def test_grows_while_it_is_sent(tmp_path: Path) -> None:
    """What was promised is sent, and nothing of what came later."""
    path = write(tmp_path / "file", LARGE)

    async def read() -> bytes:
        response = sent(path)
        with path.open("ab") as file:
            file.write(b"more")
        return await gathered(response)

    assert asyncio.run(read()) == LARGE


def test_exchanged_while_it_is_sent(tmp_path: Path) -> None:
    """A file replaced by rename is sent as it was: the descriptor is what was opened."""
    path = write(tmp_path / "file", LARGE)

    async def read() -> bytes:
        response = sent(path)
        write(tmp_path / "new", b"other").replace(path)
        return await gathered(response)

    assert asyncio.run(read()) == LARGE


def test_closed_before_it_is_read(tmp_path: Path) -> None:
    """HEAD never starts to read: closing is enough, twice does no harm."""
    before = descriptors()
    body = sent(write(tmp_path / "file", LARGE)).body
    assert isinstance(body, FilePieces)
    assert len(descriptors()) == len(before) + 1

    async def close() -> None:
        await body.aclose()
        await body.aclose()
        assert [piece async for piece in body] == []

    asyncio.run(close())


def test_closed_in_the_middle(tmp_path: Path) -> None:
    """A client that leaves takes its file with it."""

    async def leave() -> None:
        body = sent(write(tmp_path / "file", LARGE)).body
        assert isinstance(body, FilePieces)
        await anext(body)
        await body.aclose()

    asyncio.run(leave())


def test_cancelled_while_a_thread_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The descriptor lives until the thread is done with it, or the thread would read from
    whatever got its number next."""
    body = sent(write(tmp_path / "file", LARGE)).body
    assert isinstance(body, FilePieces)
    began, go_on = threading.Event(), threading.Event()
    real = os.pread
    alive: list[int] = []

    def pread(fd: int, size: int, at: int) -> bytes:
        began.set()
        go_on.wait(10)
        alive.append(os.fstat(fd).st_size)
        return real(fd, size, at)

    monkeypatch.setattr(os, "pread", pread)

    async def cancel() -> None:
        task = asyncio.ensure_future(anext(body))
        await asyncio.to_thread(began.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await body.aclose()
        go_on.set()
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(cancel())
    assert alive == [len(LARGE)]


def test_lost(tmp_path: Path) -> None:
    """An answer that nobody sends or closes is closed with the last that knows of it."""
    response = sent(write(tmp_path / "file", LARGE))
    with pytest.warns(ResourceWarning):
        del response
