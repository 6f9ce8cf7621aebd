"""make deploy: put new containers in the place of the running ones, and lose no request.

One new container of each service behind nginx is tried out where nginx does not see it. Then, for
each service, as many as there are old ones are started beside them; when they are healthy and nginx
sends them requests, the old ones are told to stop, answer what they have, and go. If anything goes
wrong, new ones and new images are taken away again, and the old ones stay.
"""

import argparse
import sys
import time
from collections.abc import Callable

from ops.compose import FRONTS, Compose, ComposeError, Container

PATIENCE = 60.0  # seconds for a new one to get healthy, and for nginx to find those that are
PAUSE = 0.2  # seconds between two looks at a container
Say = Callable[[str], None]


def main(arguments: list[str] | None = None) -> int:
    """Build and replace. Gives the exit status."""
    parser = argparse.ArgumentParser(
        prog="make deploy",
        description="Build new images and replace the running containers, one service after the "
        "other, without losing a request. Needs room for twice the containers of a service.",
    )
    parser.add_argument(
        "--nginx",
        action="store_true",
        help="replace nginx too, if it has changed: for about a second nobody can connect",
    )
    parser.add_argument("--no-build", action="store_true", help="take the images that are there")
    given = parser.parse_args(arguments)
    try:
        deploy(Compose(), build=not given.no_build, nginx=given.nginx)
    except ComposeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def deploy(compose: Compose, *, build: bool, nginx: bool, say: Say = print) -> None:
    """Replace what has changed. Raises ComposeError; then the service where that was noticed, and
    those after it, run on as before."""
    compose.must_be_there()
    fronts = {each.service for each in compose.containers(*FRONTS) if each.serves}
    if "nginx" not in fronts:
        raise ComposeError("nothing runs here that could be replaced: start it with `make up`")
    replacements = [
        _Replacement(compose, service, sorted(fronts), say) for service in compose.behind_nginx()
    ]
    before = compose.running_images()
    try:
        if build:
            compose.run("build")
        # All that can be known beforehand is, before anything is touched.
        compose.judge(*sorted(fronts))
        for each in replacements:
            each.try_out()
        compose.ask("run", "--rm", "--no-deps", "static")
        for each in replacements:
            each.carry_out()
    except (ComposeError, KeyboardInterrupt):
        compose.name_again(before)
        raise
    for front in sorted(fronts):
        _replace_nginx(compose, front, nginx, say)


class _Replacement:
    """New containers for old ones, of one service."""

    def __init__(self, compose: Compose, service: str, fronts: list[str], say: Say) -> None:
        self._compose = compose
        self._service = service
        self._fronts = fronts
        self._say = say
        self._old = compose.containers(service)
        self._is_due = True

    def carry_out(self) -> None:
        """Do it, after `try_out`. Raises ComposeError; then the old ones serve on."""
        if not self._is_due:
            return
        wanted = max(1, len(self._old))
        self._say(f"{self._service}: starting {wanted} new beside {len(self._old)} old")
        try:
            self._start(len(self._old) + wanted)
            self._wait_for_nginx()
        except (ComposeError, KeyboardInterrupt):
            self._take_back()
            raise
        self._say(f"{self._service}: the new ones serve, the old ones finish what they have")
        if self._old:
            ids = [each.id for each in self._old]
            self._compose.engine("stop", *ids)
            self._compose.engine("rm", *ids)
        self._say(f"{self._service}: replaced")

    def try_out(self) -> None:
        """See a new one healthy, if there is anything new, under a name that nginx does not ask
        for: it asks for the others from the moment they are there. Raises ComposeError."""
        all_serve = self._old and all(each.serves for each in self._old)
        self._is_due = not all_serve or not self._compose.is_current(self._service, len(self._old))
        if not self._is_due:
            self._say(f"{self._service}: nothing has changed")
            return
        self._say(f"{self._service}: trying out a new one")
        said = self._compose.ask("run", "--detach", "--no-deps", self._service)
        trial = said.splitlines()[-1]
        deadline = time.monotonic() + PATIENCE
        try:
            while not (found := self._compose.look(self._service, trial)).serves:
                failed = found.state != "running" or found.health == "unhealthy"
                if failed or time.monotonic() > deadline:
                    self._compose.explain([found])
                    raise ComposeError(
                        f"{self._service}: the new one does not get well, the old ones serve on"
                    )
                time.sleep(PAUSE)
        finally:
            self._compose.engine("rm", "--force", trial)

    def _start(self, total: int) -> None:
        scale = f"{self._service}={total}"
        options = ("--detach", "--wait", "--no-build", "--no-deps", "--no-recreate", "--scale")
        self._compose.ask("up", *options, scale, self._service)

    def _new(self) -> list[Container]:
        known = {each.id for each in self._old}
        return [each for each in self._compose.containers(self._service) if each.id not in known]

    def _wait_for_nginx(self) -> None:
        """Return when nginx has sent a request to each new container. Raises ComposeError."""
        addresses = {self._address(each) for each in self._new()}
        deadline = time.monotonic() + PATIENCE
        for front in self._fronts:
            missing = set(addresses)
            while missing:
                missing.discard(asked_by_nginx(self._compose, self._service, front))
                if missing and time.monotonic() > deadline:
                    names = ", ".join(sorted(missing))
                    raise ComposeError(f"{front} has not asked {names} within {PATIENCE:g} s")

    def _address(self, container: Container) -> str:
        network = self._compose.config["networks"]["backend"]["name"]
        path = f'{{{{(index .NetworkSettings.Networks "{network}").IPAddress}}}}'
        return self._compose.engine("inspect", "--format", path, container.id)

    def _take_back(self) -> None:
        new = self._new()
        self._compose.explain([each for each in new if not each.serves])
        self._say(f"{self._service}: the new ones go again, the old ones serve on")
        if new:
            self._compose.engine("rm", "--force", *(each.id for each in new))


def asked_by_nginx(compose: Compose, service: str, front: str = "nginx") -> str:
    """The address of the container that nginx sends the next request for a service to; "" if
    nobody answers. front: which nginx. Raises ComposeError."""
    head = compose.ask(
        *("exec", "--no-TTY", front, "curl", "--silent", "--head"),
        f"http://127.0.0.1:8090/upstream/{service}",
    )
    fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    # Several, with commas, where the first that was asked did not answer.
    return fields.get("X-Upstream", "").split(", ")[-1].rpartition(":")[0]


def _replace_nginx(compose: Compose, front: str, wanted: bool, say: Say) -> None:
    if compose.is_current(front):
        say(f"{front}: nothing has changed")
    elif wanted:
        compose.run("up", "--detach", "--wait", "--no-build", "--no-deps", front)
        say(f"{front}: replaced")
    else:
        say(
            f"{front}: has changed, but was left as it is. `make deploy ARGS=--nginx` replaces it: "
            "for about a second nobody can connect"
        )


if __name__ == "__main__":
    sys.exit(main())
