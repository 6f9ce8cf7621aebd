"""Methods: which a path allows, which it does not, and which nobody knows."""

import pytest

from tests.contract.clients import Client
from tests.contract.variants import Ability, needs

READ = {"GET", "HEAD", "OPTIONS"}
WRITE = {"POST", "OPTIONS"}
SHEET = "/static/slipway.css"

PATHS = [
    ("/", READ),
    ("/plaintext", READ),
    ("/hello/Ada", READ),
    ("/sleep", READ),
    ("/park", READ),
    ("/release", WRITE),
    ("/echo", WRITE),
    ("/stream", READ),
    (SHEET, READ),
]


def allowed(field: str | None) -> set[str]:
    """The methods that an Allow field names."""
    return {each.strip() for each in (field or "").split(",")}


@pytest.mark.parametrize(("target", "methods"), PATHS)
def test_options(client: Client, target: str, methods: set[str]) -> None:
    """What is allowed, and no body."""
    answer = client.ask("OPTIONS", target)
    assert (answer.status, answer.body) == (204, b"")
    assert allowed(answer.headers["Allow"]) == methods


@pytest.mark.parametrize(("target", "methods"), PATHS)
def test_not_allowed(client: Client, target: str, methods: set[str]) -> None:
    """405, and what is allowed."""
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH"} - methods:
        answer = client.ask(method, target)
        assert answer.status == 405, method
        assert allowed(answer.headers["Allow"]) == methods


@pytest.mark.parametrize("target", ["/plaintext", "/echo", "/nowhere", SHEET])
@needs(Ability.METHODS)
def test_unknown(client: Client, target: str) -> None:
    """501 for a method that nobody here knows, wherever."""
    assert client.ask("BREW", target).status == 501


@pytest.mark.parametrize("method", ["OPTIONS", "POST", "DELETE"])
def test_no_such_path(client: Client, method: str) -> None:
    """404, whatever the method."""
    assert client.ask(method, "/nowhere").status == 404
