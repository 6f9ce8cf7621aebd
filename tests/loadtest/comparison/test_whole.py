"""The whole command: real servers, real locusts, small numbers."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.loadtest.comparison.liars import answer, serving
from tests.loadtest.processes import runs, still_running

ROOT = Path(__file__).parents[3]
PATIENCE_S = 120
LOAD = ["--rounds", "1", "--connections", "10"]


def command(*arguments: str) -> list[str]:
    """Its command line."""
    return [sys.executable, "-m", "loadtest.comparison", *LOAD, *arguments]


def compare(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run it to its end."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def summary(folder: Path) -> dict[str, Any]:
    """The report that it wrote."""
    found: dict[str, Any] = json.loads((folder / "summary.json").read_text())
    return found


def test_two_servers_side_by_side(tmp_path: Path) -> None:
    """Both modes and arrivals, each exactly as many as were asked for, with the servers' CPU."""
    done = compare(
        *("--servers", "floor,protocol", "--requests", "500", "--rates", "400"),
        *("--threshold", "close:protocol.requests>=500", "--out", str(tmp_path)),
    )
    assert done.returncode == 0, done.stderr
    found = summary(tmp_path)
    assert [
        (run["mode"], run["rate"], run["server"], run["requests"], run["failures"])
        for run in found["runs"]
    ] == [
        ("keepalive", 0, "floor", 500, {}),
        ("keepalive", 0, "protocol", 500, {}),
        ("close", 0, "floor", 500, {}),
        ("close", 0, "protocol", 500, {}),
        ("keepalive", 400, "floor", 800, {}),
        ("keepalive", 400, "protocol", 800, {}),
    ]
    opened = [run["traffic"]["opened"] for run in found["runs"]]
    assert opened == [10, 10, 500, 500, 10, 10]
    assert all(run["makers"][1]["peak_bytes"] > 1_000_000 for run in found["runs"])
    verdict = {"text": "close:protocol.requests>=500", "value": 500.0, "met": True, "unit": ""}
    assert found["verdicts"] == [verdict]
    # On a busy machine it says so, and nothing else.
    assert [text for text in found["missing"] if "neither the server nor" not in text] == []
    assert done.stdout == (tmp_path / "summary.md").read_text()
    lines = [line for line in done.stderr.splitlines() if line.startswith("round ")]
    assert len(lines) == 6
    assert "\x1b" not in done.stderr


def test_a_threshold_that_is_missed(tmp_path: Path) -> None:
    """Exit code 3, and a table that says which. A server that runs already is not started."""
    with serving(lambda number: answer()) as url:
        done = compare(
            *("--target", url, "--server-pid", str(os.getpid()), "--requests", "100"),
            *("--modes", "keepalive", "--rates", "", "--out", str(tmp_path)),
            *("--threshold", "keepalive:target.requests<100"),
            *("--threshold", "keepalive:target.memory<1000mb"),
        )
    assert done.returncode == 3, done.stderr
    assert [run["server"] for run in summary(tmp_path)["runs"]] == ["target"]
    (missed,) = [line for line in done.stdout.splitlines() if "MISSED" in line]
    assert "keepalive:target.requests<100" in missed


def test_a_target_that_lies_now_and_then(tmp_path: Path) -> None:
    """The check has seen nothing; the run has: each failure is counted by its name."""
    with serving(lambda number: answer(b"Hello, Moon!!" if number == 2_000 else b"")) as url:
        done = compare(
            *("--target", url, "--path", "/x", "--requests", "1000"),
            *("--modes", "keepalive", "--rates", "", "--out", str(tmp_path)),
        )
    assert done.returncode == 1, done.stderr
    assert [sum(run["failures"].values()) for run in summary(tmp_path)["runs"]] == [1]
    assert "## Failures" in done.stdout


def test_a_target_that_fails_from_the_beginning(tmp_path: Path) -> None:
    """It is found by the check, and not asked 100,000 times."""
    asked: list[int] = []

    def answers(number: int) -> bytes:
        asked.append(number)
        return answer() if number < 20 else answer(status=b"429 Too Many Requests")

    with serving(answers) as url:
        done = compare("--target", url, "--out", str(tmp_path))
    assert done.returncode == 1, done.stderr
    assert "RATE_LIMIT=off" in done.stderr
    assert summary(tmp_path)["runs"][0]["failures"] == {"status 429": 1_000}
    assert len(asked) < 1_500


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--target", "http://127.0.0.1:1"], "does it run"),
        (["--target", "https://127.0.0.1:1"], "TLS"),
        (["--servers", "nobody"], "nobody: not one of"),
    ],
)
def test_what_cannot_begin(arguments: list[str], said: str, tmp_path: Path) -> None:
    """Exit code 2, one message, no traceback, no report."""
    done = compare(*arguments, "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.fixture
def endless(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """A comparison that takes longer than the test waits."""
    arguments = ["--servers", "floor", "--requests", "50000000", "--out", str(tmp_path)]
    started = subprocess.Popen(
        command(*arguments), cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    yield started
    if started.poll() is None:
        started.kill()
    started.communicate()


def wait_until(happened: Callable[[], bool]) -> None:
    """AssertionError when it does not."""
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interruption_leaves_nothing_behind(
    number: signal.Signals, endless: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """Neither the server nor locust, in the middle of a run."""
    parent = psutil.Process(endless.pid)
    found: list[psutil.Process] = []

    def both_run() -> bool:
        found[:] = parent.children(recursive=True)
        lines = [" ".join(each.cmdline()) for each in found if runs(each)]
        return all(
            any(word in line for line in lines)
            for word in ("bench.apps.floor", "--requests 50000000")
        )

    wait_until(both_run)
    endless.send_signal(number)
    _, said = endless.communicate(timeout=PATIENCE_S)
    assert endless.returncode == 130, said
    assert still_running(found) == []
    assert "interrupted" in said
    assert "Traceback" not in said
    assert not (tmp_path / "summary.json").exists()
