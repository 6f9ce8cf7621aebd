"""The carrier: from a call to its answer, in values, in pieces and in bytes."""

import logging
from typing import Any

import pytest

from app.httpd import Response
from app.httpd.carrier import BrokenOff, Carrier
from tests.httpd.carried import answer, application, call, carrier_of, closed, read, run


@pytest.mark.parametrize(
    ("target", "status", "body"),
    [
        ("/plain", 200, b"plain"),
        ("/waits", 200, b"waited"),
        ("/late", 503, b"did not answer in time"),
        ("/times-out", 500, b"500 Internal Server Error"),
        ("/fails", 500, b"500 Internal Server Error"),
        ("/wrong", 500, b"500 Internal Server Error"),
        ("/refuses", 409, b"no"),
        ("/nowhere", 404, b"404 Not Found"),
        ("/hello/%ff", 400, b"not UTF-8"),
    ],
)
def test_answer(target: str, status: int, body: bytes) -> None:
    """Whatever a handler does is an answer, and none of it tells what went wrong inside."""
    response = run(answer(call(target)))
    assert response.status == status
    assert isinstance(response.body, bytes)
    assert body in response.body
    assert b"swordfish" not in response.body


def test_plain_handler_needs_no_loop() -> None:
    """It has answered when `start` returns; a coroutine is there to be awaited."""
    assert isinstance(call("/plain").start(), Response)
    waiting = call("/waits").start()
    assert not isinstance(waiting, Response)
    assert run(_await(waiting)).body == b"waited"


async def _await(given: Any) -> Any:
    return await given


def test_body() -> None:
    """What was read before is what the handler reads."""
    assert run(answer(call("/echo", "POST", body=b"abc"))).body == b"abc"


def test_draining() -> None:
    """The handler knows when the server is about to end."""
    carrier = carrier_of()
    head = carrier.compose("GET", "/draining", 1, [(b"Host", b"a")])
    for draining in (False, True):
        carrier.draining = draining
        response = run(answer(carrier.call(head, carrier.peer(""))))
        assert response.body == str(draining).encode()


def test_error_handler() -> None:
    """The application's own answers errors here too; one that fails is logged."""
    server = application()
    server.on_error(lambda request, error: Response.file("/nowhere"))
    carrier = Carrier(server)
    head = carrier.compose("GET", "/fails", 1, [(b"Host", b"a")])
    assert run(answer(carrier.call(head, carrier.peer("")))).status == 404


@pytest.mark.parametrize(
    ("kind", "expected"), [("good", [b"ab", b"c"]), ("promised", [b"ab", b"c"])]
)
def test_pieces(kind: str, expected: list[bytes]) -> None:
    """As they are made, without the empty ones; the source is closed."""
    closed.clear()
    one = call(f"/stream/{kind}")
    assert run(read(one, run(answer(one)))) == expected
    assert closed == ["closed"]


@pytest.mark.parametrize("kind", ["fails", "text", "short", "long", "slow"])
def test_pieces_that_break_off(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be whole ends in a cut; why is logged, and never a byte more than promised."""
    closed.clear()
    one = call(f"/stream/{kind}")
    got: list[bytes] = []

    async def main() -> None:
        pieces = one.pieces(await answer(one))
        async for piece in pieces:
            got.append(piece)  # noqa: PERF401  what came before the end is wanted

    with caplog.at_level(logging.ERROR), pytest.raises(BrokenOff):
        run(main())
    assert got == ([] if kind == "text" else [b"ab"])
    assert one.request.id in caplog.text
    assert closed == ["closed"]


def test_file_is_pieces_or_bytes() -> None:
    """A file is opened with the answer, and given back where nobody reads it."""
    one = call("/file", "HEAD")
    response = run(answer(one))
    assert ("Content-Type", "text/x-python") in one.fields(response)
    run(one.close(response))


# ---- for servers that frame by themselves


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/plain", {"Content-Type": "text/html; charset=utf-8", "Content-Length": "5"}),
        ("/empty", {}),
        ("/stream/good", {"Content-Type": "application/octet-stream"}),
        (
            "/stream/promised",
            {"Content-Type": "application/octet-stream", "Content-Length": "3"},
        ),
        ("/echo", {"Content-Type": "text/html; charset=utf-8", "Allow": "OPTIONS, POST"}),
    ],
)
def test_fields(target: str, expected: dict[str, str]) -> None:
    """All but those that belong to the connection."""
    one = call(target)
    response = run(answer(one))
    fields = dict(one.fields(response))
    assert fields.pop("X-Request-Id") == one.request.id
    if target == "/echo":
        del fields["Content-Length"]
    assert fields == expected
    run(one.close(response))


# ---- for servers that write bytes


@pytest.mark.parametrize(
    ("target", "method", "minor", "keep", "kept", "words", "body"),
    [
        ("/plain", "GET", 1, True, True, b"Content-Length: 5", b"plain"),
        ("/plain", "GET", 1, False, False, b"Connection: close", b"plain"),
        ("/plain", "GET", 0, True, True, b"Connection: keep-alive", b"plain"),
        ("/plain", "HEAD", 1, True, True, b"Content-Length: 5", b""),
        ("/empty", "GET", 1, True, True, b"204 No Content", b""),
        ("/stream/good", "GET", 1, True, True, b"Transfer-Encoding: chunked", CHUNKS := (
            b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        )),
        ("/stream/good", "HEAD", 1, True, True, b"Transfer-Encoding: chunked", b""),
        ("/stream/good", "GET", 0, True, False, b"Connection: close", b"abc"),
        ("/stream/promised", "GET", 0, True, True, b"Content-Length: 3", b"abc"),
    ],
)  # fmt: skip
def test_encode(
    target: str, method: str, minor: int, keep: bool, kept: bool, words: bytes, body: bytes
) -> None:
    """Head and body as they go on the wire, and whether the connection goes on."""
    one = call(target, method, minor)

    async def main() -> tuple[bytes, bool]:
        response = await answer(one)
        start, goes_on = one.encode(response, keep)
        return start + b"".join([each async for each in one.encode_pieces(response)]), goes_on

    sent, goes_on = run(main())
    head, _, rest = sent.partition(b"\r\n\r\n")
    assert goes_on == kept
    assert words in head
    assert rest == body
