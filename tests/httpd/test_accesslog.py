"""The access log: lines that stay lines, whatever is in them and whoever reads them."""

# ruff: noqa: E501 (a case a line reads best)

import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.httpd.accesslog import (
    BATCH_BYTES,
    LONGEST_AGENT,
    LONGEST_TARGET,
    PIECE_BYTES,
    WAITING_BYTES,
    AccessLog,
    Output,
)
from app.httpd.request import Request
from app.httpd.router import Endpoint, Router
from tests.httpd.asking import PARSER, Local

COMMON = re.compile(
    r'127\.0\.0\.1 - - \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "([A-Z]+ [^ "\\]+ HTTP/1\.[01])" '
    r'(\d{3}) (\d+) ("(?:[^"\\]|\\.)*") (\w+) (\d+\.\d{6})\n'
)


def request(target: str = "/a", agent: bytes | None = None, method: str = "GET") -> Request:
    """A request for this target by this agent."""
    router = Router()
    router.add("/{rest:path}", ["GET"], Endpoint(lambda request: None, '/{rest:path}"\\'))
    line = b"User-Agent: " + agent + b"\r\n" if agent is not None else b""
    head = PARSER.parse(f"{method} {target} HTTP/1.1\r\nHost: a\r\n".encode() + line + b"\r\n")
    return Request(head, router.resolve(head.line), b"id", Local(), object())  # type: ignore[arg-type]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log goes."""
    return tmp_path / "access.log"


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, AccessLog]]:
    """The reading end of a pipe, and a log that writes into the other."""
    read, write = os.pipe()
    log = AccessLog("json", "/dev/null")
    log._output.close()
    fresh = Output("/dev/null")
    os.dup2(write, fresh._fd)
    os.close(write)
    log._output = fresh
    yield read, log
    log._output.close()
    os.close(read)


def written(path: Path) -> list[Any]:
    """The lines of a log, each read as JSON."""
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_json_line(path: Path) -> None:
    """A line says what was asked, what came of it, and how long it took."""
    log = AccessLog("json", str(path))
    log.add(request("/a?b=c", b"curl/8"), 200, 13, 0.0001234)
    log.close()
    (line,) = written(path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", line.pop("time"))
    assert line == {
        "request_id": "id", "client": "127.0.0.1", "method": "GET", "target": "/a?b=c",
        "route": '/{rest:path}"\\', "status": 200, "bytes": 13, "seconds": 0.000123,
        "user_agent": "curl/8",
    }  # fmt: skip


def test_common_line(path: Path) -> None:
    """The common format has the agent, the id and the seconds behind it."""
    log = AccessLog("common", str(path))
    log.add(request("/a?b=c", b"curl/8"), 404, 13, 1.5)
    log.close()
    match = COMMON.fullmatch(path.read_text("ascii"))
    assert match is not None
    assert match.groups() == ("GET /a?b=c HTTP/1.1", "404", "13", '"curl/8"', "id", "1.500000")


AGENTS = [
    b'a"b', b"a\\", b'\\"', b'a" 200 0 "b', b'","status":500,"x":"', b"\xff\xfe", "\u2028\u00e9".encode(),
    b"\x80\x85\x9b31m", b"a\tb", b"%0d%0a", b"", b"{}", b"\xc2\x85",
]  # fmt: skip


@pytest.mark.parametrize("agent", AGENTS)
def test_hostile_agents(agent: bytes, path: Path) -> None:
    """No agent ends its string, its line, or reaches the terminal raw."""
    for form in ("json", "common"):
        log = AccessLog(form, str(path))
        log.add(request("/a", agent), 200, 0, 0)
        log.close()
    first, second = path.read_text("ascii").splitlines(keepends=True)
    line = json.loads(first)
    assert (line["user_agent"], line["status"]) == (agent.decode("latin-1").strip(" \t"), 200)
    match = COMMON.fullmatch(second)
    assert match is not None
    assert (match[2], json.loads(match[4])) == ("200", agent.decode("latin-1").strip(" \t"))
    assert not re.search(r"[^\x20-\x7e\n]", first + second)


# A target that the parser takes has none of `"`, `\\`, controls or 8 bits: see test_head.
@given(
    st.text("abc/%'!$&()*+,;=:@?~[]_-.", max_size=30),
    st.text(
        st.characters(
            max_codepoint=255, exclude_characters="\0\r\n\x7f" + "".join(map(chr, range(32)))
        )
    ),
)
def test_any_line_is_json(target: str, agent: str) -> None:
    """Every line that can be written is one line and is JSON."""
    log = AccessLog("json", "/dev/null")
    asked = request("/" + target.replace("%", "%41").replace(".", ""), agent.encode("latin-1"))
    log.add(asked, 200, 0, 0)
    (line,) = log._lines
    log.close()
    assert line.index("\n") == len(line) - 1
    assert json.loads(line)["target"] == asked.target


def test_long_values_are_cut(path: Path) -> None:
    """A line fits a pipe's atomic write, so that workers' lines do not mix."""
    log = AccessLog("json", str(path))
    log.add(request("/".ljust(8000, "a"), b"\xff" * 20_000), 200, 0, 0)
    log.close()
    (line,) = written(path)
    assert (len(line["target"]), len(line["user_agent"])) == (LONGEST_TARGET, LONGEST_AGENT)
    assert path.stat().st_size < PIECE_BYTES


def test_refused(path: Path) -> None:
    """What was no request has a line as well, with the reason."""
    for form in ("json", "common"):
        log = AccessLog(form, str(path))
        log.add_refused("", "id", 400, 'a "reason"')
        log.close()
    first, second = path.read_text("ascii").splitlines()
    line = json.loads(first)
    assert (line["method"], line["status"], line["reason"], line["client"]) == (
        None,
        400,
        'a "reason"',
        "",
    )
    assert re.fullmatch(r'- - - \[.*\] "-" 400 0 "a \\"reason\\"" id 0\.000000', second)


@pytest.mark.parametrize("form", ["json", "common"])
def test_batches(form: str, path: Path) -> None:
    """Nothing is written before 64 KiB are full or somebody asks."""
    log = AccessLog(form, str(path))
    asked = request()
    while log._size + 400 < BATCH_BYTES:
        log.add(asked, 200, 0, 0)
    assert path.stat().st_size == 0
    count = len(log._lines)
    log.flush()
    assert len(path.read_text().splitlines()) == count
    for _ in range(2 * count):
        log.add(asked, 200, 0, 0)
    assert path.stat().st_size - path.read_text().count("\n") * 0 >= BATCH_BYTES
    log.close()
    assert len(path.read_text().splitlines()) == 3 * count


def test_reopen(path: Path) -> None:
    """After the file was moved the next line goes to a new one, and none is lost."""
    log = AccessLog("json", str(path))
    log.add(request("/1"), 200, 0, 0)
    moved = path.rename(path.with_suffix(".1"))
    log.reopen()
    log.add(request("/2"), 200, 0, 0)
    log.close()
    assert [each["target"] for each in written(moved) + written(path)] == ["/1", "/2"]
    assert path.stat().st_mode & 0o777 == 0o640


def test_reopen_that_fails(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Where the new file cannot be opened the old one stays, and the error log says so."""
    log = AccessLog("json", str(path))
    moved = path.rename(path.with_suffix(".1"))
    path.mkdir()
    log.reopen()
    log.add(request("/1"), 200, 0, 0)
    log.close()
    assert len(written(moved)) == 1
    assert "cannot be reopened" in caplog.text


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    """A log that cannot be opened stops the start."""
    with pytest.raises(OSError, match="No such file"):
        AccessLog("json", str(tmp_path / "none" / "a.log"))


def test_full_pipe_neither_stalls_nor_loses(
    pipe: tuple[int, AccessLog], caplog: pytest.LogCaptureFixture
) -> None:
    """A reader that stops reading stalls nothing; what waited comes later, in order and whole."""
    read, log = pipe
    count = 3 * BATCH_BYTES // 200
    for number in range(count):
        log.add(request(f"/{number}"), 200, 0, 0)
    log.flush()
    assert log._size > 0
    got = b""
    while log._lines:
        got += os.read(read, 1 << 20)
        log.flush()
    os.set_blocking(read, False)
    got += os.read(read, 1 << 20)
    assert [json.loads(line)["target"] for line in got.splitlines()] == [
        f"/{n}" for n in range(count)
    ]
    assert caplog.text == ""


def test_what_waits_is_bounded(
    pipe: tuple[int, AccessLog], caplog: pytest.LogCaptureFixture
) -> None:
    """Above a bound the newest lines are dropped, and once the reader is back their number is told."""
    read, log = pipe
    asked = request("/".ljust(2000, "a"))
    for _ in range(2 * WAITING_BYTES // 2000):
        log.add(asked, 200, 0, 0)
    dropped = log._dropped
    assert dropped > 100
    assert log._size < WAITING_BYTES + PIECE_BYTES
    with caplog.at_level(logging.WARNING, "slipway.error"):
        while log._lines:
            os.read(read, 1 << 20)
            log.flush()
    assert f"{dropped} lines were dropped" in caplog.text
    assert log._dropped == 0


def test_non_blocking_output(pipe: tuple[int, AccessLog]) -> None:
    """An output that somebody made non-blocking is written as far as it goes, and no line is cut."""
    read, log = pipe
    os.set_blocking(log._output._fd, False)
    for number in range(2 * BATCH_BYTES // 200):
        log.add(request(f"/{number}"), 200, 0, 0)
    log.flush()
    taken = os.read(read, 1 << 20)
    assert taken.endswith(b"\n")
    assert all(json.loads(line) for line in taken.splitlines())


def test_reader_gone(pipe: tuple[int, AccessLog]) -> None:
    """A pipe without a reader costs the service nothing but the log."""
    read, log = pipe
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, read)
    os.close(null)
    log.add(request(), 200, 0, 0)
    log.flush()
    log.flush(0.01)
    assert len(log._lines) == 1


def test_close_waits_for_a_moment_only(pipe: tuple[int, AccessLog]) -> None:
    """At the end what is taken is written; closing again does nothing."""
    read, log = pipe
    log.add(request("/last"), 200, 0, 0)
    log.close()
    log.close()
    assert json.loads(os.read(read, 1 << 20))["target"] == "/last"


def test_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    """ "-" is standard output, and it stays open."""
    log = AccessLog("json", "-")
    log.add(request("/out"), 200, 0, 0)
    log.reopen()
    log.close()
    os.fstat(1)
    assert json.loads(capfd.readouterr().out)["target"] == "/out"
