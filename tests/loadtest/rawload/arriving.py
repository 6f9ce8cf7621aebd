"""What a reader makes of bytes, brought to it in each way that TCP may bring them."""

from collections.abc import Iterator, Sequence

from loadtest.rawload.wire import Answer, Fault, Reader
from tests.httpd.cutting import cuts

# What a reader gives for one answer: itself, the name of a fault, or that it waits for more.
Outcome = Answer | str
WAITS = "waits for more"


def outcome(pieces: Sequence[bytes], *, bodiless: bool = False) -> Outcome:
    """Feed until there is one; as a connection does, nothing after it."""
    reader = Reader()
    reader.begin(bodiless=bodiless)
    for piece in pieces:
        try:
            answer = reader.feed(piece)
        except Fault as fault:
            return str(fault)
        if answer is not None:
            return answer
    return WAITS


def outcomes(data: bytes, *, bodiless: bool = False) -> list[Outcome]:
    """What becomes of data whole, byte by byte and cut in two anywhere; each once."""
    found: list[Outcome] = []
    for pieces in cuts(data):
        given = outcome(pieces, bodiless=bodiless)
        if given not in found:
            found.append(given)
    return found


def endings(data: bytes) -> Iterator[tuple[int, str]]:
    """Where the server closes before the last byte, and what the reader calls it."""
    for at in range(len(data)):
        reader = Reader()
        if at and reader.feed(data[:at]) is not None:
            raise ValueError("it is whole before its last byte")
        yield at, str(reader.end())
