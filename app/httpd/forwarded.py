"""Who is at the other end: the peer's own address, or what a trusted proxy says of it.

Forwarding fields are believed only from peers the operator named. The list of addresses is
read from its right end, where each proxy appends the one it saw; the first that is not a
trusted proxy is the client, and nothing to its left counts.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from .multidict import Headers

Network = IPv4Network | IPv6Network
MOST_HOPS = 32  # of an X-Forwarded-For list that are looked at


class TrustedProxies:
    """The addresses whose word is taken. "*" trusts every peer, "unix" sockets are always trusted.

    Raises ValueError for an entry that is neither an address nor a network.
    """

    __slots__ = ("_everyone", "_networks")

    def __init__(self, entries: Iterable[str]) -> None:
        listed = [entry.strip() for entry in entries if entry.strip()]
        self._everyone = "*" in listed
        self._networks: list[Network] = [
            ip_network(entry, strict=False) for entry in listed if entry != "*"
        ]

    def trusts(self, address: str) -> bool:
        """Whether the peer at this address is a trusted proxy; "" stands for a unix socket."""
        if self._everyone or not address:
            return True
        try:
            known = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(known, "ipv4_mapped", None)  # ::ffff:10.0.0.1 on a dual-stack listener
        return any((mapped or known) in network for network in self._networks)


class Peer:
    """The other end of one connection."""

    __slots__ = ("_proxies", "address", "scheme", "trusted")

    def __init__(self, address: str, scheme: str, proxies: TrustedProxies) -> None:
        self.address = address
        self.scheme = scheme
        self.trusted = proxies.trusts(address)
        self._proxies = proxies

    def forwarded(self, headers: Headers) -> tuple[str, str]:
        """The client's address and scheme as this peer may state them."""
        if not self.trusted:
            return self.address, self.scheme
        return self._client(headers), self._scheme(headers)

    def _client(self, headers: Headers) -> str:
        hops = headers.joined("x-forwarded-for").rsplit(",", MOST_HOPS)[-MOST_HOPS:]
        client = self.address
        for hop in reversed(hops):
            address = _plain(hop)
            if address is None:
                break  # a word that is no address ends what can be believed
            client = address
            if not self._proxies.trusts(address):
                break
        return client

    def _scheme(self, headers: Headers) -> str:
        values = headers.all("x-forwarded-proto")
        last = values[-1].rpartition(",")[2].strip(" \t").lower() if values else ""
        return last if last in ("http", "https") else self.scheme


def _plain(hop: str) -> str | None:
    """An address without brackets and port, or None."""
    hop = hop.strip(" \t")
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return None
