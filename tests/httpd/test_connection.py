"""Bytes in, answers out, however TCP cuts them."""

import pytest

from tests.httpd.application import application
from tests.httpd.cutting import cuts
from tests.httpd.fakes import LAST, PLAIN, LogLines, parse_answers, post, post_chunked, running

# ruff: noqa: E501

G = b"GET /plain HTTP/1.1\r\nHost: a\r\n"
OPEN, CLOSED, HALF = "open", "closed", "half-closed"

# name: bytes, statuses of the answers, how the connection is then
CASES = {
    "one request": (PLAIN, [200], OPEN),
    "two requests": (PLAIN + PLAIN, [200, 200], OPEN),
    "one empty line before": (b"\r\n" + PLAIN, [200], OPEN),
    "four empty lines before": (b"\r\n" * 4 + PLAIN, [200], OPEN),
    "five empty lines before": (b"\r\n" * 5 + PLAIN, [400], HALF),
    "five empty lines and no more": (b"\r\n" * 5, [400], HALF),
    "empty lines between, never five": ((b"\r\n" * 4 + PLAIN) * 3, [200] * 3, OPEN),
    "an empty line behind each": ((PLAIN + b"\r\n") * 6, [200] * 6, OPEN),
    "an async handler between": (PLAIN + b"GET /soon HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [200] * 3, OPEN),
    "a stream between": (PLAIN + b"GET /lines HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [200] * 3, OPEN),
    "a sized body": (PLAIN + post("/echo", b"hello") + PLAIN, [200] * 3, OPEN),
    "an empty body": (post("/echo", b"") + PLAIN, [200] * 2, OPEN),
    "a chunked body": (post_chunked("/echo", b"5\r\nhello\r\n1;a=b\r\n!\r\n0\r\nX: y\r\n\r\n") + PLAIN, [200] * 2, OPEN),
    "a body nobody reads": (post("/deaf", b"hello") + PLAIN, [200] * 2, OPEN),
    "a body for no route": (post("/nowhere", b"hello") + PLAIN, [404, 200], OPEN),
    "GET with a body": (G + b"Content-Length: 26\r\n\r\n" + b"GET /soon HTTP/1.1\r\nHost: " + PLAIN, [200] * 2, OPEN),
    "the last one": (LAST, [200], CLOSED),
    "bytes after the last one": (LAST + b"\x00\x01garbage", [200], None),
    "a request after the last one": (LAST + PLAIN, [200], None),
    "garbage": (b"\x16\x03\x01\x02\x00", [400], HALF),
    "good, then garbage": (PLAIN + b"\x16\x03\x01\x02\x00", [200, 400], HALF),
    "good, garbage, good": (PLAIN + b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [200, 400], HALF),
    "slow, then garbage": (b"GET /soon HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n", [200, 400], HALF),
    "a body, then garbage": (post("/echo", b"hello") + b"GARBAGE\r\n\r\n", [200, 400], HALF),
    "a bare LF": (b"GET /plain HTTP/1.1\nHost: a\n\n", [400], HALF),
    "a bare LF after the body": (post("/echo", b"hello") + b"\n" + PLAIN, [200, 400], HALF),
    "no Host": (b"GET /plain HTTP/1.1\r\n\r\n", [400], HALF),
    "h2c": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [505], HALF),
    "an unknown method": (b"BREW /plain HTTP/1.1\r\nHost: a\r\n\r\n", [501], HALF),
    "another expectation": (G + b"Expect: 200-ok\r\n\r\n", [417], HALF),
    "length and coding": (post("/echo", b"hello", "Transfer-Encoding: chunked"), [400], HALF),
    "a bad chunk size": (post_chunked("/echo", b"5_\r\nhello\r\n0\r\n\r\n") + PLAIN, [400], HALF),
    "a bad chunk size later": (post_chunked("/echo", b"5\r\nhello\r\n0x\r\n\r\n") + PLAIN, [400], HALF),
    "a bad chunk end": (post_chunked("/echo", b"5\r\nhello!\r\n0\r\n\r\n") + PLAIN, [400], HALF),
    "a chunk error nobody reads": (PLAIN + post_chunked("/deaf", b"5\r\nhelloXX0\r\n\r\n"), None, HALF),
    "too long": (post("/small", b"12345678901") + PLAIN, [413], HALF),
    "just not too long": (post("/small", b"1234567890") + PLAIN, [200, 200], OPEN),
    "too long in chunks": (post_chunked("/small", b"A\r\n1234567890\r\n1\r\n1\r\n0\r\n\r\n") + PLAIN, [413], HALF),
    "HTTP/1.0": (b"GET /plain HTTP/1.0\r\n\r\n", [200], CLOSED),
    "HTTP/1.0, kept": (b"GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + PLAIN, [200, 200], OPEN),
    "an error inside": (b"GET /boom HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [500, 200], OPEN),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [204, 200], OPEN),
    "an absolute target": (b"GET http://b/plain HTTP/1.1\r\nHost: a\r\n\r\n" + PLAIN, [200] * 2, OPEN),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_any_cut(name: str) -> None:
    """Answers and end are the same however the bytes arrive."""
    data, statuses, ending = CASES[name]
    app = application()
    with running(app.server) as stage:
        whole = [a.body for a in stage.connect().send(data).answers if a.status < 400]
        for pieces in cuts(data):
            client = stage.connect().send(*pieces)
            answers = client.answers
            if statuses is None:  # the handler may have answered before the fault came
                assert client.ending != OPEN, pieces
                assert [a.status for a in answers] in ([200, 400], [200, 200]), pieces
                continue
            assert [a.status for a in answers] == statuses, pieces
            assert [a.body for a in answers if a.status < 400] == whole, pieces
            # Whether anything was unread when we closed is the one thing that cuts decide.
            assert client.ending == ending or (ending is None and client.ending != OPEN), pieces
            said = [a.fields.get("connection") for a in answers]
            assert ("close" in said) == (client.ending != OPEN), pieces


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_served_after_the_end(name: str) -> None:
    """A good request behind any case is answered if the connection is kept, and not else."""
    data, statuses, ending = CASES[name]
    app = application()
    with running(app.server) as stage:
        for pieces in ([data + PLAIN], [data, PLAIN]):
            client = stage.connect().send(*pieces)
            if statuses is not None:
                assert client.statuses == statuses + [200] * (ending == OPEN), pieces
            else:
                assert client.ending == HALF


@pytest.mark.parametrize(
    ("head", "to_head", "fields"),
    [
        (b"GET /plain HTTP/1.1\r\nHost: a\r\n", False, None),
        (b"GET /plain HTTP/1.1\r\nHost: a\r\nConnection: Foo, CLOSE\r\n", False, "close"),
        (b"GET /plain HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n", False, "close"),
        (b"GET /plain HTTP/1.0\r\n", False, "close"),
        (b"GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n", False, "keep-alive"),
        (b"GET /plain HTTP/1.0\r\nConnection: keep-alive, close\r\n", False, "close"),
        (b"GET /soon HTTP/1.0\r\nConnection: keep-alive\r\n", False, "keep-alive"),
        (b"GET /lines HTTP/1.0\r\nConnection: keep-alive\r\n", False, "close"),
        (b"HEAD /lines HTTP/1.0\r\nConnection: keep-alive\r\n", True, "keep-alive"),
        (b"GET /lines HTTP/1.1\r\nHost: a\r\n", False, None),
        (b"HEAD /plain HTTP/1.1\r\nHost: a\r\n", True, None),
        (b"HEAD /boom HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", True, "close"),
    ],
)  # fmt: skip
def test_keep_alive(head: bytes, to_head: bool, fields: str | None) -> None:
    """What Connection says is what the connection does (RFC 9112 9.3, 9.6)."""
    app = application()
    with running(app.server) as stage:
        client = stage.connect().send(head + b"\r\n")
        [answer] = parse_answers(client.bytes, to_head=to_head)
        assert answer.fields.get("connection") == fields
        assert client.ending == ("closed" if fields == "close" else "open")


def test_head_has_the_fields_of_get() -> None:
    """HEAD says what GET would, and sends no byte of it."""
    app = application()
    with running(app.server) as stage:
        for path in (b"/plain", b"/soon", b"/lines", b"/boom", b"/nowhere", b"/big"):
            line = b" %b HTTP/1.1\r\nHost: a\r\n\r\n" % path
            got = parse_answers(stage.connect().send(b"GET" + line).bytes)[0]
            told = parse_answers(stage.connect().send(b"HEAD" + line).bytes, to_head=True)[0]
            got.fields["x-request-id"] = told.fields["x-request-id"]
            assert (told.status, told.fields) == (got.status, got.fields)


@pytest.mark.parametrize("size", [32 * 1024, 32 * 1024 + 1])
@pytest.mark.parametrize("step", [1, 1000, 1 << 20])
def test_head_limit(size: int, step: int) -> None:
    """A head of the limit is served and one of a byte more is not, in any segments."""
    lines = b"".join(b"X-%02d: %b\r\n" % (i, b"v" * 1000) for i in range(32))
    start = b"GET /plain HTTP/1.1\r\nHost: a\r\n" + lines + b"X: "
    data = start + b"v" * (size - len(start) - 4) + b"\r\n\r\n"
    assert len(data) == size
    with running(application().server) as stage:
        client = stage.connect().send(*(data[i : i + step] for i in range(0, size, step)))
        assert client.statuses == [200 if size == 32 * 1024 else 431]


def test_a_head_by_bytes_is_linear() -> None:
    """No byte of a head that comes byte by byte is looked at again and again."""
    server = application({"head": 256 * 1024}).server
    looked_at = []
    with running(server) as stage:
        client = stage.connect()
        parser = stage.service.parser
        check = parser.check_partial

        class Watch:
            heads = parser.heads
            parse = parser.parse

            def check_partial(self, part: bytearray, since: int) -> None:
                looked_at.append(len(part) - since)
                check(part, since)

        stage.service.parser = Watch()  # type: ignore[assignment]
        head = b"GET /plain HTTP/1.1\r\nHost: a\r\nX: " + b"v" * 2000
        for at in range(len(head)):
            client.handler.data_received(head[at : at + 1])
        assert len(looked_at) == len(head)
        assert max(looked_at[2:]) == 1
        client.send(b"\r\n\r\n")
        assert client.statuses == [200]


def test_refused_are_logged_and_counted() -> None:
    """Everything that is answered has its line, with method and target where there were any."""
    log = LogLines()
    app = application()
    data = PLAIN + post("/small", b"12345678901")
    with running(app.server, log=log.as_log) as stage:
        stage.connect().send(data)
        stage.connect().send(b"GARBAGE\r\n\r\n")
        assert log.lines == [
            ("GET", "/plain", 200, 5),
            ("POST", "/small", 413, log.lines[1][3]),
            ("-", "-", 400, 0),
        ]
        assert stage.service.requests == 2


def test_no_trust_in_a_client_that_is_gone() -> None:
    """A peer whose address is unknown is not taken for a unix socket: its word has no weight."""
    seen = []
    app = application()
    app.server.get("/who")(lambda request: seen.append((request.id, request.client)) or "ok")
    head = (
        b"GET /who HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"
    )
    with running(app.server) as stage:
        stage.connect(None).send(head)
        stage.connect("").send(head)
        stage.connect(("127.0.0.1", 1)).send(head)
        stage.connect(("192.0.2.1", 1)).send(head)
    assert [client for _, client in seen] == ["unknown", "10.0.0.1", "10.0.0.1", "192.0.2.1"]
    assert [request_id == "mine" for request_id, _ in seen] == [False, True, True, False]


@pytest.mark.parametrize(("others", "ending"), [(1, "open"), (2, "half-closed"), (65, "half-closed"), (66, "cut")])  # fmt: skip
def test_connection_limit(others: int, ending: str) -> None:
    """Above the limit clients are told to come back; above a reserve of 64 they are cut."""
    with running(application({"connections": 2}).server) as stage:
        for _ in range(others):
            stage.connect()
        client = stage.connect()
        assert client.ending == ending
        if ending == "half-closed":
            assert client.statuses == [503]
            assert client.answers[0].fields["retry-after"] == "1"
            client.end()
        before = len(stage.service.connections)
        stage.loop.settle()
        assert len(stage.service.connections) == before
