"""The scenarios against the application itself, and the shapes over time.

Each locust has an application of its own, so that the access log says what was asked.
"""

import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.loadtest.rawload.locusts import ROOT, TIMEOUT_S, Ended, Start, start
from tests.loadtest.rawload.plans import ACCEPT
from tests.process.running import alone

AT_A_TIME = 3
# The application, but for one answer.
MOON = """
from app import content
from app.__main__ import main

content.hello = lambda name="Anonymous": f"Goodbye, {name}"
main()
"""
EXACT = f"--requests 401 --warmup 20 --csv kept {ACCEPT}"
STARTS = {
    "journey": Start("-u 2 -r 100 --run-time 3s --csv kept Journey"),
    "journey, missed": Start("-u 1 --run-time 1s --threshold p99<0.001ms Journey"),
    "journey, wrong": Start("-u 9 -r 100 --run-time 2s Journey"),
    "routes": Start(f"-u 5 {EXACT} Routes"),
    "read": Start(f"-u 5 {EXACT} Routes --tags read --exclude-tags wrong"),
    "write": Start(f"-u 5 {EXACT} Routes --tags write"),
    "routes, wrong": Start(f"-u 5 --requests 401 --warmup 0 {ACCEPT} Routes"),
    "step": Start("-u 10 --shape step --run-time 4s --warmup 0 --accept-limited Published"),
}
ALL = {
    ("GET", "/plaintext"),
    ("GET", "/json"),
    ("GET", "/hello/{name}"),
    ("GET", "/time"),
    ("POST", "/echo"),
    ("GET", "/nowhere"),
}
WHOLE = {
    "routes": ALL,
    "read": ALL - {("POST", "/echo"), ("GET", "/nowhere")},
    "write": {("POST", "/echo")},
}


@dataclass(frozen=True)
class Played:
    """What came of a locust, and how often its application was asked for what."""

    ended: Ended
    accesses: Mapping[tuple[str, str], int]

    def rows(self) -> dict[tuple[str, str], int]:
        """locust's own figures: requests of each method and name; none of them failed."""
        with (self.ended.folder / "kept_stats.csv").open() as file:
            rows = [row for row in csv.DictReader(file) if row["Name"] != "Aggregated"]
        assert {row["Failure Count"] for row in rows} == {"0"}
        return {(row["Type"], row["Name"]): int(row["Request Count"]) for row in rows}


def play(name: str, folder: Path) -> Played:
    """One locust, and its application."""
    folder.mkdir()
    command = [sys.executable, "-c", MOON] if "wrong" in name else []
    with alone(folder, *command) as service:
        given = replace(STARTS[name], host=f"http://127.0.0.1:{service.port}")
        ended = start(given, folder / "locust")
        service.kill(15)
        service.end()
        lines = [json.loads(line) for line in service.accesses().splitlines()]
    # What is counted under one name by the load is one route to the application.
    asked = Counter((each["method"], each["route"] or each["target"]) for each in lines)
    return Played(ended, asked)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, "Future[Played]"]]:
    """All of them, a few at a time."""
    folder = tmp_path_factory.mktemp("scenarios")
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = {
            name: pool.submit(play, name, folder / str(number))
            for number, name in enumerate(STARTS)
        }
        yield found
        for each in found.values():
            each.cancel()


@pytest.mark.parametrize("name", WHOLE)
def test_routes(played: Mapping[str, "Future[Played]"], name: str) -> None:
    """Exactly so many requests, for nothing but what was named by its tags; the application saw
    the same, and the warm-up."""
    found = played[name].result()
    assert found.ended.code == 0, found.ended.output
    run = found.ended.run
    assert (run["requests"], run["failures"], run["void"]) == (401, {}, "")
    rows = found.rows()
    assert (set(rows), sum(rows.values())) == (WHOLE[name], 401)
    assert sum(found.accesses.values()) == 401 + 20
    assert {method for method, _ in found.accesses} == {method for method, _ in WHOLE[name]}
    assert found.accesses["POST", "/echo"] >= rows.get(("POST", "/echo"), 0)


def test_routes_of_which_one_is_wrong(played: Mapping[str, "Future[Played]"]) -> None:
    """Each of its requests failed, none of the others, and it is named."""
    found = played["routes, wrong"].result().ended
    assert found.code == 1, found.output
    (fault,) = found.run["failures"]
    assert fault == "a body of 12 bytes where 10 were due"
    assert 0 < found.run["failures"][fault] == 401 - found.answered < 401
    blamed = [line for line in found.output.splitlines() if fault in line]
    assert blamed
    assert all("GET /hello/{name}: " in line for line in blamed if "FailedRequest" in line)
    assert any("GET /hello/{name}: " in line for line in blamed)


def test_journey(played: Mapping[str, "Future[Played]"]) -> None:
    """It does nothing that fails; its names are counted as one. The application saw what was
    counted, and what was under way at the end."""
    found = played["journey"].result()
    assert found.ended.code == 0, found.ended.output
    assert set(found.rows()) <= {
        ("GET", "/"),
        ("GET", "/static/slipway.css"),
        ("GET", "/hello/{name}"),
        ("POST", "/echo"),
    }
    # The table at the end: the CSV may be half a second older.
    table = re.findall(r"^ +Aggregated +(\d+) +(\d+)\(", found.ended.output, re.MULTILINE)
    requests, failures = map(int, table[-1])
    assert requests > 0
    assert failures == 0
    assert requests <= sum(found.accesses.values()) <= requests + 2


def test_journey_that_is_too_slow(played: Mapping[str, "Future[Played]"]) -> None:
    """A threshold that is missed has the same exit code as everywhere."""
    found = played["journey, missed"].result().ended
    assert found.code == 3, found.output
    assert re.search(r"^threshold p99<0\.001ms: .*MISSED$", found.output, re.MULTILINE)


def test_journey_that_is_told_something_else(played: Mapping[str, "Future[Played]"]) -> None:
    """A wrong body is a failure, though its status is right."""
    found = played["journey, wrong"].result().ended
    assert found.code == 1, found.output
    assert "without 'Hello, Grace'" in found.output


def test_steps(played: Mapping[str, "Future[Played]"]) -> None:
    """More and more users, each with its connection, from one to nearly all of them: with a second
    between two looks at the shape, 4 s are too short for the last steps."""
    found = played["step"].result().ended
    assert found.code == 0, found.output
    users = [int(each) for each in re.findall(r"Shape test updating to (\d+) users", found.output)]
    assert users == sorted(set(users))
    assert users[0] == 1
    assert 3 <= len(users) <= 5
    assert 6 <= users[-1] <= 10
    assert found.run["traffic"]["opened"] == found.run["connections"] == users[-1]
    assert found.run["failures"] == {}


# ---- shapes

SHAPES = """
import json, sys
from types import SimpleNamespace
from loadtest.scenarios.shapes import SHAPES

def ticks(name, users, seconds, times):
    shape = SHAPES[name]()
    options = SimpleNamespace(num_users=users, run_time=seconds)
    shape.runner = SimpleNamespace(environment=SimpleNamespace(parsed_options=options))
    found = []
    for time in times:
        shape.get_run_time = lambda: time
        found.append(shape.tick())
    return found

json.dump([ticks(*each) for each in json.load(sys.stdin)], sys.stdout)
"""
HUNDRED = [float(second) for second in range(101)]
# name: users at 0 %, 1 %, 4 %, 5 %, 9 %, 10 %, 25 %, 39 %, 40 %, 50 %, 59 %, 60 %, 99 % of the time
LOOKS = (0, 1, 4, 5, 9, 10, 25, 39, 40, 50, 59, 60, 99)
COURSES = {
    "step": (20, 20, 20, 20, 20, 40, 60, 80, 100, 120, 120, 140, 200),
    "ramp": (1, 4, 16, 20, 36, 40, 100, 156, 160, 200, 200, 200, 200),
    "spike": (20, 20, 20, 20, 20, 20, 20, 20, 200, 200, 200, 20, 20),
    "soak": (1, 40, 160, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200),
}
Tick = tuple[int, float] | None
# name, --users, --run-time, seconds into the run
Case = tuple[str, int | None, int | None, list[float]]


def ticks(*cases: Case) -> list[list[Tick]]:
    """What each shape says at these times, in a process that locust may patch."""
    done = subprocess.run(
        [sys.executable, "-c", SHAPES],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        cwd=ROOT,
        check=True,
    )
    found: list[list[Any]] = json.loads(done.stdout)
    return [[None if each is None else (each[0], each[1]) for each in case] for case in found]


def test_courses() -> None:
    """How many users there are, and that the test ends with its time, not before."""
    times = [*HUNDRED, 100.5, 1000.0]
    found = dict(zip(COURSES, ticks(*((name, 200, 100, times) for name in COURSES)), strict=True))
    for name, course in COURSES.items():
        users = [tick and tick[0] for tick in found[name]]
        assert tuple(users[second] for second in LOOKS) == course, name
        assert users[100:] == [None, None, None], name
        assert None not in users[:100], name


def test_bounds() -> None:
    """Never nobody, never more than --users, who all may come within a second; one user is one
    from the beginning to the end."""
    many = (1, 2, 3, 7, 10, 99, 1_000)
    cases: list[Case] = [(name, users, 100, HUNDRED[:-1]) for name in COURSES for users in many]
    for (name, users, *_), found in zip(cases, ticks(*cases), strict=True):
        assert users is not None
        counts = [tick[0] for tick in found if tick]
        assert len(counts) == 100, name
        assert 1 <= min(counts) <= max(counts) == users, (name, users)
        assert {tick[1] for tick in found if tick} == {users}, (name, users)


def test_what_nobody_says() -> None:
    """Without --users and --run-time there are a hundred, for a minute."""
    assert ticks(("ramp", None, None, [0.0, 59.9, 60.0])) == [[(1, 100.0), (100, 100.0), None]]
