"""The carrier: heads that others have parsed, bodies, peers and hooks."""

import pytest

from app.httpd import Deadlines, Limits, Refusal
from app.httpd.body import ChunkedBody, SizedBody
from app.httpd.carrier import MOST_PEERS, Carrier
from tests.httpd.carried import application, carrier_of, run


@pytest.mark.parametrize(
    ("method", "target", "fields", "status"),
    [
        ("GET", "/a b", [(b"Host", b"a")], 400),
        ("GET", "/", [], 400),
        ("GET", "/", [(b"Host", b"a"), (b"Host", b"b")], 400),
        ("GET", "/", [(b"Host", b"a"), (b"X", b"1\r\nY: 2")], 400),
        ("GET", "/\r\nX: 1", [(b"Host", b"a")], 400),
        ("GET", "/é", [(b"Host", b"a")], 400),
        ("GET", "/\u20ac", [(b"Host", b"a")], 400),
        ("BREW", "/", [(b"Host", b"a")], 501),
        ("GET", "/", [(b"Host", b"a"), (b"X", b"y" * 40_000)], 431),
        ("GET", "/" + "a" * 9000, [(b"Host", b"a")], 414),
    ],
)
def test_compose_refuses(
    method: str, target: str, fields: list[tuple[bytes, bytes]], status: int
) -> None:
    """What another parser let through is held to our rules, also what would end a line."""
    with pytest.raises(Refusal) as caught:
        carrier_of().compose(method, target, 1, fields)
    assert caught.value.status == status


def test_compose_is_parse() -> None:
    """A head that was taken apart is the one that was sent."""
    carrier = carrier_of()
    fields = [(b"Host", b"a"), (b"x-b", b"1"), (b"X-B", b"2")]
    head = carrier.compose("GET", "/plain?x=1", 0, fields)
    assert head is carrier.parse(b"GET /plain?x=1 HTTP/1.0\r\nHost: a\r\nx-b: 1\r\nX-B: 2\r\n\r\n")
    assert (head.line.target, head.line.minor) == ("/plain?x=1", 0)
    assert head.fields == [b"Host: a", b"x-b: 1", b"X-B: 2"]


@pytest.mark.parametrize(
    ("fields", "most", "kind"),
    [
        ([(b"Content-Length", b"5")], 5, SizedBody),
        ([(b"Content-Length", b"6")], 5, None),
        ([(b"Transfer-Encoding", b"chunked")], 5, ChunkedBody),
        ([], 5, SizedBody),
    ],
)
def test_decoder(fields: list[tuple[bytes, bytes]], most: int, kind: type | None) -> None:
    """A body is taken apart by its framing, up to what the route allows; 413 above."""
    carrier = carrier_of()
    head = carrier.compose("POST", "/echo", 1, [(b"Host", b"a"), *fields])
    assert carrier.most_body(head) == most
    if kind is None:
        with pytest.raises(Refusal) as caught:
            carrier.decoder(head)
        assert caught.value.status == 413
    else:
        assert isinstance(carrier.decoder(head), kind)


def test_decoder_of_a_route_that_is_none() -> None:
    """404 is a better answer than 413; the server's own limit is for routes without one."""
    carrier = carrier_of(limits=Limits(body=7))
    for target, most in (("/nowhere", 1 << 40), ("/plain", 1 << 40)):
        head = carrier.compose(
            "POST", target, 1, [(b"Host", b"a"), (b"Content-Length", str(most).encode())]
        )
        carrier.decoder(head)
    assert carrier.most_body(carrier.compose("GET", "/plain", 1, [(b"Host", b"a")])) == 7


def test_peers_are_remembered() -> None:
    """Each once, and a bounded number of them."""
    carrier = carrier_of()
    assert carrier.peer("192.0.2.1") is carrier.peer("192.0.2.1")
    for number in range(MOST_PEERS + 5):
        carrier.peer(f"10.0.{number // 256}.{number % 256}")
    assert len(carrier._peers) <= MOST_PEERS


def test_refuse() -> None:
    """What was not a request gets an answer that closes."""
    answer = carrier_of().refuse(Refusal(400, "no head"))
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close\r\n" in answer
    assert b"X-Request-Id: " in answer


def test_hooks() -> None:
    """They run in their order, plain ones and coroutines."""
    server, seen = application(deadlines=Deadlines()), []
    server.on_startup(lambda: seen.append("first"))

    @server.on_startup
    async def second() -> None:
        seen.append("second")

    server.on_shutdown(lambda: seen.append("end"))
    carrier = Carrier(server)

    async def main() -> None:
        await carrier.startup()
        assert seen == ["first", "second"]
        await carrier.shutdown()

    run(main())
    assert seen == ["first", "second", "end"]
