"""What can be said on the command line beside locust's own options, each also as a LOCUST_
variable."""

import argparse
from collections.abc import Sequence
from typing import Any

from loadtest.rawload.arrivals import ARRIVALS
from loadtest.thresholds import parse_threshold

LIMIT_REQUESTS = 1_000_000_000
MODES = ("keepalive", "close")

# Its name, whether locust's web page asks for it too, and the rest as argparse takes it.
Option = tuple[str, bool, dict[str, Any]]


def whole(text: str) -> int:
    """A number of requests. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdigit() and int(text) <= LIMIT_REQUESTS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {LIMIT_REQUESTS}")
    return int(text)


def seconds(text: str) -> float:
    """More than nothing, at most an hour. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds up to 3600")
    return value


def rate(text: str) -> float:
    """Arrivals a second; 0 for none. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 10_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of requests a second")
    return value


def path(text: str) -> str:
    """A path, or none. Raises ArgumentTypeError."""
    if text and not (text.startswith("/") and text.isascii() and text.isprintable()):
        raise argparse.ArgumentTypeError(f"{text!r} is no path; /plaintext is one")
    return text


def threshold(text: str) -> str:
    """One that can be judged. Raises ArgumentTypeError."""
    try:
        return parse_threshold(text).text
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _option(name: str, text: str, *, shown: bool = False, **how: Any) -> Option:
    return name, shown, {"help": text, **how}


OPTIONS: Sequence[Option] = (
    _option(
        "--requests",
        "exactly so many, over all users and processes, then stop; 0: until stopped",
        shown=True,
        type=whole,
        default=0,
        metavar="N",
    ),
    _option(
        "--connections",
        "keep a connection for many requests, or open one for each",
        shown=True,
        choices=MODES,
        default="keepalive",
    ),
    _option(
        "--warmup",
        "requests that are sent and checked first, and left out of every figure (5000)",
        shown=True,
        type=whole,
        default=5000,
        metavar="N",
    ),
    _option(
        "--rate",
        "requests due a second, however slow the answers; 0: each user asks when it has its answer",
        shown=True,
        type=rate,
        default=0.0,
        metavar="R",
    ),
    _option(
        "--arrivals",
        "with --rate: evenly spaced, or independent of one another",
        shown=True,
        choices=ARRIVALS,
        default="constant",
    ),
    _option(
        "--path",
        "what is asked for (/plaintext); whatever it answers the first time must come each time",
        type=path,
        default="",
        metavar="/PATH",
    ),
    _option("--give-up", "how long an answer may take", type=seconds, default=10.0, metavar="S"),
    _option(
        "--drop-after",
        "with --rate: how long a request may wait for a free connection",
        type=seconds,
        default=1.0,
        metavar="S",
    ),
    _option(
        "--threshold",
        "as 'p99<15ms', 'rps>=20000', 'cpu<=20us'; may be given several times; a miss exits with 3",
        type=threshold,
        action="append",
        default=[],
        metavar="T",
    ),
    _option(
        "--shape",
        "how the number of users changes, up to --users, within --run-time",
        default="none",
    ),
    _option(
        "--fire-events",
        "tell locust's listeners of each request, not only of failures; costs speed",
        action="store_true",
    ),
    # A plain string: locust's master sends all options to its workers.
    _option(
        "--out",
        "where summary.json, summary.md and index.html go (build/loadtest/locust)",
        default="build/loadtest/locust",
        metavar="DIR",
    ),
    _option("--label", "the server's name in the report", default="server", metavar="NAME"),
    _option(
        "--server-pid",
        "measure CPU time and memory of this process and its descendants",
        type=whole,
        default=0,
        metavar="PID",
    ),
    _option(
        "--accept-limited",
        "count a run in which the generator was the limit; else it is void, exit code 4",
        action="store_true",
    ),
)


def add_options(parser: Any, shapes: Sequence[str]) -> None:
    """Add them to locust's parser, each also as a LOCUST_ variable. shapes: names of shapes."""
    what = "one connection a user, every answer checked"
    group = parser.add_argument_group("Slipway", what)
    for name, shown, how in OPTIONS:
        choices = {"choices": ("none", *shapes)} if name == "--shape" else {}
        variable = f"LOCUST_{name.strip('-').replace('-', '_').upper()}"
        action = group.add_argument(name, env_var=variable, **how, **choices)
        # As locust's own add_argument sets them, which its groups do not have (2.47).
        action.include_in_web_ui = shown
        action.is_secret = action.is_required = action.is_multiple = False
