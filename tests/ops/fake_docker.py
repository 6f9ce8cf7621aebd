"""A `docker` that is no Docker: a shell script that writes down how it was called, and says what a
test wants.

Knows what Compose is asked in the same words by several tests; refuses whatever it was not told of.
"""

import json
import shlex
from pathlib import Path

from ops.compose import ROOT

PS = "compose ps --all --no-trunc --format json"
PLAN = "compose --dry-run up --detach --no-build --no-deps --scale"
NGINX = {
    "image": "test-nginx:latest",
    "depends_on": {"app": {"condition": "service_healthy"}, "static": {"condition": "other"}},
    "ports": [{"target": 8080, "published": "0"}, {"target": 8443, "published": "0"}],
}
CONFIG = {
    "services": {
        "app": {"image": "test:latest"},
        "static": {"image": "test:latest"},
        "nginx": NGINX,
    },
    "networks": {"backend": {"name": "test_backend"}},
}

SCRIPT = """\
#!/bin/sh
here=${{0%/*}}
echo "$PWD $*" >> "$here/calls"
say() {{  # what belongs to one command: one answer after the other, the last for good
    at=$(cat "$here/$1.at")
    [ ! -e "$here/$1.$((at + 1))" ] || echo $((at + 1)) > "$here/$1.at"
    . "$here/$1.$at"
}}
case "$*" in
{cases}
esac
echo "unexpected: docker $*" >&2
exit 99
"""


class Docker:
    """The fake. Whatever it was not told of ends with 99."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cases: list[str] = []
        self.says("compose version --short", "2.40.3")
        self.says("version --format {{.Server.Version}}", "28.5.2")
        self.says("compose config --format json", json.dumps(CONFIG))

    def says(self, command: str, *outs: str, err: str = "", status: int = 0) -> None:
        """To all that begins like this: these on standard output, one each time."""
        name = str(len(self._cases))
        for at, out in enumerate(outs or ("",)):
            said = f"printf %b {shlex.quote(out)}; printf %s {shlex.quote(err)} >&2; exit {status}"
            (self._folder / f"{name}.{at}").write_text(said)
        (self._folder / f"{name}.at").write_text("0")
        self._cases.insert(0, f"{shlex.quote(command)}*) say {name} ;;")
        script = self._folder / "docker"
        script.write_text(SCRIPT.format(cases="\n".join(self._cases)))
        script.chmod(0o755)

    def calls(self) -> list[str]:
        """How it was called since the last time; `compose` always beside its file."""
        file = self._folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        found = [each.split(" ", 1) for each in lines]
        assert {where for where, what in found if what.startswith("compose ")} <= {str(ROOT)}
        return [what for _, what in found]


def row(name: str, state: str = "running", health: str = "healthy", code: int = 0) -> str:
    """A line of `docker compose ps`. The id is the name."""
    service = name.rstrip("123")
    values = {"ID": name, "Service": service, "State": state, "Health": health, "ExitCode": code}
    return json.dumps({**values, "Publishers": None}) + "\n"
