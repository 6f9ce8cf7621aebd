"""The other workers of this service: found, asked, and never waited for in vain.

Each worker listens on a unix socket in the kernel's abstract namespace, named after the service
and a number of its own, and finds the others' names in /proc/net/unix. There is no registry that
could be wrong: a name lives exactly as long as its process. A worker that dies while it is asked
closes the connection and has said nothing; one that hangs is not waited for longer than a second.
Only processes of the same user are heard or asked. Linux only. Knows nothing of what is asked.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

PATIENCE_SECONDS = 1.0  # for a worker whose loop is blocked
LONGEST_WORD = 64  # bytes of a question or an answer, its line feed included
LISTENING = "00010000"  # __SO_ACCEPTCON, in the flags of /proc/net/unix

Answer = Callable[[bytes], bytes]


class Neighbours:
    """The workers that share a service's name. service: "" for one that has no neighbours.

    answer: what this worker says to a question, a line without its end.
    """

    def __init__(self, service: str, answer: Answer) -> None:
        # given
        self._prefix = f"slipway-{service or secrets.token_hex(8)}-"
        self._answer = answer
        # while it is open
        self._name = ""
        self._server: asyncio.Server | None = None
        self._talking: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Be found. Raises OSError where the machine has no such sockets."""
        self._name = self._prefix + secrets.token_hex(8)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind("\0" + self._name)
            self._server = await asyncio.start_unix_server(self._converse, sock=listener)
        except BaseException:
            listener.close()
            raise

    def close(self) -> None:
        """Be found no longer."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for each in self._talking:
            each.cancel()

    async def ask(self, question: bytes) -> list[bytes]:
        """Ask all others at once. Gives the answers of those that have one to give in time."""
        names = _listening(self._prefix) - {self._name}
        answers = await asyncio.gather(*(_ask(name, question) for name in names))
        return [each for each in answers if each]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._talking.add(task)
            task.add_done_callback(self._talking.discard)
        with contextlib.closing(writer), contextlib.suppress(OSError, ValueError):
            if _is_ours(writer):
                question = await _in_time(reader.readuntil(b"\n"))
                if question:
                    writer.write(self._answer(question[:-1]) + b"\n")
                    await writer.drain()


async def _ask(name: str, question: bytes) -> bytes:
    """One worker's answer; nothing from one that is gone, hangs, or is not of our user."""
    with contextlib.suppress(OSError):
        reader, writer = await asyncio.open_unix_connection(sock=_connect(name), limit=LONGEST_WORD)
        with contextlib.closing(writer):
            if _is_ours(writer):
                writer.write(question + b"\n")
                return (await _in_time(reader.readuntil(b"\n")))[:-1]
    return b""


def _connect(name: str) -> socket.socket:
    """A connection to an abstract name. By hand: uvloop knows no such names. Raises OSError."""
    end = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        end.setblocking(False)  # it is there at once, or there is no room
        end.connect("\0" + name)
    except OSError:
        end.close()
        raise
    return end


async def _in_time(word: Awaitable[bytes]) -> bytes:
    """A word; nothing where it does not come, or has no end."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await word
    except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return b""


def _is_ours(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is a process of the same user (unix(7), SO_PEERCRED)."""
    end = writer.get_extra_info("socket")
    credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", credentials)
    return bool(user == os.geteuid())


def _listening(prefix: str) -> set[str]:
    """Abstract names that begin so and are listened on (proc_net(5): flags are the fourth
    column, the name the eighth, with "@" for its NUL)."""
    with Path("/proc/net/unix").open(encoding="utf-8", errors="replace") as table:
        rows = [line.split(maxsplit=7) for line in table if prefix in line]
    names = [row[7].rstrip("\n") for row in rows if len(row) == 8 and row[3] == LISTENING]
    return {name[1:] for name in names if name.startswith("@" + prefix)}
