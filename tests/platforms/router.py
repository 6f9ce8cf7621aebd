"""The router of a platform: takes every request, says who sent it, and hands it to one release.

Adds the fields that platforms' routers add. Asks nobody twice: what a release does not answer is
502, and is counted. Knows nothing of where releases come from.
"""

import asyncio
import secrets
import threading
import time
from types import TracebackType

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from tests.platforms.profile import Profile

# RFC 9110 7.6.1: what belongs to one connection is not passed on.
OWN = ("Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding")
OWN += ("Upgrade",)
NOT_OURS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")  # aiohttp would add them


class Router:
    """One router, on a free port of 127.0.0.1, in a thread of its own.

    backend: the port of the release that is asked; 0 for none: then the answer is 503.
    """

    def __init__(self, profile: Profile) -> None:
        # given
        self._profile = profile
        # of this run
        self.backend = 0
        self.port = 0
        self.lost: list[str] = []  # requests that a release did not answer
        self._loop: asyncio.AbstractEventLoop
        self._thread: threading.Thread
        self._session: ClientSession
        self._runner: web.AppRunner

    def __enter__(self) -> "Router":
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(10)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _open(self) -> None:
        # Routers keep connections to a release for up to 90 s (Heroku's).
        connector = TCPConnector(limit=0, keepalive_timeout=90)
        self._session = ClientSession(
            connector=connector, auto_decompress=False, timeout=ClientTimeout(total=60)
        )
        self._session._retry_connection = False  # it would hide what a release lets fall
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(
            application, access_log=None, auto_decompress=False, shutdown_timeout=1
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        backend = self.backend
        if not backend:
            return web.Response(status=503, text="no release\n")
        passed: web.StreamResponse | None = None
        url = URL(f"http://127.0.0.1:{backend}{request.raw_path}", encoded=True)
        try:
            async with self._session.request(
                request.method,
                url,
                headers=self._fields(request),
                data=request.content if request.can_read_body else None,
                allow_redirects=False,
                skip_auto_headers=NOT_OURS,
            ) as answer:
                fields = without_own(answer.headers)
                passed = web.StreamResponse(
                    status=answer.status, reason=answer.reason, headers=fields
                )
                await passed.prepare(request)
                async for piece in answer.content.iter_any():
                    await passed.write(piece)
                await passed.write_eof()
                return passed
        except (ClientError, TimeoutError) as error:
            self.lost.append(f"{request.method} {request.raw_path} to {backend}: {error!r}")
            if passed is not None and request.transport is not None:
                request.transport.abort()  # half an answer must not look like a whole one
            return web.Response(status=502, text=f"{error!r}\n")

    def _fields(self, request: web.Request) -> CIMultiDict[str]:
        fields = without_own(request.headers)
        client = request.remote or ""
        said = {
            "client": client,
            "seen": ", ".join([*fields.getall("X-Forwarded-For", []), client]),
            "id": request.headers.get("X-Request-Id") or secrets.token_hex(16),
            "milliseconds": str(time.time_ns() // 1_000_000),
        }
        for name, value in self._profile.fields.items():
            fields[name] = value.format(**said)
        connection = self._profile.connection
        if connection is None:
            connection = request.headers.get("Connection", "")
        if connection:
            fields["Connection"] = connection
        return fields


def without_own(given: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Header fields, but for those of one connection."""
    fields = CIMultiDict(given)
    for name in OWN:
        fields.popall(name, None)
    return fields
