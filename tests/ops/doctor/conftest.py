"""What the tests of the rules start from."""

from pathlib import Path

import pytest

from ops.doctor.evidence import Evidence
from ops.doctor.examination import gather
from tests.ops.doctor.configured import configured

ROOT = Path(__file__).parent.parent.parent.parent


@pytest.fixture(scope="session")
def evidence() -> Evidence:
    """The files of this repository, as Compose would have them without .env."""
    return gather(ROOT, {}, configured())
