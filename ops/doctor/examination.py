"""Reads what is configured, by asking those who would read it: Compose, `nginx/start`, gunicorn.

Starts programs and writes nothing but a temporary folder. Refuses to judge.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app import handlers
from app.httpd import HTTPServer
from app.settings import Settings, SettingsError
from ops.doctor.evidence import Application, Evidence, Port, Proxy, Service
from ops.doctor.nginx import read_conf
from ops.doctor.rule import Fact, Unreadable

COMPOSE_CONFIG = ("docker", "compose", "--profile", "*", "config", "--format", "json")
# Heroku and Render kill what has not ended 30 s after SIGTERM.
PLATFORM_STOP = Fact("SIGKILL after", "30 s", "Heroku, Render", 30)
# Files that only the container has: whether they can be read here says nothing.
OF_THE_CONTAINER = {"ACCESS_LOG_FILE", "TLS_CERTFILE", "TLS_KEYFILE"}


class _Listed(HTTPServer):
    """Remembers the deadlines that routes have of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.own: dict[str, float] = {}

    def route(
        self,
        path: str,
        methods: Iterable[str] = ("GET",),
        *,
        deadline: float | None = None,
        body: int | None = None,
    ) -> Callable[[Any], Any]:
        if deadline is not None:
            self.own[path] = deadline
        return super().route(path, methods, deadline=deadline, body=body)


def longest_patience() -> Fact | None:
    """The route that may take the longest, if any has a deadline of its own."""
    server = _Listed()
    handlers.install(server)
    if not server.own:
        return None
    path = max(server.own, key=lambda each: server.own[each])
    return Fact(
        f"deadline of {path}", f"{server.own[path]:g} s", "app/handlers.py", server.own[path]
    )


def read_evidence(root: Path, environ: Mapping[str, str]) -> Evidence:
    """Everything. root: the project's folder. environ: this shell's. Raises Unreadable."""
    return gather(root, environ, ask_compose(root, environ))


def gather(root: Path, environ: Mapping[str, str], configured: dict[str, Any]) -> Evidence:
    """Everything, from what Compose has answered. Raises Unreadable."""
    services = read_services(configured)
    proxies = [each for each in services if each.stage == "nginx"]
    # One with a command of its own does something else.
    serving = [each for each in services if each.stage == "app" and not each.command]
    for found, stage in ((proxies, "nginx"), (serving, "app")):
        if not found:
            raise Unreadable(
                f"no service in docker-compose.yml runs the Dockerfile's target {stage!r} as it "
                f"is: give one of them `build: {{target: {stage}}}` and no `command`"
            )
    return Evidence(
        services=services,
        proxies=tuple(_proxy(root, each) for each in proxies),
        applications=tuple(_of_compose(root, each) for each in serving),
        platform=examine(root, ("Procfile", "this shell"), environ, PLATFORM_STOP, None),
        web=read_web(root / "Procfile"),
        patience=longest_patience(),
    )


def ask_compose(root: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    """The whole of docker-compose.yml, with .env and defaults filled in. Raises Unreadable."""
    try:
        asked = _run(COMPOSE_CONFIG, root, environ)
    except FileNotFoundError:
        raise Unreadable(
            "docker is not on PATH, and only Compose can say what docker-compose.yml comes to: "
            "install Docker with its Compose plugin (https://docs.docker.com/engine/install)"
        ) from None
    except OSError as error:
        raise Unreadable(f"docker cannot be run: {error}") from None
    if asked.returncode:
        said = asked.stderr.strip()
        if "not a docker command" in said or "unknown flag: --profile" in said:
            raise Unreadable(
                "docker has no `compose`: install its plugin (Debian, Ubuntu: "
                f"apt-get install docker-compose-plugin, or docker-compose-v2). It said: {said}"
            )
        raise Unreadable(f"docker-compose.yml or .env is not valid. docker compose said: {said}")
    try:
        answer: dict[str, Any] = json.loads(asked.stdout)
    except ValueError:
        raise Unreadable(f"docker compose did not answer in JSON: {asked.stdout[:200]}") from None
    return answer


def read_services(configured: dict[str, Any]) -> tuple[Service, ...]:
    """The services in Compose's answer."""
    networks = {
        name: _subnets(each or {}) for name, each in (configured.get("networks") or {}).items()
    }
    services = configured.get("services") or {}
    # Services share an image, which one of them builds.
    stages = {
        each.get("image"): each["build"].get("target", "")
        for each in services.values()
        if each.get("build")
    }
    return tuple(
        _service(name, each, stages.get(each.get("image"), ""), networks)
        for name, each in sorted(services.items())
    )


def read_web(procfile: Path) -> str | None:
    """What the Procfile's web process is."""
    lines = procfile.read_text().splitlines() if procfile.is_file() else []
    found = [line.removeprefix("web:").strip() for line in lines if line.startswith("web:")]
    return found[0] if found else None


def examine(
    root: Path,
    place: tuple[str, str],
    environ: Mapping[str, str],
    stop: Fact,
    service: Service | None,
) -> Application:
    """Settings and gunicorn as they would be in this environment. place: whose it is, and where it
    is from. Raises Unreadable."""
    who, origin = place
    try:
        settings = Settings.from_environment(environ)
    except SettingsError as error:
        raise Unreadable(f"{who}, {origin}: {error}") from None
    command = (sys.executable, "gunicorn.conf.py", "--print-config")
    printed = _run(command, root, {"PATH": os.environ.get("PATH", os.defpath), **environ})
    if printed.returncode:
        said = printed.stderr.strip() or printed.stdout.strip()
        raise Unreadable(
            f"{who}, {origin}: gunicorn does not take its configuration. It said: {said}"
        )
    pairs = (line.partition("=") for line in printed.stdout.splitlines())
    gunicorn = {name.strip(): value.strip() for name, _, value in pairs}
    return Application(who, origin, environ, settings, gunicorn, stop, service)


def _of_compose(root: Path, service: Service) -> Application:
    environ = {k: v for k, v in service.environ.items() if k not in OF_THE_CONTAINER}
    place = (f"service {service.name}", "docker-compose.yml, .env or this shell")
    return examine(root, place, environ, service.stop_period(), service)


def _proxy(root: Path, service: Service) -> Proxy:
    """What `start` makes of the service's environment, put where nginx.conf includes it."""
    with TemporaryDirectory() as folder:
        command = ("sh", "nginx/start", "--write", folder)
        path = {"PATH": os.environ.get("PATH", os.defpath)}
        written = _run(command, root, {**service.environ, **path})
        if written.returncode:
            said = written.stderr.strip()
            raise Unreadable(f"{service.source}: nginx/start ended with an error. It said: {said}")
        return Proxy(service, read_conf(root / "nginx", Path(folder)))


def _service(
    name: str, said: dict[str, Any], stage: str, networks: dict[str, tuple[str, ...]]
) -> Service:
    environ = said.get("environment") or {}
    return Service(
        name=name,
        stage=(said.get("build") or {}).get("target", stage),
        command=tuple(said.get("command") or ()),
        # Compose doubles each $, for its answer is a file that it could read.
        environ={k: v.replace("$$", "$") for k, v in environ.items() if v is not None},
        ports=tuple(_port(name, each) for each in said.get("ports") or ()),
        mounts={each["target"]: each.get("source", "") for each in said.get("volumes") or ()},
        networks={each: networks.get(each, ()) for each in said.get("networks") or ()},
        stop=said.get("stop_grace_period", "10s"),
        pids=int(said.get("pids_limit") or 0),
    )


def _port(service: str, said: dict[str, Any]) -> Port:
    return Port(
        service,
        int(said["target"]),
        str(said.get("published", "")),
        said.get("protocol", "tcp"),
        said.get("host_ip", ""),
    )


def _subnets(network: dict[str, Any]) -> tuple[str, ...]:
    pools = (network.get("ipam") or {}).get("config") or ()
    return tuple(each["subnet"] for each in pools if "subnet" in each)


def _run(
    command: Iterable[str], root: Path, environ: Mapping[str, str]
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        list(command), cwd=root, env=dict(environ), capture_output=True, text=True, check=False
    )
