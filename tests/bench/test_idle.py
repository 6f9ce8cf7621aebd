"""bench.idle: the client that holds connections."""

import socket

import pytest

from bench.idle import is_open, source_address


@pytest.mark.parametrize(
    ("index", "expected"),
    [(0, "127.0.0.2"), (4_999, "127.0.0.2"), (5_000, "127.0.0.3"), (9_999, "127.0.0.3")],
)
def test_an_address_is_used_for_5000_connections(index: int, expected: str) -> None:
    """None of them runs out of ports."""
    assert source_address(index) == expected


def test_a_silent_connection_is_open() -> None:
    """Nothing to read and not closed: the server has kept it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert is_open(ours) is True


@pytest.mark.parametrize("last_words", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
def test_a_closed_connection_is_not_open(last_words: bytes) -> None:
    """With or without a word before the end."""
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(last_words)
        theirs.close()
        assert is_open(ours) is False
