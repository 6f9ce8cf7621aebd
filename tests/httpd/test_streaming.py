"""Answers in pieces: framing, promises, failures, and the end of their source."""

from collections.abc import AsyncIterator

import pytest

from app.httpd import Response
from tests.httpd.application import Application, application
from tests.httpd.fakes import PLAIN, LogLines, parse_answers, running


def get(path: str, version: str = "1.1", *lines: str) -> bytes:
    """A request without a body."""
    fields = "".join(f"{each}\r\n" for each in ("Host: a", *lines))
    return f"GET {path} HTTP/{version}\r\n{fields}\r\n".encode()


def promising(length: int, *pieces: object) -> Application:
    """An application whose /promise gives these pieces and says this length."""
    app = application()

    async def source() -> AsyncIterator[bytes]:
        try:
            for piece in pieces:
                yield piece  # type: ignore[misc]
        finally:
            app.heard.append("source closed")

    def handler(_: object) -> Response:
        return Response.stream(source(), length=None if length < 0 else length)

    app.server.get("/promise")(handler)
    return app


def test_chunks_to_1_1() -> None:
    """Chunked, kept, and the next request is served."""
    app = application()
    with running(app.server) as stage:
        client = stage.connect().send(get("/lines?count=3") + PLAIN)
        first, second = client.answers
        assert first.fields["transfer-encoding"] == "chunked"
        assert first.body == b"line 0\nline 1\nline 2\n"
        assert second.body == b"plain"
        assert app.heard == ["sent", "source closed"]


def test_until_close_to_1_0() -> None:
    """HTTP/1.0 never gets chunks: the end of the connection is the end of the body."""
    with running(application().server) as stage:
        client = stage.connect().send(get("/lines?count=2", "1.0", "Connection: keep-alive"))
        [answer] = client.answers
        assert "transfer-encoding" not in answer.fields
        assert answer.fields["connection"] == "close"
        assert answer.body == b"line 0\nline 1\n"
        assert client.ending == "closed"


@pytest.mark.parametrize("pieces", [(), (b"",), (b"", b"a", b"", b"b", b"")])
def test_empty_pieces_end_nothing(pieces: tuple[bytes, ...]) -> None:
    """An empty piece is no last chunk."""
    with running(promising(-1, *pieces).server) as stage:
        client = stage.connect().send(get("/promise") + PLAIN)
        assert [each.body for each in client.answers] == [b"".join(pieces), b"plain"]


def test_other_bytes() -> None:
    """bytearray and memoryview are bytes."""
    with running(promising(-1, bytearray(b"a"), memoryview(b"b")).server) as stage:
        assert stage.connect().send(get("/promise")).answers[0].body == b"ab"


@pytest.mark.parametrize(
    ("length", "pieces", "status", "ending"),
    [
        (0, (), 200, "open"),
        (4, (b"ab", b"cd"), 200, "open"),
        (4, (b"ab", b"c"), 200, "cut"),
        (4, (b"ab", b"cde"), 200, "cut"),
        (4, (), 500, "open"),
        (4, (b"abcde",), 500, "open"),
        (0, (b"a",), 500, "open"),
        (-1, ("text",), 500, "open"),
        (-1, (b"ab", "text"), 200, "cut"),
    ],
)
def test_exactly_what_was_promised(
    length: int,
    pieces: tuple[object, ...],
    status: int,
    ending: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not a byte more leaves, and not a byte less without a cut; the handler is named."""
    app = promising(length, *pieces)
    with running(app.server) as stage:
        client = stage.connect().send(get("/promise"))
        assert (client.statuses, client.ending) == ([status], ending)
        if status == 200:
            promised = b"".join(pieces) if ending == "open" else b"cut"  # type: ignore[arg-type]
            assert client.answers[0].body == promised
            body = client.bytes.partition(b"\r\n\r\n")[2]
            assert length < 0 or len(body) <= length
    assert app.heard == ["source closed"]
    mistakes = [each.getMessage() for each in caplog.records]
    name = f"{promising.__module__}.promising"
    assert all(f"UsageError in handler {name}" in each for each in mistakes)
    assert bool(mistakes) == ((status, ending) != (200, "open"))


@pytest.mark.parametrize(("after", "status", "ending"), [(0, 500, "open"), (1, 200, "cut")])
def test_a_source_that_fails(after: int, status: int, ending: str) -> None:
    """Before the head is sent it is a 500; after it, a cut without the last chunk."""
    log = LogLines()
    with running(application().server, log=log.as_log) as stage:
        client = stage.connect().send(get(f"/broken?after={after}"))
        assert (client.statuses, client.ending) == ([status], ending)
        assert [line[2] for line in log.lines] == [status]


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body(status: int) -> None:
    """204 and 304 have neither length nor body, whatever the source has (RFC 9112 6.3), and
    though the status was changed behind the constructor's back."""
    app = application()

    def handler(_: object) -> Response:
        response = Response.stream(app._lines(2))
        response.status = status
        return response

    app.server.get("/promise")(handler)
    with running(app.server) as stage:
        client = stage.connect().send(get("/promise") + PLAIN)
        first, second = client.answers
        assert (first.status, second.body) == (status, b"plain")
        assert not {"content-length", "transfer-encoding"} & set(first.fields)


def test_head_reads_no_source() -> None:
    """HEAD on a stream gives its head, and lets go of the source."""
    app = application()
    closed = []

    class Source:
        def __aiter__(self) -> "Source":
            return self

        async def __anext__(self) -> bytes:
            raise AssertionError

        async def aclose(self) -> None:
            closed.append(True)

    app.server.get("/source")(lambda _: Response.stream(Source(), length=9))
    with running(app.server) as stage:
        client = stage.connect().send(b"HEAD" + get("/source")[3:])
        [answer] = parse_answers(client.bytes, to_head=True)
        assert (answer.fields["content-length"], client.ending) == ("9", "open")
    assert closed == [True]


def test_a_source_that_cannot_be_read_or_closed(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a source raises, the client has an answer and the log a line."""
    app = application()

    class Source:
        def __aiter__(self) -> "Source":
            raise ValueError("no iterator")

        async def aclose(self) -> None:
            raise ValueError("not closed")

    app.server.get("/source")(lambda _: Response.stream(Source()))  # type: ignore[arg-type]
    with running(app.server) as stage:
        assert stage.connect().send(get("/source")).statuses == [500]
    assert [each.args[-1].args[0] for each in caplog.records if each.args] == [  # type: ignore[union-attr]
        "no iterator", "not closed",
    ]  # fmt: skip


def test_a_source_that_never_waits_stops_with_its_client() -> None:
    """A source that never awaits is not run to its end for a client that is gone."""
    app = application()
    given = []
    client = None

    async def source() -> AsyncIterator[bytes]:
        for number in range(1000):
            given.append(number)
            yield b"x"
            if number == 10 and client is not None:
                client.wire.abort()

    app.server.get("/source")(lambda _: Response.stream(source()))
    with running(app.server) as stage:
        client = stage.connect()
        client.send(get("/source"))
        assert len(given) == 12
