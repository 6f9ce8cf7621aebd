"""bench.options: the command line."""

from collections.abc import Sequence

import pytest

from app.gallery.ways import WAYS
from bench.options import parse_options
from bench.targets import ROOT


def test_everything_is_measured_unless_said_otherwise() -> None:
    """Without options: all servers, all loads, memory too, and no judgement by exit code."""
    options = parse_options([])
    assert options.servers == ["protocol", "nginx", "uvicorn", "aiohttp", "fastapi", "floor"]
    assert options.loads == ["plain", "browser", "pipelined", "close"]
    assert (options.skip_memory, options.check) == (False, False)
    assert options.out == ROOT / "build" / "bench"


def test_lists_keep_their_order_and_lose_their_doubles() -> None:
    """The order given is the order of each round."""
    options = parse_options(["--servers", "nginx,protocol,nginx", "--loads", "close,plain"])
    assert (options.servers, options.loads) == (["nginx", "protocol"], ["close", "plain"])


def test_the_ways_are_measured_when_asked_for() -> None:
    """All of them beside nginx, under the loads that all of them can take."""
    options = parse_options(["--ways"])
    assert options.servers == ["nginx", *(f"way:{name}" for name in WAYS)]
    assert options.loads == ["plain", "browser", "close"]
    assert parse_options(["--ways", "--loads", "pipelined"]).loads == ["pipelined"]


def test_one_way_is_a_server_like_the_others() -> None:
    """By its name, under all loads."""
    options = parse_options(["--servers", "nginx,way:streams"])
    assert options.servers == ["nginx", "way:streams"]
    assert options.loads == ["plain", "browser", "pipelined", "close"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--rounds", "0"], "'0' is not a whole number from 1 to 1000"),
        (["--rounds", "1001"], "'1001' is not a whole number from 1 to 1000"),
        (["--seconds", "1.5"], "'1.5' is not a whole number from 1 to 1000"),
        (["--loads", "plain,heavy"], "heavy: not one of plain, browser, pipelined, close"),
        (["--servers", ""], "not one of protocol, nginx"),
        (["--servers", "streams"], "way:streams"),
        (["--servers", "nginx", "--ways"], "not allowed with argument"),
    ],
)
def test_what_is_not_allowed_is_said(
    arguments: Sequence[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the value and what would do; the exit code is 2."""
    with pytest.raises(SystemExit) as left:
        parse_options(arguments)
    assert left.value.code == 2
    assert complaint in capsys.readouterr().err
