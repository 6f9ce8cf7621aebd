"""What the documents say is so: their programs run, their tables and their names are the code's.

`curl` in them is played by http.client here, with the few options that they use.
"""

import ast
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app import httpd
from app.httpd.limits import Deadlines, Limits
from app.knobs import KNOBS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "httpd.md"
THREATS = ROOT / "THREATS.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", THREATS, ROOT / "loadtest" / "README.md"]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))

DEFAULTS = {each.name: each.default for each in KNOBS}
# Those of nginx and Compose, which .env.example has after the others.
DEFAULTS_OF_COMPOSE = dict(
    re.findall(r"^#([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
)
# In capitals, and no settings of ours.
NO_SETTINGS = {
    *("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "ARGS", "PYTHON"),
    *("EMFILE", "SO_PEERCRED", "RLIMIT_NOFILE", "GUNICORN_CMD_ARGS", "TARGET", "LOCUST_GIVE_UP"),
}
WRITTEN = {"greet.py", "search.py", "summary.md"}  # by the reader, and by our own programs
PUBLIC = {
    "server": httpd.HTTPServer,
    "request": httpd.Request,
    "response": httpd.Response,
    **{name: getattr(httpd, name) for name in httpd.__all__},
}


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    return re.findall(
        rf"^```{language}\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL
    )


def spans(document: Path) -> set[str]:
    """The code spans of a document, those in its fenced blocks left out."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([^`\n]+)`", text))


def rows(document: Path) -> list[list[str]]:
    """The cells of every line of every table, headings and rules too."""
    lines = re.findall(r"^\| (.*) \|$", document.read_text(), re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


@dataclass(frozen=True)
class Call:
    """A `curl` command of a document, and what the document shows below it."""

    argv: list[str]
    shown: list[str]


def calls(document: Path) -> list[Call]:
    """Every `curl` command of a document."""
    found = []
    for block in blocks(document, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            if command.startswith("curl "):
                found.append(Call(shlex.split(command)[1:], shown))
    return found


def curl(argv: Sequence[str], port: int) -> str:
    """What curl prints for these arguments, asked of another port."""
    headers = {"User-Agent": "curl/8", "Accept": "*/*"}
    method, body, show_head, url = "", None, False, ""
    words = iter(argv)
    for word in words:
        match word:
            case "-i":
                show_head = True
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                body = next(words).encode()
                headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
            case "-F":
                name, _, file = next(words).partition("=@")
                content = (ROOT / file).read_bytes()
                body = (
                    f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"'
                    f"\r\nContent-Type: text/plain\r\n\r\n"
                ).encode() + content
                body += b"\r\n--b--\r\n"
                headers["Content-Type"] = "multipart/form-data; boundary=b"
            case _:
                assert not word.startswith("-"), word
                url = word
    parts = urlsplit(url)
    assert parts.netloc == "127.0.0.1:8000"
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method or ("GET" if body is None else "POST"), target, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    if not show_head:
        return text
    head = [f"HTTP/1.1 {answer.status} {answer.reason}"]
    head += [f"{name}: {value}" for name, value in answer.getheaders()]
    return "\n".join([*head, "", text])


@contextmanager
def serving(program: str, folder: Path) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """Run a program that ends in `server.run()`, on a free port. Gives the port."""
    assert program.count("server.run()") == 1
    file = folder / "program.py"
    log = "import logging\n\nlogging.basicConfig(level=logging.INFO)\n"
    file.write_text(log + program.replace("server.run()", "server.run(port=0)"))
    process = subprocess.Popen(
        [sys.executable, str(file)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if match := re.search(r"listening on http://127\.0\.0\.1:([0-9]+)", line):
                    yield int(match[1]), process
                    break
            else:
                pytest.fail("the program ended:\n" + "".join(said))
        finally:
            process.kill()


def check(call: Call, port: int) -> None:
    """Hold what curl prints against the document: all of it, or with -i what is shown of it."""
    printed = curl(call.argv, port).rstrip("\n").split("\n")
    if "-i" not in call.argv:
        assert printed == call.shown, call.argv
        return
    rest = iter(printed)
    for line in call.shown:
        assert line in rest, f"{line!r} is not in {printed} of {call.argv}"


def test_first_route(tmp_path: Path) -> None:
    """The README's program has at most ten lines, runs, and answers as the README shows."""
    [program] = blocks(README, "python")
    assert len(program.splitlines()) <= 10
    with serving(program, tmp_path) as (port, _):
        assert calls(README)
        for call in calls(README):
            check(call, port)


def test_guide(tmp_path: Path) -> None:
    """The guide's examples make one program, which answers as the guide shows and ends well."""
    program = "\n\n".join([*blocks(GUIDE, "python"), "server.run()\n"])
    with serving(program, tmp_path) as (port, process):
        assert len(calls(GUIDE)) > 10
        for call in calls(GUIDE):
            check(call, port)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=10)
        assert out == "connected\ndisconnected\n"
        assert process.returncode == 0


def timers() -> dict[str, float]:
    """The README's table of timers: variable and seconds."""
    found = {}
    for cells in rows(README):
        if len(cells) == 4 and re.fullmatch(r"[0-9]+", cells[1]):
            found[cells[2].strip("`")] = float(cells[1])
    return found


def test_timers_are_the_defaults() -> None:
    """The README's table of timers has every timer there is, with its default."""
    names = [name for name in DEFAULTS if name.endswith("_TIMEOUT") or name.startswith("TIMEOUT_")]
    assert timers() == {name: float(DEFAULTS[name]) for name in names}


def test_timers_are_gunicorns(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gunicorn is told when nothing is set is what the table says."""
    for name in DEFAULTS:
        monkeypatch.delenv(name, raising=False)
    told = runpy.run_path(str(ROOT / "gunicorn.conf.py"), run_name="__config__")
    found = timers()
    assert told["timeout"] == found["HEARTBEAT_TIMEOUT"]
    assert told["graceful_timeout"] == found["GRACEFUL_TIMEOUT"]
    assert told["keepalive"] == found["TIMEOUT_IDLE"]


def test_timers_fit() -> None:
    """Each timer stands to its neighbours, and to the platforms', as the table says."""
    of = timers()
    nginx, balancer, heroku, h12, platform_kill = 60, 60, 90, 30, 30
    assert of["TIMEOUT_IDLE"] > max(nginx, balancer, heroku)
    assert of["TIMEOUT_HANDLER"] < min(of["HEARTBEAT_TIMEOUT"], h12)
    drain = of["TIMEOUT_DRAIN_DELAY"] + of["TIMEOUT_DRAIN"] + of["TIMEOUT_DRAIN_IDLE"]
    assert drain < of["GRACEFUL_TIMEOUT"] < platform_kill


@pytest.mark.parametrize("bounds", [Limits, Deadlines])
def test_guide_has_every_limit(bounds: Any) -> None:
    """The guide's tables of limits and deadlines have every one, with its default."""
    heading = f"`{bounds.__name__}`"
    table = [cells for cells in rows(GUIDE) if len(cells) == 3]
    start = next(at for at, cells in enumerate(table) if cells[0] == heading)
    found = {}
    for name, default, _ in table[start + 2 :]:
        number = re.match(r"[0-9.]+", default)
        if number is None:
            break
        found[name.strip("`")] = float(number[0])
    assert found == {each.name: each.default for each in fields(bounds)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets(document: Path) -> None:
    """Every target that is named is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = [*spans(document), *blocks(document, "console")]
    named = {name for text in commands for name in re.findall(r"\bmake ([a-z-]+)", text)}
    assert named <= targets


def exists(name: str) -> bool:
    """Whether a path is there, from the root or, for a module by itself, in the application."""
    folders = (ROOT, ROOT / "app", ROOT / "app" / "httpd", ROOT / "tests")
    return any((folder / name).exists() for folder in folders)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files(document: Path) -> None:
    """Every file of the project that is named exists."""
    path = re.compile(
        r"(?:app|bench|docs|ops|tests|nginx|loadtest|\.ci)/[\w./-]*|"
        r"[\w./-]+\.(?:py|md|toml|txt|lua|conf)|\.env\.example"
    )
    named = {each for each in spans(document) if path.fullmatch(each)} - WRITTEN
    assert [each for each in sorted(named) if not exists(each)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_settings(document: Path) -> None:
    """Every environment variable that is named is one, `LIMIT_*` for all that begin so."""
    capitals = re.compile(r"([A-Z][A-Z0-9_]{2,})(\*?)")
    for span in spans(document):
        match = capitals.fullmatch(span.split("=")[0])
        if match is None or match[1] in NO_SETTINGS:
            continue
        if match[2] or match[1].endswith("_"):
            assert any(name.startswith(match[1]) for name in DEFAULTS), span
        else:
            assert match[1] in DEFAULTS or match[1] in DEFAULTS_OF_COMPOSE, span


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_public_names(document: Path) -> None:
    """What is said to be on a Request, a Response or the server is there."""
    dotted = re.compile(rf"(?:await |@)?({'|'.join(PUBLIC)})\.(?!py\b)(\w+)(?:\(.*)?")
    for match in filter(None, map(dotted.fullmatch, spans(document))):
        found = PUBLIC[match[1]]
        assert hasattr(found, match[2]) or match[2] in found.__annotations__, match[0]


def anchors(document: Path) -> set[str]:
    """What a link to a heading of this document may say after its #."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    plain = [re.sub(r"[^\w -]", "", each.lower()) for each in headings]
    return {each.replace(" ", "-") for each in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links(document: Path) -> None:
    """Every link to a document of the project leads to one, and to a heading that it has."""
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = (document.parent / name) if name else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def threats() -> list[list[str]]:
    """The rows of THREATS.md: number, threat, answer, module, test."""
    return [cells for cells in rows(THREATS) if re.fullmatch(r"[0-9]+\.[0-9]+", cells[0])]


def functions(file: Path) -> set[str]:
    """The tests in a file."""
    tree = ast.walk(ast.parse(file.read_text()))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in tree if isinstance(node, kinds) and node.name[:5] == "test_"}


def test_threats_are_numbered() -> None:
    """Every row has its five cells and a number of its own, in order."""
    found = threats()
    numbers = [tuple(map(int, cells[0].split("."))) for cells in found]
    assert numbers == sorted(set(numbers))
    assert [cells for cells in found if len(cells) != 5] == []


def test_threats_are_tested() -> None:
    """Each test that THREATS.md names exists; a row that names none says so."""
    missing = []
    for number, *_, proof in threats():
        named = re.findall(r"`([\w/]+\.py)::(\w+)`", proof)
        if not named and not proof.startswith("no test"):
            missing.append(f"{number} names no test: {proof}")
        for file, function in named:
            path = ROOT / "tests" / file
            if not path.is_file() or function not in functions(path):
                missing.append(f"{number} {file}::{function}")
    assert missing == []
