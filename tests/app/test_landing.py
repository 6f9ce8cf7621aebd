"""app.landing: the page at `/`, as a text. What a browser makes of it is in tests/landing."""

import asyncio
import html
import os
import platform
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import app
from app import landing
from app.handlers import STATIC
from app.httpd.router import _Node
from app.main import create_server
from app.settings import Settings

ROOT = Path(__file__).parents[2]
VOID = {"meta", "link", "img", "input"}
FETCHING = {"src", "href", "action", "formaction", "srcset", "poster", "data", "background"}
HOSTILE = "</dd><script>alert(1)</script>\"'&"
MOST_HTML, MOST_ASSETS = 16 * 1024, 20 * 1024  # bytes


class Document(HTMLParser):
    """Elements and their attributes; faults: what was not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.facts: list[str] = []
        self.code: list[str] = []
        self.within: list[str] = []  # what stands in script and style
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        kept = {"dt": self.facts, "dd": self.facts, "code": self.code}
        kept |= {"script": self.within, "style": self.within}
        if self.open and self.open[-1] in kept:
            kept[self.open[-1]].append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a name."""
        return [given for name, given in self.elements if name == tag]


DOCUMENT = Document(landing.page("the server", "the-request"))


def served() -> set[tuple[str, str]]:
    """Method and path of every route that the application has."""
    nodes: list[_Node] = [create_server(Settings.from_environment({}))._router._root]
    found = set()
    while nodes:
        node = nodes.pop()
        found |= {(method, endpoint.route) for method, endpoint in node.endpoints.items()}
        nodes += [*node.literals.values(), *node.params.values()]
        nodes += [node.rest[1]] if node.rest else []
    # How the rest of a path is called is the router's business.
    return {(method, route.replace(":path}", "}")) for method, route in found}


def test_every_route_is_on_it() -> None:
    """One that is added to the application, or taken away, is so here as well."""
    shown = {(each.method, each.path) for each in landing.ROUTES}
    assert shown | {("GET", "/")} == served()
    assert len(shown) == len(landing.ROUTES)


def test_every_route_has_a_form_and_a_link() -> None:
    """That lead to it by themselves. What is asked with POST has no link."""
    forms = {str(each["data-route"]): each for each in DOCUMENT.all("form")}
    links = [each["href"] for each in DOCUMENT.all("a")]
    assert list(forms) == [each.path for each in landing.ROUTES]
    for route in landing.ROUTES:
        target = route.target or route.path
        form = forms[route.path]
        assert (form["method"], form["action"]) == (route.method.lower(), target.partition("?")[0])
        assert (target in links) == (route.method == "GET")
        pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(route.path))
        assert re.fullmatch(pattern, target.partition("?")[0])


def test_facts() -> None:
    """Who answered: server, interpreter, version, process and request."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    expected = {
        "server": "the server",
        "runs on": python,
        "version": app.__version__,
        "worker": str(os.getpid()),
        "request": "the-request",
    }
    assert dict(zip(DOCUMENT.facts[::2], DOCUMENT.facts[1::2], strict=True)) == expected


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_facts_on_a_loop(loop: str) -> None:
    """The loop is named where there is one."""
    from app.httpd.loops import has_uvloop, new_event_loop

    async def page() -> str:
        return landing.page("any")

    with asyncio.Runner(loop_factory=lambda: new_event_loop(loop)) as runner:
        assert has_uvloop() or loop == "asyncio"
        assert f"<dd>{landing.PYTHON}, {loop}</dd>" in runner.run(page())


def test_no_request_id() -> None:
    """Where there is none, nothing stands for it."""
    assert "<dt>request</dt>" not in landing.page("any")


def test_what_is_not_ours_is_escaped() -> None:
    """Whatever the server is called and the request id says."""
    text = landing.page(HOSTILE, HOSTILE)
    found = Document(text)
    assert (found.faults, found.open, found.within) == ([], [], [])
    assert text.count(html.escape(HOSTILE)) == 2
    assert len(found.elements) == len(DOCUMENT.elements)


def test_well_formed() -> None:
    """Every element is closed in its turn, no attribute is there twice, and no id."""
    assert (DOCUMENT.faults, DOCUMENT.open) == ([], [])
    ids = [given["id"] for _, given in DOCUMENT.elements if "id" in given]
    assert len(ids) == len(set(ids))
    tags = re.findall(r"<\w+([^>]*)>", landing.page("any"))
    names = [re.findall(r"([\w-]+)(?==|\s|$)", re.sub(r'"[^"]*"', "", each)) for each in tags]
    assert all(len(each) == len(set(each)) for each in names)


def test_policy_holds_for_the_page() -> None:
    """Nothing inline, nothing from elsewhere: the policy forbids none of what the page has."""
    assert DOCUMENT.within == []
    for tag, given in DOCUMENT.elements:
        assert tag != "style"
        assert not [name for name in given if name == "style" or name.startswith("on")]
        for name in FETCHING & set(given):
            assert re.match(r"/(?!/)", str(given[name])), (tag, given)


def test_policy() -> None:
    """Everything is forbidden but what the page needs."""
    policy = dict(
        each.split(" ", 1) for each in landing.FIELDS["Content-Security-Policy"].split("; ")
    )
    own = {"script-src", "style-src", "img-src", "connect-src", "form-action"}
    assert policy == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        **dict.fromkeys(own, "'self'"),
    }


def test_fields_are_those_of_nginx() -> None:
    """Where nginx stands in front the page says of referrers and types what everything says."""
    lines = (ROOT / "nginx" / "headers.conf").read_text()
    for name in ("Referrer-Policy", "X-Content-Type-Options"):
        variable = "default_" + name.lower().removeprefix("x-").replace("-", "_")
        found = re.search(rf'\${variable} {{\s+""\s+(\S+);', lines)
        assert found is not None
        assert found[1] == landing.FIELDS[name]


def test_files_are_there() -> None:
    """Those that the page fetches, and those that it speaks of."""
    addresses = [given[name] for _, given in DOCUMENT.elements for name in ("src", "href")
                 if name in given]  # fmt: skip
    files = {str(each) for each in addresses if str(each).startswith("/static/")}
    names = {"icon.svg", "landing.js", "slipway.css"}
    assert files == {f"/static/{name}" for name in names}
    assert all((STATIC / each.removeprefix("/static/")).is_file() for each in files)
    spoken = [each for each in DOCUMENT.code if each != "install"]
    routes = {each.path for each in landing.ROUTES}
    assert [each for each in spoken if each not in routes and not (ROOT / each).is_file()] == []


def test_every_field_has_a_label() -> None:
    """It stands around it."""
    text = landing.page("any")
    fields = re.findall(r"<label[^>]*>[A-Z][a-z]+ <(input|textarea) ", text)
    assert len(fields) == len(DOCUMENT.all("input")) + len(DOCUMENT.all("textarea"))


def test_small() -> None:
    """Page, style and script weigh little, uncompressed."""
    assert len(landing.page("the Protocol server", "0" * 128).encode()) < MOST_HTML
    assets = [STATIC / name for name in ("landing.js", "slipway.css")]
    assert sum(each.stat().st_size for each in assets) < MOST_ASSETS


def test_script_writes_no_html() -> None:
    """What a server says becomes text."""
    script = (STATIC / "landing.js").read_text()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)
