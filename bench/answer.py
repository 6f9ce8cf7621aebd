"""The answer every server must give before it is measured. Pure, but for exchange()."""

import socket
from dataclasses import dataclass

PATH = "/plaintext"
BODY = b"Hello, World!"
# A way of the gallery listens before it has imported what it serves with.
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP/1.1 answer; size counts its head and body, in bytes."""

    status: int
    fields: dict[str, str]
    body: bytes
    size: int


def parse_answers(raw: bytes) -> list[Answer]:
    """Read answers framed by Content-Length. Raises ValueError when raw is anything else."""
    answers = []
    while raw:
        head, blank, rest = raw.partition(b"\r\n\r\n")
        if not blank:
            raise ValueError(f"an answer without an end: {raw[:80]!r}")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        fields = {name.lower(): value.strip() for name, _, value in pairs}
        if "content-length" not in fields:
            raise ValueError(f"an answer without Content-Length: {head!r}")
        length = int(fields["content-length"])
        if len(rest) < length:
            raise ValueError(f"a body of {len(rest)} bytes where {length} were announced")
        size = len(head) + len(blank) + length
        answers.append(Answer(int(status_line.split(" ")[1]), fields, rest[:length], size))
        raw = rest[length:]
    return answers


def faults(answers: list[Answer]) -> list[str]:
    """Say what is wrong with the answers to exchange(); an empty list when nothing is."""
    if len(answers) != 2:
        return [f"{len(answers)} answers to 2 requests"]
    found = []
    for answer in answers:
        media_type = answer.fields.get("content-type", "")
        if answer.status != 200:
            found.append(f"status {answer.status}")
        if answer.body != BODY:
            found.append(f"body {answer.body!r}")
        if media_type.partition(";")[0] != "text/plain":
            found.append(f"content type {media_type!r}")
    # wrk believes this field, and would write its next request on a connection that is going away.
    if answers[1].fields.get("connection", "").lower() != "close":
        found.append("no Connection: close in the last answer")
    return found


def exchange(port: int, *, keeps: bool = True, pipelines: bool = True) -> bytes:
    """Send two requests, the second one the last, and read until the server closes.

    In one write where it pipelines; in turn where it only keeps connections; else each on its own.
    Raises OSError.
    """
    request = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n".encode()
    first, last = request + b"\r\n", request + b"Connection: close\r\n\r\n"
    if not keeps:
        return _converse(port, [first]) + _converse(port, [last])
    return _converse(port, [first + last] if pipelines else [first, last])


def _converse(port: int, writes: list[bytes]) -> bytes:
    """All that is said on one connection; each write but the first waits for what answers it."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        for data in writes:
            connection.sendall(data)
            while chunk := connection.recv(65536):
                received += chunk
                if data is not writes[-1] and received.endswith(BODY):
                    break
    return bytes(received)
