"""An event loop in a thread beside a server that has none, so that coroutine handlers can wait.

Plain handlers run where they are called. A coroutine, and the pieces of an answer, run on the
loop, and the thread that wants them waits or is called back. The library is made for one thread:
take `lock` to parse a head or to make a call.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from app.httpd import Response
from app.httpd.carrier import Call, Carrier

T = TypeVar("T")


class Portal:
    """A context manager: inside it the loop runs, between the carrier's hooks.

    Enter it after a fork, not before: threads do not survive one.
    """

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier
        self.lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="portal", daemon=True)

    def __enter__(self) -> "Portal":
        """Run the start-up hooks. Raises what a hook raises."""
        self._thread.start()
        try:
            self._wait(self.carrier.startup())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Run the shutdown hooks, cancel what still waits, and end the loop."""
        try:
            self._wait(self.carrier.shutdown())
        finally:
            self._stop()

    def _stop(self) -> None:
        self._wait(_end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def answer(self, call: Call) -> Response:
        """Call the handler, and wait here for its answer."""
        outcome = call.start()
        if isinstance(outcome, Response):
            return outcome
        return self._wait(_await(outcome))

    def submit(
        self, given: Awaitable[T], then: Callable[["Future[T]"], None]
    ) -> Callable[[], object]:
        """Wait for something on the loop; `then` is called there when it is done or was
        cancelled. Gives what cancels it."""
        future = asyncio.run_coroutine_threadsafe(_await(given), self._loop)
        future.add_done_callback(then)
        return future.cancel

    def pieces(self, call: Call, response: Response) -> Generator[bytes]:
        """The body's pieces, each waited for here. Raises BrokenOff. Close it if it is not read
        to its end; one that was never begun closes nothing: that is for `close`."""
        source = call.pieces(response)
        try:
            while piece := self._wait(next_piece(source)):
                yield piece
        finally:
            self._wait(source.aclose())

    def close(self, call: Call, response: Response) -> None:
        """Let go of an answer whose body nobody wants."""
        self._wait(call.close(response))

    def _wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


async def _await(given: Awaitable[T]) -> T:
    """What is awaitable but no coroutine, as one."""
    return await given


async def next_piece(source: AsyncGenerator[bytes]) -> bytes:
    """The next piece, b"" at the end. A coroutine, so that the generator begins in the loop's
    thread: a loop looks after those that were begun in it."""
    return await anext(source, b"")


async def _end() -> None:
    loop = asyncio.get_running_loop()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
