"""`python -m loadtest.comparison`: measure, print the report, keep it in build/loadtest.

Exits with 0; with 1 when a request failed; with 2 when nothing can be measured; with 3 when a
threshold was missed; with 4 when something could not be measured, or does not count; with 130 when
interrupted.
"""

import importlib.util
import resource
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.interrupt import unwind_on_signals
from loadtest.comparison.comparison import Comparison
from loadtest.comparison.locust_run import NotMeasured
from loadtest.comparison.options import Options, parse_options
from loadtest.comparison.progress import say
from loadtest.rawload.target import TargetError
from loadtest.report.figures import counts
from loadtest.report.markdown import markdown
from loadtest.report.model import Report
from loadtest.report.writing import PAGE, write

FAILED, IMPOSSIBLE, MISSED, INCOMPLETE, INTERRUPTED = 1, 2, 3, 4, 130
# What a process opens beside its connections.
OTHER_FILES = 256


def obstacle(connections: int) -> str:
    """Say what makes measuring impossible; empty when nothing does."""
    if not sys.platform.startswith("linux"):
        return "CPU time and memory are read from /proc, which only Linux has"
    if importlib.util.find_spec("locust") is None:
        return "locust, which makes the load, is not installed: make .venv/.loadtest"
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < connections + OTHER_FILES:
        return (
            f"{connections:,} connections need as many open files and the limit is {hard:,}:"
            " raise it (`ulimit -Hn`) or ask for fewer --connections"
        )
    return ""


def allow_files(connections: int) -> None:
    """Raise the limit on open files, which children inherit, as far as obstacle() has seen."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < connections + OTHER_FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (connections + OTHER_FILES, hard))


def worth(report: Report, given_up: bool = False) -> int:
    """The exit code of a report."""
    if any(run.failed for run in report.runs):
        return FAILED
    if not report.runs:
        return IMPOSSIBLE
    if given_up or not all(counts(run) for run in report.runs):
        return INCOMPLETE
    return 0 if all(each.met for each in report.verdicts) else MISSED


def compare(options: Options) -> int:
    """Measure, print, keep; gives the exit code."""
    comparison = Comparison(options)
    code, more = 0, ""
    try:
        comparison.measure()
    except KeyboardInterrupt:
        code, more = INTERRUPTED, "it was interrupted: what was measured before is here"
        say("interrupted: every server and locust have been stopped")
    except (TargetError, NotMeasured) as error:
        say(str(error))
        return IMPOSSIBLE
    report = comparison.report(more)
    if report.runs and not hand_over(report, options.out):
        return code or IMPOSSIBLE
    return code or worth(report, comparison.incomplete)


def hand_over(report: Report, folder: Path) -> bool:
    """Keep it, then print it; False where it could not be kept."""
    kept, said = True, f"kept in {folder}, for a browser: {folder / PAGE}"
    try:
        write(report, folder)
    except OSError as error:
        kept, said = False, f"the report could not be kept (--out): {error}"
    print(markdown(report), end="", flush=True)
    say(said)
    return kept


def main(arguments: Sequence[str]) -> int:
    """Run the command and give its exit code."""
    options = parse_options(arguments)
    if problem := obstacle(options.connections):
        say(problem)
        return IMPOSSIBLE
    allow_files(options.connections)
    unwind_on_signals()
    try:
        return compare(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        say(f"this machine refuses something: {error}")
        return IMPOSSIBLE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
