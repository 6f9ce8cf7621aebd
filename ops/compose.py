"""Docker Compose as the rest of this package sees it: what is configured, what runs.

Knows nothing of what the containers do. Refuses to guess: what Docker says of a failure is shown.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FRONTS = ("nginx", "nginx-tls")  # the services that people reach
OLDEST = (2, 24)  # of Compose: env_file with required: false


class ComposeError(Exception):
    """What Docker could not do: the cause, and the cure where we know one."""


@dataclass(frozen=True)
class Container:
    """One container of a service."""

    id: str
    service: str
    state: str  # running, exited, restarting, ...
    health: str  # healthy, unhealthy, starting, or "" if it has no health check
    exit_code: int

    @property
    def serves(self) -> bool:
        """Whether it runs and is healthy."""
        return self.state == "running" and self.health in ("", "healthy")

    @property
    def well(self) -> bool:
        """Whether nothing is wrong with it: it serves, or it has ended well."""
        return self.serves or (self.state == "exited" and self.exit_code == 0)


class Compose:
    """The project of the docker-compose.yml beside us. environ: what is set besides .env."""

    def __init__(self, environ: Mapping[str, str] = os.environ, profile: str | None = None) -> None:
        self._environ = dict(environ)
        self._profile = () if profile is None else ("--profile", profile)

    def run(self, *arguments: str) -> None:
        """`docker compose ARGUMENTS`, in front of whoever looks on. Raises ComposeError."""
        command = ("docker", "compose", *self._profile, *arguments)
        done = subprocess.run(command, cwd=ROOT, env=self._environ, check=False)
        if done.returncode:
            raise ComposeError(f"failed: {' '.join(command)}")

    def ask(self, *arguments: str) -> str:
        """What `docker compose ARGUMENTS` prints. Raises ComposeError."""
        return self._ask("docker", "compose", *self._profile, *arguments)

    def engine(self, *arguments: str) -> str:
        """What `docker ARGUMENTS` prints. Raises ComposeError."""
        return self._ask("docker", *arguments)

    def _ask(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=self._environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ComposeError(done.stderr.strip() or f"failed: {' '.join(command)}")
        return done.stdout.strip()

    @cached_property
    def config(self) -> dict[str, Any]:
        """docker-compose.yml with .env and the environment put in. Raises ComposeError."""
        found: dict[str, Any] = json.loads(self.ask("config", "--format", "json"))
        return found

    def containers(self, *services: str) -> list[Container]:
        """Those that there are, of these services or of all. Raises ComposeError."""
        lines = self.ask("ps", "--all", "--no-trunc", "--format", "json", *services).splitlines()
        return [
            Container(
                each["ID"], each["Service"], each["State"], each["Health"], int(each["ExitCode"])
            )
            for each in map(json.loads, lines)
        ]

    def look(self, service: str, container_id: str) -> Container:
        """One container of a service, as it is now. Raises ComposeError."""
        form = "{{.State.Status}} {{.State.ExitCode}} {{if .State.Health}}{{.State.Health.Status}}"
        said = self.engine("inspect", "--format", f"{form}{{{{end}}}}", container_id)
        state, code, *health = said.split()
        return Container(container_id, service, state, "".join(health), int(code))

    def is_current(self, service: str, count: int = 1) -> bool:
        """Whether Compose would leave these containers as they are: same image, same settings.
        Raises ComposeError."""
        scale = f"{service}={count}"
        options = ("--detach", "--no-build", "--no-deps", "--scale", scale, service)
        command = ("docker", "compose", *self._profile, "--dry-run", "up", *options)
        plan = subprocess.run(
            command, cwd=ROOT, env=self._environ, capture_output=True, text=True, check=False
        )
        if plan.returncode:
            raise ComposeError(plan.stderr.strip())
        return " Recreate" not in plan.stderr

    def explain(self, containers: list[Container]) -> None:
        """Show the last words of these, on standard error."""
        for each in containers:
            state = f"{each.state}, {each.health}" if each.health else each.state
            print(f"\n{each.service} is {state}. Its last words:", file=sys.stderr)
            command = ("docker", "logs", "--tail", "50", each.id)
            said = subprocess.run(
                command,
                env=self._environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            ).stdout
            print(said.decode(errors="replace").rstrip(), file=sys.stderr)

    def behind_nginx(self) -> list[str]:
        """The services that nginx waits for. Raises ComposeError."""
        waits: dict[str, dict[str, str]] = self.config["services"]["nginx"]["depends_on"]
        return [name for name, how in waits.items() if how["condition"] == "service_healthy"]

    def running_images(self) -> dict[str, str]:
        """What runs was made of: images by the names that they should have. Raises ComposeError."""
        services = self.config["services"]
        return {
            services[each.service]["image"]: self.engine(
                "inspect", "--format", "{{.Image}}", each.id
            )
            for each in self.containers()
            if each.serves and "image" in services.get(each.service, ())
        }

    def name_again(self, images: Mapping[str, str]) -> None:
        """Give images their names back, or the next `docker compose up` would take those that were
        not good enough."""
        for name, image in images.items():
            with contextlib.suppress(
                ComposeError
            ):  # what went wrong before is to be told, not this
                self.engine("tag", image, name)

    def judge(self, *services: str) -> None:
        """Have the settings of each judged by the image that is there, without touching what
        runs. Raises ComposeError with what it said."""
        for each in services:
            is_nginx = each.startswith("nginx")
            check = ("true",) if is_nginx else ("python", "gunicorn.conf.py", "--check-config")
            self.ask("run", "--rm", "--no-deps", each, *check)

    def must_be_there(self) -> None:
        """Raise ComposeError, with the cure, if there is no Docker that we can use."""
        if shutil.which("docker", path=self._environ.get("PATH")) is None:
            raise ComposeError("docker is not installed: https://docs.docker.com/engine/install/")
        try:
            version = self._ask("docker", "compose", "version", "--short")
        except ComposeError:
            raise ComposeError(
                "docker has no `compose`: https://docs.docker.com/compose/install/"
            ) from None
        numbers = re.match(r"v?([0-9]+)\.([0-9]+)", version)
        if numbers is None or tuple(map(int, numbers.groups())) < OLDEST:
            needed = ".".join(map(str, OLDEST))
            raise ComposeError(f"docker compose is {version}, {needed} or later is needed")
        try:
            self.engine("version", "--format", "{{.Server.Version}}")
        except ComposeError as error:
            raise ComposeError(
                f"no Docker engine answers: start it, or let your user use it.\n{error}"
            ) from None
