"""What sets one platform apart from the others, in values. Knows nothing of how it is played.

From the platforms' own documents and sources, as docs/deploy-git-push.md lists them; what our own
files tell a platform is read from them.
"""

import signal
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import yaml

ROOT = Path(__file__).parents[2]

FORWARDED = {
    "X-Forwarded-For": "{client}",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Port": "443",
}


@dataclass(frozen=True)
class Profile:
    """One platform.

    environ: what it gives a process besides PORT and WEB_CONCURRENCY. address: where it says to
    listen, by BIND_ADDRESS. fields: what its router adds to each request; {client}, {seen} (the
    addresses that the request has brought, and the client's), {id} and {milliseconds} are filled
    in. connection: what its router writes into Connection, None to pass on the client's.

    buildpack: whether Heroku's buildpack builds, which runs bin/post_compile.

    judges: whether a release that fails, ends or is never ready is refused. overlap: whether the
    old release serves until the new one is ready. boot: seconds until that is never.

    stop: the signal that ends a release, sent so many times (stops) to those whom it reaches: every
    process; the server's first one; or every process, and no more once that of the line itself,
    perhaps a shell, has gone. kill: seconds until SIGKILL.
    """

    name: str
    environ: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    fields: Mapping[str, str] = field(default_factory=lambda: FORWARDED)
    connection: str | None = ""
    buildpack: bool = False
    judges: bool = True
    overlap: bool = True
    boot: float = 60.0
    stop: signal.Signals = signal.SIGTERM
    stops: int = 2
    reaches: Literal["all", "server", "all until the first has gone"] = "all"
    kill: float = 30.0


[BLUEPRINT] = yaml.safe_load((ROOT / "deploy" / "render.yaml").read_text())["services"]

# What Heroku's Python buildpack exports, on Dokku as well.
BUILDPACK = {"FORWARDED_ALLOW_IPS": "*", "GUNICORN_CMD_ARGS": "--access-logfile -"}

HEROKU = Profile(
    "heroku",
    buildpack=True,
    environ={**BUILDPACK, "DYNO": "web.1"},
    fields={
        **FORWARDED,
        "X-Forwarded-For": "{seen}",
        "X-Request-Id": "{id}",
        "X-Request-Start": "{milliseconds}",
        "Via": "1.1 heroku-router",
    },
)
DOKKU = Profile(
    "dokku",
    buildpack=True,
    environ={**BUILDPACK, "DYNO": "web.1"},
    fields={**FORWARDED, "X-Request-Start": "{milliseconds}"},
    connection=None,
    stops=2,  # with health checks it is one; without, one at the switch and one later
    reaches="server",
)
PIKU = Profile(
    "piku",
    address="127.0.0.1",
    fields={**FORWARDED, "X-Forwarded-For": "{seen}"},
    connection="upgrade",
    judges=False,
    overlap=False,
    stops=3,
    reaches="all until the first has gone",
    kill=3.0,
)
RENDER = Profile(
    "render",
    environ={"RENDER": "true", **{each["key"]: each["value"] for each in BLUEPRINT["envVars"]}},
    fields={
        **FORWARDED,
        "X-Forwarded-For": "{seen}, 172.70.1.1, 10.1.2.3",
        "CF-Connecting-IP": "{client}",
    },
    stops=1,
    reaches="server",
    kill=float(BLUEPRINT["maxShutdownDelaySeconds"]),
)
# Fly as it is without a word from us, and as deploy/fly.toml tells it to be.
FLY_UNTOLD = Profile(
    "fly-untold",
    environ={"FLY_APP_NAME": "a"},
    fields={**FORWARDED, "X-Forwarded-For": "{seen}, 198.51.100.1", "Fly-Client-IP": "{client}"},
    stop=signal.SIGINT,
    stops=1,
    reaches="server",
    kill=5.0,
)


def _fly() -> Profile:
    told = tomllib.loads((ROOT / "deploy" / "fly.toml").read_text())
    variables = {**told["env"]}
    del variables["PORT"]  # releases are no containers here, each needs a port of its own
    return replace(
        FLY_UNTOLD,
        name="fly",
        environ={**FLY_UNTOLD.environ, **variables},
        stop=signal.Signals[told["kill_signal"]],
        kill=float(told["kill_timeout"]),
    )


FLY = _fly()
EVERY = (HEROKU, DOKKU, PIKU, RENDER, FLY)
