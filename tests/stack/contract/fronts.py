"""What nginx is in front of, and what that changes. A test that is named here must fail: one that
passes says that the difference is gone.

The tests are called as in test_contract.py, after their module: test_ids.py's `test_given` is
`test_ids_given`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.contract.variants import WAYS, Ability

# Modules or tests that are not tried through nginx.
LEFT_OUT = {
    "test_neighbours": "stops and kills workers, which it must have to itself",
    "test_stop": "stops its server; test_nothing_lost.py does that behind nginx",
    # with gallery:
    "test_routes_waiting_is_refused": "only for ways that have one request at a time",
    # end gallery
    "test_wrong_strict": "test_lenient does it, and knows what nginx is lenient with",
}

# What is not HTTP/1.1 by the book, and is answered all the same.
LENIENT = {
    "HTTP/0.9": "its answer, a refusal, has no status line there",
    "bytes in the target": "the service refuses them; nginx knows where the next request begins",
    "no colon": "nginx leaves such a line out (ignore_invalid_headers)",
    "two spaces": "nginx takes them for one, and sends one",
}

END = "nginx takes the end of what a client says for the end of the client (499)"
_NGINX = {
    "test_bodies_headers_as_sent": "nginx says whom it asks for, and keeps Connection to itself",
    "test_disconnects_has_said_all": END,
    "test_disconnects_has_said_all_and_waits": END,
    "test_ids_given": "nginx believes an id only of TRUSTED_PROXIES, and there are none",
    "test_stream_each_line_is_a_chunk": "nginx makes chunks of its own from what has come",
}


@dataclass(frozen=True, slots=True)
class Front:
    """One of nginx's servers. cannot: tests that fail there, each with the reason."""

    name: str
    cannot: Mapping[str, str]


FRONTS = (
    Front(
        "protocol",
        _NGINX
        | {
            "test_waiting_client_of_a_parked_request_leaves": (
                "nginx closes, and does not reset: to the service that is a client which has said "
                "all and still listens"
            ),
        },
    ),
    Front(
        "aiohttp",
        _NGINX | {"test_methods_unknown": WAYS["aiohttp"].cannot[Ability.METHODS]},
    ),
)
