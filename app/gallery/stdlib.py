"""http.server: a thread for each connection, and nothing to install.

The idea: `ThreadingHTTPServer` accepts and starts a thread, and a handler object reads and writes
that connection as if it were a file, one `do_GET` after another. Waiting needs no thought: whatever
a thread waits for, the others go on.

Good for: a tool on one's own machine that may have no dependencies. Where it stops: each
connection is a thread, idle ones too; a thread that waits does not see its client leave; and
http.server by itself reads heads kindly (a bare LF, fields without end), knows no chunks in a
request and no deadline, and says itself that it is not for production. Its threads, files and `do_`
methods are used as they are; `parse_request` and the body are the library's.
"""

import io
import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from app.gallery.portal import Portal
from app.httpd import ClientGone, Refusal, Response
from app.httpd.carrier import BrokenOff, Call, Carrier
from app.httpd.errors import PHRASES
from app.httpd.head import Head
from app.httpd.request import NO_BODY, BodySource, WholeBody
from app.httpd.response import SERVER
from app.httpd.router import BASE_METHODS
from app.httpd.runner import most_connections
from app.httpd.upload import CONTINUE
from app.main import create_server
from app.settings import Settings

PIECE = 64 * 1024  # more than `io.BufferedReader` holds: one `read1` empties it
STOPPING = (signal.SIGTERM, signal.SIGINT)
POLL_SECONDS = 0.1  # how often `serve_forever` asks whether it shall stop

log = logging.getLogger("slipway.error")


class Incoming(io.RawIOBase):
    """What a client sends, as a file that has a deadline and takes bytes back."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._until = 0.0
        self._given_back = b""

    def patience(self, seconds: float) -> None:
        """How long to wait from now on, in all: a byte now and then does not prolong it."""
        self._until = time.monotonic() + seconds

    def give_back(self, data: bytes) -> None:
        """These were read too far."""
        self._given_back = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what there is. Raises TimeoutError."""
        room = memoryview(buffer).cast("B")
        if self._given_back:
            count = min(len(room), len(self._given_back))
            room[:count] = self._given_back[:count]
            self._given_back = self._given_back[count:]
            return count
        self._sock.settimeout(max(0.001, self._until - time.monotonic()))
        return self._sock.recv_into(room)


class Handler(BaseHTTPRequestHandler):
    """One connection. http.server calls `setup`, then `handle_one_request` until
    `close_connection`, then `finish`."""

    protocol_version = "HTTP/1.1"
    server: "Server"
    raw_requestline: bytes
    rfile: io.BufferedReader
    head: Head  # of the request in hand

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._incoming = Incoming(self.connection)
        self.rfile = io.BufferedReader(self._incoming)
        self._carrier = self.server.portal.carrier
        self._times = self._carrier.config.deadlines
        self._unread = False  # the client sends, or may be sending, what nobody reads
        self._patience = self._times.first_byte
        self.idle = True  # between two requests
        self.server.enter(self)

    def handle_one_request(self) -> None:
        """Wait for a request, and answer it as http.server does: by `do_` and its method."""
        self.close_connection = True
        self.idle = True
        self._incoming.patience(self._patience)
        with suppress(OSError, BrokenOff, ClientGone):  # slow, gone, or cut off
            if self._carrier.draining:  # a request that has arrived is answered still
                self.connection.shutdown(socket.SHUT_RD)
            if not self.rfile.peek(1):
                return
            self.idle = False
            self._patience = self._times.idle
            self._incoming.patience(self._times.head)
            super().handle_one_request()
            return
        self.close_connection = True

    def parse_request(self) -> bool:
        """Read the rest of the head as it is, and let the library judge it."""
        try:
            self.head = self._read_head()
        except TimeoutError:
            self._refuse(Refusal(408, "the head of the request took too long"))
            return False
        except Refusal as refusal:
            self._refuse(refusal)
            return False
        self.command = self.head.line.method
        self.request_version = f"HTTP/1.{self.head.line.minor}"
        return True

    def _read_head(self) -> Head:
        block = bytearray(self.raw_requestline)
        while not block.endswith(b"\r\n\r\n"):
            if block == b"\r\n":  # RFC 9112 2.2
                block.clear()
            elif block:
                self._carrier.check_partial(block, 0)
            line = self.rfile.readline(self._carrier.config.limits.head)
            if not line:
                raise ClientGone
            block += line
        with self.server.portal.lock:
            return self._carrier.parse(bytes(block))

    def answer(self) -> None:
        """Answer the request in hand, whatever its method."""
        portal = self.server.portal
        source: BodySource = NO_BODY
        refused = None
        try:
            source = self._read_body()
        except TimeoutError:
            refused = Refusal(408, "the body came too slowly")
        except Refusal as refusal:
            refused = refusal
        with portal.lock:
            peer = self._carrier.peer(self.client_address[0])
            call = self._carrier.call(self.head, peer, source)
        self._unread = self._unread or refused is not None
        response = portal.answer(call) if refused is None else call.failed(refused)
        self._send(call, response)

    def _read_body(self) -> BodySource:
        """The whole body. Raises Refusal, TimeoutError, ClientGone."""
        head = self.head
        if not head.length or self._carrier.refuses(head):
            self._unread = head.length != 0
            return NO_BODY
        decoder = self._carrier.decoder(head)
        if head.expects_continue:
            self.wfile.write(CONTINUE)
        data, out = bytearray(), bytearray()
        share = self._carrier.config.limits.body_rate * self._times.body
        self._incoming.patience(self._times.body)
        arrived = 0
        while not decoder.done:
            piece = self.rfile.read1(PIECE)
            if not piece:
                raise Refusal(400, "the body ended before its length")
            arrived += len(piece)
            if arrived >= share:  # each window of time has to bring one
                self._incoming.patience(self._times.body)
                arrived = 0
            data += piece
            decoder.feed(data, out)
        self._incoming.give_back(bytes(data))
        return WholeBody(bytes(out), decoder.trailers)

    def _send(self, call: Call, response: Response) -> None:
        line, body = self.head.line, response.body
        chunked = not isinstance(body, bytes) and response.length is None
        keep = self.head.keep_alive and not self._unread and not self._carrier.draining
        keep = keep and (line.minor == 1 or not chunked)
        self.connection.settimeout(self._times.write)
        self.send_response_only(response.status, PHRASES[response.status])
        self.send_header("Server", SERVER.decode())
        self.send_header("Date", self.date_time_string())
        for name, value in call.fields(response):
            self.send_header(name, value)
        if chunked and line.minor:
            self.send_header("Transfer-Encoding", "chunked")
        if not keep or not line.minor:
            self.send_header("Connection", "keep-alive" if keep else "close")
        self.end_headers()
        if not call.has_body(response):
            self.server.portal.close(call, response)
        elif isinstance(body, bytes):
            self.wfile.write(body)
        else:
            self._send_pieces(call, response, chunked and line.minor == 1)
        self.close_connection = not keep

    def _send_pieces(self, call: Call, response: Response, chunked: bool) -> None:
        for piece in self.server.portal.pieces(call, response):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what was no request. The connection closes."""
        self._unread = True
        with self.server.portal.lock:
            self.wfile.write(self._carrier.refuse(refusal))

    def finish(self) -> None:
        with suppress(OSError):
            if self._unread:
                self._linger()
        super().finish()
        self.server.leave(self)

    def _linger(self) -> None:
        """Swallow what the client is still sending: closing with bytes unread would reset the
        connection and eat the answer (RFC 9112 9.6)."""
        self.connection.shutdown(socket.SHUT_WR)
        self._incoming.patience(self._times.linger)
        left = self._carrier.config.limits.linger
        while left > 0 and (piece := self.rfile.read1(PIECE)):
            left -= len(piece)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's name
        """http.server writes a line for each request to standard error; here none."""


for _method in BASE_METHODS:
    setattr(Handler, f"do_{_method}", Handler.answer)


class Server(ThreadingHTTPServer):
    """The threads. It serves on a socket that was listening before."""

    daemon_threads = True

    def __init__(self, sock: socket.socket, portal: Portal) -> None:
        super().__init__(("", 0), Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = sock
        sock.setblocking(False)  # another process may have taken who was waiting
        self.portal = portal
        self._most = most_connections(portal.carrier.config.limits.connections)
        self._open: set[Any] = set()  # sockets
        self._handlers: set[Handler] = set()
        self._changed = threading.Condition()

    def enter(self, handler: Handler) -> None:
        """A thread has begun with its connection."""
        with self._changed:
            self._handlers.add(handler)

    def leave(self, handler: Handler) -> None:
        """It has ended."""
        with self._changed:
            self._handlers.discard(handler)

    def verify_request(self, request: object, client_address: object) -> bool:
        """Whether there is room for one more."""
        return len(self._open) < self._most

    def process_request(self, request: Any, client_address: Any) -> None:
        """socketserver's word for: a connection was accepted."""
        with self._changed:
            self._open.add(request)
        super().process_request(request, client_address)

    def close_request(self, request: Any) -> None:
        """socketserver's word for: it is over."""
        super().close_request(request)
        with self._changed:
            self._open.discard(request)
            self._changed.notify()

    def handle_error(self, request: object, client_address: object) -> None:
        log.exception("a connection ended in an error")  # noqa: LOG004  it is called in one

    def drain(self, seconds: float) -> None:
        """Wait until those who have a request in hand are done; wake those who have none."""
        with self._changed:
            for each in self._handlers:
                if each.idle:
                    with suppress(OSError):
                        each.connection.shutdown(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._open, seconds)


def serve(sock: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, both of which drain."""
    settings = Settings.from_environment(os.environ)
    carrier = Carrier(create_server(settings, "http.server"))
    # Blocked in all threads, and waited for: a handler would run in the main thread only, and
    # nothing wakes that from a lock when the kernel gives the signal to another.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    with Portal(carrier) as portal, Server(sock, portal) as server:
        loop = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
        loop.start()
        signal.sigwait(STOPPING)
        carrier.draining = True
        server.shutdown()
        loop.join()
        server.server_close()
        server.drain(carrier.config.deadlines.drain)
