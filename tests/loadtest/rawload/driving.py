"""Loads without locust, in a process of their own: gevent's loop stays out of pytest.

    python -m tests.loadtest.rawload.driving < [case, ...] > {name: outcome}

Most cases run at once, each on its own connections; some alone, after the others.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from socket import AF_INET
from typing import Any

import gevent
from gevent.hub import get_hub

from loadtest.rawload.exchange import Ask
from loadtest.rawload.load import Load, Seat
from loadtest.rawload.openload import OpenLoad
from loadtest.rawload.phase import Order, Outcome, Phase, untold

PAUSE_MS = 50
LEAVE = 4


@dataclass(frozen=True)
class Case:
    """So many requests for one story, after some that are not counted. alone: whether no other case
    runs meanwhile. sends: how many bytes with each request. meanwhile: what happens once it has
    begun; "leave": some of the users do, "halt": no more tickets after PAUSE_MS, "block": the loop
    stands still for PAUSE_MS."""

    name: str
    port: int
    story: str
    requests: int
    warm_up: int = 0
    connections: int = 5
    keeps: bool = True
    rate: float = 0.0
    give_up_s: float = 10.0
    drop_after_s: float = 1.0
    alone: bool = False
    meanwhile: str = ""
    method: str = "GET"
    sends: int = 0


def perform(case: Case) -> Outcome:
    """Carry out one."""
    load: Load
    if case.rate:
        load = OpenLoad(untold, case.give_up_s, case.drop_after_s, keeps=case.keeps)
    else:
        load = Load(untold, case.give_up_s, keeps=case.keeps)
    body = b"" if case.method == "HEAD" else b"Hello, World!"
    ask = Ask(f"/{case.story.replace(' ', '_')}", body, case.method, body=b"x" * case.sends)
    raw = ask.encode(f"127.0.0.1:{case.port}", keeps=case.keeps)
    address = ("127.0.0.1", case.port)
    seats = [load.sit(AF_INET, address, [(ask, raw)]) for _ in range(case.connections)]
    if case.warm_up:
        warming = Phase(load, Order(False, case.warm_up, case.rate))
        warming.start()
        warming.result()
    phase = Phase(load, Order(True, case.requests, case.rate))
    phase.start()
    if case.meanwhile == "leave":
        gevent.spawn(leave, load, seats[:LEAVE])
    elif case.meanwhile == "halt":
        gevent.spawn_later(PAUSE_MS / 1000, load.halt)
    elif case.meanwhile == "block":
        get_hub().loop.run_callback(time.sleep, PAUSE_MS / 1000)
    outcome = phase.result()
    leave(load, seats)
    return outcome


def leave(load: Load, seats: list[Seat]) -> None:
    """These users do, at once."""
    for each in seats:
        load.leave(each)


def main(given: list[dict[str, Any]]) -> dict[str, Any]:
    """Carry out all."""
    cases = [Case(**each) for each in given]
    many = {each.name: gevent.spawn(perform, each) for each in cases if not each.alone}
    gevent.joinall(list(many.values()), raise_error=True)
    found = {name: greenlet.value for name, greenlet in many.items()}
    found |= {each.name: perform(each) for each in cases if each.alone}
    return {name: asdict(outcome) for name, outcome in found.items()}


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
