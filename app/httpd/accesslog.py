"""The access log: a line a request, in batches, so that it costs microseconds.

Lines are gathered and written at once: when 64 KiB are full, when the server's sweep asks
(every second), and at the end. Two formats: JSON lines, and the common log format with the
request id and the seconds it took at its end.

Nobody waits for the log. What its reader does not take now waits, up to a bound, for the next
batch; above the bound the newest lines are dropped, counted, and the count goes to the error
log. Knows nothing of how the request was served.
"""

import logging
import os
import select
import stat
import time
from contextlib import suppress
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .request import Request

BATCH_BYTES = 64 * 1024
WAITING_BYTES = 1024 * 1024  # for an output that takes nothing
PIECE_BYTES = 4096  # PIPE_BUF: what a pipe takes whole or not at all
# Together with the rest of a line less than PIECE_BYTES, also when every character of the
# agent becomes \\u00e9: so no line of one worker is cut in two by another's.
LONGEST_TARGET = 2048
LONGEST_AGENT = 256
LAST_WORDS_SECONDS = 1.0

log = logging.getLogger("slipway.error")


class Output:
    """A file by its name, or standard output for "-". Never waits.

    Standard output may be a pipe that nobody reads, and is shared with other processes, so its
    mode is not ours to change: a poll before each piece tells whether it would be taken.
    """

    __slots__ = ("_fd", "_path", "_poll")

    def __init__(self, path: str) -> None:
        self._path = path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._fd = 1 if path == "-" else os.open(path, flags, 0o640)
        self._poll: select.poll | None = None
        if not stat.S_ISREG(os.fstat(self._fd).st_mode):
            self._poll = select.poll()
            self._poll.register(self._fd, select.POLLOUT)

    def write(self, data: bytes, patience: float) -> bytes:
        """Write whole lines. patience: seconds to wait at most. Returns what was not taken."""
        until = time.monotonic() + patience
        at = 0
        with suppress(OSError):  # full, closed, not blocking: the rest is given back
            while at < len(data):
                end = len(data)
                if self._poll is not None:
                    if not self._poll.poll(max(0.0, until - time.monotonic()) * 1000):
                        break
                    end = min(end, at + PIECE_BYTES)
                    end = data.rfind(b"\n", at, end) + 1 or end
                at += os.write(self._fd, data[at:end])
        return data[at:]

    def close(self) -> None:
        """Give the file back; standard output is not ours to close."""
        if self._path != "-" and self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


class AccessLog:
    """Writes to a file by name, or to standard output for "-".

    form: "json" or "common". Raises OSError when the file cannot be opened.
    """

    __slots__ = ("_batch", "_common", "_dropped", "_lines", "_output", "_path", "_second",
                 "_size", "_stamp")  # fmt: skip

    def __init__(self, form: str, path: str = "-") -> None:
        self._common = form == "common"
        self._path = path
        self._output = Output(path)
        self._lines: list[str] = []
        self._size = 0
        self._batch = BATCH_BYTES  # the size at which they are written
        self._dropped = 0
        self._second = 0
        self._stamp = ""

    def add(self, request: "Request", status: int, size: int, seconds: float) -> None:
        """One answered request. size: bytes of the body sent. seconds: from head to answer.

        2 us, and 4.5 with a browser's fields behind a proxy, writing included (2026-11).
        """
        # A target is printable ASCII without quotes or backslashes (RFC 9112 3, by the parser),
        # an id and an address likewise; method and route are the application's own.
        target = request.target[:LONGEST_TARGET]
        agent = quoted(request.user_agent[:LONGEST_AGENT])
        if self._common:
            self._append(
                f'{request.client or "-"} - - [{self._now()}] "{request.method} {target} '
                f'HTTP/{request.http_version}" {status} {size} {agent} {request.id} {seconds:.6f}\n'
            )
        else:
            self._append(
                f'{{"time":"{self._now()}","request_id":"{request.id}",'
                f'"client":"{request.client}","method":"{request.method}",'
                f'"target":"{target}","route":{quoted(request.route)},'
                f'"status":{status},"bytes":{size},"seconds":{seconds:.6f},'
                f'"user_agent":{agent}}}\n'
            )

    def add_refused(self, client: str, request_id: str, status: int, reason: str) -> None:
        """A request that was not HTTP enough to have a method."""
        if self._common:
            line = (
                f'{client or "-"} - - [{self._now()}] "-" {status} 0 {quoted(reason)} '
                f"{request_id} 0.000000\n"
            )
        else:
            line = (
                f'{{"time":"{self._now()}","request_id":"{request_id}","client":"{client}",'
                f'"method":null,"status":{status},"reason":{quoted(reason)}}}\n'
            )
        self._append(line)

    def _append(self, line: str) -> None:
        if self._size > WAITING_BYTES:
            self._dropped += 1
            return
        self._lines.append(line)
        self._size += len(line)
        if self._size >= self._batch:
            self.flush()

    def _now(self) -> str:
        now = int(time.time())
        if now != self._second:
            self._second = now
            form = "%d/%b/%Y:%H:%M:%S %z" if self._common else "%Y-%m-%dT%H:%M:%S%z"
            self._stamp = time.strftime(form, time.localtime(now))
        return self._stamp

    def flush(self, patience: float = 0.0) -> None:
        """Write what was gathered. A log that cannot be written never stops the service."""
        if not self._lines:
            return
        data = "".join(self._lines).encode("ascii", "backslashreplace")
        rest = self._output.write(data, patience)
        self._lines = [rest.decode("ascii")] if rest else []
        self._size = len(rest)
        self._batch = len(rest) + BATCH_BYTES
        if self._dropped and not rest:
            log.warning("the access log took no more: %d lines were dropped", self._dropped)
            self._dropped = 0

    def reopen(self) -> None:
        """Go on in a new file of the same name, after the old one was moved (SIGUSR1).

        Where that cannot be opened the old one stays, and the error log says why.
        """
        self.flush()
        if self._path == "-":
            return
        try:
            fresh = Output(self._path)
        except OSError as error:
            log.error("the access log cannot be reopened: %s", error)
            return
        self._output.close()
        self._output = fresh

    def close(self) -> None:
        """Write the rest, if it is taken within a second."""
        self.flush(LAST_WORDS_SECONDS)
        self._output.close()
