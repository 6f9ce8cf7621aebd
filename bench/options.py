"""The command line of `python -m bench`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import LOADS
from bench.targets import GALLERY, ROOT, TARGETS, YARDSTICKS


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure, for how long, and what to make of it."""

    rounds: int
    seconds: int
    loads: list[str]
    servers: list[str]
    skip_memory: bool
    check: bool
    out: Path


def names_from(known: Sequence[str], text: str) -> list[str]:
    """Split a comma-separated list. Raises ArgumentTypeError for a name that is not known."""
    names = list(dict.fromkeys(text.split(",")))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(known)}")
    return names


def count(text: str) -> int:
    """A whole number from 1 to 1000. Raises ArgumentTypeError for anything else."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 1000")
    return int(text)


def parse_options(arguments: Sequence[str]) -> Options:
    """Read the command line; prints and exits for --help and for what it does not allow."""
    servers = "\n".join(f"  {each.name:14} {each.what}" for each in TARGETS.values())
    loads = "\n".join(f"  {each.name:14} {each.what}" for each in LOADS.values())
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure server CPU per request, side by side, in interleaved rounds.",
        epilog=f"servers:\n{servers}\n\nloads, 100 connections each:\n{loads}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--rounds", type=count, default=5, metavar="N", help="rounds that count (5)")
    add("--seconds", type=count, default=2, metavar="S", help="length of one measurement (2)")
    add(
        "--loads",
        type=lambda text: names_from(list(LOADS), text),
        metavar="A,B",
        help="only these loads (all; with --ways all but pipelined)",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--servers",
        type=lambda text: names_from(list(TARGETS), text),
        default=list(YARDSTICKS),
        metavar="A,B",
        help="only these servers (all that are no way of the gallery)",
    )
    which.add_argument(
        "--ways",
        dest="servers",
        action="store_const",
        const=["nginx", *GALLERY],
        help="every way of the gallery, and nginx to compare them with",
    )
    add("--skip-memory", action="store_true", help="leave the idle connections out")
    add("--check", action="store_true", help="exit with 1 when a floor is missed or void")
    add(
        "--out",
        type=Path,
        default=ROOT / "build" / "bench",
        metavar="DIR",
        help="where summary.json and summary.md go (build/bench)",
    )
    given = parser.parse_args(arguments)
    if given.loads is None:
        ways_only = given.servers == ["nginx", *GALLERY]
        given.loads = [name for name, each in LOADS.items() if not (ways_only and each.pipelined)]
    return Options(**vars(given))
