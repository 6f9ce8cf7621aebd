"""bench.load: what is made of wrk's words."""

import pytest

from bench.load import LOADS, SCRIPTS, Score, WrkError, parse_score

LINE = (
    '{"requests":120,"microseconds":1500000,'
    '"connect":0,"read":0,"write":0,"status":0,"timeout":0}\n'
)


@pytest.mark.parametrize("before", ["", "Running 1s test @ http://127.0.0.1:8000/plaintext\n"])
@pytest.mark.parametrize("after", ["", "Requests/sec:  80.00\n"])
def test_the_score_is_found_among_other_lines(before: str, after: str) -> None:
    """wrk prints a report for people around the line for us."""
    assert parse_score(before + LINE + after) == Score(requests=120, seconds=1.5, errors={})


@pytest.mark.parametrize("kind", ["connect", "read", "write", "status", "timeout"])
def test_every_kind_of_error_is_kept(kind: str) -> None:
    """An error of any kind is named with its number; the kinds without one are left out."""
    assert parse_score(LINE.replace(f'"{kind}":0', f'"{kind}":3')).errors == {kind: 3}


def test_a_wrk_without_a_score_is_an_error() -> None:
    """What wrk said instead is shown."""
    with pytest.raises(WrkError, match="unable to connect to 127"):
        parse_score("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_a_silent_wrk_is_an_error() -> None:
    """No output at all is named as such."""
    with pytest.raises(WrkError, match="no output"):
        parse_score("")


@pytest.mark.parametrize("name", list(LOADS))
def test_every_load_has_a_script_that_reports(name: str) -> None:
    """A script that forgets the report would leave the harness without a score."""
    assert 'require "report"' in (SCRIPTS / f"{name}.lua").read_text()


def test_a_connection_per_request_is_kept_short() -> None:
    """Its client ports run out; the others last as long as asked."""
    assert {name: load.seconds(5) for name, load in LOADS.items()} == {
        "plain": 5,
        "browser": 5,
        "pipelined": 5,
        "close": 1,
    }
