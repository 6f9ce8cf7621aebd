"""A mix of the template's routes, each answer checked: change it to what your users do.

A task asks and waits for its answer, on the one connection of its user. That costs a switch of
greenlets for each request, which `Published` does without.
"""

import json
import time

from locust import tag, task

from loadtest.rawload.exchange import Ask
from loadtest.rawload.user import RawUser

TEXT = b"some bytes that come back\n" * 40


def says_hello(body: bytes) -> bool:
    """A JSON document with the message, however it is laid out."""
    return bool(json.loads(body)["message"] == "Hello, World!")


def tells_the_time(body: bytes) -> bool:
    """As `time.ctime` writes it; ValueError for anything else."""
    return bool(time.strptime(body.decode("ascii")))


PLAINTEXT = Ask("/plaintext", answer=b"Hello, World!")
JSON = Ask("/json", check=says_hello)
GREETING = Ask("/hello/Ada", answer=b"Hello, Ada", name="/hello/{name}")
TIME = Ask("/time", check=tells_the_time)
ECHO = Ask("/echo", method="POST", body=TEXT, answer=TEXT, fields=(("Content-Type", "text/plain"),))
MISSING = Ask("/nowhere", status=404)


class Routes(RawUser):
    """Somebody who reads a lot and writes a little. `Routes --tags read` leaves the writing out;
    in this order, for --tags takes all words that follow."""

    @tag("read")
    @task(8)
    def plaintext(self) -> None:
        """A short text."""
        self.ask(PLAINTEXT)

    @tag("read")
    @task(4)
    def document(self) -> None:
        """A document."""
        self.ask(JSON)

    @tag("read")
    @task(4)
    def greeting(self) -> None:
        """A path with a parameter: all names are counted as one."""
        self.ask(GREETING)

    @tag("read")
    @task(2)
    def time(self) -> None:
        """An answer that is never the same."""
        self.ask(TIME)

    @tag("write")
    @task(1)
    def echo(self) -> None:
        """A kilobyte there and back."""
        self.ask(ECHO)

    @tag("read", "wrong")
    @task(1)
    def missing(self) -> None:
        """What is not there is answered, too."""
        self.ask(MISSING)
