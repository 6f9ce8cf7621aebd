"""Three clients that are not ours, behind one face: `Client(port).ask(...)` gives an Answer."""

import asyncio
import contextlib
import http.client
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from email import message_from_bytes
from email.message import Message
from typing import Protocol

import aiohttp
import pytest
from yarl import URL

from tests.contract.wire import Answer

PATIENCE = 20
PIECE = 1000  # bytes of a chunk


class Client(Protocol):
    """Asks a server on 127.0.0.1, each time on a new connection.

    chunked: send the body in chunks, without a length.
    """

    def __init__(self, port: int) -> None: ...

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        chunked: bool = False,
        **fields: str,
    ) -> Answer:
        """One request. fields: If_None_Match="..." and so on."""
        ...


def _named(fields: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in fields.items()}


def _pieces(body: bytes) -> Iterator[bytes]:
    return (body[at : at + PIECE] for at in range(0, len(body), PIECE))


class HttpClient:
    """http.client."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        chunked: bool = False,
        **fields: str,
    ) -> Answer:
        """One request."""
        client = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        with contextlib.closing(client):
            sent = _pieces(body) if body is not None and chunked else body
            client.request(method, target, sent, _named(fields), encode_chunked=chunked)
            answer = client.getresponse()
            return Answer(answer.status, answer.headers, answer.read())


class ClientSession:
    """aiohttp's client."""

    def __init__(self, port: int) -> None:
        self._origin = f"http://127.0.0.1:{port}"

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        chunked: bool = False,
        **fields: str,
    ) -> Answer:
        """One request."""

        async def pieces(sent: bytes) -> AsyncIterator[bytes]:
            for each in _pieces(sent):
                yield each

        async def ask() -> Answer:
            data = pieces(body) if body is not None and chunked else body
            url = URL(self._origin + target, encoded=True)
            patience = aiohttp.ClientTimeout(total=PATIENCE)
            async with (
                aiohttp.ClientSession(timeout=patience) as session,
                session.request(method, url, data=data, headers=_named(fields)) as answer,
            ):
                headers = Message()
                for name, value in answer.headers.items():
                    headers[name] = value
                return Answer(answer.status, headers, await answer.read())

        return asyncio.run(ask())


class Curl:
    """curl, the program."""

    def __init__(self, port: int) -> None:
        if shutil.which("curl") is None:
            pytest.fail("curl is not installed: the contract is tried with it as well")
        self._origin = f"http://127.0.0.1:{port}"

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        *,
        chunked: bool = False,
        **fields: str,
    ) -> Answer:
        """One request."""
        named = _named(fields) | ({"Transfer-Encoding": "chunked"} if chunked else {})
        options = [part for name, value in named.items() for part in ("-H", f"{name}: {value}")]
        options += ["--head"] if method == "HEAD" else ["-X", method]
        options += [] if body is None else ["--data-binary", "@-"]
        done = subprocess.run(
            [
                *("curl", "-q", "--silent", "--show-error", "--include", "--path-as-is"),
                *("--noproxy", "*", "--max-time", str(PATIENCE), *options, self._origin + target),
            ],
            input=body or b"",
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise ConnectionError(f"curl {done.returncode}: {done.stderr.decode().strip()}")
        head, _, found = done.stdout.partition(b"\r\n\r\n")
        while head.split()[1] == b"100":
            head, _, found = found.partition(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        return Answer(int(line.split()[1]), message_from_bytes(rest), found)


CLIENTS = (HttpClient, ClientSession, Curl)
