"""The layout of the code: who may import whom, and how large things may grow.

A rule is a function of one source that gives its faults. Each is tried on a bad source first: a
rule that cannot fail holds nothing.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FUNCTION_LINES, CLASS_ATTRIBUTES, FILE_LINES = 50, 15, 350

# One noun a file; these are none.
NO_NOUNS = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}

# Bytes and values in, bytes and values out: no loop, no sockets.
PURE = {
    f"app.httpd.{name}"
    for name in (
        *("answer", "body", "conditional", "cookies", "errors", "forms", "forwarded", "grammar"),
        *("head", "ids", "limits", "multidict", "representation", "request", "response", "router"),
    )
}
NOT_PURE = {"asyncio", "socket", "ssl", "selectors", "signal", "threading", "uvloop"}

# Who carries the application, on which server.
CARRIERS = {
    *("app.main", "app.__main__", "app.worker", "app.aiohttp_app", "app.aiohttp_adapter"),
    *("app.gallery", "app.release"),
}
# What it says and does, whoever carries it.
APPLICATION = {"app.content", "app.handlers", "app.landing", "app.parking"}


@dataclass(frozen=True)
class Source:
    """One file, by the name it is imported by."""

    name: str
    text: str
    package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def imported(self) -> Iterator[str]:
        """Every module that may be meant by an import statement, wherever it stands."""
        parent = self.name.split(".") if self.package else self.name.split(".")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (each.name for each in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = parent[: len(parent) - node.level + 1] if node.level else []
                module = ".".join([*above, *([node.module] if node.module else [])])
                yield module
                yield from (f"{module}.{each.name}" for each in node.names)


def read(*folders: str) -> list[Source]:
    """The sources below these folders, and gunicorn.conf.py, which is nobody's module."""
    found = []
    for file in sorted(each for folder in folders for each in (ROOT / folder).rglob("*.py")):
        parts = file.relative_to(ROOT).with_suffix("").parts
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        found.append(Source(name, file.read_text(), package))
    return found


def inside(name: str, *packages: str) -> bool:
    """Whether a module is one of these, or in one of these."""
    return any(name == each or name.startswith(each + ".") for each in packages)


# ---- the rules


def imports_upwards(source: Source) -> Iterator[str]:
    """Dependencies point one way: carriers -> handlers -> content; httpd knows none of them."""
    if inside(source.name, "app.httpd"):
        allowed = ("app.httpd",)
    elif source.name == "app.content":
        allowed = ()
    elif source.name == "app.parking":
        allowed = ("app.httpd", "app.content", "app.neighbours")
    elif source.name == "app.handlers":
        allowed = ("app.httpd", "app.content", "app.landing", "app.parking", "app.security")
    elif source.name == "app.landing":
        allowed = ("app.content",)
    elif source.name == "app.security":
        allowed = ("app.httpd",)
    elif inside(source.name, *CARRIERS):
        return
    else:  # settings and what surrounds them: told by the carriers, never the other way
        allowed = ()
        for each in source.imported():
            if inside(each, *CARRIERS, *APPLICATION):
                yield f"imports {each}"
        return
    for each in source.imported():
        # `from app import x` means app.x, and the version, which everyone may know.
        if inside(each, "app") and not inside(each, *allowed, "app.__version__") and each != "app":
            yield f"imports {each}"


# What the load tests may know: the report nothing of how it was measured, the engine nothing of
# which servers are compared, and neither anything of the application.
LOAD_TESTS = {
    "loadtest.report": ("loadtest.report",),
    "loadtest.thresholds": ("loadtest.report.model",),
    "loadtest.facts": (),
    "loadtest.rawload": (
        "loadtest.rawload",
        "loadtest.report",
        "loadtest.thresholds",
        "loadtest.facts",
    ),
    "loadtest.scenarios": ("loadtest.scenarios", "loadtest.rawload"),
}


def load_test_knows_too_much(source: Source) -> Iterator[str]:
    """The parts of the load tests know of one another in one direction."""
    for part, allowed in LOAD_TESTS.items():
        if inside(source.name, part):
            for each in source.imported():
                if inside(each, "app", "bench", "ops", "loadtest") and not inside(each, *allowed):
                    yield f"imports {each}"


def worker_imports_the_application(source: Source) -> Iterator[str]:
    """The arbiter imports the worker: what that imports SIGHUP would not load anew."""
    if source.name in {"app.worker", "app.greeting", "app.logs", "app.settings"}:
        for each in source.imported():
            if inside(each, "app.main", *APPLICATION):
                yield f"imports {each}"


def impure(source: Source) -> Iterator[str]:
    """The pure side imports no asyncio, and nothing that does."""
    if source.name in PURE:
        for each in source.imported():
            if inside(each, *NOT_PURE):
                yield f"imports {each}"
            beside = ".".join(each.split(".")[:3])
            if inside(each, "app.httpd") and beside in ASYNC:
                yield f"imports {beside}, which is not pure"


def long_file(source: Source) -> Iterator[str]:
    """A file is at most 350 lines."""
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield f"has {lines} lines"


def long_function(source: Source) -> Iterator[str]:
    """A function is at most 50 lines; a table in its decorator is not of them."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.name} has {lines} lines"


def large_class(source: Source) -> Iterator[str]:
    """A class has at most 15 attributes of its own: slots, fields, and what it sets on self."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            attributes = {name for each in node.body for name in _attributes(each)}
            if len(attributes) > CLASS_ATTRIBUTES:
                yield f"{node.name} has {len(attributes)} attributes"


def _attributes(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
        ):
            yield node.attr
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)):
            yield name
        case ast.Assign(targets=[ast.Name(id="__slots__")], value=value):
            yield from ast.literal_eval(value)


def no_noun(source: Source) -> Iterator[str]:
    """No module is a drawer for what has no place."""
    yield from (f"{each} is no noun" for each in source.name.split(".") if each in NO_NOUNS)


def no_docstring(source: Source) -> Iterator[str]:
    """Every module says what it is."""
    if not ast.get_docstring(source.tree):
        yield "has no docstring"


def asserting(source: Source) -> Iterator[str]:
    """`python -O` takes assertions away: they are no check of what a peer sends."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Assert):
            yield f"line {node.lineno} asserts"


# ---- the rules hold

APP, BENCH, OPS, TESTS = read("app"), read("bench"), read("ops"), read("tests")
LOADTEST = read("loadtest")
ASYNC = {each.name for each in APP if inside(each.name, "app.httpd") and not each.package} - PURE
# The settings are a table: each of its rows is a field.
TABLES = {"Settings has 18 attributes"}

Rule = Callable[[Source], Iterator[str]]
EVERYWHERE: list[Rule] = [long_file, long_function, large_class, no_noun, no_docstring]
IN_APP: list[Rule] = [imports_upwards, worker_imports_the_application, impure, asserting]


def named(rule: Rule) -> str:
    """For pytest's report."""
    return rule.__name__


@pytest.mark.parametrize("rule", EVERYWHERE, ids=named)
def test_everywhere(rule: Rule) -> None:
    """The service, the bench, the load tests and the tests keep this."""
    assert faults(rule, APP + BENCH + LOADTEST + OPS + TESTS) == []


@pytest.mark.parametrize("rule", IN_APP, ids=named)
def test_in_app(rule: Rule) -> None:
    """The service keeps this."""
    assert faults(rule, APP) == []


def test_in_loadtest() -> None:
    """The load tests keep this."""
    assert {each for each in LOAD_TESTS for one in LOADTEST if inside(one.name, each)} == set(
        LOAD_TESTS
    )
    assert faults(load_test_knows_too_much, LOADTEST) == []


def faults(rule: Rule, sources: list[Source]) -> list[str]:
    """All of them, each with its module."""
    found = [(each.name, fault) for each in sources for fault in rule(each)]
    return [f"{name}: {fault}" for name, fault in found if fault not in TABLES]


def test_pure_modules_are_there() -> None:
    """None of them was renamed and forgotten."""
    assert PURE - {each.name for each in APP} == set()


# ---- the rules can fail

BAD: list[tuple[Rule, str, str, str]] = [
    (imports_upwards, "app.httpd.head", "from app.settings import Settings", "app.settings"),
    (imports_upwards, "app.httpd.head", "from ..handlers import x", "app.handlers"),
    (imports_upwards, "app.content", "import app.httpd", "app.httpd"),
    (imports_upwards, "app.content", "from app import handlers", "app.handlers"),
    (imports_upwards, "app.handlers", "def f():\n    from app import worker", "app.worker"),
    (imports_upwards, "app.settings", "from app.main import create_server", "app.main"),
    (worker_imports_the_application, "app.worker", "from app import main", "app.main"),
    (load_test_knows_too_much, "loadtest.report.page", "import loadtest.rawload.wire", "wire"),
    (load_test_knows_too_much, "loadtest.rawload.wire", "from bench.answer import x", "bench"),
    (impure, "app.httpd.head", "import asyncio", "asyncio"),
    (impure, "app.httpd.head", "from asyncio.events import x", "asyncio.events"),
    (impure, "app.httpd.head", "from .service import Service", "app.httpd.service"),
    (impure, "app.httpd.head", "from . import wire", "app.httpd.wire"),
    (long_file, "app.x", "a = 1\n" * 351, "351 lines"),
    (long_function, "app.x", "@d\ndef f():\n" + "    a = 1\n" * 50, "f has 51 lines"),
    (long_function, "app.x", "class C:\n  async def f(self):\n" + "    a = 1\n" * 50, "51 lines"),
    (
        large_class,
        "app.x",
        "class C:\n  a: int\n  __slots__ = ('b', 'c')\n  def f(self):\n"
        + "".join(f"    self.d{number} = 1\n" for number in range(13)),
        "C has 16 attributes",
    ),
    (no_noun, "app.httpd.utils", "", "utils"),
    (no_docstring, "app.x", "a = 1", "docstring"),
    (asserting, "app.x", "def f():\n    assert a", "line 2"),
]


@pytest.mark.parametrize(("rule", "name", "text", "fault"), BAD)
def test_bad_source(rule: Rule, name: str, text: str, fault: str) -> None:
    """The rule finds the fault in this source."""
    found = list(rule(Source(name, text)))
    assert found
    assert any(fault in each for each in found)


@pytest.mark.parametrize(
    ("rule", "name", "text"),
    [
        (imports_upwards, "app.handlers", "from app import __version__, content"),
        (imports_upwards, "app.main", "from app import handlers"),
        (imports_upwards, "app.httpd.server", "from .runner import Runner"),
        (impure, "app.httpd.head", "from .grammar import TOKEN"),
        (long_file, "app.x", "a = 1\n" * 350),
        (long_function, "app.x", "def f():\n" + "    a = 1\n" * 49),
    ],
)
def test_good_source(rule: Rule, name: str, text: str) -> None:
    """And none in this one."""
    assert list(rule(Source(name, text))) == []
