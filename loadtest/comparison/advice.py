"""What to do about a failure, where more can be said than its name. Pure."""

from collections.abc import Iterable

CURES = {
    "status 429": "429 is a rate limit's answer. The nginx of docker-compose limits requests by"
    " address: start it with RATE_LIMIT=off, or aim at what is behind the limit.",
    "EADDRNOTAVAIL": "Each connection takes a port of this machine, and they are used up. Widen"
    " net.ipv4.ip_local_port_range, set net.ipv4.tcp_tw_reuse=1, or ask for less"
    " (REQUESTS=20000); the ports come back within a minute.",
    "ECONNREFUSED": "Nothing listens there any more: the server has ended, or it was replaced.",
    "EMFILE": "The generator may not open as many files: raise `ulimit -n`, or ask for fewer"
    " --connections.",
}


def cures(failures: Iterable[str]) -> list[str]:
    """For the failures of these names, each once."""
    names = list(failures)
    return [cure for sign, cure in CURES.items() if any(sign in name for name in names)]
