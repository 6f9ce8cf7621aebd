"""One test in one locust process: what its options, its users and its end have in common."""

import sys
from typing import Any
from weakref import WeakKeyDictionary

from gevent.event import Event
from locust.runners import WorkerRunner

from loadtest.rawload.conductor import Conductor
from loadtest.rawload.load import Load
from loadtest.rawload.performer import Performer
from loadtest.rawload.target import Target, resolve
from loadtest.report.markdown import markdown
from loadtest.thresholds import parse_thresholds

FAILED, REFUSED, MISSED, VOID = 1, 2, 3, 4

_tests: "WeakKeyDictionary[Any, Test]" = WeakKeyDictionary()


class Test:
    """A locust environment with what is ours. Made when locust has read its options."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._performer = Performer(environment)
        self._targets: dict[str, Target] = {}
        self.conductor: Conductor | None = None
        if not isinstance(environment.runner, WorkerRunner):
            self.conductor = Conductor(environment)
        environment.events.quitting.add_listener(self._on_quitting)
        _tests[environment] = self

    @property
    def load(self) -> Load:
        """What this process sends."""
        return self._performer.load

    @property
    def stopping(self) -> Event:
        """Set when no more is to be sent."""
        return self._performer.stopping

    def target(self, url: str) -> Target:
        """Resolve an address once. Raises TargetError."""
        if url not in self._targets:
            self._targets[url] = resolve(url)
        return self._targets[url]

    def _on_quitting(self, environment: Any, **_: object) -> None:
        if self.conductor is None:
            environment.process_exit_code = 0  # the master says what it was worth
            return
        report = self.conductor.report
        if report is None:
            return
        print(markdown(report))
        run = report.runs[0]
        if run.failed:
            code = environment.parsed_options.exit_code_on_error
        elif run.void:
            code = VOID
        elif not all(each.met for each in report.verdicts):
            code = MISSED
        else:
            code = 0
        environment.process_exit_code = code


def test_of(environment: Any) -> Test:
    """The test of this locust. Raises KeyError before `init`."""
    return _tests[environment]
