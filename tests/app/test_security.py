"""What browsers are told to refuse is what nginx tells them, and never said twice."""

import re
from pathlib import Path

import pytest

from app.httpd import Response
from app.security import NOSNIFF, PAGE_POLICY, REFERRER, secure

NGINX = (Path(__file__).parents[2] / "nginx" / "headers.conf").read_text()


def fields(response: Response) -> list[str]:
    """The answer's field lines."""
    return [line.decode().rstrip("\r\n") for line in response.fields]


@pytest.mark.parametrize(("name", "value"), [NOSNIFF, REFERRER, PAGE_POLICY])
def test_as_nginx_says_it(name: str, value: str) -> None:
    """Name and value stand in nginx/headers.conf."""
    assert re.search(rf"^add_header {name} ", NGINX, re.MULTILINE)
    assert f'"{value}"' in NGINX or f" {value};" in NGINX


def test_page() -> None:
    """A page gets all of them."""
    expected = [f"{name}: {value}" for name, value in (NOSNIFF, REFERRER, PAGE_POLICY)]
    assert fields(secure(Response.html("<p>"))) == expected


def test_no_page() -> None:
    """Anything else gets no policy of pages."""
    expected = [f"{name}: {value}" for name, value in (NOSNIFF, REFERRER)]
    assert fields(secure(Response.text(""))) == expected


def test_what_is_there_stands() -> None:
    """A field that the answer has, in whatever case, is left as it is."""
    own = [("referrer-policy", "no-referrer"), ("Content-Security-Policy", "default-src 'none'")]
    response = secure(Response.html("", headers=own))
    assert fields(response) == [f"{name}: {value}" for name, value in [*own, NOSNIFF]]
