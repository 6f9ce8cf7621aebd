"""What Python on uvloop cannot go below: a protocol that reads bytes and writes bytes.

It counts blank lines, so that pipelined requests are all answered, and looks for the one field that
ends a connection. It parses nothing and refuses nothing: no server, only a line on the chart.
"""

import asyncio
import sys
from typing import cast

import uvloop

FIELDS = (
    b"HTTP/1.1 200 OK\r\n"
    b"Server: floor\r\n"
    b"Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 13\r\n"
)
KEPT = FIELDS + b"\r\nHello, World!"
LAST = FIELDS + b"Connection: close\r\n\r\nHello, World!"


class FloorProtocol(asyncio.Protocol):
    """One connection that answers each blank line."""

    __slots__ = ("_transport",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer once for every head that ends in data."""
        heads = data.count(b"\r\n\r\n")
        if b"Connection: close" in data:
            self._transport.write(KEPT * (heads - 1) + LAST)
            self._transport.close()
        else:
            self._transport.write(KEPT * heads)


async def serve(port: int) -> None:
    """Listen on 127.0.0.1 until killed."""
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(FloorProtocol, "127.0.0.1", port, backlog=2048)
    await listener.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
