"""Files as answers: one that the application chose, or any below a folder of static files.

Opens each file once and believes the descriptor alone. Follows no link below the folder,
lists no folder, redirects nowhere, and never says why a file is not there. What a client may
ask of a file's bytes is decided in `conditional`, how a file is described in `representation`.
"""

import asyncio
import errno
import os
import re
from functools import lru_cache
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from time import time

from .conditional import Validators, format_date, not_modified, parse_date, requested_range
from .errors import Refusal, UsageError
from .limits import KIB
from .multidict import Headers
from .representation import IDENTITY, attachment, cache_control, choose_coding, content_type
from .request import Request
from .response import FileBody, Response, encode_field

SMALL = 64 * KIB  # read at once: 3 us from the page cache, a thread's turn is 100 (2026-11)
PIECE = 256 * KIB  # of what is larger: in memory once for each client that reads

# A file that was just written may be written again within the step of the file system's clock
# (4 to 10 ms; 2 s on FAT) and keep size and time. Until then its tag is a weak one.
SETTLED = 2_000_000_000  # ns

# O_NONBLOCK: the open of a FIFO would wait for a writer, and all clients with it.
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_BELOW = _OPEN | os.O_NOFOLLOW
_OPEN_FOLDER = _OPEN_BELOW | os.O_DIRECTORY

# EMLINK is how FreeBSD says ELOOP, ENXIO how a socket refuses to be opened.
_ABSENT = frozenset((
    errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EMLINK,
    errno.ENAMETOOLONG, errno.ENXIO, errno.ENODEV,
))  # fmt: skip

# Segments without ".", "..", dotfiles, empty ones, "\" and NUL; and no "~1", by which FAT
# serves .git as GIT~1. Where a file system folds case, no rule here is about letters.
_SEGMENT = r"(?![^/]*~[0-9])[^./\\\0][^/\\\0]*+"
_BELOW = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT})*+")

# The most wanted first: the smaller one.
SIBLINGS = {"br": ".br", "gzip": ".gz"}


class OpenFile:
    """A regular file, open, to be used in a `with`. Raises Refusal(404) for any other.

    folder: the descriptor that path is relative to. modified: ns since 1970.
    """

    __slots__ = ("_fd", "modified", "size")

    def __init__(self, path: str, flags: int, folder: int | None = None) -> None:
        self._fd = _open(path, flags, folder)
        try:
            status = os.fstat(self._fd)
            if not S_ISREG(status.st_mode):
                raise Refusal(404)
        except BaseException:
            os.close(self._fd)
            raise
        self.size = status.st_size
        self.modified = status.st_mtime_ns

    def __enter__(self) -> "OpenFile":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)

    def read(self, part: range) -> "bytes | FilePieces":
        """These bytes of the file, at once or in pieces. Raises Refusal(503) if it shrank."""
        if len(part) > SMALL:
            return FilePieces(FileIO(os.dup(self._fd)), part)
        data = os.pread(self._fd, len(part), part.start)
        if len(data) < len(part):
            raise Refusal(503, "the file is being changed")
        return data


class FilePieces:
    """Part of a file, read in the loop's executor piece by piece. Close it: it owns the file.

    Raises OSError when the file ends before the part does: its length was promised, and the
    connection must be cut. A file that only grows is sent as long as it was.
    """

    __slots__ = ("_at", "_end", "_file", "_reading")

    def __init__(self, file: FileIO, part: range) -> None:
        self._file = file  # an object, so that one lost with a cancelled task is closed as well
        self._at = part.start
        self._end = part.stop
        self._reading: asyncio.Future[bytes] | None = None

    def __aiter__(self) -> "FilePieces":
        return self

    async def __anext__(self) -> bytes:
        if self._at == self._end:
            await self.aclose()
            raise StopAsyncIteration
        loop = asyncio.get_running_loop()
        size = min(PIECE, self._end - self._at)
        self._reading = loop.run_in_executor(None, os.pread, self._file.fileno(), size, self._at)
        # Shielded: cancelling ends the waiting, and not the thread that has the descriptor.
        piece = await asyncio.shield(self._reading)
        if not piece:
            await self.aclose()
            raise OSError(errno.EIO, "the file was truncated while it was sent")
        self._at += len(piece)
        return piece

    async def aclose(self) -> None:
        """Close the file; one that is just being read, when that is over."""
        self._at = self._end
        if self._reading is None or self._reading.done():
            self._file.close()
        else:
            self._reading.add_done_callback(lambda _: self._file.close())


def send_file(request: Request, response: Response) -> Response:
    """Answer with the file a `Response.file` names: whole, a range of it, or 304.

    A relative path is relative to the working directory; links are followed, since the
    application chose the path. Its fields stand, also where they name a validator. Raises
    Refusal: 404 for what is no regular file or may not be read, 412, 416, and 503 for a file
    that is being cut; OSError where the machine fails.
    """
    chosen = response.body
    if not isinstance(chosen, FileBody):
        return response
    with OpenFile(chosen.path, _OPEN) as file:
        # Not the given one: an application may return the same Response every time.
        kind = response.content_type or content_type(chosen.path)
        answer = Response(b"", response.status, kind)
        answer.fields += response.fields
        fields = {}
        if chosen.download_as is not None:
            fields["Content-Disposition"] = attachment(chosen.download_as)
        return _answer(request, file, answer, fields)


class StaticFiles:
    """A handler for `/static/{path:path}`: any file below a folder, but no dotfile.

    directory: resolved once, here; no link below it is followed. max_age: seconds that caches
    keep a file unasked; a year where its name has a hash of its content. A file name.br or
    name.gz beside name, and no older, is sent instead to clients that accept the coding.
    Raises UsageError for what is no folder and for a max_age below 0; when called, Refusal
    and OSError as `send_file` does.
    """

    __slots__ = ("_max_age", "_root")

    def __init__(self, directory: str | os.PathLike[str], *, max_age: int = 3600) -> None:
        if max_age < 0:
            raise UsageError(f"max_age of static files is in seconds from 0 on, not {max_age}")
        self._max_age = max_age
        self._root = os.path.realpath(directory)
        if not Path(self._root).is_dir():
            raise UsageError(f"static files: {os.fspath(directory)!r} is not a directory")

    def __call__(self, request: Request) -> Response:
        path: str = request.params["path"]
        if not _BELOW.fullmatch(path):
            raise Refusal(404)
        *folders, name = path.split("/")
        folder = _open(self._root, _OPEN_FOLDER)
        try:
            for each in folders:
                parent, folder = folder, _open(each, _OPEN_FOLDER, folder)
                os.close(parent)
            return self._send(request, folder, name)
        finally:
            os.close(folder)

    def _send(self, request: Request, folder: int, name: str) -> Response:
        answer = Response(b"", 200, content_type(name))
        fields = {"Cache-Control": cache_control(name, self._max_age)}
        with OpenFile(name, _OPEN_BELOW, folder) as file:
            offered = [
                coding
                for coding, ending in SIBLINGS.items()
                if _is_as_new(name + ending, folder, file)
            ]
            coding = IDENTITY
            if offered:
                fields["Vary"] = "Accept-Encoding"
                coding = choose_coding(request.headers.joined("accept-encoding"), offered)
            if coding == IDENTITY:
                return _answer(request, file, answer, fields)
        fields["Content-Encoding"] = coding
        with OpenFile(name + SIBLINGS[coding], _OPEN_BELOW, folder) as file:
            return _answer(request, file, answer, fields)

    def __repr__(self) -> str:
        return f"StaticFiles({self._root!r})"


def _open(path: str, flags: int, folder: int | None = None) -> int:
    """Open, or raise Refusal(404); EMFILE and a failing disk are no 404, and go on as OSError."""
    try:
        return os.open(path, flags, dir_fd=folder)
    except OSError as error:
        if error.errno not in _ABSENT:
            raise
    except ValueError:  # a NUL, or a character that no file name can have
        pass
    raise Refusal(404)


def _is_as_new(name: str, folder: int, file: OpenFile) -> bool:
    """Whether name is a file no older than this one. A hint: what is sent is opened first."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    # In seconds: tools that copy the original's time may cut it there.
    return S_ISREG(status.st_mode) and status.st_mtime_ns // 10**9 >= file.modified // 10**9


def _answer(request: Request, file: OpenFile, answer: Response, fields: dict[str, str]) -> Response:
    """Complete an answer: 200, 206 or 304. Raises Refusal.

    answer: as the application wants it; its fields stand. fields: what is added to them.
    """
    said = Headers.parse(line[:-2] for line in answer.fields)
    part = range(file.size)
    fields["X-Content-Type-Options"] = "nosniff"
    # Another status is not the file's but the application's, and no other method selects a
    # representation: both get the bytes and no word on versions (RFC 9110 13.2.1, 14.2).
    if answer.status == 200 and request.method in ("GET", "HEAD"):
        now = time()
        current = _validators(file, fields.get("Content-Encoding", ""), said, now)
        fields["ETag"] = current.etag
        if not_modified(request.headers, current, now):
            return _without_content(answer, fields, said)
        fields["Last-Modified"] = format_date(current.modified)
        fields["Accept-Ranges"] = "bytes"
        asked = None
        if request.method == "GET":
            asked = requested_range(request.headers, current, file.size, now)
        if asked is not None:
            part = asked
            answer.status = 206
            fields["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{file.size}"
    answer.body = file.read(part)
    answer.length = len(part)
    return _complete(answer, fields, said)


def _validators(file: OpenFile, coding: str, said: Headers, now: float) -> Validators:
    """The file's tag and date, or those that the application gave.

    A date to come is sent as now (RFC 9110 8.8.2.1). No inode in the tag: a file has another
    one on every machine that serves it.
    """
    weak = "W/" if now * 1e9 - file.modified < SETTLED else ""
    tag = f'{weak}"{file.modified:x}-{file.size:x}{coding and "-" + coding}"'
    modified = max(0, min(file.modified // 10**9, int(now)))
    if said:
        given = parse_date(said.get("last-modified", ""), now)
        return Validators(said.get("etag", tag), modified if given is None else given)
    return Validators(tag, modified)


def _without_content(answer: Response, fields: dict[str, str], said: Headers) -> Response:
    """The answer as a 304: what describes the content stays out (RFC 9110 15.4.5)."""
    answer.status = 304
    answer.content_type = None
    answer.fields = [line for line in answer.fields if not _describes(line.decode("latin-1"))]
    kept = {name: value for name, value in fields.items() if not _describes(name)}
    return _complete(answer, kept, said)


def _describes(field: str) -> bool:
    name = field.partition(":")[0].lower()
    return name.startswith("content-") and name != "content-location"


def _complete(answer: Response, fields: dict[str, str], said: Headers) -> Response:
    for name, value in fields.items():
        if name not in said:
            answer.fields.append(_encode(name, value))
    return answer


# Most requests are for the same files: 24 us each instead of 32 (2026-11).
_encode = lru_cache(maxsize=512)(encode_field)
