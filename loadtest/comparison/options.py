"""The command line of `python -m loadtest.comparison`."""

import argparse
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.options import count, names_from
from bench.targets import ROOT
from loadtest.comparison.loads import MODES, closed_loads, open_loads
from loadtest.comparison.servers import ALL, CONTENDERS, MAIN, RUNNING
from loadtest.comparison.verdicts import check
from loadtest.thresholds import Threshold, ThresholdError, parse_threshold, parse_thresholds

LIMIT_REQUESTS, LIMIT_CONNECTIONS, LIMIT_RATE = 100_000_000, 10_000, 1_000_000.0
PATH = re.compile(r"/[!-~]*")


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure, for how long, and what to make of it.

    target: "" where servers are started. minutes: of the whole command; longest: seconds that a run
    may take, by fewer requests; 0 for any.
    """

    servers: Sequence[str]
    target: str
    path: str
    server_pid: int
    modes: Sequence[str]
    rounds: int
    requests: int
    connections: int
    rates: Sequence[float]
    minutes: float
    longest: float
    thresholds: Sequence[Threshold]
    out: Path

    @property
    def names(self) -> Sequence[str]:
        """What the servers are called in the report."""
        return [RUNNING] if self.target else self.servers


@dataclass(frozen=True, slots=True)
class Preset:
    """What is measured where nothing else is said. thresholds: those that speak of what is
    measured are judged."""

    servers: Sequence[str] = MAIN
    modes: Sequence[str] = MODES
    rounds: int = 5
    requests: int = 100_000
    rates: Sequence[float] = (2_000, 5_000, 10_000, 20_000)
    minutes: float = 10.0
    longest: float = 0.0
    thresholds: Sequence[str] = ()
    out: Path = ROOT / "build" / "loadtest"


PUBLISHED = Preset()
EVERY_WAY = Preset(servers=ALL, rounds=3, rates=(), minutes=30.0, longest=4.0)
# CPU time and ratios of it hold still on a machine that others use too; wall time does not. The
# bounds are far from what was measured (CPython 3.11, November 2026): protocol 10 to 15 us, aiohttp
# 27 to 60, FastAPI 69 to 320.
SMOKE = Preset(
    servers=("protocol", "aiohttp", "fastapi"),
    modes=("keepalive",),
    rounds=3,
    requests=20_000,
    rates=(),
    minutes=3.0,
    out=PUBLISHED.out / "smoke",
    thresholds=(
        "keepalive:protocol.cpu<80us",
        "keepalive:aiohttp/protocol.cpu>=1.5",
        "keepalive:fastapi/protocol.cpu>=3",
        "keepalive:protocol.failures<=0",
        "keepalive:aiohttp.failures<=0",
        "keepalive:fastapi.failures<=0",
    ),
)


def whole(most: int, text: str) -> int:
    """A whole number from 1 to most. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {most:,}")
    return int(text)


def amount(most: float, text: str) -> float:
    """A number above 0. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, up to {most:,g}")
    return value


def rates_from(text: str) -> list[float]:
    """Numbers between commas, none of an empty text. Raises ArgumentTypeError."""
    return list(dict.fromkeys(amount(LIMIT_RATE, each) for each in text.split(",") if text))


def path(text: str) -> str:
    """What may stand in a request line, or nothing. Raises ArgumentTypeError."""
    if text and not PATH.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no path: /x?y=1 is one")
    return text


def threshold(text: str) -> Threshold:
    """One that can be judged. Raises ArgumentTypeError."""
    try:
        return parse_threshold(text)
    except ThresholdError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def parse_options(arguments: Sequence[str]) -> Options:
    """Read the command line; prints and exits for --help and for what it does not allow."""
    parser = _parser()
    given = vars(parser.parse_args(arguments))
    preset: Preset = given.pop("preset")
    asked: list[Threshold] = given.pop("threshold")
    if given["target"]:
        if preset is not PUBLISHED or given["servers"]:
            parser.error("--target is measured alone: not with --servers, --all or --smoke")
    elif given["path"] or given["server_pid"]:
        parser.error("--path and --server-pid speak of a server that runs already: --target")
    for name in ("servers", "modes", "rounds", "requests", "rates", "minutes", "longest", "out"):
        if given[name] is None:
            given[name] = getattr(preset, name)
    options = Options(**given, thresholds=asked)
    loads = [each.name for each in (*closed_loads(options.modes), *open_loads(options.rates))]
    if not loads:
        parser.error("nothing to measure: neither --modes nor --rates")
    if wrong := check(asked, loads, options.names):
        parser.error("\n".join(wrong))
    preset_ones = parse_thresholds(preset.thresholds)
    fitting = [each for each in preset_ones if not check([each], loads, options.names)]
    return Options(**given, thresholds=[*fitting, *asked])


def _parser() -> argparse.ArgumentParser:
    servers = "\n".join(f"  {each.name:14} {each.what}" for each in CONTENDERS.values())
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.comparison",
        description="Load-test servers side by side with locust, in interleaved rounds.",
        epilog=f"servers:\n{servers}\n\nexit codes: 0 all is well, 1 requests failed,"
        " 2 nothing can be measured, 3 a threshold was missed,\n4 something that was asked for"
        " could not be measured or does not count, 130 interrupted",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    which = parser.add_mutually_exclusive_group()
    parser.set_defaults(preset=PUBLISHED)
    for name, preset, what in (
        ("--all", EVERY_WAY, "every way of the gallery too; slow ones are asked less"),
        ("--smoke", SMOKE, "small numbers, judged by CPU time: whether all of it works"),
    ):
        which.add_argument(name, dest="preset", action="store_const", const=preset, help=what)
    _add_what(parser)
    _add_how(parser)
    return parser


def _add_what(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("what is measured").add_argument
    add("--servers", type=lambda text: names_from(list(CONTENDERS), text), metavar="A,B",
        help=f"only these servers ({','.join(MAIN)})")  # fmt: skip
    add("--target", default="", metavar="URL",
        help="no server of ours, but http://HOST:PORT, which runs already")  # fmt: skip
    add(
        "--path",
        type=path,
        default="",
        metavar="/PATH",
        help="what a --target is asked for; its first answer must come each time (/plaintext)",
    )
    add(
        "--server-pid",
        type=lambda text: whole(2**22, text),
        default=0,
        metavar="PID",
        help="watch CPU and memory of this process, and those below it: the --target's",
    )
    add("--modes", type=lambda text: names_from(list(MODES), text) if text else [], metavar="A,B",
        help="keepalive, close (a connection per request), or none: '' (both)")  # fmt: skip
    add("--rates", type=rates_from, metavar="R,R",
        help="arrivals a second that do not wait for answers, or none: ''"
        f" ({','.join(f'{each:g}' for each in PUBLISHED.rates)})")  # fmt: skip


def _add_how(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("how, and what for").add_argument
    add("--rounds", type=count, metavar="N", help="rounds, as many as fit (5; --all, --smoke: 3)")
    add("--requests", type=lambda text: whole(LIMIT_REQUESTS, text), metavar="N",
        help="in each run (100000; --smoke: 20000)")  # fmt: skip
    add("--connections", type=lambda text: whole(LIMIT_CONNECTIONS, text), default=100,
        metavar="N", help="at once (100)")  # fmt: skip
    add("--minutes", type=lambda text: amount(1440, text), metavar="M",
        help="no round is begun that would take longer (10; --all: 30; --smoke: 3)")  # fmt: skip
    add(
        "--longest",
        type=lambda text: amount(3600, text),
        metavar="S",
        help="servers that would take longer for a run are asked less (any; --all: 4)",
    )
    add("--threshold", type=threshold, action="append", default=[], metavar="T",
        help="LOAD:SERVER.FIGURE or LOAD:SERVER/SERVER.FIGURE, as keepalive:protocol.cpu<60us,"
        " close:fastapi/protocol.cpu>=2, open-5000:protocol.p99<20ms, in quotes; may be given"
        " several times; medians of the rounds are judged")  # fmt: skip
    add("--out", type=Path, metavar="DIR", help="where summary.json, summary.md and index.html go"
        " (build/loadtest; --smoke: build/loadtest/smoke)")  # fmt: skip
