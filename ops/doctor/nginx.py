"""nginx's configuration as a tree, with the settings that `nginx/start` writes in their places.

Reads it, and knows what is in effect where a request goes on to the service. Refuses to judge.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import crossplane

from ops.doctor.rule import Fact, Unreadable, seconds, size

# Where `start` writes in the container. An include of it is looked for in what was written here.
SETTINGS = PurePosixPath("/tmp/settings")
DEFAULT = "nginx's default"


@dataclass(frozen=True, slots=True)
class Directive:
    """One of them, with what it encloses. source: file and line."""

    name: str
    args: tuple[str, ...]
    source: str
    block: tuple["Directive", ...] = ()

    def named(self, name: str) -> list["Directive"]:
        """Those of this name directly in it."""
        return [each for each in self.block if each.name == name]

    def fact(self) -> Fact:
        """It as a fact, without an amount."""
        return Fact(self.name, " ".join(self.args), self.source)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a server listens. Without a port: a unix socket."""

    address: str
    port: int | None
    source: str


@dataclass(frozen=True, slots=True)
class Conf:
    """The whole tree; `main` encloses it."""

    main: Directive

    def walk(self) -> Iterator[tuple[Directive, tuple[Directive, ...]]]:
        """Every directive, with those that enclose it, innermost first."""
        yield from _walk(self.main, ())

    def find(self, name: str) -> list[Directive]:
        """All of this name, wherever."""
        return [each for each, _ in self.walk() if each.name == name]

    def passing(self) -> Iterator[tuple[Directive, ...]]:
        """Where requests go on to the service: what encloses each proxy_pass, innermost first."""
        return (enclosing for each, enclosing in self.walk() if each.name == "proxy_pass")

    def in_effect(self, name: str, default: str) -> Iterator[Directive]:
        """What is in effect wherever requests go on. nginx inherits from without, unless there is
        one within."""
        for enclosing in self.passing():
            found = next((each.named(name) for each in enclosing if each.named(name)), None)
            yield found[-1] if found else Directive(name, (default,), DEFAULT)

    def times(self, name: str, default: str) -> Iterator[Fact]:
        """`in_effect`, in seconds."""
        return (measured(each, seconds) for each in self.in_effect(name, default))

    def sizes(self, name: str, default: str) -> Iterator[Fact]:
        """`in_effect`, in bytes."""
        return (measured(each, size) for each in self.in_effect(name, default))

    def one(self, name: str, default: str, amount: Callable[[str], float] = size) -> Fact:
        """Of a directive that stands only once."""
        found = self.find(name)
        return measured(found[-1] if found else Directive(name, (default,), DEFAULT), amount)

    def upstreams(self) -> list[Directive]:
        """The groups of servers."""
        return self.find("upstream")

    def listeners(self) -> list[Listener]:
        """Every place that a server listens at."""
        servers = [each for http in self.main.named("http") for each in http.named("server")]
        return [_listener(each) for server in servers for each in server.named("listen")]


def measured(directive: Directive, amount: Callable[[str], float]) -> Fact:
    """The fact with the amount of its first argument. Raises Unreadable, with where it stands."""
    try:
        return Fact(
            directive.name,
            " ".join(directive.args),
            directive.source,
            amount(directive.args[0] if directive.args else ""),
        )
    except Unreadable as error:
        raise Unreadable(f"{directive.source}: {directive.name}: {error}") from None


def own(directive: Directive, name: str, default: str, amount: Callable[[str], float]) -> Fact:
    """What a block itself says, or the default."""
    found = directive.named(name) or [Directive(name, (default,), DEFAULT)]
    return measured(found[-1], amount)


def split_address(text: str, port: int) -> tuple[str, int | None]:
    """Host and port of host:port, port or host, as nginx and gunicorn write them."""
    if text.startswith("unix:"):
        return text, None
    if text.isdigit():
        return "*", int(text)
    host, colon, last = text.rpartition(":")
    return (host, int(last)) if colon and last.isdigit() else (text, port)


def read_conf(folder: Path, written: Path) -> Conf:
    """Parse folder/nginx.conf. written: where `start --write` has put the settings. Raises
    Unreadable."""
    reader = _Reader(folder, written)
    return Conf(Directive("main", (), "nginx.conf", tuple(reader.read(folder / "nginx.conf"))))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads files and what they include, from two folders."""

    folder: Path
    written: Path

    def read(self, file: Path) -> Iterator[Directive]:
        """One file by itself: crossplane would look for the settings where only the container
        has them. That every directive is where it may be is for `nginx -t`."""
        parsed = crossplane.parse(str(file), single=True, check_ctx=False, check_args=False)
        by = f"nginx/start, {file.name}" if file.parent == self.written else f"nginx/{file.name}"
        if parsed["errors"]:
            wrong = "; ".join(each["error"] for each in parsed["errors"])
            raise Unreadable(f"{by} cannot be read: {wrong}")
        yield from self._directives(parsed["config"][0]["parsed"], by)

    def _directives(self, statements: list[dict[str, Any]], by: str) -> Iterator[Directive]:
        for each in statements:
            source = f"{by}:{each['line']}"
            if each["directive"] == "include":
                for file in self._included(PurePosixPath(each["args"][0]), source):
                    yield from self.read(file)
            else:
                block = tuple(self._directives(each.get("block", []), by))
                yield Directive(each["directive"], tuple(each["args"]), source, block)

    def _included(self, pattern: PurePosixPath, source: str) -> list[Path]:
        if pattern.parent == SETTINGS:
            found = sorted(self.written.glob(pattern.name))
        elif pattern.is_absolute():
            return []  # the image's own: mime.types
        else:
            found = sorted(self.folder.glob(str(pattern)))
        if not found and not any(each in str(pattern) for each in "*?["):
            raise Unreadable(f"{source} includes {pattern}, which is not there")
        return found


def _walk(
    directive: Directive, enclosing: tuple[Directive, ...]
) -> Iterator[tuple[Directive, tuple[Directive, ...]]]:
    for each in directive.block:
        yield each, (directive, *enclosing)
        yield from _walk(each, (directive, *enclosing))


def _listener(directive: Directive) -> Listener:
    return Listener(*split_address(directive.args[0], 80), directive.source)
