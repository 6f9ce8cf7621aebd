"""asyncio streams: one coroutine for each connection, that reads, answers, and reads again.

The idea: `asyncio.start_server` gives every connection a StreamReader and a StreamWriter, and a
coroutine written like a conversation: await the head, await the body, answer, await the drain.
What a client does next is what the next line of the program does; the order of answers, the end
of a connection and back-pressure need no thought. Each wait has its deadline around it.

Good for: learning asyncio; protocols of your own; a few thousand connections that talk seldom.
Where it stops: each connection is a task, a reader and a writer, whose bytes are copied twice,
and each request costs several turns of the loop: a multiple of the CPU of `protocol`.

The grammar of HTTP and the handlers are the library's; here is how the bytes travel.
"""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Sequence
from functools import partial

from app.httpd import ClientGone, Refusal, Response
from app.httpd.body import ChunkedBody, SizedBody
from app.httpd.carrier import BrokenOff, Call, Carrier
from app.httpd.loops import new_event_loop
from app.httpd.runner import BACKLOG, hear_no_more
from app.httpd.upload import CONTINUE
from app.main import create_server
from app.settings import Settings

BLANK = b"\r\n\r\n"
PIECE = 64 * 1024


class Conversation:
    """One connection, from its first byte to its last."""

    def __init__(
        self, carrier: Carrier, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.idle = True  # between two requests
        self._buffer = bytearray()  # what was read and belongs to no request yet
        self._carrier = carrier
        self._reader = reader
        self._writer = writer
        self._gone = asyncio.ensure_future(_closed(writer))
        peer = writer.get_extra_info("peername")
        self._peer = carrier.peer(peer[0] if isinstance(peer, tuple) else "")

    async def hold(self) -> None:
        """Answer one request after another, until one side has had enough."""
        times = self._carrier.config.deadlines
        patience = times.first_byte
        try:
            try:
                while await self._exchange(patience):
                    patience = times.idle
            except Refusal as refusal:
                await self._write(self._carrier.refuse(refusal))
                await self._linger()
        except (ClientGone, BrokenOff, TimeoutError, OSError):
            self._writer.transport.abort()
        finally:
            self._writer.close()

    def leave(self) -> None:
        """The server is about to end: so are we, unless a request is in hand."""
        if self.idle:
            self._writer.close()

    async def _exchange(self, patience: float) -> bool:
        """One request and its answer. Gives whether there may be another."""
        self.idle = True
        block = await self._read_head(patience)
        if not block:
            return False
        head = self._carrier.parse(block)
        body = Body(self, self._carrier.decoder(head), head.expects_continue)
        call = self._carrier.call(head, self._peer, body)
        response = await self._respond(call)
        keep = head.keep_alive and body.done and not self._carrier.draining
        start, keep = call.encode(response, keep)
        await self._write(start)
        async with contextlib.aclosing(call.encode_pieces(response)) as pieces:
            async for piece in pieces:
                await self._write(piece)
        if not body.done:
            await self._linger()
        return keep

    async def _respond(self, call: Call) -> Response:
        """The handler's answer. A client that leaves meanwhile ends the handler."""
        outcome = call.start()
        if isinstance(outcome, Response):
            return outcome
        handler = asyncio.ensure_future(outcome)
        try:
            await asyncio.wait((handler, self._gone), return_when=asyncio.FIRST_COMPLETED)
            if not handler.done():
                raise ClientGone
            return handler.result()
        finally:
            handler.cancel()

    # ---- reading

    async def _read_head(self, patience: float) -> bytes:
        """One head with its blank line; nothing from a client that has no more to say."""
        buffer, known = self._buffer, 0
        times, clock = self._carrier.config.deadlines, asyncio.get_running_loop().time
        if not buffer and not await self.read_on(buffer, patience):
            return b""
        self.idle = False
        until = clock() + times.head
        while True:
            while buffer.startswith(b"\r\n"):  # RFC 9112 2.2
                del buffer[:2]
            end = buffer.find(BLANK, max(0, known - 3))
            if end >= 0:
                block = bytes(buffer[: end + 4])
                del buffer[: end + 4]
                return block
            if buffer and buffer != b"\r":
                self._carrier.check_partial(buffer, known)
                known = len(buffer)
            try:
                if not await self.read_on(buffer, until - clock()):
                    return b""
            except TimeoutError:
                raise Refusal(408, "the head of the request took too long") from None

    async def read_on(self, buffer: bytearray, patience: float) -> int:
        """Read what there is, at least a byte; 0 at the end. Raises TimeoutError."""
        async with asyncio.timeout(patience):
            data = await self._reader.read(PIECE)
        buffer += data
        return len(data)

    async def read_body(
        self, decoder: SizedBody | ChunkedBody, out: bytearray, patience: float
    ) -> int:
        """Read on in a body. Gives how much came. Raises Refusal, ClientGone."""
        count = 0
        decoder.feed(self._buffer, out)
        if not out and not decoder.done:
            try:
                count = await self.read_on(self._buffer, patience)
            except TimeoutError:
                raise Refusal(408, "the body came too slowly") from None
            if not count:
                raise ClientGone
            decoder.feed(self._buffer, out)
        return count

    @property
    def pace(self) -> tuple[float, float]:
        """Seconds of a window of time, and the bytes of a body that it has to bring."""
        window = self._carrier.config.deadlines.body
        return window, window * self._carrier.config.limits.body_rate

    # ---- writing

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        async with asyncio.timeout(self._carrier.config.deadlines.write):
            await self._writer.drain()

    async def go_on(self) -> None:
        """Tell a client that waits to be told (RFC 9110 10.1.1) to send its body."""
        await self._write(CONTINUE)

    async def _linger(self) -> None:
        """Close our side, and swallow what the client is still sending: closing both at once
        would reset the connection and eat the answer (RFC 9112 9.6)."""
        if self._writer.transport.is_closing():
            return
        self._writer.write_eof()
        swallowed = bytearray()
        patience = self._carrier.config.deadlines.linger
        while await self.read_on(swallowed, patience):
            if len(swallowed) > self._carrier.config.limits.linger:
                return


class Body:
    """A request's body, read from the conversation when the handler asks for it."""

    def __init__(
        self, conversation: Conversation, decoder: SizedBody | ChunkedBody, expected: bool
    ) -> None:
        self._conversation = conversation
        self._decoder = decoder
        self._expected = expected  # the client waits for 100
        self._until = 0.0  # the end of this window of time
        self._arrived = 0  # in it

    @property
    def done(self) -> bool:
        """Whether all of it has been read."""
        return self._decoder.done

    @property
    def trailers(self) -> Sequence[bytes]:
        """The field lines after the last chunk."""
        return self._decoder.trailers

    async def read(self) -> bytes:
        """What comes next, b"" at the end. Raises Refusal, ClientGone."""
        out = bytearray()
        if self._expected and not self.done:
            self._expected = False
            await self._conversation.go_on()
        window, share = self._conversation.pace
        clock = asyncio.get_running_loop().time
        while not out and not self.done:
            if not self._until or self._arrived >= share:
                self._until, self._arrived = clock() + window, 0
            patience = self._until - clock()
            self._arrived += await self._conversation.read_body(self._decoder, out, patience)
        return bytes(out)


async def _closed(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _live(carrier: Carrier, sock: socket.socket) -> None:
    """Accept and converse until a signal; then let those finish that have a request in hand."""
    conversations: dict[asyncio.Task[None], Conversation] = {}

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = Conversation(carrier, reader, writer)
        task = asyncio.current_task()
        if task is not None:
            conversations[task] = mine
            task.add_done_callback(conversations.pop)
        await mine.hold()

    told = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, told.set)
    await carrier.startup()
    server = await asyncio.start_server(converse, sock=sock, backlog=BACKLOG)
    await told.wait()
    carrier.draining = True
    server.close()
    for conversation in conversations.values():
        conversation.leave()
    if conversations:
        await asyncio.wait(conversations, timeout=carrier.config.deadlines.drain)
    await carrier.shutdown()


def serve(sock: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, both of which drain."""
    settings = Settings.from_environment(os.environ)
    carrier = Carrier(create_server(settings, "asyncio streams"))
    with asyncio.Runner(loop_factory=partial(new_event_loop, settings.loop)) as process:
        process.run(_live(carrier, sock))
        hear_no_more()
