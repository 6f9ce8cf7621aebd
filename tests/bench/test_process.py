"""bench.process: lines of /proc, and this very process as they show it."""

import os

import pytest

from bench.process import Memory, Stat, cpu_seconds, parse_memory, parse_stat, session_stats

REST = "S 7 42 43 0 -1 4194560 900 0 3 0 110 25 4 6 20 0 1 0 5000 1000000 500"


@pytest.mark.parametrize("name", ["python", "a b", "(sd-pam)", "a) S 1 (b", ""])
def test_a_program_name_does_not_shift_the_fields(name: str) -> None:
    """The name may hold spaces and parentheses: the fields are found all the same."""
    assert parse_stat(f"123 ({name}) {REST}") == Stat(pid=123, session=43, ticks=110 + 25 + 4 + 6)


@pytest.mark.parametrize(
    "line", ["", "123", "123 (python", "123 (python) S 7 42 43", "x (y) " + REST]
)
def test_a_line_that_is_no_stat_line_is_refused(line: str) -> None:
    """Half a line is an error, not a process that used no time."""
    with pytest.raises(ValueError, match=r"."):
        parse_stat(line)


def test_memory_is_read_in_bytes() -> None:
    """The kernel's kB are KiB, and Pss_Anon is not Pss."""
    text = (
        "55d0a000-7ffd1000 ---p 00000000 00:00 0    [rollup]\n"
        "Rss:               30000 kB\n"
        "Pss:               20000 kB\n"
        "Pss_Anon:          15000 kB\n"
    )
    assert parse_memory(text) == Memory(pss=20000 * 1024, rss=30000 * 1024)


def test_memory_adds_and_subtracts_by_kind() -> None:
    """Shares and whole pages are kept apart."""
    assert Memory(3, 5) + Memory(1, 2) == Memory(4, 7)
    assert Memory(3, 5) - Memory(1, 2) == Memory(2, 3)


def test_this_process_is_found_in_its_session() -> None:
    """What runs the test has a session, and has used time in it."""
    session = os.getsid(0)
    assert os.getpid() in [stat.pid for stat in session_stats(session)]
    assert cpu_seconds(session) > 0
