"""A client's end of one connection, which says what a test wants said, sense or nonsense."""

import socket
import struct
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from types import TracebackType


@dataclass
class Answer:
    """What came back, all of it."""

    status: int
    headers: Message
    body: bytes

    def expected(self) -> bytes:
        """The body of a success."""
        if self.status != 200:
            raise AssertionError(f"status {self.status}: {self.body[:200]!r}")
        return self.body


class Gone(ConnectionError):
    """The server closed the connection before there was an answer, or before its end."""


def head_of(method: str, target: str, *fields: str, version: str = "1.1") -> bytes:
    """A request's head, with a Host unless it is HTTP/1.0."""
    host = () if version == "1.0" else ("Host: contract",)
    lines = (f"{method} {target} HTTP/{version}", *host, *fields, "", "")
    return "\r\n".join(lines).encode("latin-1")


def chunked(*pieces: bytes) -> bytes:
    """A body in these chunks."""
    return b"".join(b"%X\r\n%s\r\n" % (len(each), each) for each in (*pieces, b""))


class Wire:
    """One connection. As a context manager it is closed at the end."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = bytearray()

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sock.close()

    # ---- sending

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        self.sock.sendall(data)

    def start(self, method: str, target: str, body: bytes = b"", *fields: str) -> None:
        """Send a request, and do not wait."""
        length = (f"Content-Length: {len(body)}",) if body or method == "POST" else ()
        self.send(head_of(method, target, *length, *fields) + body)

    def ask(self, method: str, target: str, body: bytes = b"", *fields: str) -> Answer:
        """One request and its answer."""
        self.start(method, target, body, *fields)
        return self.answer(method)

    def reset(self) -> None:
        """Leave without a word: the server's next read or write fails."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def finish(self) -> None:
        """Say that nothing more comes from here; still listen."""
        self.sock.shutdown(socket.SHUT_WR)

    # ---- reading

    def quiet(self) -> bool:
        """Whether nothing has come, neither an answer nor an end. Does not wait."""
        if self._buffer:
            return False
        self.sock.setblocking(False)
        try:
            self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        finally:
            self.sock.settimeout(20)
        return False

    def answer(self, method: str = "GET") -> Answer:
        """The next answer. Raises Gone if there is none."""
        head = self.until(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        status, headers = int(line.split()[1]), message_from_bytes(rest)
        if method == "HEAD" or status in (100, 204, 304):
            return Answer(status, headers, b"")
        if "chunked" in headers.get("Transfer-Encoding", ""):
            return Answer(status, headers, b"".join(self.chunks()))
        if "Content-Length" in headers:
            return Answer(status, headers, self.exactly(int(headers["Content-Length"])))
        return Answer(status, headers, self.rest())

    def chunks(self) -> list[bytes]:
        """The chunks of a body, without the last one, which is empty."""
        found = []
        while size := int(self.until(b"\r\n").partition(b";")[0], 16):
            found.append(self.exactly(size))
            self.exactly(2)
        self.until(b"\r\n")  # nobody here sends trailers
        return found

    def until(self, end: bytes) -> bytes:
        """What comes up to and with this."""
        while end not in self._buffer:
            self._fill()
        return self._take(self._buffer.index(end) + len(end))

    def exactly(self, size: int) -> bytes:
        """So many bytes."""
        while len(self._buffer) < size:
            self._fill()
        return self._take(size)

    def rest(self) -> bytes:
        """All that comes until the server closes; a reset is an end as well."""
        try:
            while True:
                self._fill()
        except ConnectionError:
            return self._take(len(self._buffer))

    def _fill(self) -> None:
        data = self.sock.recv(1 << 16)
        if not data:
            raise Gone(f"closed by the server after {bytes(self._buffer[:200])!r}")
        self._buffer += data

    def _take(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data
