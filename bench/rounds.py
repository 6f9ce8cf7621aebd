"""Interleaved rounds: A B C, A B C, ... so that a busy minute of the machine is everybody's."""

import resource
from collections.abc import Iterator, Mapping, Sequence

from bench.load import LOADS, Load, WrkError, run_load
from bench.results import Cell
from bench.server import Server, StartError

WARM_UP_S = 1
WARM_UP_ROUND = 0


def schedule(
    rounds: int, loads: Sequence[Load], servers: Sequence[str]
) -> Iterator[tuple[int, Load, str]]:
    """Say what is measured when: a warm-up round, then each round in the same order."""
    for number in range(WARM_UP_ROUND, rounds + 1):
        for load in loads:
            for server in servers:
                yield number, load, server


def measure(number: int, load: Load, server: Server, seconds: int, core: int | None) -> Cell:
    """Load one server for some seconds, and read its clock before and after."""
    try:
        server_before, generator_before = server.cpu_seconds(), _children_seconds()
        score = run_load(load, server.port, _seconds(load, server, seconds), core)
        cell = Cell(
            number,
            load.name,
            server.name,
            requests=score.requests,
            seconds=score.seconds,
            server_seconds=server.cpu_seconds() - server_before,
            generator_seconds=_children_seconds() - generator_before,
            void=why_void(score.requests, score.errors),
        )
    except (WrkError, StartError) as error:
        cell = Cell(number, load.name, server.name, void=str(error))
    return cell


def _seconds(load: Load, server: Server, asked: int) -> int:
    """How long to keep it up: a server that keeps no connection makes every load that of close,
    whose client ports run out."""
    seconds = load.seconds(asked)
    return seconds if server.keeps else min(seconds, LOADS["close"].seconds(asked))


def why_void(requests: int, errors: Mapping[str, int]) -> str:
    """Say why a run does not count; empty when it does."""
    if errors:
        return "wrk saw " + ", ".join(f"{count} {name} errors" for name, count in errors.items())
    return "" if requests else "wrk got no answer at all"


def play(
    rounds: int,
    seconds: int,
    loads: Sequence[Load],
    servers: Mapping[str, Server],
    core: int | None,
) -> Iterator[Cell]:
    """Measure every cell of the schedule but the warm-up's, which are run and left out."""
    for number, load, name in schedule(rounds, loads, list(servers)):
        if load.pipelined and not servers[name].pipelines:
            continue
        if number == WARM_UP_ROUND:
            measure(number, load, servers[name], WARM_UP_S, core)
        else:
            yield measure(number, load, servers[name], seconds, core)


def _children_seconds() -> float:
    """CPU time of this process's children that have ended: wrk's, as no server ends meanwhile."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
