"""/park and /release: requests that wait for another one, whichever worker that one reaches.

A parked request is a future in the worker that has its connection. /release lets those of its own
worker go and asks the neighbours to do the same. A worker that dies takes its parked requests,
which are connections of its, along; it is not counted, and nobody waits for it.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app import content
from app.httpd import Refusal, Request, Response
from app.neighbours import Neighbours

RELEASE = b"release"

log = logging.getLogger("slipway.error")


class Parking:
    """The parked requests of one worker, and the way to those of the others.

    service: the name that the workers of one service share; "" for a worker that is alone.
    """

    def __init__(self, service: str = "") -> None:
        self._neighbours = Neighbours(service, self._hear)
        self._parked: set[asyncio.Future[None]] = set()

    async def open(self) -> None:
        """For the server's start: be found by the neighbours, if the machine lets us."""
        try:
            await self._neighbours.open()
        except OSError as error:
            log.warning("/release reaches this worker only: %s", error)

    def close(self) -> None:
        """For the server's end."""
        self._neighbours.close()

    async def park(self, request: Request) -> Response:
        """Wait for a /release, or give up with 504."""
        with self._waiting() as released:
            try:
                await asyncio.wait_for(released, content.LONGEST_PARK)
            except TimeoutError:
                raise Refusal(504, content.NOBODY) from None
        return Response.text(content.DONE)

    async def release(self, request: Request) -> Response:
        """Let every parked request of every worker go; say how many."""
        count = self._release()
        for answer in await self._neighbours.ask(RELEASE):
            count += int(answer) if answer.isdigit() else 0
        return Response.text(str(count))

    @contextmanager
    def _waiting(self) -> Iterator["asyncio.Future[None]"]:
        released: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._parked.add(released)
        try:
            yield released
        finally:
            self._parked.discard(released)

    def _release(self) -> int:
        waiting = [each for each in self._parked if not each.done()]
        for each in waiting:
            each.set_result(None)
        return len(waiting)

    def _hear(self, question: bytes) -> bytes:
        return str(self._release()).encode() if question == RELEASE else b""
