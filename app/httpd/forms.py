"""HTML forms: names and values, and files (WHATWG urlencoded, RFC 7578 multipart).

The multipart grammar is the `multipart` package's; the bounds and the types are ours.
"""

from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import parse_qsl

from . import grammar
from .errors import Refusal
from .limits import KIB
from .multidict import MultiDict

FIELDS = 1000  # names and values in one query or form
PARTS = 100  # fields and files in one multipart form
TEXT_BYTES = 256 * KIB  # of all multipart fields together that are not files
SPOOL_BYTES = 64 * KIB  # of a file kept in memory; above, it goes to a temporary file


class Upload:
    """One file of a form. file: open at its start, closed when the request is answered.

    filename: as the client sent it. Never use it as a path.
    """

    __slots__ = ("content_type", "file", "filename", "size")

    def __init__(self, filename: str, content_type: str) -> None:
        self.filename = filename
        self.content_type = content_type
        self.size = 0  # bytes
        # Lives as long as the request, which closes it.
        self.file: IO[bytes] = SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115

    def __repr__(self) -> str:
        return f"<Upload {self.filename!r} {self.size} bytes>"


Form = MultiDict[str | Upload]


def parse_fields(text: str) -> list[tuple[str, str]]:
    """Parse `a=1&b=2` (WHATWG URL, application/x-www-form-urlencoded).

    Raises Refusal: 400 for what is not UTF-8, 413 for more than FIELDS fields.
    """
    if not text:
        return []
    if text.count("&") >= FIELDS:
        raise Refusal(413, "too many fields")
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError:
        raise Refusal(400, "a query or form value is not UTF-8") from None


async def read_form(content_type: str, chunks: AsyncIterator[bytes]) -> Form:
    """Read a whole form. content_type: the field's value, with its parameters.

    Raises Refusal: 415 for another content type, 400 for a broken form, 413 for one with
    too many or too long fields.
    """
    kind = content_type.partition(";")[0].strip(" \t").lower()
    if kind == "application/x-www-form-urlencoded":
        body = bytearray()
        async for chunk in chunks:
            body += chunk
        try:
            return Form(parse_fields(body.decode("utf-8")))
        except UnicodeDecodeError:
            raise Refusal(400, "the form is not UTF-8") from None
    if kind == "multipart/form-data":
        return await _read_multipart(content_type, chunks)
    raise Refusal(415, "a form is application/x-www-form-urlencoded or multipart/form-data")


async def _read_multipart(content_type: str, chunks: AsyncIterator[bytes]) -> Form:
    # Imported here: most services never see a form, and a worker's memory counts.
    from multipart import MultipartError, PushMultipartParser, parse_options_header

    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if not grammar.BOUNDARY.fullmatch(boundary):
        raise Refusal(400, "the multipart form names no boundary")
    pairs: list[tuple[str, str | Upload]] = []
    part = _Part(pairs)
    try:
        # Not its strict mode, which refuses what follows the last boundary (RFC 2046 5.1.1 has
        # it ignored) if that comes in another segment than the boundary itself.
        with PushMultipartParser(boundary, max_segment_count=PARTS) as parser:
            async for chunk in chunks:
                for event in parser.parse(chunk):
                    part.take(event)
    except (MultipartError, UnicodeError) as error:
        part.close_all()
        status = getattr(error, "http_status", 400)
        raise Refusal(413 if status == 413 else 400, "the multipart form is broken") from None
    except BaseException:
        part.close_all()
        raise
    return Form(pairs)


class _Part:
    """Collects the parser's events, a part at a time, into pairs."""

    __slots__ = ("_name", "_pairs", "_room", "_text", "_upload")

    def __init__(self, pairs: list[tuple[str, str | Upload]]) -> None:
        self._pairs = pairs
        self._room = TEXT_BYTES
        self._name = ""
        self._text = bytearray()
        self._upload: Upload | None = None

    def take(self, event: Any) -> None:
        """A segment begins its part, bytes are its content, None is its end."""
        if event is None:
            self._finish()
        elif isinstance(event, (bytes, bytearray)):
            self._write(event)
        else:
            if not event.name:
                raise Refusal(400, "a part of the form has no name")
            self._name = event.name
            if event.filename is not None:
                self._upload = Upload(event.filename, event.content_type or "")

    def _write(self, data: bytes | bytearray) -> None:
        if self._upload is not None:
            self._upload.file.write(data)
            self._upload.size += len(data)
            return
        self._text += data
        self._room -= len(data)
        if self._room < 0:
            raise Refusal(413, "the fields of the form are too long")

    def _finish(self) -> None:
        if self._upload is not None:
            self._upload.file.seek(0)
            self._pairs.append((self._name, self._upload))
        else:
            self._pairs.append((self._name, self._text.decode("utf-8")))
        self._upload = None
        self._text.clear()

    def close_all(self) -> None:
        """Drop every file of a form that was not read to its end."""
        uploads = [value for _, value in self._pairs if isinstance(value, Upload)]
        for upload in [*uploads, *([self._upload] if self._upload else [])]:
            upload.file.close()
