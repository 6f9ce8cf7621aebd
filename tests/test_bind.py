"""Addresses: what is one, what is none, and where everybody can reach us."""

import socket
from collections.abc import Callable

import pytest

from app import bind


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8000", "127.0.0.1:8000"),
        ("0.0.0.0:0", "0.0.0.0:0"),
        ("localhost:65535", "localhost:65535"),
        ("app_1.internal-net:80", "app_1.internal-net:80"),
        ("[::1]:8000", "[::1]:8000"),
        ("[0:0:0:0:0:0:0:1]:8000", "[::1]:8000"),
        ("unix:/run/app.sock", "unix:/run/app.sock"),
        ("unix:app.sock", "unix:app.sock"),
    ],
)
def test_address(text: str, address: str) -> None:
    """An address comes back in the one form that gunicorn reads."""
    assert bind.parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":8000",
        "8000",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:80a",
        "127.0.0.1:٨٠",
        "127.0.0.1:80:80",
        "300.1.1.1:80",
        "1.2.3:80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[::g]:80",
        "[localhost]:80",
        "http://localhost:80",
        "local host:80",
        "-host:80",
        "host-:80",
        "unix:",
    ],
)
def test_no_address(text: str) -> None:
    """What is not an address is refused, above all what looks like one."""
    with pytest.raises(ValueError):  # noqa: PT011 - the reason differs, and nobody reads it
        bind.parse_address(text)


def test_several_addresses() -> None:
    """A comma parts addresses, spaces around it are nothing."""
    expected = ("127.0.0.1:80", "[::1]:80", "unix:/a")
    assert bind.parse_addresses("127.0.0.1:80, [::1]:80,unix:/a") == expected


@pytest.mark.parametrize("text", ["127.0.0.1:80,", ",127.0.0.1:80", "127.0.0.1:80,,[::1]:80"])
def test_empty_among_several(text: str) -> None:
    """An empty place in the list is a mistake, not nothing."""
    with pytest.raises(ValueError, match="host"):
        bind.parse_addresses(text)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1", "127.0.0.1", None),
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("::", "[::]", None),
        ("[::]", "[::]", None),
        ("[::]:80", "[::]", 80),
        ("localhost", "localhost", None),
    ],
)
def test_host_and_port(text: str, host: str, port: int | None) -> None:
    """A host may come with its port or without."""
    assert bind.parse_host_and_port(text) == (host, port)


class _NoSocket:
    """Stands for a kernel that knows no IPv6."""

    def __init__(self, *_: object) -> None:
        raise OSError("Address family not supported by protocol")


def _socket_with(only_ipv6: int) -> Callable[..., object]:
    class Fake:
        def __init__(self, family: int, kind: int) -> None:
            assert (family, kind) == (socket.AF_INET6, socket.SOCK_STREAM)

        def __enter__(self) -> "Fake":
            return self

        def __exit__(self, *_: object) -> None: ...

        def bind(self, address: tuple[str, int]) -> None:
            assert address == ("::", 0)

        def getsockopt(self, level: int, name: int) -> int:
            assert (level, name) == (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            return only_ipv6

    return Fake


@pytest.mark.parametrize(
    ("kernel", "host"),
    [(_socket_with(0), "[::]"), (_socket_with(1), "0.0.0.0"), (_NoSocket, "0.0.0.0")],
    ids=["both", "IPv6 apart", "no IPv6"],
)
def test_every_interface(
    monkeypatch: pytest.MonkeyPatch, kernel: Callable[..., object], host: str
) -> None:
    """[::] only where it hears IPv4 too."""
    monkeypatch.setattr(bind.socket, "socket", kernel)
    assert bind.every_interface() == host


def test_every_interface_hears_ipv4() -> None:
    """On this machine, whatever it has, the answer can be reached by IPv4."""
    host = bind.every_interface().strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.bind((host, 0))
        listener.listen()
        with socket.create_connection(("127.0.0.1", listener.getsockname()[1]), timeout=5):
            pass
