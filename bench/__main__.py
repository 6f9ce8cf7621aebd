"""`python -m bench`: measure, print the report, keep it in build/bench.

Exits with 0; with 1 when --check is given and a floor is missed or could not be judged; with 2 when
nothing can be measured; with 130 when interrupted.
"""

import json
import shutil
import sys
from collections.abc import Sequence

from bench.cores import find_cores
from bench.facts import gather_facts
from bench.floors import MEMORY, Verdict, judge_all
from bench.interrupt import unwind_on_signals
from bench.options import Options, parse_options
from bench.run import Run, say
from bench.summary import Summary
from bench.ways import ways_table


def obstacle() -> str:
    """Say what makes measuring impossible; empty when nothing does."""
    if not sys.platform.startswith("linux"):
        return "the bench reads CPU time and memory from /proc, which only Linux has"
    if shutil.which("wrk") is None:
        return "wrk, which makes the load, is not installed: apt-get install wrk"
    return ""


def summarise(options: Options) -> Summary:
    """Measure what the options ask for."""
    cores = find_cores()
    say(cores.note)
    facts = {**gather_facts(), "pinning": cores.note}
    results = Run(options, cores).measure()
    asked = options.loads if options.skip_memory else [*options.loads, MEMORY]
    return Summary(options, facts, results, judge_all(results, options.servers, asked))


def write(summary: Summary) -> None:
    """Print the report, and keep it beside its figures."""
    report = summary.markdown()
    print(report, end="")
    folder = summary.options.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.md").write_text(report)
    if ways := ways_table(summary):
        (folder / "ways.md").write_text(ways)
    (folder / "summary.json").write_text(json.dumps(summary.as_json(), indent=1) + "\n")
    say(f"kept in {folder}")


def main(arguments: Sequence[str]) -> int:
    """Run the command and give its exit code."""
    options = parse_options(arguments)
    if problem := obstacle():
        say(problem)
        return 2
    unwind_on_signals()
    try:
        summary = summarise(options)
    except KeyboardInterrupt:
        say("interrupted: every server has been stopped, nothing has been written")
        return 130
    write(summary)
    unmet = {Verdict.MISSED, Verdict.VOID}
    missed = any(judgement.verdict in unmet for judgement in summary.judgements)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
