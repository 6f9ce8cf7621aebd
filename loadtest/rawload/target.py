"""Where the load goes: an http:// address, judged before anything is sent."""

import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 2.0
# Where `make serve` listens.
DEFAULT_HOST = "http://127.0.0.1:8000"


class TargetError(ValueError):
    """An address that cannot be used, with the cause and the cure."""


@dataclass(frozen=True, slots=True)
class Target:
    """family and address for a socket; host as it goes into the field Host."""

    family: int
    address: Any
    host: str


def parse_target(url: str) -> tuple[str, int, str]:
    """Host, port and the value of the field Host. Raises TargetError."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise TargetError(f"{url!r} is no address: {error}") from None
    if parts.scheme == "https":
        raise TargetError(
            f"{url!r}: this load speaks no TLS; aim at the http:// address behind it, or take"
            " Journey"
        )
    if parts.scheme != "http" or not host or not host.isascii() or port == 0:
        raise TargetError(f"{url!r} is no address: http://HOST[:PORT] is one")
    if parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise TargetError(f"{url!r}: only http://HOST[:PORT]; --path says what is asked for")
    return host, port or 80, parts.netloc.removesuffix(":")


def resolve(url: str) -> Target:
    """Find the address: of several the first where somebody listens, as localhost may be ::1 and
    127.0.0.1. Raises TargetError."""
    host, port, named = parse_target(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TargetError(f"{url!r}: {host} is not known here ({error})") from None
    addresses = [(family, address) for family, _, _, _, address in found]
    heard = addresses if len(addresses) == 1 else list(filter(_listens, addresses))
    family, address = (heard or addresses)[0]
    return Target(family, address, named)


def reach(url: str) -> None:
    """Connect once. Raises TargetError where nobody listens."""
    target = resolve(url)
    if not _listens((target.family, target.address)):
        raise TargetError(f"nobody listens at {url}: does it run, and is it reached from here?")


def _listens(given: tuple[int, Any]) -> bool:
    family, address = given
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(PATIENCE_S)
        return probe.connect_ex(address) == 0
