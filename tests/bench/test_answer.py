"""bench.answer: what is believed of a server before it is measured."""

import pytest

from bench.answer import Answer, faults, parse_answers

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
        (LAST, ["1 answers to 2 pipelined requests"]),
        (KEPT + KEPT, ["no Connection: close in the last answer"]),
        (KEPT.replace(b"200 OK", b"404 Not Found") + LAST, ["status 404"]),
        (KEPT.replace(b"World", b"world") + LAST, ["body b'Hello, world!'"]),
        (KEPT.replace(b"text/plain", b"text/plainer") + LAST, ["content type 'text/plainer'"]),
    ],
)
def test_a_wrong_answer_is_named(raw: bytes, expected: list[str]) -> None:
    """Status, body, content type, number and the last one's farewell are all looked at."""
    assert faults(parse_answers(raw)) == expected
