"""What can be said on the command line beside locust's own options, each also as a LOCUST_
variable."""

import argparse
from typing import Any

from loadtest.rawload.arrivals import ARRIVALS
from loadtest.thresholds import parse_threshold

LIMIT_REQUESTS = 1_000_000_000
MODES = ("keepalive", "close")


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


def threshold(text: str) -> str:
    """One that can be judged. Raises ArgumentTypeError."""
    try:
        return parse_threshold(text).text
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_options(parser: Any, shapes: tuple[str, ...]) -> None:
    """Add them to locust's parser. shapes: names of load shapes."""
    group = parser.add_argument_group(
        "Slipway", "One raw connection per user, every answer checked"
    )

    def add(name: str, *, shown: bool = False, **how: Any) -> None:
        variable = f"LOCUST_{name.strip('-').replace('-', '_').upper()}"
        action = group.add_argument(name, env_var=variable, **how)
        # As locust's own add_argument sets them, which its groups do not have (2.47).
        action.include_in_web_ui = shown
        action.is_secret = action.is_required = action.is_multiple = False

    add(
        "--requests",
        type=whole,
        default=0,
        metavar="N",
        shown=True,
        help="exactly so many, over all users and processes, then stop; 0: until stopped",
    )
    add("--connections", choices=MODES, default="keepalive", shown=True,
        help="keep a connection for many requests, or open one for each")  # fmt: skip
    add(
        "--warmup",
        type=whole,
        default=5000,
        metavar="N",
        shown=True,
        help="requests that are sent and checked first, and left out of every figure (5000)",
    )
    add("--rate", type=rate, default=0.0, metavar="R", shown=True,
        help="requests due a second, however slow the answers; 0: each user asks when it has its"
        " answer")  # fmt: skip
    add(
        "--arrivals",
        choices=ARRIVALS,
        default="constant",
        shown=True,
        help="with --rate: evenly spaced, or independent of one another",
    )
    add("--path", default="", metavar="/PATH", help="what is asked for (/plaintext); whatever it"
        " answers the first time must come each time")  # fmt: skip
    add("--give-up", type=seconds, default=10.0, metavar="S", help="how long an answer may take")
    add(
        "--drop-after",
        type=seconds,
        default=1.0,
        metavar="S",
        help="with --rate: how long a request may wait for a free connection",
    )
    add("--threshold", type=threshold, action="append", default=[], metavar="T",
        help="as 'p99<15ms', 'rps>=20000', 'cpu<=20us'; may be given several times; a miss exits"
        " with 3")  # fmt: skip
    add(
        "--shape",
        choices=("none", *shapes),
        default="none",
        help="how the number of users changes, up to --users, within --run-time",
    )
    add(
        "--fire-events",
        action="store_true",
        help="tell locust's listeners of each request, not only of failures; costs speed",
    )
    # A plain string: locust's master sends all options to its workers.
    add(
        "--out",
        default="build/loadtest/locust",
        metavar="DIR",
        help="where summary.json, summary.md and index.html go (build/loadtest/locust)",
    )
    add("--label", default="server", metavar="NAME", help="what the server is called in the report")
    add(
        "--server-pid",
        type=whole,
        default=0,
        metavar="PID",
        help="measure CPU time and memory of this process and its descendants",
    )
    add(
        "--accept-limited",
        action="store_true",
        help="count a run in which the generator was the limit, where it would be void (exit 4)",
    )
