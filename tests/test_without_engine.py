"""Where no Docker engine answers, the tests of the containers say so and disturb no others."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ONE_OF_THEM = "tests/stack/test_up.py"


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """An environment whose engine is not there."""
    return os.environ | {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}


def pytest_on(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """One run of pytest, as a developer would start it."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )


def test_skipped_with_the_reason(nowhere: dict[str, str]) -> None:
    """Nothing fails, nothing is left open by the question, and the reason is told."""
    done = pytest_on(nowhere, ONE_OF_THEM)
    assert done.returncode == 0, done.stdout
    assert "no Docker engine answers" in done.stdout
    assert "passed" not in done.stdout.splitlines()[-1]


def test_failed_if_asked_for(nowhere: dict[str, str]) -> None:
    """`make test-stack` must not be green because there was nothing to test."""
    done = pytest_on(nowhere, ONE_OF_THEM, "-m", "stack", "-x")
    assert done.returncode == 1, done.stdout


def test_no_docker_command(nowhere: dict[str, str], tmp_path: Path) -> None:
    """The same where Docker was never installed."""
    done = pytest_on(nowhere | {"PATH": str(tmp_path)}, ONE_OF_THEM)
    assert done.returncode == 0, done.stdout
    assert "no docker command" in done.stdout
