"""What a comparison's figures hold for: the bench's facts and the load test's, each said once."""

from collections.abc import Mapping

import bench.facts
import loadtest.facts
from bench.targets import GALLERY
from loadtest.comparison.loads import OPEN_S
from loadtest.comparison.options import Options

# Of the bench's: what has no part in this.
FOREIGN = ("wrk",)
ONLY_WAYS = ("webob", "werkzeug")


def of_servers(options: Options, pinning: str) -> Mapping[str, str]:
    """For servers that are started here, by the interpreter that runs this."""
    names = options.servers
    machine = dict(bench.facts.gather_facts())
    left_out = {*FOREIGN, *(name for name in ("nginx",) if name not in names)}
    if not any(name in GALLERY for name in names):
        left_out.update(ONLY_WAYS)
    known = {
        name: value for name, value in machine.items() if name not in left_out and value != "absent"
    }
    generator = dict(loadtest.facts.gather_facts())
    del generator["generator's python"]  # the same one
    return {
        **known,
        **{name: value for name, value in generator.items() if name not in known},
        "workers": "one process for each server, access log off",
        "requests": _requests(options),
        "pinning": pinning,
    }


def of_running(options: Options) -> Mapping[str, str]:
    """For a server that ran already, of which nothing else is known."""
    return {
        "target": f"{options.target}{options.path}",
        **loadtest.facts.gather_facts(),
        "load test's commit": bench.facts.commit(),
        "requests": _requests(options),
        "pinning": "the load generator is not pinned, of the target nothing is known",
    }


def _requests(options: Options) -> str:
    text = f"{options.requests:,} in each run"
    if options.longest:
        text += f", fewer of servers that would take longer than about {options.longest:g} s"
    return text + (f"; arrivals for {OPEN_S} s" if options.rates else "")
