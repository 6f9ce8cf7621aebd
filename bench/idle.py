"""A client that holds idle connections: `python -m bench.idle PORT COUNT`.

Opens them one after the other, has one request answered on each, prints how many it holds, waits
for a line on its standard input, then prints how many the server has kept.
"""

import signal
import socket
import sys

from bench.answer import BODY, PATH

# Fewer than the 28,000 client ports that one address has.
CONNECTIONS_PER_ADDRESS = 5_000
PATIENCE_S = 5.0
# The whole process ends then, whatever happens to those who started it.
LIFETIME_S = 90


def source_address(index: int) -> str:
    """The loopback address that the connection comes from."""
    return f"127.0.0.{2 + index // CONNECTIONS_PER_ADDRESS}"


def open_answered(index: int, port: int) -> socket.socket:
    """Connect and have one request answered. Raises OSError when either fails."""
    connection = socket.create_connection(
        ("127.0.0.1", port), PATIENCE_S, source_address=(source_address(index), 0)
    )
    connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    received = b""
    while not received.endswith(BODY):
        chunk = connection.recv(4096)
        if not chunk:
            raise ConnectionError(f"closed after {received[:80]!r}")
        received += chunk
    return connection


def is_open(connection: socket.socket) -> bool:
    """True while the server has neither closed the connection nor said a word on it."""
    connection.setblocking(False)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    return False


def hold(port: int, count: int) -> None:
    """Open count connections and report on standard output."""
    held: list[socket.socket] = []
    for index in range(count):
        try:
            held.append(open_answered(index, port))
        except OSError as error:
            print(f"connection {index + 1} of {count} failed: {error}", flush=True)
            return
    print(len(held), flush=True)
    sys.stdin.readline()
    print(sum(map(is_open, held)), flush=True)


if __name__ == "__main__":
    signal.alarm(LIFETIME_S)
    hold(int(sys.argv[1]), int(sys.argv[2]))
