"""What was asked for when a service was made: its name, its ports, what it is without.

Kept in the service as `.template.toml`, so that a newer template is rendered with the same.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ops.new.git import NewError
from ops.new.parts import OPTIONAL

FILE = ".template.toml"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 28  # of a name: the lines that it stands in are to stay within the line length
PORTS: Mapping[str, int] = {"PORT": 8000, "HTTP_PORT": 8080, "ALT_HTTP_PORT": 8081}
# Folders that nginx's image has where its configuration is put under the name.
RESERVED = {"certificates", "modules"}
TAKEN = {8089: "locust's web page", 8090: "nginx's probes", 8443: "https"}

HEADER = """\
# What this was made with, and from which version of the template. The template reads it for an
# update, from the branch `template`: docs/updates.md.
"""


@dataclass(frozen=True, slots=True)
class Answers:
    """name: as in `my-service`. without: the parts that are left out. ports: those of PORTS."""

    name: str
    without: frozenset[str] = frozenset()
    ports: Mapping[str, int] = field(default_factory=lambda: dict(PORTS))

    def record(self, version: str, commit: str) -> bytes:
        """As they are kept, with what they were asked of."""
        without = ", ".join(f'"{each}"' for each in sorted(self.without))
        ports = "".join(f"{name} = {port}\n" for name, port in self.ports.items())
        return (
            f'{HEADER}name = "{self.name}"\nwithout = [{without}]\n\n[ports]\n{ports}\n'
            f'[template]\nversion = "{version}"\ncommit = "{commit}"\n'
        ).encode()


def judge(name: str, without: Iterable[str], ports: Mapping[str, str]) -> Answers:
    """What is asked for, if it can be. Raises NewError that names everything that is wrong."""
    chosen = frozenset(without)
    wrong = [*_name(name), *_parts(chosen)]
    numbers = dict(PORTS)
    for each, text in ports.items():
        if each not in PORTS:
            wrong.append(f"{each} is no port of the template: they are {', '.join(PORTS)}")
        elif not (re.fullmatch("[0-9]{4,5}", text) and 1024 <= int(text) <= 65535):
            wrong.append(f"{each}={text} is no port from 1024 to 65535")
        else:
            numbers[each] = int(text)
    numbers_taken = [*numbers.values(), *TAKEN]
    for each, number in numbers.items():
        if numbers_taken.count(number) > 1:
            wrong.append(f"{each}={number} is also {TAKEN.get(number, 'another of the ports')}")
    if wrong:
        raise NewError("\n".join(wrong))
    return Answers(name, chosen, numbers)


def parse(text: str) -> Answers:
    """What a service has recorded. Raises NewError."""
    try:
        found = tomllib.loads(text)
        ports = {name: str(port) for name, port in found["ports"].items()}
        return judge(found["name"], found["without"], ports)
    except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError) as error:
        raise NewError(f"{FILE} on the branch template cannot be read: {error}") from None


def _name(name: str) -> Iterable[str]:
    if not name:
        yield "NAME is missing: make new NAME=my-service DIR=../my-service"
    elif not NAME.fullmatch(name) or not 2 <= len(name) <= LONGEST or name in RESERVED:
        yield (
            f"NAME={name} cannot be used: 2 to {LONGEST} of a-z, 0-9 and single hyphens between "
            "them, a letter first, as in my-service. It becomes the name of a distribution, of "
            "images and of sockets, and what the field Server says"
        )


def _parts(chosen: frozenset[str]) -> Iterable[str]:
    for each in sorted(chosen - OPTIONAL.keys()):
        yield f"WITHOUT={each}: it can be without {' and '.join(OPTIONAL)}"
    for each in sorted(chosen & OPTIONAL.keys()):
        for other in sorted(OPTIONAL[each].takes - chosen):
            yield f'WITHOUT={each} takes {other} with it: WITHOUT="{each} {other}"'
