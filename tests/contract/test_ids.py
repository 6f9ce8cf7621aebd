"""Request ids: by them an answer is found in the logs."""

from tests.contract.serving import Server
from tests.contract.variants import Ability, needs

ASKED = [
    *[("GET", "/plaintext")] * 10,
    ("GET", "/"),
    ("HEAD", "/json"),
    ("POST", "/echo"),
    ("OPTIONS", "/echo"),
    ("GET", "/static/slipway.css"),
    ("GET", "/stream?chunks=1"),
    ("GET", "/stream?chunks=none"),
    ("GET", "/nowhere"),
    ("DELETE", "/plaintext"),
]


@needs(Ability.REQUEST_ID)
def test_own(server: Server) -> None:
    """Every answer has one, of its own."""
    found = []
    for method, target in ASKED:
        with server.connect() as wire:
            answer = wire.ask(method, target, b"", "Connection: close")
            assert len(answer.headers.get_all("X-Request-Id", [])) == 1, (method, target)
            found.append(answer.headers["X-Request-Id"])
    assert len(set(found)) == len(ASKED)


@needs(Ability.REQUEST_ID)
def test_given(server: Server) -> None:
    """One that came with the request goes with the answer."""
    with server.connect() as wire:
        answer = wire.ask("GET", "/plaintext", b"", "X-Request-Id: from-a-proxy")
    assert answer.headers["X-Request-Id"] == "from-a-proxy"
