"""An application for the tests of connections: one route for each way to answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from app.httpd import Deadlines, HTTPServer, Limits, Refusal, Request, Response
from app.httpd.errors import ClientGone


class Application:
    """A server, and what its handlers have to tell."""

    def __init__(self, **options: Any) -> None:
        self.heard: list[str] = []  # what happened inside handlers
        self.release: list[asyncio.Future[None]] = []  # handlers that wait
        self.server = HTTPServer(**options)
        self.server.get("/plain")(self.plain)
        self.server.get("/soon")(self.soon)
        self.server.get("/wait")(self.wait)
        self.server.get("/big")(lambda _: b"b" * 40_000)
        self.server.get("/boom")(self.boom)
        self.server.get("/lines")(self.lines)
        self.server.get("/broken")(self.broken)
        self.server.post("/echo")(self.echo)
        self.server.post("/small", body=10)(self.echo)
        self.server.post("/deaf")(lambda _: Response.text("deaf"))
        self.server.post("/pieces")(self.pieces)
        self.server.post("/hold")(self.hold)
        self.server.post("/mirror")(self.mirror)

    def plain(self, request: Request) -> Response:
        return Response.text("plain")

    async def soon(self, request: Request) -> Response:
        await asyncio.sleep(0)
        return Response.text("soon")

    async def wait(self, request: Request) -> Response:
        """Wait for `let_go`."""
        waiting = asyncio.get_running_loop().create_future()
        self.release.append(waiting)
        try:
            await waiting
        except asyncio.CancelledError:
            self.heard.append("cancelled")
            raise
        return Response.text("waited")

    def let_go(self) -> None:
        for each in self.release:
            if not each.done():
                each.set_result(None)
        self.release.clear()

    def boom(self, request: Request) -> Response:
        raise ValueError("boom")

    def lines(self, request: Request) -> Response:
        return Response.stream(self._lines(int(request.query.get("count", "2"))))

    async def _lines(self, count: int) -> AsyncIterator[bytes]:
        try:
            for number in range(count):
                yield b"line %d\n" % number
                await asyncio.sleep(0)
            self.heard.append("sent")
        finally:
            self.heard.append("source closed")

    def broken(self, request: Request) -> Response:
        """Fail after so many pieces."""
        return Response.stream(self._broken(int(request.query.get("after", "0"))))

    async def _broken(self, after: int) -> AsyncIterator[bytes]:
        for _ in range(after):
            yield b"piece"
        raise ValueError("broken")

    async def echo(self, request: Request) -> Response:
        self.heard.append("began")
        try:
            return Response(await request.body())
        except (Refusal, ClientGone) as error:
            self.heard.append(str(error) or "gone")
            raise

    async def pieces(self, request: Request) -> Response:
        sizes = [len(piece) async for piece in request.chunks()]
        return Response.text(str(sum(sizes)))

    async def hold(self, request: Request) -> Response:
        """Wait, and only then read."""
        await self.wait(request)
        return Response(await request.body())

    def mirror(self, request: Request) -> Response:
        """Answer with the body, while it comes."""
        return Response.stream(request.chunks())


def application(
    limits: dict[str, Any] | None = None, deadlines: dict[str, Any] | None = None, **options: Any
) -> Application:
    """An application with some bounds of its own."""
    return Application(
        limits=Limits(**(limits or {})), deadlines=Deadlines(**(deadlines or {})), **options
    )
