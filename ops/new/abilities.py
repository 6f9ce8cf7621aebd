"""What the two servers that can carry the service are able to do, and what not.

The contract tests read it. Knows nothing of how either is started.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Ability(Enum):
    """What a server of the application's routes may be able to do."""

    KEEP_ALIVE = "several requests on one connection"
    PIPELINING = "requests sent before the answers to those before them"
    HALF_CLOSE = "a client that has said all it will say is answered"
    METHODS = "a method that nobody knows is 501, not a bad request"
    CONCURRENCY = "a request that waits delays no other: /sleep, /park, /release"
    CROWD = "200 connections at once"
    STREAMING = "/stream, each line sent when it is made"
    CHUNKED = "request bodies without a length"
    FIELDS = "/headers: every field as it was sent, in its order"
    ENCODED_SLASH = "%2F in a path is not a / between segments"
    DISCONNECT = "a parked request is forgotten when its client leaves"
    NEIGHBOURS = "/release reaches the other workers"
    REQUEST_ID = "every answer has a request id"
    STRICT = "what is not HTTP/1.1 is refused, not guessed at"
    BOUNDED = "a head that is too large is refused"
    DRAIN = "what is in flight when it is told to stop is answered"


@dataclass(frozen=True, slots=True)
class Way:
    """One server, by the word of SERVER. cannot: abilities that it lacks, each with the reason."""

    name: str
    cannot: Mapping[Ability, str] = field(default_factory=dict)

    def can(self, ability: Ability) -> bool:
        """Whether it is able to."""
        return ability not in self.cannot


END = "it takes the end of what a client says for the end of the client"

WAYS: Mapping[str, Way] = {
    way.name: way
    for way in (
        Way("protocol"),
        Way(
            "aiohttp",
            {
                Ability.HALF_CLOSE: END,
                Ability.METHODS: "its parser knows a list of methods, and nothing else is one",
                Ability.STRICT: "its parser takes two spaces in a request line for one",
            },
        ),
    )
}
