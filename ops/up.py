"""make up: start the containers, or say what is in the way.

`docker compose up` does the same for whoever has everything it needs. Knows nothing of how running
containers are replaced: that is `ops.deploy`.
"""

import argparse
import contextlib
import errno
import socket
import sys
from collections.abc import Iterator

from ops.compose import FRONTS, Compose, ComposeError

# The variables that decide on which ports nginx is found, by the port inside.
PORTS = {8080: "HTTP_PORT", 8081: "ALT_HTTP_PORT", 8443: "HTTPS_PORT"}


def main(arguments: list[str] | None = None) -> int:
    """Start everything. Gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="make up", description="Build and start the containers, and wait until they are well."
    )
    parser.add_argument("--tls", action="store_true", help="https as well (the profile tls)")
    given = parser.parse_args(arguments)
    compose = Compose(profile="tls" if given.tls else None)
    try:
        compose.must_be_there()
        taken = list(taken_ports(compose))
        if taken:
            raise ComposeError("\n".join(taken))
        before = compose.running_images()
        try:
            compose.run("build")
            # What runs already is not to be replaced by what does not start.
            fronts = [each for each in FRONTS if each in compose.config["services"]]
            compose.judge(*compose.behind_nginx(), *fronts)
        except ComposeError:
            compose.name_again(before)
            raise
        try:
            compose.run("up", "--detach", "--wait", "--remove-orphans")
        except ComposeError:
            compose.explain([each for each in compose.containers() if not each.well])
            raise
        for port, what in published(compose):
            print(f"{what}://localhost:{port}")
    except ComposeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def published(compose: Compose) -> Iterator[tuple[int, str]]:
    """The ports of this machine that lead to nginx, each with its scheme. Raises ComposeError."""
    for name in FRONTS:
        for each in compose.config["services"].get(name, {}).get("ports", ()):
            # Asked for, not read: of 0 and of a range only Docker knows what became.
            address = compose.ask("port", name, str(each["target"]))
            yield int(address.rpartition(":")[2]), "https" if each["target"] == 8443 else "http"


def taken_ports(compose: Compose) -> Iterator[str]:
    """What to say of each port that somebody else listens on."""
    ours = {each.id for each in compose.containers()}
    for name, service in compose.config["services"].items():
        for each in service.get("ports", ()):
            if not each.get("published", "0").strip("0").isdigit():
                continue  # any free one, or one of a range: Docker finds it
            port = int(each["published"])
            holders = compose.engine(
                "ps", "--no-trunc", "--filter", f"publish={port}", "--format", "{{.ID}} {{.Names}}"
            )
            by = [line.split() for line in holders.splitlines()]
            if any(each_id in ours for each_id, _ in by):
                continue
            if by or is_taken(each.get("host_ip") or "0.0.0.0", port):
                who = f"the container {by[0][1]}" if by else "another program"
                variable = PORTS.get(each["target"], "another port")
                yield (
                    f"port {port} for {name} is taken by {who}: stop it, or choose another in "
                    f".env, as in {variable}={port + 1000}"
                )


def is_taken(host: str, port: int) -> bool:
    """Whether somebody on this machine listens there."""
    with contextlib.closing(socket.socket()) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            return error.errno == errno.EADDRINUSE
    return False


if __name__ == "__main__":
    sys.exit(main())
