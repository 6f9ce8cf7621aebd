"""Which servers the contract is tried on: every way by itself, the deployable ones also under
gunicorn. What a way cannot do is written beside its name, in a table that is read here and nowhere
else: the tests know it from here.

A test that asks for an ability is marked `@needs(Ability.X)`, as is a row of a table. Where the
way lacks it the test must fail: one that passes says that the way can do more than it says.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from app.gallery.ways import WAYS, Ability, Way

needs = pytest.mark.needs  # it fails where the way lacks one of these abilities
deployed = pytest.mark.deployed  # only the servers that are deployed, under gunicorn

DEPLOYABLE = ("protocol", "aiohttp")  # the words of SERVER


@dataclass(frozen=True)
class Variant:
    """A way, and whether gunicorn starts it."""

    way: Way
    gunicorn: bool = False

    @property
    def name(self) -> str:
        """For pytest's report."""
        return f"{self.way.name}+gunicorn" if self.gunicorn else self.way.name

    def command(self, descriptor: int, workers: int) -> tuple[str, ...]:
        """What starts it on a listening socket that it inherits."""
        # with gallery:
        if not self.gunicorn:
            options = ("--fd", str(descriptor), "--workers", str(workers))
            return (sys.executable, "-m", "app.gallery", self.way.name, *options)
        # end gallery
        return (sys.executable, "gunicorn.conf.py", "--bind", f"fd://{descriptor}")

    def environment(self, workers: int) -> dict[str, str]:
        """The settings that go with it."""
        server = {"SERVER": self.way.name} if self.gunicorn else {}
        return {"WEB_CONCURRENCY": str(workers), **server}

    def reasons(self, abilities: Iterable[Ability]) -> list[str]:
        """Why it cannot do what needs these."""
        return [self.way.cannot[each] for each in abilities if not self.way.can(each)]


VARIANTS = [Variant(WAYS[name], gunicorn=True) for name in DEPLOYABLE]
VARIANTS[:0] = map(Variant, WAYS.values())  # with gallery
