"""Who the client is, and how little of what it says of itself is believed."""

import pytest

from app.httpd.forwarded import (
    LONGEST_ENTRY,
    MEMORY_ENTRIES,
    MOST_HOPS,
    Peer,
    TrustedProxies,
    plain,
)

PROXIES = ["10.0.0.0/8", "192.0.2.1", "2001:db8::/32"]
NEAR = "10.0.0.1"


def client(sent: str | list[str], peer: str = NEAR, proxies: list[str] = PROXIES) -> str:
    """The client of a request with these X-Forwarded-For lines."""
    lines = [sent] if isinstance(sent, str) else sent
    fields = [b"Host: a", *(b"X-Forwarded-For: " + each.encode("latin-1") for each in lines)]
    return Peer(peer, "http", TrustedProxies(proxies)).forwarded(fields)[0]


CLIENTS: list[tuple[str, str, str | list[str]]] = [
    ("203.0.113.7", "one hop", "203.0.113.7"),
    ("203.0.113.7", "spaces", " \t203.0.113.7 "),
    ("203.0.113.7", "a spoofed word before it", "198.51.100.9, 203.0.113.7"),
    ("203.0.113.7", "a trusted proxy behind it", "203.0.113.7, 10.9.9.9"),
    ("203.0.113.7", "two trusted proxies behind it", "1.2.3.4, 203.0.113.7, 192.0.2.1, 10.9.9.9"),
    ("203.0.113.7", "several lines", ["1.2.3.4", "203.0.113.7, 192.0.2.1", "10.9.9.9"]),
    ("10.1.1.1", "nobody but proxies", "10.1.1.1, 10.2.2.2"),
    ("203.0.113.7", "a port", "203.0.113.7:4711"),
    ("2001:db9::7", "IPv6", "2001:db9::7"),
    ("2001:db9::7", "IPv6 in brackets", "[2001:db9::7]"),
    ("2001:db9::7", "IPv6 and a port", "[2001:DB9:0::7]:4711"),
    ("2001:db9::7", "behind an IPv6 proxy", "2001:db9::7, 2001:db8::1"),
    ("203.0.113.7", "IPv4 in IPv6", "::ffff:203.0.113.7"),
    ("203.0.113.7", "behind a proxy of IPv4 in IPv6", "203.0.113.7, ::ffff:10.0.0.9"),
    *[(NEAR, f"{word!r}", word) for word in (
        "", " ", ",", "unknown", "_hidden", "localhost", "203.0.113", "203.0.113.256",
        "203.0.113.07", "203.0.113.7:", "203.0.113.7:x", "203.0.113.7:123456", "[203.0.113.7]",
        "[2001:db9::7", "[2001:db9::7]x", "2001:db9::7]", "fe80::1%eth0", 'fe80::1%","x":"',
        "::ffff:", ":::", "203.0.113.7 8", "203.0.113.7\xa0", "\xb2.0.0.1", "<script>", "1" * 9000,
    )],
    ("10.9.9.9", "garbage before a proxy", "203.0.113.7, unknown, 10.9.9.9"),
    (NEAR, "garbage last", "203.0.113.7, unknown"),
    (NEAR, "an empty word last", "203.0.113.7,"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "sent"), [(r[0], r[2]) for r in CLIENTS], ids=[r[1] for r in CLIENTS]
)
def test_client(expected: str, sent: str | list[str]) -> None:
    """The client is the first from the right that is no trusted proxy; garbage ends the list."""
    assert client(sent) == expected


@pytest.mark.parametrize(
    "peer", ["203.0.113.7", "192.0.2.2", "2001:db9::7", "what?", "::ffff:11.0.0.1"]
)
def test_strangers_are_not_believed(peer: str) -> None:
    """Of a peer that nobody named no field counts, neither address nor scheme."""
    fields = [b"X-Forwarded-For: 1.2.3.4", b"X-Forwarded-Proto: https"]
    stranger = Peer(peer, "http", TrustedProxies(PROXIES))
    assert (stranger.trusted, stranger.forwarded(fields)) == (False, (plain(peer), "http"))


@pytest.mark.parametrize(
    "peer", ["", "10.255.0.1", "192.0.2.1", "2001:db8:5::1", "::ffff:10.0.0.1"]
)
def test_trusted_peers(peer: str) -> None:
    """Peers by address, by network, as IPv4 in IPv6 and behind a unix socket are believed."""
    assert client("203.0.113.7", peer) == "203.0.113.7"


def test_everyone() -> None:
    """ "*" trusts whoever connects and nobody further away: a client cannot choose its address."""
    assert client("198.51.100.9, 203.0.113.7", "8.8.8.8", ["*"]) == "203.0.113.7"
    assert client("198.51.100.9, 203.0.113.7", "8.8.8.8", ["*", "203.0.113.0/24"]) == "198.51.100.9"


def test_nobody() -> None:
    """Without proxies only a unix socket is believed."""
    assert client("203.0.113.7", "127.0.0.1", []) == "127.0.0.1"
    assert client("203.0.113.7", "", []) == "203.0.113.7"


@pytest.mark.parametrize(
    ("expected", "hops"), [("1.2.3.4", MOST_HOPS - 1), ("10.0.0.2", MOST_HOPS)]
)
def test_most_hops(expected: str, hops: int) -> None:
    """So many hops are looked at, and not one more."""
    assert client(", ".join(["1.2.3.4"] + ["10.0.0.2"] * hops)) == expected


@pytest.mark.parametrize(
    ("expected", "sent"),
    [
        ("https", ["https"]), ("https", ["HTTPS "]), ("http", ["http"]), ("https", ["http, https"]),
        ("http", ["https,http"]), ("http", ["https", "http"]), ("https", ["http", "https"]),
        ("http", ["ftp"]), ("http", [""]), ("http", ["https,"]), ("http", ["https", "wss"]),
        ("http", ["\xa0https"]), ("http", []),
    ],
)  # fmt: skip
def test_scheme(expected: str, sent: list[str]) -> None:
    """Of X-Forwarded-Proto the last word counts, if it is a scheme of ours."""
    fields = [b"x-forwarded-PROTO: " + each.encode("latin-1") for each in sent]
    assert Peer(NEAR, "http", TrustedProxies(PROXIES)).forwarded(fields) == (NEAR, expected)


def test_forwarded_is_not_read() -> None:
    """RFC 7239's field passes through proxies as the client wrote it."""
    fields = [
        b"Forwarded: for=1.2.3.4;proto=https",
        b"X-Real-IP: 1.2.3.4",
        b"X-Forwarded-Fore: 1.2.3.4",
    ]
    assert Peer(NEAR, "http", TrustedProxies(PROXIES)).forwarded(fields) == (NEAR, "http")


def test_another_field() -> None:
    """Where a field is named, it alone says who the client is; the scheme is said as before."""
    fields = [
        b"X-Forwarded-For: 198.51.100.1",
        b"fly-client-ip: 1.2.3.4",
        b"X-Forwarded-Proto: https",
    ]
    named = TrustedProxies(PROXIES, "Fly-Client-IP")
    assert Peer(NEAR, "http", named).forwarded(fields) == ("1.2.3.4", "https")
    assert Peer(NEAR, "http", named).forwarded(fields[:1]) == (NEAR, "http")
    assert Peer("8.8.8.8", "http", named).forwarded(fields) == ("8.8.8.8", "http")


@pytest.mark.parametrize("field", ["", "Fly Client", "a:", "é"])
def test_what_is_no_field(field: str) -> None:
    """What is no field name stops the start."""
    with pytest.raises(ValueError, match="is not the name of a header field"):
        TrustedProxies([], field)


@pytest.mark.parametrize("entry", ["localhost", "10.0.0.0/33", "10.0.0", "**", "unix"])
def test_what_is_no_address(entry: str) -> None:
    """What is neither an address nor a network stops the start."""
    with pytest.raises(ValueError, match="does not appear to be"):
        TrustedProxies([entry])


def test_memory_is_bounded() -> None:
    """A flood of lists is forgotten, and long ones are never kept."""
    proxies = TrustedProxies(PROXIES)
    for number in range(2 * MEMORY_ENTRIES + 10):
        assert proxies.client(b"1.2.%d.%d" % divmod(number, 256)) == "1.2.{}.{}".format(
            *divmod(number, 256)
        )
    assert len(proxies._clients) <= MEMORY_ENTRIES
    proxies.client(b"1.2.3.4".rjust(LONGEST_ENTRY + 1))
    assert max(map(len, proxies._clients)) <= LONGEST_ENTRY
