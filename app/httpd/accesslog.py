"""The access log: a line a request, in batches, so that it costs microseconds.

Lines are gathered and written at once: when 64 KiB are full, when the server's sweep asks
(every second), and at the end. Two formats: JSON lines, and the common log format with the
request id and the seconds it took at its end.
"""

import os
import time
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .request import Request

FORMATS = ("off", "common", "json")
BATCH_BYTES = 64 * 1024


class AccessLog:
    """Writes to a file by name, or to standard output for "-".

    form: "json" or "common". Raises OSError when the file cannot be opened.
    """

    __slots__ = ("_common", "_fd", "_lines", "_path", "_second", "_size", "_stamp")

    def __init__(self, form: str, path: str = "-") -> None:
        self._common = form == "common"
        self._path = path
        self._fd = self._open()
        self._lines: list[str] = []
        self._size = 0
        self._second = 0
        self._stamp = ""

    def _open(self) -> int:
        if self._path == "-":
            return 1
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def add(self, request: "Request", status: int, size: int, seconds: float) -> None:
        """One answered request. size: bytes of the body sent. seconds: from head to answer."""
        target = f"{request.method} {request.target} HTTP/{request.http_version}"
        agent = request.headers.get("user-agent", "-")
        if self._common:
            line = (
                f"{request.client or '-'} - - {self._now()} {quoted(target)} {status} {size} "
                f"{quoted(agent)} {request.id} {seconds:.6f}\n"
            )
        else:
            line = (
                f'{{"time":"{self._now()}","request_id":"{request.id}",'
                f'"client":"{request.client}","method":"{request.method}",'
                f'"target":{quoted(request.target)},"route":{quoted(request.route)},'
                f'"status":{status},"bytes":{size},"seconds":{seconds:.6f},'
                f'"user_agent":{quoted(agent)}}}\n'
            )
        self._append(line)

    def add_refused(self, client: str, request_id: str, status: int, reason: str) -> None:
        """A request that was not HTTP enough to have a method."""
        if self._common:
            line = f'{client or "-"} - - {self._now()} "-" {status} 0 {quoted(reason)} {request_id} 0.000000\n'
        else:
            line = (
                f'{{"time":"{self._now()}","request_id":"{request_id}","client":"{client}",'
                f'"method":null,"status":{status},"reason":{quoted(reason)}}}\n'
            )
        self._append(line)

    def _append(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        if self._size >= BATCH_BYTES:
            self.flush()

    def _now(self) -> str:
        now = int(time.time())
        if now != self._second:
            self._second = now
            local = time.localtime(now)
            form = "[%d/%b/%Y:%H:%M:%S %z]" if self._common else "%Y-%m-%dT%H:%M:%S%z"
            self._stamp = time.strftime(form, local)
        return self._stamp

    def flush(self) -> None:
        """Write what was gathered. A log that cannot be written never stops the service."""
        if not self._lines:
            return
        data = "".join(self._lines).encode("ascii", "backslashreplace")
        self._lines.clear()
        self._size = 0
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            return

    def reopen(self) -> None:
        """Go on in a new file of the same name, after the old one was moved (SIGUSR1)."""
        self.flush()
        if self._path != "-":
            old, self._fd = self._fd, self._open()
            os.close(old)

    def close(self) -> None:
        """Write the rest."""
        self.flush()
        if self._path != "-" and self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
