"""Request ids: a trusted proxy's, or made here. Knows nothing of connections."""

import secrets

from . import grammar
from .head import Head
from .request import Origin


class RequestIds:
    """Request ids, 128 bits each: a random start and a random odd step, so that one id tells
    a client nothing about how many requests others made."""

    __slots__ = ("_id", "_step")

    def __init__(self) -> None:
        self._id = secrets.randbits(128)
        self._step = secrets.randbits(128) | 1

    def next(self) -> bytes:
        self._id = (self._id + self._step) & 0xFFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF_FFFF
        return b"%032x" % self._id

    def choose(self, head: Head, origin: Origin) -> bytes:
        """The id of a request: the one it came with, if that is one and a trusted peer's."""
        given = head.request_id
        if given is not None and origin.peer.trusted and grammar.REQUEST_ID.fullmatch(given):
            return given
        return self.next()
