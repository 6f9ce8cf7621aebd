"""Every setting a deployment can turn: its variable, default, allowed values and meaning.

The one table. Settings reads values by it, `--help` prints it and .env.example repeats it. Knows
how each value is written and judged by itself; refuses to read the environment, and to know
which values go together.
"""

import importlib.util
import os
import re
from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Generic, TypeVar

from app import bind
from app.httpd.forwarded import CLIENT_FIELD, TrustedProxies
from app.httpd.limits import Deadlines, Limits, outside

T = TypeVar("T")

_WHOLE = re.compile(r"[0-9]{1,18}")
_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_SIZE = re.compile(r"(?P<digits>[0-9]{1,18})(?P<suffix>[kmg]?)", re.IGNORECASE)
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_SERVICE_ID = re.compile(r"[A-Za-z0-9._-]{1,40}")
_ON, _OFF = ("on", "yes", "true", "1"), ("off", "no", "false", "0")
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Knob(Generic[T]):
    """One setting. `parse` raises ValueError for what is not allowed.

    The default is written as a value in the environment would be; an empty one means that the
    setting is optional, and the meaning says what happens without it.
    """

    name: str
    default: str
    allowed: str
    meaning: str
    parse: Callable[[str], T]


def _whole(name: str, default: str, low: int, high: int, unit: str, meaning: str) -> Knob[int]:
    def parse(text: str) -> int:
        if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError("not a whole number in the range")
        return int(text)

    return Knob(name, default, f"{low} to {high} {unit}", meaning, parse)


def _choice(name: str, words: tuple[str, ...], default: str, meaning: str) -> Knob[str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError("not one of the words")
        return text.lower()

    return Knob(name, default, f"{', '.join(words[:-1])} or {words[-1]}", meaning, parse)


def _limit(bounded: "Field[Any]") -> Knob[int]:
    """The knob of one field of Limits; sizes may be written with a suffix."""
    what = bounded.metadata
    default: Any = bounded.default
    in_bytes = what["unit"].startswith("bytes")

    def parse(text: str) -> int:
        match = _SIZE.fullmatch(text)
        if not match or (match["suffix"] and not in_bytes):
            raise ValueError("not a whole number")
        value = int(match["digits"]) * _SIZES[match["suffix"].lower()]
        if outside(bounded, value):
            raise ValueError("out of range")
        return value

    written: Callable[[int], str] = _size if in_bytes else str
    allowed = f"{written(what['low'])} to {written(what['high'])} {what['unit']}"
    name = f"LIMIT_{bounded.name.upper()}"
    return Knob(name, written(default), allowed, what["why"], parse)


def _deadline(bounded: "Field[Any]") -> Knob[float]:
    """The knob of one field of Deadlines."""
    what = bounded.metadata

    def parse(text: str) -> float:
        if not _DECIMAL.fullmatch(text) or outside(bounded, float(text)):
            raise ValueError("not a number of seconds in the range")
        return float(text)

    allowed = f"{what['low']} to {what['high']} {what['unit']}"
    name = f"TIMEOUT_{bounded.name.upper()}"
    return Knob(name, f"{bounded.default:g}", allowed, what["why"], parse)


def _size(count: int) -> str:
    """How a number of bytes is written: 8192 is 8k."""
    for suffix in "gmk":
        if count and count % _SIZES[suffix] == 0:
            return f"{count // _SIZES[suffix]}{suffix}"
    return str(count)


def _parse_switch(text: str) -> bool:
    if text.lower() not in _ON + _OFF:
        raise ValueError("neither on nor off")
    return text.lower() in _ON


def _parse_networks(text: str) -> tuple[str, ...]:
    if text == "*":
        return ("*",)
    networks = tuple(each.strip() for each in text.split(","))
    for each in networks:
        ip_network(each)  # strict, as gunicorn is: 10.0.0.1/8, with bits beyond its mask, is a slip
    return networks


def _parse_field(text: str) -> str:
    TrustedProxies((), text)  # raises ValueError
    return text


def _parse_loop(text: str) -> str:
    if text not in ("auto", "uvloop", "asyncio"):
        raise ValueError("not one of the words")
    if text == "uvloop" and importlib.util.find_spec("uvloop") is None:
        raise ValueError("not installed")
    return text


def _parse_file(text: str) -> str:
    # os.access first: Path.is_file() raises for what lies in a folder we may not enter.
    if not os.access(text, os.R_OK) or not Path(text).is_file():
        raise ValueError("no file that can be read")
    return text


def _parse_service_id(text: str) -> str:
    if not _SERVICE_ID.fullmatch(text):
        raise ValueError("not a name")
    return text


def _parse_log(text: str) -> str:
    if text != "-":
        file = Path(text)
        written = file if os.access(file, os.F_OK) else file.parent
        if not os.access(written, os.W_OK) or file.is_dir():
            raise ValueError("no file that can be written")
    return text


SERVER = _choice(
    "SERVER", ("protocol", "aiohttp"), "protocol", "which server carries the application"
)
BIND = Knob(
    "BIND", "", bind.ALLOWED, "where to listen; stands above the next three", bind.parse_addresses
)
BIND_ADDRESS = Knob(
    "BIND_ADDRESS",
    "",
    f"{bind.ALLOWED_HOST}, alone or with :port",
    "where to listen, in piku's words; stands above HOST",
    bind.parse_host_and_port,
)
HOST = Knob(
    "HOST",
    "",
    bind.ALLOWED_HOST,
    "where to listen; if not set, everywhere when PORT is set, else 127.0.0.1",
    bind.parse_host,
)
PORT = Knob("PORT", "", "0 to 65535", "8000 if not set; 0 is any free one", bind.parse_port)
BACKLOG = _whole(
    "BACKLOG", "2048", 1, 65535, "connections", "so many may wait for a worker to accept them"
)
REUSE_PORT = Knob(
    "REUSE_PORT",
    "off",
    "on or off",
    "a listening socket for each worker, so that the kernel spreads connections evenly",
    _parse_switch,
)
TLS_CERTFILE = Knob(
    "TLS_CERTFILE", "", "a file that can be read", "serve https with this certificate", _parse_file
)
TLS_KEYFILE = Knob(
    "TLS_KEYFILE",
    "",
    "a file that can be read",
    "its key, unless TLS_CERTFILE holds both",
    _parse_file,
)
WEB_CONCURRENCY = _whole(
    "WEB_CONCURRENCY", "", 1, 1024, "processes", "workers; one for each usable core if not set"
)
MAX_REQUESTS = _whole(
    "MAX_REQUESTS",
    "0",
    0,
    10**9,
    "requests",
    "after so many a worker is replaced, against leaks; 0 is never",
)
MAX_REQUESTS_JITTER = _whole(
    "MAX_REQUESTS_JITTER",
    "",
    0,
    10**9,
    "requests",
    "up to so many more, or all workers leave at once; a tenth if not set",
)
HEARTBEAT_TIMEOUT = _whole(
    "HEARTBEAT_TIMEOUT", "30", 1, 3600, "s", "a worker whose loop hangs for longer is killed"
)
GRACEFUL_TIMEOUT = _whole(
    "GRACEFUL_TIMEOUT",
    "25",
    1,
    3600,
    "s",
    "from SIGTERM until a worker is killed; below the platform's own, often 30",
)
LOOP = Knob(
    "LOOP",
    "auto",
    "auto, asyncio, or uvloop if it is installed",
    "the event loop; auto takes uvloop where it can",
    _parse_loop,
)
ACCESS_LOG = _choice("ACCESS_LOG", ("off", "common", "json"), "json", "one line for each answer")
ACCESS_LOG_FILE = Knob(
    "ACCESS_LOG_FILE",
    "-",
    "a file that can be written, or -",
    "where the access log goes; - is standard output",
    _parse_log,
)
LOG_LEVEL = _choice(
    "LOG_LEVEL",
    ("debug", "info", "warning", "error", "critical"),
    "info",
    "the least of what the error log tells",
)
FORWARDED_ALLOW_IPS = Knob(
    "FORWARDED_ALLOW_IPS",
    "127.0.0.1,::1",
    "addresses and networks with commas, or *",
    "proxies to believe X-Forwarded-* of; * only where a proxy is the sole way in",
    _parse_networks,
)
FORWARDED_FIELD = Knob(
    "FORWARDED_FIELD",
    CLIENT_FIELD,
    "the name of a header field",
    "in which they name the client; another than this one only where they always set it themselves",
    _parse_field,
)
STATIC_MAX_AGE = _whole(
    "STATIC_MAX_AGE", "3600", 0, _YEAR, "s", "browsers keep a static file so long without asking"
)
SERVICE_ID = Knob(
    "SERVICE_ID",
    "",
    "1 to 40 letters, digits, dots, dashes and underscores",
    "workers of this machine with the same one are one service; if not set, those of one start",
    _parse_service_id,
)
LIMITS = {each.name: _limit(each) for each in fields(Limits)}
DEADLINES = {each.name: _deadline(each) for each in fields(Deadlines)}

KNOBS: tuple[Knob[Any], ...] = (
    *(SERVER, BIND, BIND_ADDRESS, HOST, PORT, BACKLOG, REUSE_PORT, TLS_CERTFILE, TLS_KEYFILE),
    *(WEB_CONCURRENCY, MAX_REQUESTS, MAX_REQUESTS_JITTER, HEARTBEAT_TIMEOUT, GRACEFUL_TIMEOUT),
    *(LOOP, ACCESS_LOG, ACCESS_LOG_FILE, LOG_LEVEL, FORWARDED_ALLOW_IPS, FORWARDED_FIELD),
    *(STATIC_MAX_AGE, SERVICE_ID),
    *LIMITS.values(),
    *DEADLINES.values(),
)
