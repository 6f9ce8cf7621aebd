"""loadtest.comparison.options: the command line."""

from collections.abc import Sequence

import pytest

from bench.targets import GALLERY
from loadtest.comparison.options import Options, parse_options
from loadtest.comparison.servers import MAIN


def texts(options: Options) -> list[str]:
    """Its thresholds, as they were written."""
    return [each.text for each in options.thresholds]


def test_what_is_measured_where_nothing_is_said() -> None:
    """The published test, five times, within ten minutes."""
    options = parse_options([])
    assert (options.requests, options.connections, options.rounds) == (100_000, 100, 5)
    assert (list(options.servers), list(options.modes)) == (list(MAIN), ["keepalive", "close"])
    assert list(options.rates) == [2_000, 5_000, 10_000, 20_000]
    assert (options.minutes, options.longest, texts(options)) == (10.0, 0.0, [])


def test_every_way() -> None:
    """Of the gallery, beside the others; slow ones are asked less."""
    options = parse_options(["--all"])
    assert set(options.servers) == {*MAIN, *GALLERY}
    assert options.longest > 0
    assert list(options.rates) == []


def test_what_is_said_stands_above_a_preset() -> None:
    """Each of it by itself."""
    options = parse_options(["--smoke", "--rounds", "2", "--modes", "close", "--rates", "7,8"])
    assert (options.rounds, options.requests) == (2, 20_000)
    assert (list(options.modes), list(options.rates)) == (["close"], [7.0, 8.0])


@pytest.mark.parametrize(
    ("more", "servers"),
    [
        ([], {"protocol", "aiohttp", "fastapi", "aiohttp/protocol", "fastapi/protocol"}),
        (["--servers", "protocol,fastapi"], {"protocol", "fastapi", "fastapi/protocol"}),
        (["--modes", "close"], set()),
    ],
)
def test_a_preset_judges_what_is_measured(more: Sequence[str], servers: set[str]) -> None:
    """Where somebody measures less, the thresholds of the rest are left out."""
    options = parse_options(["--smoke", *more])
    assert {each.of.partition(":")[2] for each in options.thresholds} == servers


def test_thresholds_are_added() -> None:
    """To each other and to a preset's."""
    more = ["--threshold", "keepalive:aiohttp.p99<1s", "--threshold", "open-9:protocol.p99<1s"]
    options = parse_options(["--smoke", "--rates", "9", *more])
    assert texts(options)[-2:] == ["keepalive:aiohttp.p99<1s", "open-9:protocol.p99<1s"]
    assert len(options.thresholds) == len(parse_options(["--smoke"]).thresholds) + 2


def test_a_running_target_has_a_name_for_thresholds() -> None:
    """The same, wherever it runs."""
    options = parse_options(["--target", "http://h:1", "--threshold", "close:target.p99<1s"])
    assert list(options.names) == ["target"]
    assert texts(options) == ["close:target.p99<1s"]


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["--servers", "protocol,nonesuch"], "nonesuch: not one of protocol, nginx"),
        (["--modes", "http2"], "http2: not one of keepalive, close"),
        (["--modes", "", "--rates", ""], "nothing to measure"),
        (["--rounds", "0"], "'0' is not a whole number from 1 to 1000"),
        (["--requests", "0"], "'0' is not a whole number from 1 to"),
        (["--requests", "1e5"], "'1e5' is not a whole number"),
        (["--connections", "10001"], "from 1 to 10,000"),
        (["--rates", "5,,7"], "'' is not a number above 0"),
        (["--rates", "nan"], "'nan' is not a number above 0"),
        (["--rates", "-5"], "'-5' is not a number above 0"),
        (["--minutes", "0"], "'0' is not a number above 0"),
        (["--minutes", "inf"], "'inf' is not a number above 0"),
        (["--threshold", "cpu"], "'cpu' is no threshold"),
        (["--threshold", "cpu<1us"], "of what?"),
        (["--threshold", "keepalive:nginx.cpu<1us"], "nginx is not measured"),
        (["--threshold", "open-7:protocol.p99<1ms"], "open-7 is not measured"),
        (["--target", "http://h", "--servers", "protocol"], "--target is measured alone"),
        (["--target", "http://h", "--smoke"], "--target is measured alone"),
        (["--all", "--smoke"], "not allowed with"),
        (["--path", "/x"], "--path and --server-pid speak of a server that runs already"),
        (["--server-pid", "1"], "--path and --server-pid speak of a server that runs already"),
        (["--target", "http://h", "--path", "x"], "'x' is no path"),
        (["--target", "http://h", "--path", "/ü"], "is no path"),
    ],
)
def test_what_is_refused(
    arguments: Sequence[str], wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 2 and what is wrong, before anything starts."""
    with pytest.raises(SystemExit) as ended:
        parse_options(arguments)
    assert ended.value.code == 2
    assert wrong in capsys.readouterr().err


def test_help_tells_servers_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    """All of what may be named."""
    with pytest.raises(SystemExit) as ended:
        parse_options(["--help"])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    for text in ("  floor ", "  way:snow ", "SERVER=aiohttp", "3 a threshold was missed"):
        assert text in said
