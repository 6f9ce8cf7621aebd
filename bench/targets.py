"""The servers that are measured, and how each one is started. Starts nothing itself."""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from app.gallery.ways import WAYS, Ability, Way

ROOT = Path(__file__).resolve().parent.parent
# Distributions put nginx where an ordinary user's PATH does not look.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


@dataclass(frozen=True, slots=True)
class Target:
    """A server by its command line; $python, $port and $scratch are filled in at its start.

    keeps: one connection carries several requests. pipelines: they may be sent ahead.
    """

    name: str
    command: str
    what: str
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    at_root: bool = False
    holds_idle: bool = False
    keeps: bool = True
    pipelines: bool = True

    def program(self) -> str | None:
        """Find the program it runs; None when it is not installed."""
        return shutil.which(self.argv(0, Path())[0], path=SEARCH_PATH)

    def argv(self, port: int, scratch: Path) -> list[str]:
        """Give the command line for a port and a folder of its own."""
        return [_fill(word, port, scratch) for word in self.command.split()]

    def variables(self, port: int, scratch: Path) -> dict[str, str]:
        """Give the whole environment: nothing of the caller's may change what is measured."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        own = {name: _fill(value, port, scratch) for name, value in self.environment.items()}
        return kept | {"PATH": SEARCH_PATH, "PYTHONPATH": str(ROOT)} | own

    def write_files(self, port: int, scratch: Path) -> None:
        """Write its configuration files into its folder."""
        for name, text in self.files.items():
            (scratch / name).write_text(_fill(text, port, scratch))


def _fill(text: str, port: int, scratch: Path) -> str:
    return Template(text).substitute(python=sys.executable, port=port, scratch=scratch)


# Every server that closes idle connections waits 95 s, as ours does: uvicorn's 5 s and gunicorn's
# 2 s would end the connections while their memory is being measured.
UVICORN = (
    "$python -m uvicorn --host 127.0.0.1 --port $port --http httptools --loop uvloop --lifespan off"
    " --no-access-log --log-level warning --timeout-keep-alive 95 "
)
AIOHTTP = (
    "$python -m gunicorn --bind 127.0.0.1:$port --workers 1 --no-control-socket --keep-alive 95"
    " --worker-class aiohttp.GunicornUVLoopWebWorker bench.apps.aiohttp_app:application"
)

YARDSTICKS: Mapping[str, Target] = {
    target.name: target
    for target in (
        Target(
            "protocol",
            "$python -m gunicorn",
            "the Protocol server: one gunicorn worker, every protection on",
            environment={
                "WEB_CONCURRENCY": "1",
                "ACCESS_LOG": "off",
                "BIND": "127.0.0.1:$port",
            },
            at_root=True,
            holds_idle=True,
        ),
        Target(
            "nginx",
            "nginx -p $scratch -e stderr -c nginx.conf",
            "`return 200`, one worker",
            files={"nginx.conf": (Path(__file__).parent / "nginx.conf").read_text()},
        ),
        Target(
            "uvicorn",
            UVICORN + "bench.apps.asgi:application",
            "a raw ASGI application, httptools and uvloop",
            holds_idle=True,
        ),
        Target("aiohttp", AIOHTTP, "one gunicorn worker, uvloop", holds_idle=True),
        Target(
            "fastapi",
            UVICORN + "bench.apps.fastapi_app:application",
            "FastAPI on uvicorn, httptools and uvloop",
        ),
        Target(
            "floor",
            "$python -m bench.apps.floor $port",
            "a bare uvloop protocol that parses nothing, for information",
            holds_idle=True,
        ),
    )
}


def target_of(way: Way) -> Target:
    """A way of the gallery, as its users start it, one worker."""
    return Target(
        f"way:{way.name}",
        f"$python -m app.gallery {way.name} --port $port",
        way.idea,
        environment={"ACCESS_LOG": "off", "LOG_LEVEL": "warning"},
        at_root=True,
        keeps=way.can(Ability.KEEP_ALIVE),
        pipelines=way.can(Ability.KEEP_ALIVE) and way.can(Ability.PIPELINING),
    )


GALLERY: Mapping[str, Target] = {
    target.name: target for target in (target_of(way) for way in WAYS.values())
}
# The names of ways have a prefix: there is an aiohttp and a fastapi among the yardsticks, too.
TARGETS: Mapping[str, Target] = {**YARDSTICKS, **GALLERY}
