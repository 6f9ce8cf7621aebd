"""The table of all ways: what each one is, what it cannot do, and where it begins.

The one table. The list on the command line, the refusals of what a way cannot do, the contract
tests and docs/ways.md all read it. Imports none of the ways.
"""

import importlib
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


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


class Serve(Protocol):
    """Serve on a listening socket, until SIGTERM or SIGINT; then close it, and return or end the
    process with exit code 0."""

    def __call__(self, sock: socket.socket) -> None: ...


@dataclass(frozen=True, slots=True)
class Way:
    """One way. start: "module:function" below app.gallery, the function a `Serve`.

    cannot: abilities that it lacks, each with the reason. requires: distributions that are not
    part of the deployed image. choose: when it is the right one.
    """

    name: str
    idea: str
    choose: str
    start: str
    cannot: Mapping[Ability, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()

    def load(self) -> Serve:
        """Import the way and give its `serve`. Raises ImportError where a package is missing."""
        module, _, function = self.start.partition(":")
        serve: Serve = getattr(importlib.import_module(f"app.gallery.{module}"), function)
        return serve

    def can(self, ability: Ability) -> bool:
        """Whether it is able to."""
        return ability not in self.cannot


OWN_PROCESS = "its parked requests are known to its own process only"
ONE_NAME = "an environ has one value for a name, in capitals, and no order"
NO_EYE = "a thread that waits does not see its client leave"
NO_IDS = "written as its users write it, without request ids"
ONE_AT_A_TIME = "it has one request at a time: what would wait for another is refused with 501"
LISTED = "its parser knows a list of methods, and nothing else is one"
END = "it takes the end of what a client says for the end of the client"

_WSGI = {Ability.FIELDS: ONE_NAME, Ability.DISCONNECT: NO_EYE}
_FRAMEWORK = {
    Ability.ENCODED_SLASH: "the path is decoded before its router sees it",
    Ability.NEIGHBOURS: OWN_PROCESS,
    Ability.REQUEST_ID: NO_IDS,
}

WAYS: Mapping[str, Way] = {
    way.name: way
    for way in (
        Way(
            "protocol",
            "our own HTTP/1.1 on asyncio.Protocol: the bytes as they arrive, a state machine each",
            "to deploy: the least CPU a request, the strictest, every limit settable",
            "protocol:serve",
        ),
        Way(
            "aiohttp",
            "the same handlers carried by aiohttp, the deployable alternative",
            "to deploy with WebSockets, middleware, sessions: what its ecosystem has and ours not",
            "aiohttp_twin:serve",
            {
                Ability.HALF_CLOSE: END,
                Ability.METHODS: LISTED,
                Ability.STRICT: "its parser takes two spaces in a request line for one",
            },
        ),
        Way(
            "streams",
            "asyncio.start_server: one coroutine a connection, which reads and writes in order",
            "to learn asyncio, and for protocols of your own with few connections",
            "streams:serve",
        ),
        Way(
            "chat",
            "asynchat: wait for a terminator, collect what comes before it, answer with push",
            "to understand what asyncio.Protocol was made from; to keep old code alive",
            "chat:serve",
            requires=("pyasynchat", "pyasyncore"),
        ),
        Way(
            "snow",
            "a framework of its own on select: generators that yield futures",
            "to learn how an event loop and its futures work, in one sitting",
            "snow_app:serve",
            {Ability.NEIGHBOURS: OWN_PROCESS, Ability.REQUEST_ID: NO_IDS},
        ),
        Way(
            "stdlib",
            "http.server: a thread for each connection, nothing to install",
            "for tools on one's own machine that may have no dependencies",
            "stdlib:serve",
            {Ability.DISCONNECT: NO_EYE},
        ),
        Way(
            "wsgi",
            "a WSGI callable without a framework, under gunicorn's threads",
            "to learn what every WSGI framework stands on",
            "wsgi:serve",
            _WSGI,
        ),
        Way(
            "wsgi-sync",
            "the same callable under gunicorn's sync worker: one request at a time",
            "for work that fills a core and never waits, behind a proxy that buffers",
            "wsgi:serve_sync",
            {
                **_WSGI,
                Ability.KEEP_ALIVE: "the sync worker closes after each answer",
                Ability.PIPELINING: "the sync worker closes after each answer",
                Ability.CONCURRENCY: ONE_AT_A_TIME,
                Ability.NEIGHBOURS: ONE_AT_A_TIME,
            },
        ),
        Way(
            "webob",
            "the same with WebOb: request and response as objects, the routing one's own",
            "for small WSGI services and middleware without a framework",
            "webob_app:serve",
            {**_WSGI, **_FRAMEWORK},
            ("webob",),
        ),
        Way(
            "werkzeug",
            "the same with Werkzeug: objects, and a map of routes; what Flask is made of",
            "for WSGI services that want routing without the rest of Flask",
            "werkzeug_app:serve",
            {**_WSGI, **_FRAMEWORK},
            ("werkzeug",),
        ),
        Way(
            "fastapi",
            "what most teams would use: FastAPI on uvicorn",
            "when validation, OpenAPI and the ecosystem are worth the CPU",
            "fastapi_app:serve",
            {
                **_FRAMEWORK,
                Ability.FIELDS: "ASGI has names of fields in lower case",
                Ability.HALF_CLOSE: END,
                Ability.METHODS: LISTED,
                Ability.STRICT: "its parser takes two spaces for one, no Host, two Hosts, HTTP/0.9",
                Ability.BOUNDED: "uvicorn bounds neither the size nor the number of fields",
            },
            ("fastapi", "uvicorn"),
        ),
    )
}
