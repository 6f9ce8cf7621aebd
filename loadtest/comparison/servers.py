"""Who is measured: servers that are started here, or one that runs already."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.cores import Cores
from bench.server import Server, StartError
from bench.targets import GALLERY, TARGETS, Target

# The twin as it is deployed; the one among the yardsticks is an application of a few lines.
TWIN = Target(
    "aiohttp",
    "$python -m gunicorn",
    "the aiohttp twin as it is deployed: SERVER=aiohttp, one gunicorn worker",
    environment={**TARGETS["protocol"].environment, "SERVER": "aiohttp"},
    at_root=True,
)
CONTENDERS: Mapping[str, Target] = {**TARGETS, TWIN.name: TWIN}
FLOOR = "floor"
MAIN = ("protocol", TWIN.name, "fastapi", FLOOR)
ALL = (*MAIN, *GALLERY)
# What a server that runs already is called, in the report and in thresholds.
RUNNING = "target"


@dataclass(frozen=True, slots=True)
class Contender:
    """One server, ready to be asked. pid: 0 where its processes cannot be watched. path: "" for
    what the published test asks."""

    name: str
    url: str
    pid: int = 0
    keeps: bool = True
    path: str = ""


class Measured(Server):
    """A server of the bench's, whose process locust watches."""

    @property
    def contender(self) -> Contender:
        """What there is to know of it. Raises StartError when it does not run."""
        url = f"http://127.0.0.1:{self.port}"
        return Contender(self.name, url, self._pid, self.keeps)


@dataclass(slots=True)
class Started:
    """The servers that run, and what was said of those that do not."""

    contenders: list[Contender]
    missing: list[str]


@contextmanager
def started(names: Sequence[str], cores: Cores, folder: Path) -> Iterator[Started]:
    """Start and verify servers; each is stopped at the end, whatever comes between."""
    found = Started([], [])
    with ExitStack() as stack:
        for name in names:
            target = quiet(CONTENDERS[name])
            if target.program() is None:
                found.missing.append(f"{name} was not measured: it is not installed")
                continue
            server = Measured(target, folder / name.replace(":", "-"), cores.server)
            # Registered before it runs: a signal may come between any two lines.
            stack.callback(server.stop)
            try:
                stack.enter_context(server)
            except StartError as error:
                found.missing.append(f"{name} was not measured: {error}")
            else:
                found.contenders.append(server.contender)
        yield found


def quiet(target: Target) -> Target:
    """The same without anything to be logged: a line for each request would be measured too."""
    return replace(target, environment={**target.environment, "ACCESS_LOG": "off"})
