"""Where the server listens: how an address is written, and what a valid one looks like.

An address is "host:port", "[ipv6]:port" or "unix:path", the form that gunicorn reads too. Knows
nothing of the environment and opens nothing that anyone could connect to.
"""

import re
import socket
from ipaddress import IPv4Address, IPv6Address

ALLOWED = "host:port, [ipv6]:port or unix:path, several with commas"
ALLOWED_HOST = "a host name, an IPv4 or an IPv6 address"

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?")
_PORT = re.compile(r"[0-9]{1,5}")
_HOST_AND_PORT = re.compile(r"(?P<host>\[[^\[\]]+\]|[^:\[\]]+):(?P<port>[^:]+)")


def parse_addresses(text: str) -> tuple[str, ...]:
    """Addresses separated by commas. Raises ValueError if any is none."""
    return tuple(parse_address(each.strip()) for each in text.split(","))


def parse_address(text: str) -> str:
    """One address, port and all. Raises ValueError."""
    if text.startswith("unix:") and text != "unix:":
        return text
    host, port = parse_host_and_port(text)
    if port is None:
        raise ValueError("a port is missing")
    return f"{host}:{port}"


def parse_host_and_port(text: str) -> tuple[str, int | None]:
    """A host, and its port if one is written. Raises ValueError."""
    match = _HOST_AND_PORT.fullmatch(text)
    if match:
        return parse_host(match["host"]), parse_port(match["port"])
    return parse_host(text), None


def parse_host(text: str) -> str:
    """A host name or an address; IPv6 with or without brackets, given back with them.

    Raises ValueError.
    """
    if ":" in text:
        inner = text[1:-1] if text.startswith("[") and text.endswith("]") else text
        return f"[{IPv6Address(inner)}]"
    if text.replace(".", "").isdecimal():
        return str(IPv4Address(text))  # 300.1.1.1 is a mistake, not a name
    if not _NAME.fullmatch(text):
        raise ValueError("not a host name")
    return text


def parse_port(text: str) -> int:
    """0 (any free port) to 65535. Raises ValueError."""
    if not _PORT.fullmatch(text) or int(text) > 65535:
        raise ValueError("not a port")
    return int(text)


def every_interface() -> str:
    """The host that hears callers by IPv6 and IPv4; by IPv4 alone where IPv6 is off."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
            deaf_to_ipv4 = probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    except OSError:
        return "0.0.0.0"
    # net.ipv6.bindv6only=1 makes it deaf; IPv4 is what platforms' routers speak most.
    return "0.0.0.0" if deaf_to_ipv4 else "[::]"
