"""What the tests of files share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.httpd.asking import Site, example, none_left_open


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The example of a folder."""
    return example(tmp_path)


@pytest.fixture
def no_leak() -> Iterator[None]:
    """No descriptor is left open by the test."""
    with none_left_open():
        yield
