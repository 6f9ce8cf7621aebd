"""gunicorn's processes in a container, seen and signalled from inside, so that it does not matter
on which machine the engine runs."""

import json

from docker.models.containers import Container

# Prints the master's number, and of each worker how many sockets it has open.
LOOK = """
import json, os
def children(of):
    return [int(each) for each in open(f"/proc/{of}/task/{of}/children").read().split()]
def sockets(of):
    try:
        opened = [os.readlink(each.path) for each in os.scandir(f"/proc/{of}/fd")]
    except OSError:  # it is about to go, or has just closed one
        return 0
    return sum(each.startswith("socket:") for each in opened)
(master,) = children(1)
print(json.dumps([master, {each: sockets(each) for each in children(master)}]))
"""


def look(container: Container) -> tuple[int, dict[int, int]]:
    """The master, and the open sockets of each worker."""
    master, workers = json.loads(_run(container, LOOK))
    return int(master), {int(each): sockets for each, sockets in workers.items()}


def workers(container: Container) -> set[int]:
    """The workers."""
    return set(look(container)[1])


def kill(container: Container, process: int, name: str) -> None:
    """Send a signal, by its name: "SIGHUP"."""
    _run(container, f"import os, signal; os.kill({process}, signal.{name})")


def _run(container: Container, program: str) -> str:
    done = container.exec_run(["python", "-c", program])
    assert done.exit_code == 0, done.output
    text: str = done.output.decode()
    return text
