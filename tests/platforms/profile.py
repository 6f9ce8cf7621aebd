"""What sets one platform apart from the others, in values. Knows nothing of how it is played.

From the platforms' own documents and sources, as docs/deploy-git-push.md lists them.
"""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field

FORWARDED = {
    "X-Forwarded-For": "{client}",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
}


@dataclass(frozen=True)
class Profile:
    """One platform.

    environ: what it gives a process besides PORT and WEB_CONCURRENCY. address: whether it says by
    BIND_ADDRESS where to listen. fields: what its router adds to each request; {client}, {id} and
    {milliseconds} are filled in. connection: what its router writes into Connection, None to pass
    on the client's. stop: the signal that ends a release, sent so many times (stops) to every
    process, or to the first alone. overlap: whether the old release serves until the new one is
    ready. boot, kill: seconds until a new release counts as broken, and an old one is killed.
    """

    name: str
    environ: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: FORWARDED)
    connection: str | None = ""
    stop: signal.Signals = signal.SIGTERM
    stops: int = 2
    everyone: bool = True
    overlap: bool = True
    boot: float = 60.0
    kill: float = 30.0
