"""The starts of locust that the tests look at: each once, a few at a time."""

import os
import signal
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from tests.loadtest.rawload.locusts import Start

# Two noisy cores may well leave the generator no idle time; what that means is tested by itself.
ACCEPT = "-r 100 --accept-limited"
LONG = f"--requests 100000000 --warmup 0 {ACCEPT}"
LIMITED = """
from loadtest.locustfile import *
from loadtest.rawload import watch

watch.IDLE_ENOUGH = 2.0  # no loop is idle for longer than there is time
"""
COUNTING = """
from collections import Counter

from loadtest.locustfile import *
from loadtest.locustfile import events

found = Counter()


@events.request.add_listener
def count(response_time, exception, name, **_):
    found[name, str(exception or ""), response_time > 0] += 1


@events.quitting.add_listener
def tell(**_):
    for each, times in found.items():
        print("fired", *each, times, sep="|")
"""
TASKS = """
from locust import task

from loadtest.locustfile import *
from loadtest.rawload.exchange import Ask
from loadtest.rawload.user import RawUser

RIGHT, WRONG = (Ask(path, answer=b"Hello, World!") for path in ("/honest", "/another_body"))


class Careful(RawUser):
    @task
    def both(self):
        if self.ask(RIGHT) != "" or self.ask(WRONG) != "wrong body":
            raise SystemExit("the load tells its tasks nothing")
"""
REFUSED = {
    "no number": ("--requests many", "argument --requests: 'many' is not a number"),
    "no mode": ("--connections some", "argument --connections: invalid choice: 'some'"),
    "a rate below nothing": ("--rate -1", "argument --rate: '-1' is not a number"),
    "no threshold": ("--threshold p98<1ms", "argument --threshold: 'p98<1ms': 'p98' is none of"),
    "no path": ("--path plaintext --requests 1", "plaintext"),
    "a rate for tasks": ("--rate 9 Routes", "--rate is for users that say what they ask"),
    # The kernel gives no process a number above 4,194,304 (proc(5), pid_max).
    "no process": ("--server-pid 4194305 --requests 1", "process 4194305 does not run"),
    "no such tag": ("Routes --tags raed", "leave nothing to do for Routes"),
    "no tags at all": ("--tags read", "leave nothing to do for Published"),
    "a shape of so many": ("--shape step --requests 5", "--shape goes by the clock"),
    "half a path": ("--path /a#b --requests 1", "/a#b"),
}


SINGLE: Mapping[str, Start] = {
    "time": Start(f"-u 5 --run-time 1s {LONG}"),
    "stopped": Start(f"-u 5 {LONG}", stops=signal.SIGTERM),
    "interrupted": Start(f"-u 5 {LONG}", stops=signal.SIGINT),
    "stopped while some wait": Start(
        f"-u 1 --rate 5000 --drop-after 100 --give-up 1 {LONG}",
        story="stalled",
        stops=signal.SIGTERM,
    ),
    "endless": Start(f"-u 5 --warmup 11 --run-time 1s {ACCEPT}"),
    "endless, rate": Start(f"-u 5 --rate 500 --warmup 11 --run-time 1s {ACCEPT}"),
    "alone": Start(
        f"-u 7 --requests 4001 --warmup 50 --csv kept {ACCEPT}"
        " --threshold p99<100s --threshold failed<=0"
    ),
    # The server is in this process, and so are the load's children of it.
    "pid": Start(f"-u 3 --requests 2001 --warmup 7 --server-pid {os.getpid()} {ACCEPT}"),
    "close": Start(f"-u 7 --connections close --requests 1001 --warmup 13 {ACCEPT}"),
    "rate": Start(f"-u 9 --rate 2000 --arrivals poisson --requests 2001 --warmup 7 {ACCEPT}"),
    "tasks": Start(f"-u 4 --requests 501 --warmup 0 Careful {ACCEPT}", locustfile=TASKS),
    "rare": Start(
        f"-u 5 --requests 3001 --warmup 0 --threshold rps>=999999999 {ACCEPT}",
        story="honest or sorry 1000",
    ),
    "missed": Start(f"-u 3 --requests 101 --warmup 0 --threshold rps>=999999999 {ACCEPT}"),
    "warm-up fails": Start(
        f"-u 3 --requests 100 --warmup 20 {ACCEPT}", story="honest then sorry 20"
    ),
    "path": Start(f"-u 3 --requests 101 --warmup 7 --path /chunked {ACCEPT}"),
    "path that fails": Start("--requests 101 --path /sorry"),
    "limited": Start("-u 3 -r 100 --requests 101 --warmup 0", locustfile=LIMITED),
    "accepted": Start(f"-u 3 --requests 101 --warmup 0 {ACCEPT}", locustfile=LIMITED),
    "events": Start(
        f"-u 3 --requests 1001 --warmup 20 --fire-events {ACCEPT}",
        story="honest or sorry 1000",
        locustfile=COUNTING,
    ),
    "https": Start("--requests 1", host="https://127.0.0.1"),
    "journey": Start("--requests 1 Journey"),
    **{name: Start(options) for name, (options, _) in REFUSED.items()},
}


def ports(count: int) -> list[int]:
    """So many that nobody uses."""
    with ExitStack() as stack:
        free = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in free:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in free]


def distributed(port: int, options: str, **how: Any) -> Start:
    """A master and two workers."""
    worker = f"--worker --master-host 127.0.0.1 --master-port {port}"
    master = f"--master --expect-workers 2 --master-bind-host 127.0.0.1 --master-bind-port {port}"
    return Start(f"{master} {options}", others=[worker, worker], **how)


def processes(port: int, options: str, **how: Any) -> Start:
    """One locust that makes two workers itself. The port is theirs: all would take the same."""
    own = f"--master-bind-host 127.0.0.1 --master-bind-port {port} --master-port {port}"
    return Start(f"--processes 2 {own} {options} {ACCEPT}", **how)


def starts() -> Mapping[str, Start]:
    """All of them, the slowest first."""
    first, second, third, fourth, fifth, sixth, seventh, silent = ports(8)
    return {
        "lost": distributed(
            first,
            f"-u 4 --requests 1001 --warmup 0 {ACCEPT}",
            story="honest then pause 1",
            kills=True,
        ),
        "master stopped": distributed(second, f"-u 4 {LONG}", stops=signal.SIGTERM),
        "distributed": distributed(
            third, f"-u 5 --connections close --requests 1001 --warmup 13 {ACCEPT}"
        ),
        "processes": processes(fourth, "-u 7 --requests 4001 --warmup 51"),
        "endless, processes": processes(
            fifth, "-u 5 --warmup 12 --connections close --run-time 1s"
        ),
        "rate, processes": processes(sixth, "-u 9 --rate 1000 --requests 1001 --warmup 7"),
        "processes stopped": processes(
            seventh, "-u 4 --requests 100000000 --warmup 0", stops=signal.SIGTERM
        ),
        **SINGLE,
        "nobody": Start(
            f"-u 3 --requests 100 --warmup 20 {ACCEPT}", host=f"http://127.0.0.1:{silent}"
        ),
    }
