"""loadtest.comparison.probe: a server that runs already is asked once before."""

import socket

import pytest

from loadtest.comparison.probe import probe
from loadtest.rawload.target import TargetError
from tests.loadtest.comparison.liars import Answers, answer, serving


@pytest.mark.parametrize(
    ("path", "body"), [("", b"Hello, World!"), ("/x", b"anything"), ("/x", b"")]
)
def test_who_answers_may_be_measured(path: str, body: bytes) -> None:
    """What stands at a path is not known; the published test's answer is."""
    with serving(lambda number: answer(body)) as url:
        probe(url, path)


@pytest.mark.parametrize(
    ("answers", "path", "wrong"),
    [
        (lambda _: answer(b"Hello, Moon!!"), "", "wrong body.*--path"),
        (lambda _: answer(b"Hello"), "", "a body of 5 bytes where 13 were due.*--path"),
        (lambda _: answer(status=b"404 Not Found"), "/x", "GET /x .*status 404.*--path"),
        (lambda _: answer(status=b"429 Too Many"), "", "status 429.*RATE_LIMIT=off"),
        (lambda _: b"SSH-2.0-x\r\n\r\n", "", "does not speak HTTP/1.1.*no HTTP/1.1 status line"),
        (lambda _: b"HTTP/1.1 200 OK\r\n", "", "closed within the head"),
    ],
)
def test_who_does_not_is_told_why(answers: Answers, path: str, wrong: str) -> None:
    """With what to do where that is known."""
    with serving(answers) as url, pytest.raises(TargetError, match=wrong):
        probe(url, path)


def test_nobody_there() -> None:
    """A port that was free a moment ago."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(TargetError, match="Connection refused: does it run"):
            probe(url, "")


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("https://example.org", "speaks no TLS"),
        ("127.0.0.1:8000", "no address"),
        ("http://127.0.0.1:1/x", "--path says what"),
        ("http://nobody.invalid", "not known here"),
    ],
)
def test_no_address(url: str, wrong: str) -> None:
    """Nothing is sent."""
    with pytest.raises(TargetError, match=wrong):
        probe(url, "")
