"""One test in one locust process: what its options, its users and its end have in common."""

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from gevent.event import Event
from gevent.lock import Semaphore
from locust.runners import STATE_RUNNING, STATE_SPAWNING, WorkerRunner

from loadtest.rawload import service
from loadtest.rawload.conductor import MISSED, Conductor
from loadtest.rawload.exchange import Ask
from loadtest.rawload.load import Load
from loadtest.rawload.performer import Performer
from loadtest.rawload.primer import prime
from loadtest.rawload.stock import figures
from loadtest.rawload.target import DEFAULT_HOST, Target, TargetError, reach, resolve
from loadtest.report.markdown import markdown
from loadtest.report.model import Report
from loadtest.thresholds import parse_thresholds

# The exit code of what is refused at the start.
REFUSED = 2

_tests: "WeakKeyDictionary[Any, Test]" = WeakKeyDictionary()


class Test:
    """A locust environment with what is ours. Made when locust has read its options."""

    def __init__(self, environment: Any) -> None:
        self._environment = environment
        self._performer = Performer(environment)
        self._targets: dict[str, Target] = {}
        self._primed: dict[tuple[str, str], Ask] = {}
        self._priming = Semaphore()
        self._told: Report | None = None
        self.conductor: Conductor | None = None
        if not isinstance(environment.runner, WorkerRunner):
            self.conductor = Conductor(environment, lambda: self._performer.load.done)
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

    def primed(self, url: str, path: str) -> Ask:
        """What a path answers, asked once. Raises TargetError."""
        with self._priming:  # users ask for it all at once
            if (url, path) not in self._primed:
                give_up_s = self._environment.parsed_options.give_up
                self._primed[url, path] = prime(url, path, give_up_s)
            return self._primed[url, path]

    def target(self, url: str) -> Target:
        """Resolve an address once. Raises TargetError."""
        if url not in self._targets:
            self._targets[url] = resolve(url)
        return self._targets[url]

    def _on_quitting(self, environment: Any, **_: object) -> None:
        """Say what it was worth, in words and as an exit code."""
        if environment.runner.state in (STATE_SPAWNING, STATE_RUNNING):
            environment.runner.quit()  # a signal: locust would ask for the exit code before the end
        if self.conductor is None:
            environment.process_exit_code = 0  # the master says it
        elif self.conductor.report is not None:
            if self._told is not self.conductor.report:  # after a signal locust ends twice
                print(markdown(self.conductor.report))
            self._told = self.conductor.report
            environment.process_exit_code = self.conductor.exit_code
        elif any(map(is_raw, environment.user_classes)):
            environment.process_exit_code = self.conductor.exit_code
        else:
            self._judge_stock(environment)

    def _judge_stock(self, environment: Any) -> None:
        """Thresholds on what locust itself measured."""
        found = figures(environment.stats.total)
        verdicts = [
            each.judge(found) for each in parse_thresholds(environment.parsed_options.threshold)
        ]
        for each in verdicts:
            value = "not measured" if each.value is None else f"{each.value:,.6g}"
            met = "met" if each.met else "MISSED"
            print(f"threshold {each.text}: {value} {each.unit}".rstrip() + f", {met}")
        if not environment.runner.errors and not all(each.met for each in verdicts):
            environment.process_exit_code = MISSED


def test_of(environment: Any) -> Test:
    """The test of this locust. Raises RuntimeError where the options were not added."""
    try:
        return _tests[environment]
    except KeyError:
        raise RuntimeError(
            "these users need the options of loadtest/locustfile.py: -f"
            " loadtest/locustfile.py,YOURS.py, and name the user at the end"
        ) from None


def is_raw(user_class: Any) -> bool:
    """Whether its requests are counted one by one."""
    return bool(getattr(user_class, "raw", False))


def objection(environment: Any) -> str:
    """Why this test cannot be; "" where it can."""
    options, users = environment.parsed_options, environment.user_classes
    if options.server_pid and not options.worker:
        try:
            service.cpu_seconds(options.server_pid)
        except service.NoServiceError as error:
            return f"--server-pid: {error}"
    if options.requests and (others := [each for each in users if not is_raw(each)]):
        return (
            f"--requests counts for users with a connection of their own, which {_named(others)}"
            " has not: end it by --run-time, or name others"
        )
    if options.rate and (others := [each for each in users if not getattr(each, "asks", ())]):
        return (
            f"--rate is for users that say what they ask, as Published, and {_named(others)} has"
            " tasks: leave it out, or name others"
        )
    if options.requests and options.shape != "none":
        return "--shape goes by the clock (--run-time), and not with --requests"
    if unreached := [each for each in users if not _has_tasks(each, options)]:
        return f"--tags and --exclude-tags leave nothing to do for {_named(unreached)}"
    if all(map(is_raw, users)) and options.headless and not options.worker:
        url = options.host or DEFAULT_HOST
        try:
            resolve(url)
            if not options.master:  # which may stand elsewhere
                reach(url)
            if options.path:
                prime(url, options.path, options.give_up)
        except TargetError as error:
            return str(error)
    return ""


def _has_tasks(user_class: Any, options: Any) -> bool:
    """Whether a task is left by --tags and --exclude-tags."""
    wanted, unwanted = set(options.tags or ()), set(options.exclude_tags or ())
    tagged: list[set[str]] = [getattr(each, "locust_tag_set", set()) for each in user_class.tasks]
    return any((not wanted or each & wanted) and not each & unwanted for each in tagged)


def _named(users: Iterable[Any]) -> str:
    return ", ".join(each.__name__ for each in users)
