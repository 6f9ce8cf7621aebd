"""Bytes as TCP may bring them: whole, one by one, cut in two anywhere, and more behind them."""

from collections.abc import Iterator

BEHIND = b"GET /behind HTTP/1.1\r\nHost: b\r\n\r\n"


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Every way to bring these bytes that a test should see."""
    yield [data]
    yield [data[at : at + 1] for at in range(len(data))]
    for at in range(1, len(data)):
        yield [data[:at], data[at:]]


def every_way(data: bytes) -> Iterator[tuple[list[bytes], bytes]]:
    """The pieces of data, alone and with another request behind; and what is behind."""
    for behind in (b"", BEHIND):
        for pieces in cuts(data + behind):
            yield pieces, behind
