"""A lock without what nobody asks for any more: what `make lock` makes of it then.

The versions that are left stay as they were.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

PIN = re.compile(r"(?m)^(?=[a-z0-9][a-z0-9.-]*==)")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
VIA = re.compile(r"(?m)^    # via(?: .+\n|\n(?:    #   .+\n)+)")


def prune(text: str, project: str) -> str:
    """The lock without what pyproject.toml no longer asks for, and what only that needed."""
    header, *entries = PIN.split(text)
    tables = tomllib.loads(project)
    pins = {each.partition("==")[0]: each for each in entries}
    asked = {
        f"{tables['project']['name']} (pyproject.toml:{group})": _asked(tables, group)
        for group in tables["dependency-groups"]
    }
    sources = {name: _sources(entry) for name, entry in pins.items()}
    while True:
        left = {
            name: [
                by
                for by in sources[name]
                if (name in asked[by] if by in asked else by in sources or " " in by)
            ]
            for name in sources
        }
        # A constraint (-c) says which version, not that it is wanted.
        left = {
            name: found
            for name, found in left.items()
            if any(not by.startswith("-c ") for by in found)
        }
        if left == sources:
            break
        sources = left
    return header + "".join(_told(pins[name], found) for name, found in sources.items())


def _asked(tables: Mapping[str, Any], group: str) -> set[str]:
    """The distributions that a group asks for, and those that it includes."""
    found: set[str] = set()
    for each in tables["dependency-groups"][group]:
        if isinstance(each, dict):
            found |= _asked(tables, each["include-group"])
        elif match := NAME.match(each):
            found.add(re.sub(r"[-_.]+", "-", match[0]).lower())
    return found


def _sources(entry: str) -> list[str]:
    """Why a distribution is in the lock."""
    match = VIA.search(entry)
    if match is None:
        return []
    lines = match[0].replace("# via", "#", 1).splitlines()
    return [each for line in lines if (each := line.strip().lstrip("#").strip())]


def _told(entry: str, sources: list[str]) -> str:
    if len(sources) == 1:
        via = f"    # via {sources[0]}\n"
    else:
        via = "    # via\n" + "".join(f"    #   {each}\n" for each in sources)
    return VIA.sub(lambda _: via, entry)
