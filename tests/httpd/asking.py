"""How the tests of files ask for them: requests as they come in, and what came of them."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.httpd.errors import Refusal
from app.httpd.files import PIECE, FilePieces, StaticFiles, send_file
from app.httpd.forwarded import Peer, TrustedProxies
from app.httpd.head import HeadParser
from app.httpd.limits import Limits
from app.httpd.multidict import Headers
from app.httpd.request import NO_BODY, Request
from app.httpd.response import Response
from app.httpd.router import Endpoint, Router

CHANGED = "Sun, 06 Nov 1994 08:49:37 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"
MODIFIED = 784111777
TAG = f'"{MODIFIED * 10**9:x}-64"'  # of a file of 100 bytes
HUNDRED = bytes(range(100))
LARGE = bytes(range(256)) * (4 * PIECE // 256) + b"and a rest"

PARSER = HeadParser(Limits(), lambda method: True)


class Local:
    """Where the requests here come from."""

    peer = Peer("127.0.0.1", "http", TrustedProxies([]))


def write(path: Path, data: bytes, modified: int = MODIFIED) -> Path:
    """A file, its folder and its date. Returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (modified, modified))
    return path


def request(target: str, router: Router, method: str = "GET", **fields: str) -> Request:
    """A request as it comes in: parsed from bytes, routed. Fields: If_Match="..." and so on."""
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
    head = PARSER.parse(f"{method} {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode("latin-1"))
    return Request(head, router.resolve(head.line), b"id", Local(), NO_BODY)


class Site:
    """A folder served at /static, and how to ask it."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.root = root
        self.router = Router()
        route = "/static/{path:path}"
        self.router.add(
            route, ["GET"], Endpoint(StaticFiles(root, **{"max_age": 60} | options), route)
        )

    def get(self, path: str, method: str = "GET", **fields: str) -> Response:
        asked = request("/static/" + path, self.router, method, **fields)
        response = asked._match.handler(asked)
        assert isinstance(response, Response)
        return response

    def refusal(self, path: str, **fields: str) -> Refusal:
        with pytest.raises(Refusal) as caught:
            self.get(path, **fields)
        return caught.value


def example(folder: Path) -> Site:
    """A folder with files of 100 bytes; beside it, files that are nobody's business."""
    write(folder / "secret.txt", b"secret")
    write(folder / "web1" / "secret.txt", b"secret")
    write(folder / "web" / "css" / "app.css", HUNDRED)
    write(folder / "web" / "a.txt", HUNDRED)
    return Site(folder / "web")


def descriptors() -> set[str]:
    """The open ones of this process."""
    return {each.name for each in Path("/dev/fd").iterdir()}


@contextmanager
def none_left_open() -> Iterator[None]:
    """Whatever happens inside, no descriptor stays open."""
    before = descriptors()
    yield
    assert descriptors() == before


def sent(
    path: Path, method: str = "GET", *, response: Response | None = None, **fields: str
) -> Response:
    """What send_file makes of a file, or of a response."""
    router = Router()
    router.add("/", [method], Endpoint(lambda _: None, "/"))
    return send_file(request("/", router, method, **fields), response or Response.file(path))


def field(response: Response, name: str) -> str | None:
    """The one value of a field; that there are not two is part of every test."""
    values = Headers.parse(line[:-2] for line in response.fields).all(name)
    assert len(values) < 2
    return values[0] if values else None


def names(response: Response) -> set[str]:
    """Which fields there are, but for the type and what the server adds."""
    return {line.partition(b":")[0].decode() for line in response.fields}


async def gathered(response: Response) -> bytes:
    """The whole body, in pieces or not."""
    if isinstance(response.body, bytes):
        return response.body
    assert isinstance(response.body, FilePieces)
    return b"".join([piece async for piece in response.body])


def body(response: Response) -> bytes:
    """As `gathered`, in a loop of its own."""
    return asyncio.run(gathered(response))
