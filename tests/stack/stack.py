"""The running containers, and what a test wants to know of them."""

import http.client
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

import docker
from docker.models.containers import Container

from ops.compose import Compose
from ops.deploy import asked_by_nginx

PATIENCE = 40.0  # seconds; whatever is waited for takes less, or never comes


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: bytes


def ask(
    port: int, target: str, method: str = "GET", body: bytes | None = None, **fields: str
) -> Answer:
    """One request to a port of this machine, on a connection of its own. fields: If_Match="..."."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, target, body, named)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def wait_until(condition: Callable[[], Any], what: str) -> None:
    """Return when it holds. Raises TimeoutError, which says what did not come."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)


class Stack:
    """The containers of one Compose project. environ: what it was started with."""

    def __init__(self, engine: docker.DockerClient, environ: Mapping[str, str]) -> None:
        self.engine = engine
        self.environ = dict(environ)
        self.compose = Compose(self.environ)
        self.name = environ["COMPOSE_PROJECT_NAME"]
        self.http_port = int(environ["HTTP_PORT"])
        self.alt_http_port = int(environ["ALT_HTTP_PORT"])
        self.https_port = int(environ["HTTPS_PORT"])

    def up(self, *options: str) -> None:
        """`docker compose up`, until all are healthy and nginx has found those that are new."""
        self.compose.ask("up", "--detach", "--wait", *options)
        for service in ("protocol", "aiohttp"):
            self.asks(service, self.addresses(service))

    def with_settings(self, **settings: str) -> Compose:
        """The same project, started with other settings."""
        return Compose({**self.environ, **settings})

    def containers(self, *services: str) -> list[Container]:
        """Those that run, of these services or of all."""
        running = self.engine.containers.list(
            filters={"label": f"com.docker.compose.project={self.name}"}
        )
        label = "com.docker.compose.service"
        found = [each for each in running if not services or each.labels[label] in services]
        return sorted(found, key=lambda each: each.name)

    def one(self, service: str) -> Container:
        """The only container of a service."""
        (found,) = self.containers(service)
        return found

    def addresses(self, service: str) -> set[str]:
        """Where the containers of a service are, for nginx."""
        network = f"{self.name}_backend"
        found = (each.attrs["NetworkSettings"]["Networks"] for each in self.containers(service))
        return {each[network]["IPAddress"] for each in found}

    def asks(self, service: str, wanted: set[str]) -> None:
        """Return when nginx asks these containers of a service, and no other."""
        seen: list[str] = []

        def only_those() -> bool:
            seen.append(asked_by_nginx(self.compose, service))
            return set(seen[-2 * len(wanted) :]) == wanted and len(seen) >= 2 * len(wanted)

        wait_until(only_those, f"nginx asks {seen[-6:]}, not {wanted}")

    def logged(self, since: float, **wanted: str) -> list[dict[str, Any]]:
        """The lines of nginx's access log with these values, when there is one. since: seconds
        since the epoch."""
        return logged(self.one("nginx"), since, **wanted)

    def one_more_nginx(self, settings: Mapping[str, str], volume: str = "") -> Container:
        """Another nginx before the same services. Give its ports with `port_of`."""
        options = [part for each in settings.items() for part in ("--env", "=".join(each))]
        options += ["--volume", volume] if volume else []
        for port in (8080, 8081, 8443):
            options += ["--publish", f"127.0.0.1::{port}"]
        container_id = self.compose.ask("run", "--detach", "--no-deps", *options, "nginx")
        container = self.engine.containers.get(container_id.splitlines()[-1])
        wait_until(lambda: is_healthy(container), f"nginx is not healthy: {settings}")
        return container


def is_healthy(container: Container) -> bool:
    """Whether its health check says so. Raises AssertionError if it has ended."""
    container.reload()
    if container.status == "exited":
        raise AssertionError(container.logs().decode())
    found: bool = container.attrs["State"]["Health"]["Status"] == "healthy"
    return found


def port_of(container: Container, inside: int = 8080) -> int:
    """The port of this machine that leads to a port of the container."""
    container.reload()
    return int(container.ports[f"{inside}/tcp"][0]["HostPort"])


def access_log(container: Container, since: float) -> list[dict[str, Any]]:
    """What nginx has logged of requests, since then. Raises ValueError for what is no JSON."""
    lines = container.logs(stderr=False, since=since).decode().splitlines()
    return [json.loads(line) for line in lines]


def logged(container: Container, since: float, **wanted: str) -> list[dict[str, Any]]:
    """Of these the lines with such values, when there is one: they are written after the answer."""
    found: list[dict[str, Any]] = []

    def there_is_one() -> bool:
        lines = access_log(container, since)
        found[:] = [each for each in lines if wanted.items() <= each.items()]
        return bool(found)

    wait_until(there_is_one, f"no line with {wanted}")
    return found
