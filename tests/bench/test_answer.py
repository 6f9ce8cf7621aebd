"""bench.answer: what is believed of a server before it is measured."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bench import answer
from bench.answer import Answer, exchange, faults, parse_answers

BODY = b"Hello, World!"
KEPT = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n" + BODY
LAST = KEPT.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


def test_two_answers_are_read_apart() -> None:
    """Each answer has its own fields, body and size."""
    fields = {"content-type": "text/plain", "content-length": "13"}
    assert parse_answers(KEPT + LAST) == [
        Answer(200, fields, BODY, len(KEPT)),
        Answer(200, fields | {"connection": "close"}, BODY, len(LAST)),
    ]


def test_no_bytes_are_no_answers() -> None:
    """A server that closes without a word has answered nothing."""
    assert parse_answers(b"") == []


@pytest.mark.parametrize("missing", range(1, len(KEPT)))
def test_an_answer_cut_short_is_refused(missing: int) -> None:
    """Wherever an answer is cut, it is not taken for a whole one."""
    with pytest.raises(ValueError, match=r"an answer without an end|a body of"):
        parse_answers(KEPT[:-missing])


def test_an_answer_without_a_length_is_refused() -> None:
    """Chunks are more bytes for the same body: the comparison would not be fair."""
    with pytest.raises(ValueError, match="without Content-Length"):
        parse_answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (KEPT + LAST, []),
        ((KEPT + LAST).replace(b"text/plain", b"text/plain; charset=utf-8"), []),
        (LAST, ["1 answers to 2 requests"]),
        (KEPT + KEPT, ["no Connection: close in the last answer"]),
        (KEPT.replace(b"200 OK", b"404 Not Found") + LAST, ["status 404"]),
        (KEPT.replace(b"World", b"world") + LAST, ["body b'Hello, world!'"]),
        (KEPT.replace(b"text/plain", b"text/plainer") + LAST, ["content type 'text/plainer'"]),
    ],
)
def test_a_wrong_answer_is_named(raw: bytes, expected: list[str]) -> None:
    """Status, body, content type, number and the last one's farewell are all looked at."""
    assert faults(parse_answers(raw)) == expected


@contextmanager
def server(*, keeps: bool, reads_ahead: bool) -> Iterator[tuple[int, list[bytes]]]:
    """Its port, and what it was sent. It answers a read at a time, and forgets, unless it reads
    ahead, all but the first request of each."""
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(4096):
                    heard.append(data)
                    answers = KEPT * (data.count(b"\r\n\r\n") if reads_ahead else 1)
                    last = not keeps or b"Connection: close" in data
                    connection.sendall(answers[: -len(KEPT)] + LAST if last else answers)
                    if last:
                        break

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        try:
            yield listener.getsockname()[1], heard
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("keeps", "pipelines", "writes"), [(True, True, 1), (True, False, 2), (False, False, 2)]
)
def test_a_server_is_asked_as_it_can_be_asked(keeps: bool, pipelines: bool, writes: int) -> None:
    """In one write, in turn on one connection, or on one each: two right answers every time."""
    with server(keeps=keeps, reads_ahead=pipelines) as (port, heard):
        answers = parse_answers(exchange(port, keeps=keeps, pipelines=pipelines))
    assert faults(answers) == []
    assert len(heard) == writes


@pytest.mark.parametrize(("keeps", "pipelines"), [(True, True), (False, False)])
def test_a_server_that_can_less_is_found_out(
    keeps: bool, pipelines: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is said to pipeline and forgets what was sent ahead, one that is said to keep its
    connections and closes them."""
    monkeypatch.setattr(answer, "PATIENCE_S", 0.2)
    with server(keeps=keeps, reads_ahead=False) as (port, _):
        try:
            found = faults(parse_answers(exchange(port, pipelines=pipelines)))
        except ConnectionError:  # it was gone before the second request was written
            found = ["1 answers to 2 requests"]
    assert found == ["1 answers to 2 requests"]
