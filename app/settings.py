"""What the environment asks of this process, judged once, at the start.

The only reader of the environment: everything else is given a Settings, or a part of one. Every
bad variable is named at once, and a misspelt limit stops the start instead of being forgotten.
Knows which settings go together; what each is by itself is in app.knobs. Refuses to know who
uses them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar

from app import bind, cpus, knobs
from app.httpd.limits import Deadlines, Limits
from app.knobs import KNOBS, Knob

T = TypeVar("T")


class SettingsError(ValueError):
    """Settings that are not allowed; the message names all of them, one a line."""


@dataclass(frozen=True, slots=True)
class Tls:
    """Where the certificate lies, and its key unless both are in one file."""

    certfile: str
    keyfile: str | None


@dataclass(frozen=True, slots=True)
class Arbiter:
    """When gunicorn's arbiter ends a worker: seconds, seconds, requests, requests."""

    heartbeat: int
    graceful_timeout: int
    max_requests: int
    max_requests_jitter: int


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. An address is "host:port", "[ipv6]:port" or "unix:path"."""

    server: str
    bind: tuple[str, ...]
    backlog: int
    reuse_port: bool
    tls: Tls | None
    workers: int
    workers_reason: str
    arbiter: Arbiter
    loop: str
    access_log: str
    access_log_file: str
    log_level: str
    forwarded_allow_ips: tuple[str, ...]
    forwarded_field: str
    static_max_age: int
    service_id: str
    limits: Limits
    deadlines: Deadlines

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read them. A variable set to nothing counts as not set. Raises SettingsError."""
        reading = _Reading(environ)
        reading.refuse_unknown()
        workers, reason = _workers(reading)
        limits = {name: reading.value(each) for name, each in knobs.LIMITS.items()}
        deadlines = {name: reading.value(each) for name, each in knobs.DEADLINES.items()}
        settings = cls(
            server=reading.value(knobs.SERVER),
            bind=_bind(reading),
            backlog=reading.value(knobs.BACKLOG),
            reuse_port=reading.value(knobs.REUSE_PORT),
            tls=_tls(reading),
            workers=workers,
            workers_reason=reason,
            arbiter=_arbiter(reading),
            loop=reading.value(knobs.LOOP),
            access_log=reading.value(knobs.ACCESS_LOG),
            access_log_file=reading.value(knobs.ACCESS_LOG_FILE),
            log_level=reading.value(knobs.LOG_LEVEL),
            forwarded_allow_ips=reading.value(knobs.FORWARDED_ALLOW_IPS),
            forwarded_field=reading.value(knobs.FORWARDED_FIELD),
            static_max_age=reading.value(knobs.STATIC_MAX_AGE),
            service_id=reading.given(knobs.SERVICE_ID) or "",
            limits=Limits(**limits),
            deadlines=Deadlines(**deadlines),
        )
        _refuse_contradictions(settings, reading)
        reading.finish()
        return settings


class _Reading:
    """One pass over the environment that goes on after a bad value, to name the others too."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._problems: dict[str, str] = {}

    def value(self, knob: Knob[T]) -> T:
        """The value of a knob that has a default."""
        given = self.given(knob)
        return knob.parse(knob.default) if given is None else given

    def given(self, knob: Knob[T]) -> T | None:
        """The value if one is set and allowed, else None."""
        text = self._environ.get(knob.name, "").strip()
        if not text:
            return None
        try:
            return knob.parse(text)
        except ValueError:
            self.refuse(knob, f"allowed is {knob.allowed}")
            return None

    def refuse(self, knob: Knob[Any], why: str) -> None:
        """Remember that this knob may not have the value it has."""
        text = self._environ.get(knob.name, "").strip()
        value = repr(text) if text else f"{knob.default or 'nothing'} (not set)"
        self._problems.setdefault(knob.name, f"{knob.name}={value}: {why}")

    def sound(self, *of: Knob[Any]) -> bool:
        """Whether none of these was refused, so that they can be compared."""
        return not any(each.name in self._problems for each in of)

    def refuse_unknown(self) -> None:
        """LIMIT_ and TIMEOUT_ are ours: a name there that we do not know is a misspelt one."""
        known = [each.name for each in KNOBS]
        for name in sorted(set(self._environ) - set(known)):
            if name.startswith(("LIMIT_", "TIMEOUT_")):
                near = get_close_matches(name, known, n=1, cutoff=0)
                self._problems[name] = (
                    f"{name}={self._environ[name]!r}: no such setting, did you mean {near[0]}?"
                )

    def finish(self) -> None:
        """Raise SettingsError if anything was refused."""
        if self._problems:
            lines = "\n".join(f"  {each}" for each in self._problems.values())
            raise SettingsError(f"cannot start, these settings are not allowed:\n{lines}")


def _bind(reading: _Reading) -> tuple[str, ...]:
    # All four are read even where the first decides: a bad value is named wherever it stands.
    addresses = reading.given(knobs.BIND)
    piku = reading.given(knobs.BIND_ADDRESS)
    host = reading.given(knobs.HOST)
    port = reading.given(knobs.PORT)
    if addresses is not None:
        return addresses
    if piku is not None:
        host, own_port = piku
        port = port if own_port is None else own_port
    if host is None:
        # A platform that sets PORT reaches us from outside; without it we are on somebody's desk.
        host = "127.0.0.1" if port is None else bind.every_interface()
    return (f"{host}:{8000 if port is None else port}",)


def _tls(reading: _Reading) -> Tls | None:
    certfile = reading.given(knobs.TLS_CERTFILE)
    keyfile = reading.given(knobs.TLS_KEYFILE)
    if certfile is not None:
        return Tls(certfile, keyfile)
    if keyfile is not None and reading.sound(knobs.TLS_CERTFILE):
        reading.refuse(knobs.TLS_KEYFILE, "allowed only with TLS_CERTFILE")
    return None


def _workers(reading: _Reading) -> tuple[int, str]:
    asked = reading.given(knobs.WEB_CONCURRENCY)
    if asked is not None:
        return asked, f"WEB_CONCURRENCY={asked}"
    # One for each core, not the 2n+1 of blocking workers: an event loop fills a core by itself.
    usable = cpus.usable()
    return math.ceil(usable.count), usable.why


def _arbiter(reading: _Reading) -> Arbiter:
    requests = reading.value(knobs.MAX_REQUESTS)
    jitter = reading.given(knobs.MAX_REQUESTS_JITTER)
    return Arbiter(
        heartbeat=reading.value(knobs.HEARTBEAT_TIMEOUT),
        graceful_timeout=reading.value(knobs.GRACEFUL_TIMEOUT),
        max_requests=requests,
        max_requests_jitter=requests // 10 if jitter is None else jitter,
    )


def _refuse_contradictions(settings: Settings, reading: _Reading) -> None:
    """Values that are each allowed, but not together."""
    arbiter, times = settings.arbiter, settings.deadlines
    stop = [knobs.DEADLINES[each] for each in ("drain_delay", "drain", "drain_idle")]
    needed = times.drain_delay + times.drain + times.drain_idle
    if arbiter.graceful_timeout <= needed and reading.sound(knobs.GRACEFUL_TIMEOUT, *stop):
        parts = " + ".join(f"{each.name} {reading.value(each):g}" for each in stop)
        reading.refuse(
            knobs.GRACEFUL_TIMEOUT,
            f"allowed is more than {parts}, or a worker is killed while it still answers",
        )
    handler = knobs.DEADLINES["handler"]
    if arbiter.heartbeat <= times.handler and reading.sound(knobs.HEARTBEAT_TIMEOUT, handler):
        reading.refuse(
            knobs.HEARTBEAT_TIMEOUT,
            f"allowed is more than {handler.name} {times.handler:g}, or a worker is killed where "
            "a request should have been given up",
        )
    if settings.reuse_port and any(each.startswith("unix:") for each in settings.bind):
        reading.refuse(knobs.REUSE_PORT, "not allowed with a unix: address, which is one socket")
    if settings.reuse_port and any(each.endswith(":0") for each in settings.bind):
        reading.refuse(knobs.REUSE_PORT, "not allowed with port 0: each worker would take its own")


def describe() -> str:
    """The table of all settings, for `--help`: name, default and allowed values; then meaning."""
    name = max(len(each.name) for each in KNOBS)
    default = max(len(each.default or "not set") for each in KNOBS)
    return "\n".join(
        f"{each.name:<{name}}  {each.default or 'not set':<{default}}  {each.allowed}\n"
        f"    {each.meaning}"
        for each in KNOBS
    )
