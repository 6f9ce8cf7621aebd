"""A request as a handler sees it. Decodes only what is asked for.

Knows nothing of connections: its body comes from a `BodySource`, its client from an `Origin`.
"""

import json
import math
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from .cookies import parse_cookies
from .errors import Refusal, UsageError
from .forms import Form, Upload, parse_fields, read_form
from .forwarded import Peer
from .head import Head
from .multidict import Headers, MultiDict

if TYPE_CHECKING:
    from .router import Match


class BodySource(Protocol):
    """Where the body comes from. `read` gives what has arrived, b"" once at the end."""

    @property
    def trailers(self) -> Sequence[bytes]: ...

    async def read(self) -> bytes: ...


class Origin(Protocol):
    """Where the request came from: a connection, asked for its peer only when needed."""

    @property
    def peer(self) -> Peer: ...

    @property
    def draining(self) -> bool: ...


class WholeBody:
    """A body that was read before its request was made. trailers: field lines."""

    __slots__ = ("_data", "trailers")

    def __init__(self, data: bytes, trailers: Sequence[bytes] = ()) -> None:
        self._data = data
        self.trailers = trailers

    async def read(self) -> bytes:
        data, self._data = self._data, b""
        return data


NO_BODY = WholeBody(b"")  # of all requests that have none
SURROGATE = re.compile(r"\\u[Dd][89A-Fa-f]")


class Request:
    """One request, for as long as it takes to answer it."""

    __slots__ = ("_body", "_client", "_cookies", "_form", "_head", "_headers", "_id", "_match",
                 "_origin", "_query", "_source", "_taken", "state")  # fmt: skip

    state: dict[str, Any]  # for the application, until the answer is sent
    # Empty until somebody looks.
    _body: bytes
    _client: tuple[str, str]
    _cookies: dict[str, str]
    _form: Form
    _headers: Headers
    _query: MultiDict[str]
    _taken: bool  # the body was read, piece by piece or as a form

    def __init__(
        self, head: Head, match: "Match", request_id: bytes, origin: Origin, source: BodySource
    ) -> None:
        self._head = head
        self._match = match
        self._origin = origin
        self._source = source
        self._id = request_id

    def __getattr__(self, name: str) -> Any:
        # Slots that cost nothing until somebody looks.
        if name == "state":
            self.state = {}
            return self.state
        if name == "_taken":
            return False
        raise AttributeError(f"a Request has no {name!r}")

    @property
    def id(self) -> str:
        """The request id: a trusted proxy's, or made here. In the answer and the log too."""
        return self._id.decode("ascii")

    @property
    def method(self) -> str:
        return self._head.line.method

    @property
    def target(self) -> str:
        """The request target as it was sent."""
        return self._head.line.target

    @property
    def raw_path(self) -> str:
        """The path as it was sent, percent-encoded, without the query."""
        return self._head.line.path

    @property
    def path(self) -> str:
        """The path, percent-decoded. For choosing a resource use the route's parameters:
        a decoded path no longer tells a "/" in a segment from one between segments."""
        return self._match.path

    @property
    def http_version(self) -> str:
        return "1.1" if self._head.line.minor else "1.0"

    @property
    def params(self) -> Mapping[str, Any]:
        """The values of the route's parameters, converted."""
        return self._match.params

    @property
    def route(self) -> str:
        """The pattern that matched, `/hello/{name}`; the label for metrics and logs."""
        return self._match.route

    @property
    def query(self) -> MultiDict[str]:
        """The query's names and values, decoded. Raises Refusal(400) for what is not UTF-8."""
        try:
            return self._query
        except AttributeError:
            self._query = MultiDict(parse_fields(self._head.line.query))
            return self._query

    @property
    def headers(self) -> Headers:
        try:
            return self._headers
        except AttributeError:
            self._headers = Headers.parse(self._head.fields)
            return self._headers

    @property
    def trailers(self) -> Headers:
        """The fields after a chunked body, once it has been read to its end."""
        return Headers.parse(self._source.trailers)

    @property
    def cookies(self) -> dict[str, str]:
        try:
            return self._cookies
        except AttributeError:
            self._cookies = parse_cookies(self.headers.all("cookie"))
            return self._cookies

    @property
    def content_type(self) -> str:
        """The media type of the body in lower case, without parameters; "" if not said."""
        return self.headers.get("content-type", "").partition(";")[0].strip(" \t").lower()

    @property
    def user_agent(self) -> str:
        """The User-Agent field; "" if not sent. Found without decoding the other fields."""
        for line in self._head.fields:
            if line[0] in b"Uu" and line[:11].lower() == b"user-agent:":
                return line[11:].strip(b" \t").decode("latin-1")
        return ""

    @property
    def client(self) -> str:
        """The client's address: the peer's, or what a trusted proxy forwarded."""
        return self._forwarded()[0]

    @property
    def scheme(self) -> str:
        """`http` or `https`, as a trusted proxy forwarded it or as the connection is."""
        return self._forwarded()[1]

    @property
    def host(self) -> str:
        """The host and port the client asked for; "" for HTTP/1.0 without one."""
        return self._head.host.decode("ascii")

    @property
    def draining(self) -> bool:
        """Whether the server finishes what it has and takes nothing new."""
        return self._origin.draining

    def _forwarded(self) -> tuple[str, str]:
        try:
            return self._client
        except AttributeError:
            self._client = self._origin.peer.forwarded(self._head.fields)
            return self._client

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, each byte once, without holding it.

        Raises ClientGone when the client leaves, Refusal for a body that is too long, too
        slow or wrong, UsageError when the body was read before.
        """
        if self._taken:
            raise UsageError(f"the body of {self.method} {self.route} was read before")
        self._taken = True
        while data := await self._source.read():
            yield data

    async def body(self) -> bytes:
        """The whole body, at most the route's limit. May be called again. Raises as `chunks`."""
        try:
            return self._body
        except AttributeError:
            # One buffer: a body that comes byte by byte is not a million objects.
            whole = bytearray()
            async for part in self.chunks():
                whole += part
            self._body = bytes(whole)
            return self._body

    async def json(self) -> Any:
        """The body as JSON (RFC 8259), of two equal names the last.

        Raises Refusal: 400 where it is not JSON in UTF-8, nests too deep or has a number that
        is out of reach, 415 for a coded body; then as `body`.
        """
        self._refuse_coding()
        body = await self.body()
        try:
            return _parse_json(body.decode("utf-8"))
        except (ValueError, RecursionError):
            raise Refusal(400, "the body is not JSON") from None

    async def form(self) -> Form:
        """The fields and files of an HTML form, urlencoded or multipart (RFC 7578).

        Raises Refusal: 415 for another content type and for a coded body, 400 for a broken
        form, 413 for one with too many fields; then as `chunks`.
        """
        try:
            return self._form
        except AttributeError:
            self._refuse_coding()
            self._form = await read_form(self.headers.get("content-type", ""), self.chunks())
            return self._form

    def _refuse_coding(self) -> None:
        # Nothing is decompressed here: a few bytes could become gigabytes.
        if self.headers.joined("content-encoding").lower() not in ("", "identity"):
            raise Refusal(415, "a coded body is not taken here", (("Accept-Encoding", "identity"),))

    def close(self) -> None:
        """Close the files of a form that was read. Called when the answer is sent."""
        try:
            form = self._form
        except AttributeError:
            return
        for _, value in form.pairs:
            if isinstance(value, Upload):
                value.file.close()

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.target} {self.id}>"


def _parse_json(text: str) -> Any:
    value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    if SURROGATE.search(text):
        # Half a character could not be sent, stored or logged. Pairs are whole ones.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("the number is out of reach")
    return value
