"""Parked requests: let go by whoever releases, in this worker and in the others."""

import asyncio
import logging
import secrets
from types import SimpleNamespace
from typing import Any

import pytest

from app import content
from app.httpd import Refusal, Response
from app.neighbours import Neighbours
from app.parking import Parking

REQUEST: Any = SimpleNamespace()


async def parked(where: Parking, count: int) -> "list[asyncio.Task[Response]]":
    """So many requests that wait there."""
    tasks = [asyncio.create_task(where.park(REQUEST)) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


def text(response: Response) -> str:
    """What it says."""
    assert isinstance(response.body, bytes)
    return response.body.decode()


def run(coroutine: Any) -> None:
    """With an end, also where nothing is released."""
    asyncio.run(asyncio.wait_for(coroutine, 20))


def test_release_reaches_every_worker() -> None:
    """Those of this one and of all others go, and the number is of all."""

    async def main() -> None:
        service = secrets.token_hex(8)
        here, there, stranger = Parking(service), Parking(service), Parking()
        for each in (here, there, stranger):
            await each.open()
        waiting = await parked(here, 2) + await parked(there, 3)
        [other] = await parked(stranger, 1)
        assert text(await here.release(REQUEST)) == "5"
        assert [text(await each) for each in waiting] == [content.DONE] * 5
        assert not other.done()
        other.cancel()
        assert text(await there.release(REQUEST)) == "0"
        for each in (here, there, stranger):
            each.close()

    run(main())


def test_two_releases_at_once() -> None:
    """Nobody is counted twice."""

    async def main() -> None:
        service = secrets.token_hex(8)
        here, there = Parking(service), Parking(service)
        for each in (here, there):
            await each.open()
        waiting = await parked(here, 20) + await parked(there, 20)
        answers = await asyncio.gather(here.release(REQUEST), there.release(REQUEST))
        assert sum(int(text(each)) for each in answers) == 40
        await asyncio.gather(*waiting)
        for each in (here, there):
            each.close()

    run(main())


def test_client_that_left() -> None:
    """A request that was cancelled is not there any more."""

    async def main() -> None:
        here = Parking()
        [waiting] = await parked(here, 1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert text(await here.release(REQUEST)) == "0"

    run(main())


def test_nobody_releases(monkeypatch: pytest.MonkeyPatch) -> None:
    """504 after a while."""
    monkeypatch.setattr(content, "LONGEST_PARK", 0.01)

    async def main() -> None:
        with pytest.raises(Refusal) as caught:
            await Parking().park(REQUEST)
        assert (caught.value.status, caught.value.reason) == (504, content.NOBODY)

    run(main())


@pytest.mark.parametrize("said", [b"", b"x", b"-1", b"1.5"])
def test_neighbour_that_talks_nonsense(said: bytes) -> None:
    """Only numbers count."""

    async def main() -> None:
        service = secrets.token_hex(8)
        here, odd = Parking(service), Neighbours(service, lambda _: said)
        for each in (here, odd):
            await each.open()
        assert text(await here.release(REQUEST)) == "0"
        for each in (here, odd):
            each.close()

    run(main())


def test_machine_that_forbids_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where no such socket can be made the service starts all the same, and says what is lost."""

    async def refuse(_: Neighbours) -> None:
        raise PermissionError("not permitted")

    monkeypatch.setattr(Neighbours, "open", refuse)

    async def main() -> None:
        here = Parking()
        with caplog.at_level(logging.WARNING):
            await here.open()
        assert "reaches this worker only: not permitted" in caplog.text
        waiting = await parked(here, 1)
        assert text(await here.release(REQUEST)) == "1"
        await asyncio.gather(*waiting)
        here.close()

    run(main())
