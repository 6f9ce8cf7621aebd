"""What the rules look at: the services of Compose, nginx's tree, and gunicorn as it would start.

Values only. `examination` reads them; tests make them up.
"""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app import knobs
from app.settings import Settings
from ops.doctor.nginx import Conf, Directive, split_address
from ops.doctor.rule import NEVER, Fact, Unreadable, seconds

COMPOSE = "docker-compose.yml"
# What Docker takes the networks of Compose from, unless the file or the engine says otherwise.
DOCKER_POOLS = ("172.16.0.0/12", "192.168.0.0/16")


@dataclass(frozen=True, slots=True)
class Port:
    """A published one. address: of the host; empty for all of them."""

    service: str
    target: int
    published: str
    protocol: str
    address: str

    def fact(self) -> Fact:
        """As a short line of Compose's would have it."""
        text = ":".join(each for each in (self.address, self.published, str(self.target)) if each)
        return Fact("port", text, f"{COMPOSE}: {self.service}", self.target)


@dataclass(frozen=True, slots=True)
class Service:
    """One service of Compose. stage: of the Dockerfile; mounts: volume or folder, by where it is
    in the container; networks: their address ranges, empty where Docker chooses."""

    name: str
    stage: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    ports: tuple[Port, ...]
    mounts: Mapping[str, str]
    networks: Mapping[str, tuple[str, ...]]
    stop: str
    pids: int

    @property
    def source(self) -> str:
        """Where it stands."""
        return f"{COMPOSE}: {self.name}"

    def stop_period(self) -> Fact:
        """When Docker kills it."""
        try:
            amount = seconds(self.stop)
        except Unreadable as error:
            raise Unreadable(f"{self.source}: stop_grace_period: {error}") from None
        return Fact("stop_grace_period", self.stop, self.source, amount)

    def pids_limit(self) -> Fact:
        """How many processes it may have. 0 and -1 are any number."""
        if self.pids <= 0:
            return Fact("pids_limit", "any number", self.source, NEVER)
        return Fact("pids_limit", str(self.pids), self.source, self.pids)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A service that is nginx, with what its environment makes of the configuration."""

    service: Service
    conf: Conf


@dataclass(frozen=True, slots=True)
class Application:
    """gunicorn with the application, as this environment would have it.

    who: what starts it. origin: where its environment is from. gunicorn: its effective
    configuration, as it prints it. stop: when whoever started it kills it. service: of Compose, if
    it is one.
    """

    who: str
    origin: str
    environ: Mapping[str, str]
    settings: Settings
    gunicorn: Mapping[str, str]
    stop: Fact
    service: Service | None

    def deadline(self, name: str) -> Fact:
        """One of the Deadlines, in seconds."""
        return self._fact(knobs.DEADLINES[name], getattr(self.settings.deadlines, name))

    def limit(self, name: str) -> Fact:
        """One of the Limits."""
        return self._fact(knobs.LIMITS[name], getattr(self.settings.limits, name))

    def drain(self) -> Fact:
        """All that goes before a worker has ended by itself."""
        parts = [self.deadline(each) for each in ("drain_delay", "drain", "drain_idle")]
        return Fact(
            " + ".join(each.name for each in parts),
            " + ".join(each.text for each in parts),
            "; ".join(dict.fromkeys(each.source for each in parts)),
            sum(each.amount for each in parts),
        )

    def told(self, option: str, variable: str) -> Fact:
        """What gunicorn takes, of what the variable or its command line says. 0 is never."""
        text = self.gunicorn[option]
        by = " and ".join(each for each in (variable, "GUNICORN_CMD_ARGS") if self._has(each))
        source = f"{by or variable}, {self._source(*by.split())}"
        return Fact(f"gunicorn's {option}", text, source, float(text) or NEVER)

    def trusted(self) -> Fact:
        """FORWARDED_ALLOW_IPS."""
        text = ",".join(self.settings.forwarded_allow_ips)
        return Fact("FORWARDED_ALLOW_IPS", text, self._source("FORWARDED_ALLOW_IPS"))

    def addresses(self) -> list[Fact]:
        """Where it listens: host and port."""
        texts = ast.literal_eval(self.gunicorn["bind"])
        return [
            Fact("bind", each, f"{self.who}: gunicorn.conf.py", split_address(each, 0)[1] or 0)
            for each in texts
        ]

    def _has(self, variable: str) -> bool:
        return bool(self.environ.get(variable, "").strip())

    def _source(self, *variables: str) -> str:
        return f"{self.who}: {self.origin if any(map(self._has, variables)) else 'default'}"

    def _fact(self, knob: "knobs.Knob[Any]", amount: float) -> Fact:
        text = self.environ.get(knob.name, "").strip() or knob.default
        return Fact(knob.name, text, self._source(knob.name), amount)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it. platform: the application as a git-push platform starts it. web: what the
    Procfile starts, None where it has no such line. patience: the longest deadline that a route
    has of its own."""

    services: tuple[Service, ...]
    proxies: tuple[Proxy, ...]
    applications: tuple[Application, ...]
    platform: Application
    web: str | None
    patience: Fact | None

    def everywhere(self) -> tuple[Application, ...]:
        """The application wherever it runs."""
        return (*self.applications, self.platform)

    def serving(self, upstream: Directive) -> list[Application]:
        """The applications that an upstream has among its servers."""
        hosts = {split_address(each.args[0], 80)[0] for each in upstream.named("server")}
        return [each for each in self.applications if each.service and each.service.name in hosts]
