"""Files: what is there, what is not, and no way out of their folder."""

from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path

import pytest

from app.handlers import STATIC
from tests.contract.clients import Client
from tests.contract.serving import Server

SHEET = "/static/slipway.css"
CONTENT = Path(STATIC, "slipway.css").read_bytes()


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("slipway.css", {"text/css"}),
        ("landing.js", {"text/javascript", "application/javascript"}),  # Python 3.11: the older one
        ("icon.svg", {"image/svg+xml"}),
    ],
)
def test_file(client: Client, name: str, kinds: set[str]) -> None:
    """Its bytes, and the type without which a browser would not take it."""
    answer = client.ask("GET", f"/static/{name}")
    assert (answer.status, answer.body) == (200, Path(STATIC, name).read_bytes())
    assert answer.headers["Content-Type"].partition(";")[0] in kinds


def test_file_that_is_known(client: Client) -> None:
    """304 and no body to whoever has it already."""
    answer = client.ask("GET", SHEET)
    modified = answer.headers["Last-Modified"]
    for fields in ({"If_None_Match": answer.headers["ETag"]}, {"If_Modified_Since": modified}):
        again = client.ask("GET", SHEET, **fields)
        assert (again.status, again.body) == (304, b"")


def test_file_that_has_changed(client: Client) -> None:
    """The file to whoever has an older one."""
    modified = parsedate_to_datetime(client.ask("GET", SHEET).headers["Last-Modified"])
    older = format_datetime(modified.replace(year=modified.year - 1), usegmt=True)
    for fields in ({"If_None_Match": '"another"'}, {"If_Modified_Since": older}):
        assert client.ask("GET", SHEET, **fields).body == CONTENT


@pytest.mark.parametrize(
    "target",
    [
        "/static/",
        "/static",
        "/static/none.css",
        "/static/slipway.css/",
        "/static/../handlers.py",
        "/static/%2e%2e/handlers.py",
        "/static/..%2fhandlers.py",
        "/static/%2e%2e%2fhandlers.py",
        "/static/..%5chandlers.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/slipway.css%00.png",
    ],
)
def test_no_such_file(server: Server, target: str) -> None:
    """Not found, or not even looked for."""
    with server.connect() as wire:
        answer = wire.ask("GET", target, b"", "Connection: close")
    assert answer.status in (400, 404)
    assert b"def " not in answer.body
    assert b"root:" not in answer.body
