"""Where the load goes: what is an address, and what to do about one that is none."""

import socket

import pytest

from loadtest.rawload.target import TargetError, parse_target, resolve

GOOD = {
    "http://127.0.0.1:8000": ("127.0.0.1", 8000, "127.0.0.1:8000"),
    "http://127.0.0.1:8000/": ("127.0.0.1", 8000, "127.0.0.1:8000"),
    "http://example.org": ("example.org", 80, "example.org"),
    "http://example.org:": ("example.org", 80, "example.org"),
    "http://example.org:80": ("example.org", 80, "example.org:80"),
    "HTTP://Example.org:65535": ("example.org", 65535, "Example.org:65535"),
    "http://[::1]:8000": ("::1", 8000, "[::1]:8000"),
    "http://[::1]": ("::1", 80, "[::1]"),
    "http://xn--bcher-kva.example": ("xn--bcher-kva.example", 80, "xn--bcher-kva.example"),
}


@pytest.mark.parametrize("url", GOOD)
def test_addresses(url: str) -> None:
    """Host, port, and the field Host as it was written."""
    assert parse_target(url) == GOOD[url]


BAD = {
    "https://example.org": "speaks no TLS.*http://.*Journey",
    "": "is no address",
    "example.org": "is no address: http://HOST",
    "127.0.0.1:8000": "is no address",
    "/plaintext": "is no address",
    "ftp://example.org": "is no address: http://HOST",
    "http://": "is no address",
    "http://:8000": "is no address",
    "http://a:0": "is no address",
    "http://a:65536": "is no address: .*range",
    "http://a:b": "is no address: ",
    "http://a:-1": "is no address: ",
    "http://[::1": "is no address: ",
    "http://b\u00fccher.example": "is no address",
    "http://a/plaintext": "--path says",
    "http://a?b": "--path says",
    "http://a#b": "--path says",
    "http://user:secret@a": "only http://HOST",
    "http://:secret@a": "only http://HOST",
}


@pytest.mark.parametrize("url", BAD)
def test_no_addresses(url: str) -> None:
    """The cause, and what would be right."""
    with pytest.raises(TargetError, match=BAD[url]):
        parse_target(url)


def test_resolve() -> None:
    """An address for a socket of its family."""
    four, six = resolve("http://127.0.0.1:8000"), resolve("http://[::1]:8000")
    assert (four.address, four.host) == (("127.0.0.1", 8000), "127.0.0.1:8000")
    assert (six.address[:2], six.host) == (("::1", 8000), "[::1]:8000")
    assert four.family != six.family


def test_localhost(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has two addresses: what counts is where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert resolve(f"http://localhost:{port}").address == ("127.0.0.1", port)
    assert resolve(f"http://localhost:{port}").address == ("::1", port, 0, 0)


@pytest.mark.parametrize("host", ["name.invalid", "a" * 64, "a..b"])
def test_names_that_nobody_knows(host: str) -> None:
    """So is a name that means nothing here, or is none."""
    with pytest.raises(TargetError, match="is not known here"):
        resolve(f"http://{host}")
