"""One request to a server that runs already, before hundreds of thousands are sent to it."""

import socket

from bench import answer as plain
from loadtest.comparison.advice import cures
from loadtest.rawload.exchange import Ask
from loadtest.rawload.target import TargetError, resolve
from loadtest.rawload.wire import Answer, Fault, Reader

PATIENCE_S = 10.0
PIECE = 65_536
OTHER_PATH = "--path says what is asked for; it must answer with 200."
OTHER_SERVICE = (
    "A service from this template answers `Hello, World!` there; of another one say what is asked"
    ' for: ARGS="--path /x"'
)


def probe(url: str, path: str) -> None:
    """Ask once, as the load will. path: "" for the published test's, whose answer is known.

    Raises TargetError with the cause and the cure.
    """
    target = resolve(url)
    ask = Ask(path) if path else Ask(plain.PATH, answer=plain.BODY)
    try:
        with socket.socket(target.family, socket.SOCK_STREAM) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(target.address)
            connection.sendall(ask.encode(target.host, keeps=False))
            answer = _receive(connection)
    except OSError as error:
        raise TargetError(
            f"{url}: {error.strerror or error}: does it run, and is it reached from here?"
        ) from None
    except Fault as fault:
        raise TargetError(f"{url} does not speak HTTP/1.1 as it must: {fault}") from None
    if wrong := ask.fault(answer):
        text = f"{url}: GET {ask.target} was answered wrongly: {wrong}."
        cure = " ".join(cures([wrong])) or (OTHER_PATH if path else OTHER_SERVICE)
        raise TargetError(f"{text} {cure}")


def _receive(connection: socket.socket) -> Answer:
    reader = Reader()
    while data := connection.recv(PIECE):
        if (answer := reader.feed(data)) is not None:
            return answer
    raise reader.end()
