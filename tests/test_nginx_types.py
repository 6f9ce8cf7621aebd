"""nginx/types.conf: a static file is to nginx what it is to the service."""

import re
from pathlib import Path

import pytest

from app.collect import COMPRESSIBLE
from app.httpd.representation import content_type

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "nginx" / "types.conf").read_text()
[BLOCK] = re.findall(r"^types {\n(.*?)^}", TEXT, re.MULTILINE | re.DOTALL)
KINDS = {
    ending: kind for kind, *endings in (line.strip(" ;").split() for line in BLOCK.splitlines())
    for ending in endings
}  # fmt: skip
[CHARSET] = re.findall(r"^charset_types (.*);", TEXT, re.MULTILINE)


@pytest.mark.parametrize("ending", KINDS)
def test_type(ending: str) -> None:
    """Type and charset are the service's."""
    kind = KINDS[ending]
    has_charset = kind in {*CHARSET.split(), "text/html"}
    assert content_type(f"a.{ending}") == kind + ("; charset=utf-8" if has_charset else "")


def test_what_is_compressed_has_a_type() -> None:
    """Each ending of which a .gz is made is in the table."""
    assert {each.lstrip(".") for each in COMPRESSIBLE} <= set(KINDS)
