"""Who is at the other end: the peer's own address, or what a trusted proxy says of it.

Forwarding fields are believed only from peers the operator named. The list of addresses is
read from its right end, where each proxy appends the one it saw; the first that is not a
trusted proxy is the client, and nothing to its left counts. Some proxies' lists end in themselves;
then another field may name the client. Of X-Forwarded-Proto the last word counts. Forwarded
(RFC 7239) is not read: proxies that do not know it pass it on as the client wrote it.
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from . import grammar

Network = IPv4Network | IPv6Network
CLIENT_FIELD = "X-Forwarded-For"
MOST_HOPS = 32  # of an X-Forwarded-For list that are looked at
MEMORY_ENTRIES = 1024
LONGEST_ENTRY = 64  # bytes


class TrustedProxies:
    """The addresses whose word is taken; those of unix sockets always.

    "*" trusts whoever connects, and nobody further away: behind a platform's router the
    last address of the list is the client, whatever the client wrote before it.
    field: the one that names the client. Raises ValueError for an entry that is neither an
    address nor a network, and for a field name that is none.
    """

    __slots__ = ("_clients", "_everyone", "_networks", "field", "initials")

    def __init__(self, entries: Iterable[str], field: str = CLIENT_FIELD) -> None:
        if not grammar.RESPONSE_NAME.fullmatch(field):
            raise ValueError(f"{field!r} is not the name of a header field (RFC 9110 5.1)")
        self.field = field.lower().encode("ascii")
        self.initials = b"Xx" + field[0].upper().encode() + field[0].lower().encode()
        listed = [entry.strip() for entry in entries if entry.strip()]
        self._everyone = "*" in listed
        self._networks: list[Network] = [
            ip_network(entry, strict=False) for entry in listed if entry != "*"
        ]
        self._clients: dict[bytes, str] = {}  # seen lists, and whom they name

    def trusts(self, address: str) -> bool:
        """Whether the peer at this address is a trusted proxy; "" stands for a unix socket."""
        return self._everyone or not address or self._lists(address)

    def _lists(self, address: str) -> bool:
        try:
            known = ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return any(known in network for network in self._networks)

    def client(self, forwarded_for: bytes) -> str:
        """Whom an X-Forwarded-For list of a trusted peer names; "" for nobody."""
        client = self._clients.get(forwarded_for)
        if client is None:
            client = self._walk(forwarded_for.decode("latin-1"))
            if len(forwarded_for) <= LONGEST_ENTRY:
                if len(self._clients) >= MEMORY_ENTRIES:
                    self._clients.clear()
                self._clients[forwarded_for] = client
        return client

    def _walk(self, forwarded_for: str) -> str:
        client = ""
        for hop in reversed(forwarded_for.rsplit(",", MOST_HOPS)[-MOST_HOPS:]):
            address = _address(hop)
            if not address:
                break  # a word that is no address ends what can be believed
            client = address
            if not self._lists(address):
                break
        return client


class Peer:
    """The other end of one connection."""

    __slots__ = ("_proxies", "address", "scheme", "trusted")

    def __init__(self, address: str, scheme: str, proxies: TrustedProxies) -> None:
        self.address = plain(address)
        self.scheme = scheme
        self.trusted = proxies.trusts(self.address)
        self._proxies = proxies

    def forwarded(self, lines: Iterable[bytes]) -> tuple[str, str]:
        """The client's address and scheme as this peer may state them in its field lines."""
        if not self.trusted:
            return self.address, self.scheme
        hops, scheme = b"", self.scheme
        for line in lines:
            if line[0] in self._proxies.initials:
                name, _, value = line.partition(b":")
                name = name.lower()
                if name == self._proxies.field:
                    hops = hops + b"," + value if hops else value
                elif name == b"x-forwarded-proto":
                    last = value.rpartition(b",")[2].strip(b" \t").lower().decode("latin-1")
                    scheme = last if last in ("http", "https") else self.scheme
        return (self._proxies.client(hops) if hops else "") or self.address, scheme


def plain(address: str) -> str:
    """An address of the kernel, without IPv4's disguise on a dual-stack listener."""
    return address[7:] if address.startswith("::ffff:") and "." in address else address


def _address(hop: str) -> str:
    """The address of one hop, as ipaddress writes it; "" for what is none."""
    match = grammar.HOP.fullmatch(hop.strip(" \t"))
    if match is None:
        return ""
    try:
        address = ip_address(match[match.lastindex or 0])
    except ValueError:
        return ""
    if match[2] and address.version != 6:
        return ""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
