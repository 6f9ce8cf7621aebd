"""The contract, with nginx in between: the very same tests, under their module's name."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.contract import test_wrong
from tests.stack.contract.conftest import Fronted
from tests.stack.contract.fronts import FRONTS, LEFT_OUT, LENIENT

FOLDER = Path(__file__).parents[2] / "contract"


def contract() -> Iterator[tuple[str, str, Callable[..., None]]]:
    """Every test with its module's name and its name here."""
    for file in sorted(FOLDER.glob("test_*.py")):
        for name, test in vars(importlib.import_module(f"tests.contract.{file.stem}")).items():
            if name.startswith("test_"):
                yield file.stem, f"{file.stem}_{name.removeprefix('test_')}", test


for module, name, test in contract():
    if not {module, name} & LEFT_OUT.keys():
        globals()[name] = test
del module, name, test  # the last would be one test more


def test_lenient(server: Fronted) -> None:
    """test_wrong.py's `test_strict`: all is refused but what nginx is lenient with."""
    found = {name: test_wrong.verdict(server, sent) for name, sent in test_wrong.STRICT.items()}
    assert {name for name, each in found.items() if each} == LENIENT.keys(), found
    assert server.answers()


def test_differences() -> None:
    """Those that are named are there: none was renamed and forgotten."""
    known = {name for module, test, _ in contract() for name in (module, test)}
    named = {*LEFT_OUT, *(name for front in FRONTS for name in front.cannot)}
    assert named - known == set()
